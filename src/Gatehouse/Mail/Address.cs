using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Gatehouse.Mail;

/// <summary>
/// One e-mail address, strictly: a dot-atom local part (RFC 5322 section 3.4.1) and a host name. No display name, quotes, comments, lists or address literals,
/// so that no two readers can disagree about where a mail goes. Local parts are ASCII; a domain may be typed in any script and is kept in its ASCII form.
/// </summary>
public sealed record Address
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    private Address(string local, string domain) => (Local, Domain) = (local, domain);

    public string Local { get; }

    /// <summary>ASCII (punycode where needed), lower case.</summary>
    public string Domain { get; }

    /// <summary>As it stands in MAIL FROM, RCPT TO and headers.</summary>
    public string Text => $"{Local}@{Domain}";

    public override string ToString() => Text;

    public static bool TryParse(string? text, [NotNullWhen(true)] out Address? address)
    {
        address = null;
        if (text is null || text.Length > 254) return false;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at <= 0 || at != text.LastIndexOf('@') || at == text.Length - 1) return false;
        var (local, domain) = (text[..at], text[(at + 1)..]);
        if (!IsDotAtom(local) || local.Length > 64) return false;
        if (HostName(domain) is not { } host || !host.Contains('.', StringComparison.Ordinal) && host != "localhost") return false;
        address = new(local, host);
        return true;
    }

    /// <summary>The ASCII form of a host name, lower case; null when it is none.</summary>
    public static string? HostName(string text)
    {
        if (text.Length is 0 or > 253 || !text.EnumerateRunes().All(r => Rune.IsLetterOrDigit(r) || r.Value is '-' or '.' || Rune.GetUnicodeCategory(r) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)) return null;
        try
        {
            var ascii = Idn.GetAscii(text).ToLowerInvariant();
            if (ascii.Length > 253) return null;
            foreach (var label in ascii.Split('.'))
                if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-' || !label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')) return null;
            return ascii;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool IsDotAtom(string local) =>
        local[0] != '.' && local[^1] != '.' && !local.Contains("..", StringComparison.Ordinal)
        && local.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c, StringComparison.Ordinal));
}
