using System.Globalization;

namespace Gatehouse.Web;

/// <summary>Lengths of time as people say and type them: whole minutes, hours or days.</summary>
public static class Spans
{
    public const string Minutes = "minutes", Hours = "hours", Days = "days";

    /// <summary>"30 minutes", "12 hours", "7 days"; the largest unit that leaves no rest, parts of a minute dropped.</summary>
    public static string InWords(Texts t, TimeSpan span) => Split((long)span.TotalMinutes) switch
    {
        (1, Minutes) => t["1 minute"],
        (1, Hours) => t["1 hour"],
        (1, Days) => t["1 day"],
        (var n, Minutes) => t["{0} minutes", n],
        (var n, Hours) => t["{0} hours", n],
        var (n, _) => t["{0} days", n],
    };

    /// <summary>A number and its unit.</summary>
    public static (long Number, string Unit) Split(long minutes) =>
        minutes > 0 && minutes % 1440 == 0 ? (minutes / 1440, Days) : minutes > 0 && minutes % 60 == 0 ? (minutes / 60, Hours) : (minutes, Minutes);

    /// <summary>Minutes of a number and a unit in a form ("name" and "name_unit"); null when they cannot be read.</summary>
    public static long? Read(StrictParameters form, string name) =>
        int.TryParse(form.Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? form[name + "_unit"] switch { Minutes => number, Hours => number * 60L, Days => number * 1440L, _ => null }
            : null;
}
