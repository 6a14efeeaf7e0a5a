using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>A confirmation by a passkey that was registered in this very session.</summary>
public sealed record PasskeyTooNew(UserRef User) : Refusal<PasskeyTooNew>, IRefusal<PasskeyTooNew>
{
    public static RefusalEntry Entry { get; } = new("passkey.too_new", "The passkey was registered in this session",
        Public: "This passkey was registered a moment ago. Sign out and sign in again with it, then confirm.",
        Fix: "Nothing to mend: whoever stole a session must not be able to enrol a key and confirm with it.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyTooNew Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} confirmed with a passkey that is younger than the session.";
}

/// <summary>The last passkey was to be removed while there is no other way in.</summary>
public sealed record PasskeyIsTheLast(UserRef User, string Name, string[]? Others = null) : Refusal<PasskeyIsTheLast>, IRefusal<PasskeyIsTheLast>
{
    public static RefusalEntry Entry { get; } = new("passkey.last_one", "The only passkey was to be removed",
        Public: "This is your only way to sign in. Add another passkey first, then remove this one.",
        Fix: "The person registers a second passkey, or an admin hands over a login link.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyIsTheLast Example => new(new("u1", "Ada"), "iCloud Keychain");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} asked to remove {Name}, the only passkey; other ways in: {List(Others ?? [])}.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The browser did not complete a ceremony and said so.</summary>
/// <param name="Ceremony">"sign-in", "register", "step-up", "setup" or "sign-up"; "step-up-key" or "register-key" for hardware keys.</param>
/// <param name="ErrorName">The DOMException's name as the browser gave it, from a fixed list.</param>
/// <param name="Guess">"cancelled", "timeout", "policy", "insecure", "origin", "unsupported", "already_here" or "unknown".</param>
public sealed record PasskeyCeremonyFailed(string Ceremony, string ErrorName, string Guess, string PageOrigin, string Expected, long AfterMilliseconds)
    : Refusal<PasskeyCeremonyFailed>, IRefusal<PasskeyCeremonyFailed>
{
    public static RefusalEntry Entry { get; } = new("passkey.ceremony_failed", "The browser did not complete a passkey ceremony",
        Public: "Your browser did not complete the passkey step.",
        Fix: "Look at the guess: cancelled and timeout need nothing; policy needs the device's administrator; insecure and origin mean that APP_URL and the address people open differ.");
    public static PasskeyCeremonyFailed Example => new("sign-in", "NotAllowedError", "policy", "https://id.example.lan", "https://id.example.com", 120);
    public override string Target => Guess;
    public override string Evidence => $"{Ceremony}: {ErrorName} after {AfterMilliseconds} ms, taken for \"{Guess}\"; the page was at {PageOrigin}, APP_URL is {Expected}.";
    public override Difference? Difference => PageOrigin == Expected ? null : new("address bar", PageOrigin, "APP_URL", Expected, "another origin");
}
