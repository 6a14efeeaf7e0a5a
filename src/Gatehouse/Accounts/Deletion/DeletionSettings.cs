using System.Globalization;
using Gatehouse.Data;

namespace Gatehouse.Accounts.Deletion;

/// <summary>Whether people may ask for their account to be deleted, and how long a deletion can be undone.</summary>
public sealed record DeletionSettings
{
    public const int MostDays = 90;
    private const string Name = "accounts.deletion";

    public bool MayAsk { get; init; } = true;

    /// <summary>From 1 to <see cref="MostDays"/>.</summary>
    public int GraceDays { get; init; } = 7;

    public static async ValueTask<DeletionSettings> Of(Settings settings) =>
        (await settings.Get(Name))?.Split(' ') is [var ask, var days] && int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var grace)
            ? new() { MayAsk = ask == "ask", GraceDays = Math.Clamp(grace, 1, MostDays) } : new();

    public Task Save(Sql sql, Settings settings) => settings.Set(sql, Name, string.Create(CultureInfo.InvariantCulture, $"{(MayAsk ? "ask" : "never")} {GraceDays}"));

    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"{(MayAsk ? "people may ask" : "nobody may ask")}, can be undone for {GraceDays} days");
}
