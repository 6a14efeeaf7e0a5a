using System.Globalization;
using Gatehouse.Accounts.Users;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passwords;

/// <summary>What a new password must be. Length, and nothing that is tried first; no rule about kinds of characters.</summary>
public static class PasswordRules
{
    public const int LeastAlone = 15, LeastWithSecondFactor = 8, MostCharacters = 1000, MostBytes = 4096;

    /// <summary>False for what is refused before any hashing.</summary>
    public static bool IsReadable(string password) =>
        password.Length is > 0 and <= MostCharacters && System.Text.Encoding.UTF8.GetByteCount(password) <= MostBytes;

    /// <summary>Characters as people count them, after normalisation: a letter with its accent is one.</summary>
    public static int Length(string password) => new StringInfo(NormalFormC.Of(password)).LengthInTextElements;

    /// <summary>Null when the password will do.</summary>
    /// <param name="secondFactor">True when the user has a second factor, which is asked for after the password.</param>
    /// <param name="host">Our own host name: nobody's password.</param>
    public static Refusal? Judge(string password, User user, bool secondFactor, string host)
    {
        if (!IsReadable(password)) return password.Length == 0 ? new PasswordTooShort(0, secondFactor ? LeastWithSecondFactor : LeastAlone, secondFactor) : new PasswordTooLong(password.Length);
        var normal = NormalFormC.Of(password);
        var length = Length(password);
        var least = secondFactor ? LeastWithSecondFactor : LeastAlone;
        if (length < least) return new PasswordTooShort(length, least, secondFactor);
        if (Rest(normal, [host, "gatehouse"]) < LeastWithSecondFactor) return new PasswordNamesOwner("the name of this server");
        if (Rest(normal, OwnWords(user)) < LeastWithSecondFactor) return new PasswordNamesOwner("names or the address of the account");
        return CommonPasswords.Judge(normal) is not Guessable.No and var kind ? new PasswordGuessable(kind) : null;
    }

    private static IEnumerable<string> OwnWords(User user)
    {
        string?[] words = [user.UserName, user.Email, user.Email.Split('@')[0], user.Email.Split('@')[^1].Split('.')[0], user.DisplayName, user.GivenName, user.FamilyName, .. user.DisplayName.Split(' ')];
        return words.Where(w => w is { Length: >= 3 }).Select(w => w!).Distinct(StringComparer.OrdinalIgnoreCase);
    }

    // How many letters and digits are left once the words, forwards and backwards, are taken out; the longest words go first.
    private static int Rest(string password, IEnumerable<string> words)
    {
        var rest = password;
        foreach (var word in words.OrderByDescending(w => w.Length))
            rest = rest.Replace(word, "", StringComparison.OrdinalIgnoreCase).Replace(new string([.. word.Reverse()]), "", StringComparison.OrdinalIgnoreCase);
        return rest.Length == password.Length ? int.MaxValue : rest.Count(char.IsLetterOrDigit);
    }
}
