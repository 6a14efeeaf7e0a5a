using System.Globalization;
using System.Text;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts;

/// <summary>What may be an e-mail address, a user name and a name for people. Nothing is mended silently except surrounding white space.</summary>
public static class AccountNames
{
    private const string AtomPunctuation = "!#$%&'*+-/=?^_`{|}~";

    /// <summary>
    /// One address in ASCII: a dot-atom (RFC 5322 section 3.4.1) before the @, a host name (RFC 1123 section 2.1) behind it, within the lengths of RFC 5321
    /// section 4.5.3.1. No quotes, comments, lists or control characters, so a mail can go to nobody else.
    /// </summary>
    public static Outcome<string> Email(string? typed)
    {
        var email = (typed ?? "").Trim(' ', '\t');
        if (email.Length == 0) return new EmailInvalid("it is empty");
        if (email.Length > 254) return new EmailInvalid("it is longer than 254 characters");
        if (email.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return new EmailInvalid(email.Any(c => c > '~') ? "it holds letters outside ASCII; write the domain in its xn-- form" : "it holds white space or control characters");
        var at = email.IndexOf('@', StringComparison.Ordinal);
        if (at < 0) return new EmailInvalid("the @ sign is missing");
        if (email.LastIndexOf('@') != at) return new EmailInvalid("it holds two @ signs");
        var (local, domain) = (email[..at], email[(at + 1)..]);
        if (local.Length is 0 or > 64) return new EmailInvalid("the part before the @ sign has no or more than 64 characters");
        if (local.Split('.').Any(atom => atom.Length == 0 || atom.Any(c => !char.IsAsciiLetterOrDigit(c) && !AtomPunctuation.Contains(c, StringComparison.Ordinal))))
            return new EmailInvalid("the part before the @ sign holds a character or dot that does not belong there");
        var labels = domain.Split('.');
        if (labels.Any(l => l.Length is 0 or > 63 || l[0] == '-' || l[^1] == '-' || l.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-')))
            return new EmailInvalid("the part behind the @ sign is no domain name");
        if (labels[^1].All(char.IsAsciiDigit)) return new EmailInvalid("the part behind the @ sign is a number, not a domain name");
        return email;
    }

    /// <summary>ASCII without @, so that a user name is never read as somebody's address.</summary>
    public static Outcome<string> UserName(string? typed)
    {
        var name = (typed ?? "").Trim(' ', '\t');
        if (name.Length is 0 or > 64) return new UserNameInvalid("it has no or more than 64 characters");
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')) return new UserNameInvalid(c is > ' ' and < '\u007f' ? $"it holds {c}" : "it holds a space or a character outside ASCII");
        return name;
    }

    /// <summary>The user name that an address suggests: its local part, with everything else dropped.</summary>
    public static string UserNameFrom(string email)
    {
        var name = new string([.. email.Split('@')[0].Where(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')]);
        return name.Length > 0 ? name : "user";
    }

    /// <summary>A name that people read; <paramref name="which"/> is the form field's name.</summary>
    public static Outcome<string> Display(string which, string? typed)
    {
        var name = (typed ?? "").Trim();
        if (name.Length == 0) return new NameInvalid(which, "it is empty");
        if (name.Length > 100) return new NameInvalid(which, "it is longer than 100 characters");
        foreach (var rune in name.EnumerateRunes())
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
                return new NameInvalid(which, "it holds a character that nobody can see");
        return name.Normalize(NormalizationForm.FormC);
    }

    /// <summary>Like <see cref="Display"/>, but may be left out.</summary>
    public static Outcome<string?> DisplayOrNone(string which, string? typed)
    {
        if (string.IsNullOrWhiteSpace(typed)) return (string?)null;
        return Display(which, typed).Passed(out var name, out var refusal) ? name : refusal;
    }
}
