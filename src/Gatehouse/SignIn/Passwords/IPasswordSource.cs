using Gatehouse.Accounts.Users;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passwords;

/// <summary>
/// Judges the passwords of users whose <see cref="User.Source"/> is not local: a directory. Registered as a singleton. It receives a user already resolved by our own record,
/// never a typed name; exactly one source is asked for a user, and there is no fall-through to another.
/// </summary>
public interface IPasswordSource
{
    /// <summary>True when users of this <see cref="User.Source"/> are its own.</summary>
    bool Owns(string source);

    /// <summary>How many guesses per account and 15 minutes reach it: below the directory's own limit, so that we never lock anybody out there. At most 10.</summary>
    int GuessesPerWindow { get; }

    /// <summary>
    /// Judges one guess. A guess is counted before this is called. The password is as typed, 1 to 1,000 characters, not normalised, without NUL.
    /// Called outside any write; must end within seconds.
    /// </summary>
    Task<PasswordVerdict> Check(User user, string password, Visit visit, CancellationToken stop);
}

/// <summary>What a source says of one guess.</summary>
public abstract record PasswordVerdict
{
    private PasswordVerdict() { }

    /// <summary>It is the user's password.</summary>
    public sealed record Right : PasswordVerdict;

    /// <summary>It is not, for a reason only the admin hears: make the entry with <see cref="PasswordRefused.Entry"/>, so that strangers cannot tell it from any other.</summary>
    public sealed record Wrong(Refusal Why) : PasswordVerdict;

    /// <summary>Nobody could say: the fault is on our side, and the person is told so. The guess is given back.</summary>
    public sealed record Unavailable(Refusal Why) : PasswordVerdict;
}

/// <summary>The entry of every refusal in the list of password sign-in: one sentence, one public code, one status.</summary>
public static class PasswordRefused
{
    public const string PublicCode = "password.refused";

    public static RefusalEntry Entry(string code, string title, string fix) => new(code, title,
        Public: "That did not sign you in. Check the name and the password, or use another way.", Fix: fix, Status: 403, PublicCode: PublicCode);
}
