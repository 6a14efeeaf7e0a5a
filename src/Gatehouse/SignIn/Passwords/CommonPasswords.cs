using System.Collections.Frozen;
using System.Reflection;

namespace Gatehouse.SignIn.Passwords;

/// <summary>Why a password is among the first that anybody tries.</summary>
public enum Guessable
{
    No,

    /// <summary>One or two of the commonest words, with digits, signs or capitals around or look-alike letters in them.</summary>
    CommonWords,

    /// <summary>The same few characters again and again.</summary>
    Repetition,

    /// <summary>A walk on the keyboard, a row of the alphabet or of numbers.</summary>
    Sequence,

    /// <summary>A date and nothing more.</summary>
    Date,
}

/// <summary>
/// The commonest passwords, by a hand-written list of words (common.txt) and the few things people do to them. Finds what is tried first; a password that passes is not thereby good.
/// </summary>
public static class CommonPasswords
{
    private static readonly Lazy<FrozenSet<string>> Words = new(Load);

    private static readonly string[] Rows =
    [
        "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "!@#$%^&*()", "abcdefghijklmnopqrstuvwxyz",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp", "zaqxswcdevfrbgtnhymjukilop", "147258369", "741852963", "159357",
    ];

    /// <summary>How many words the list has.</summary>
    public static int Count => Words.Value.Count;

    /// <summary>Judges a password in form C.</summary>
    public static Guessable Judge(string password)
    {
        var folded = password.ToLowerInvariant();
        if (IsRepetition(folded)) return Guessable.Repetition;
        if (IsDate(folded)) return Guessable.Date;
        if (IsSequence(folded)) return Guessable.Sequence;
        return Variants(folded).Any(IsCommonWords) ? Guessable.CommonWords : Guessable.No;
    }

    private static IEnumerable<string> Variants(string folded)
    {
        yield return folded;
        yield return Map(folded, "0134578@$", "oieastbas");
        yield return Map(folded, "0134578@$!+€", "oieastbasite");
        yield return Map(folded, "01345789@$!|+", "oleastbgaslit");
    }

    private static string Map(string text, string from, string to) =>
        string.Create(text.Length, text, (span, s) =>
        {
            for (var i = 0; i < s.Length; i++) span[i] = from.IndexOf(s[i], StringComparison.Ordinal) is >= 0 and var at && at < to.Length ? to[at] : s[i];
        });

    /// <summary>At most two words of the list once what stands around and between is taken away, and at most seven of that.</summary>
    private static bool IsCommonWords(string text)
    {
        var letters = new string([.. text.Where(char.IsLetter)]);
        if (letters.Length == 0 || text.Length - letters.Length > 7) return false;
        return Words.Value.Contains(letters) || Split(letters);
    }

    private static bool Split(string letters)
    {
        for (var i = 2; i <= letters.Length - 2; i++)
            if (Words.Value.Contains(letters[..i]) && Words.Value.Contains(letters[i..])) return true;
        return false;
    }

    private static bool IsRepetition(string text)
    {
        // "aaaaaaaa", "abcabcabc", "passwordpassword": a unit that fills the whole, the last one perhaps cut.
        for (var unit = 1; unit * 2 <= text.Length; unit++)
        {
            var i = unit;
            while (i < text.Length && text[i] == text[i - unit]) i++;
            if (i == text.Length) return true;
        }
        return text.Distinct().Count() <= 3;
    }

    /// <summary>Three quarters of it are walks of at least four steps.</summary>
    private static bool IsSequence(string text)
    {
        var walked = 0;
        for (var i = 0; i < text.Length;)
        {
            var length = Rows.Max(row => Math.Max(Walk(text, i, row, 1), Walk(text, i, row, -1)));
            if (length >= 4) walked += length;
            i += Math.Max(length, 1);
        }
        return walked * 4 >= text.Length * 3;
    }

    private static int Walk(string text, int start, string row, int step)
    {
        var at = row.IndexOf(text[start], StringComparison.Ordinal);
        if (at < 0) return 0;
        var length = 1;
        for (; start + length < text.Length; length++)
        {
            var next = at + step * length;
            if (row.Length == 10 && row[0] == '1') next = (next % 10 + 10) % 10;
            if (next < 0 || next >= row.Length || row[next] != text[start + length]) break;
        }
        return length;
    }

    private static bool IsDate(string text)
    {
        var digits = new string([.. text.Where(char.IsAsciiDigit)]);
        if (text.Any(c => !char.IsAsciiDigit(c) && c is not ('.' or '-' or '/' or ' '))) return false;
        return digits.Length == 8 && (Fits(digits[..2], digits[2..4], digits[4..]) || Fits(digits[2..4], digits[..2], digits[4..]) || Fits(digits[6..], digits[4..6], digits[..4]));
    }

    private static bool Fits(string day, string month, string year) =>
        int.Parse(day, System.Globalization.CultureInfo.InvariantCulture) is >= 1 and <= 31
        && int.Parse(month, System.Globalization.CultureInfo.InvariantCulture) is >= 1 and <= 12
        && int.Parse(year, System.Globalization.CultureInfo.InvariantCulture) is >= 1900 and <= 2099;

    private static FrozenSet<string> Load()
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("passwords/common.txt")!);
        while (reader.ReadLine() is { } line)
            if (!line.StartsWith('#')) words.UnionWith(line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(w => w.Length > 1));
        return words.ToFrozenSet(StringComparer.Ordinal);
    }
}
