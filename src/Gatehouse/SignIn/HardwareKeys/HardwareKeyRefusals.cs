using Gatehouse.Refusals;
using Gatehouse.SignIn.Passkeys;

namespace Gatehouse.SignIn.HardwareKeys;

/// <summary>What all refusals about hardware keys have in common: the first proof was given, so the sentence may be precise.</summary>
internal static class KeyRefused
{
    public static RefusalEntry Entry(string code, string title, string says, string fix, int status = 403) =>
        new(code, title, Public: says, Fix: fix, Status: status, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);

    public static Remedy[] Open(UserRef user) => [new OpenPage($"Open {user.Name}", $"/admin/users/{user.Id}")];

    public static string Day(long at) => $"{DateTimeOffset.FromUnixTimeMilliseconds(at):yyyy-MM-dd HH:mm} UTC";

    /// <summary>What a verifier of both kinds of credential found, told of a hardware key.</summary>
    public static Refusal Of(UserRef user, HardwareKey key, Refusal found) => found switch
    {
        PasskeyCounterWentBack counter => new HardwareKeyCounterWentBack(user, key.Name, counter.Sent, counter.Stored),
        PasskeyOriginMismatch origin => new HardwareKeyAtAnotherAddress(user, origin.Seen, origin.Expected),
        PasskeySignatureInvalid => new HardwareKeySignatureInvalid(user, key.Name),
        _ => new HardwareKeyAnswerInvalid(user, key.Name, found.Facts.Code, found.Evidence),
    };
}

/// <summary>The challenge is spent, expired, or was handed out for another sign-in.</summary>
public sealed record HardwareKeyChallengeGone(UserRef User) : Refusal<HardwareKeyChallengeGone>, IRefusal<HardwareKeyChallengeGone>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_challenge_gone", "Hardware key answered too late or twice",
        "This step was begun too long ago or in another window. Please touch the key once more.", "The person tries again on the page that is open now; each try has its own challenge, good once.");
    public static HardwareKeyChallengeGone Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"The hardware key of {User.Name} answered a challenge that was used, has expired, or belongs to another browser, sign-in or act.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>A key that is none of the account.</summary>
/// <param name="Sent">The beginning of the credential's id.</param>
/// <param name="Known">Where the credential is known: "nobody here", "another account", "this account, as a passkey".</param>
public sealed record HardwareKeyOfAnother(UserRef User, string Sent, string Known, string[] Own) : Refusal<HardwareKeyOfAnother>, IRefusal<HardwareKeyOfAnother>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_of_another", "Another hardware key than one of the account",
        "This key is not registered with your account. Use one that is, or another way.",
        "The person uses a key of the account or a backup code. When the key should be registered, they sign in another way and add it under Settings > Account > Security.");
    public static HardwareKeyOfAnother Example => new(new("u1", "Ada"), "AAAAAAAAAAA", "another account", ["Blue key"]);
    public override string Target => User.Id;
    public override string Evidence => $"Credential {Sent}… answered for {User.Name}; it belongs to {Known}. Keys of the account: {List(Own)}.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>A key that was removed from the account.</summary>
public sealed record HardwareKeyRemoved(UserRef User, string Name, long RemovedAt, string[] Own) : Refusal<HardwareKeyRemoved>, IRefusal<HardwareKeyRemoved>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_removed", "A removed hardware key was used",
        "This key was removed from your account. Use another one, or another way.",
        "If the person removed it by mistake: they sign in another way and undo the removal under Settings > Account > Security, within seven days. If it was lost, whoever has it knows the password: have it changed.");
    public static HardwareKeyRemoved Example => new(new("u1", "Ada"), "Blue key", 1_700_000_000_000, ["Desk"]);
    public override string Target => User.Id;
    public override string Evidence => $"\"{Name}\" answered correctly for {User.Name}, but it was removed on {KeyRefused.Day(RemovedAt)}. Keys that are left: {List(Own)}.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>A good signature with an old counter: perhaps a copy.</summary>
public sealed record HardwareKeyCounterWentBack(UserRef User, string Name, uint Sent, uint Stored) : Refusal<HardwareKeyCounterWentBack>, IRefusal<HardwareKeyCounterWentBack>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_counter_went_back", "Hardware key may have been copied",
        "This key may have been copied. Do not use it any more; sign in another way and remove it.", "Ask the owner whether the key was out of their hands; they remove it and register a new one.");
    public static HardwareKeyCounterWentBack Example => new(new("u1", "Ada"), "Blue key", 4, 9);
    public override string Target => User.Id;
    public override string Evidence => $"\"{Name}\" of {User.Name} sent the counter {Sent} after {Stored} had been seen: there may be two of it.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>The browser stood at another address.</summary>
public sealed record HardwareKeyAtAnotherAddress(UserRef User, string Seen, string Expected) : Refusal<HardwareKeyAtAnotherAddress>, IRefusal<HardwareKeyAtAnotherAddress>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_at_another_address", "Hardware key used at another address",
        "Hardware keys work only at the right address of this service. Open it from your bookmark, and type your password nowhere else.",
        "If it is an address of yours, correct APP_URL or the links people use. If not, somebody stands between: have the password changed.");
    public static HardwareKeyAtAnotherAddress Example => new(new("u1", "Ada"), "https://id.example.lan", "https://id.example.com");
    public override string Target => User.Id;
    public override string Evidence => $"The browser of {User.Name} was at {Seen}; APP_URL says {Expected}.";
    public override Difference Difference => new("seen", Seen, "APP_URL", Expected, "another origin");
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>The signature does not fit.</summary>
public sealed record HardwareKeySignatureInvalid(UserRef User, string Name) : Refusal<HardwareKeySignatureInvalid>, IRefusal<HardwareKeySignatureInvalid>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_signature_invalid", "Wrong signature of a hardware key",
        "That key did not answer as the one you registered. Try again, or use another way.", "Somebody without the key tried, or the key is faulty: ask the owner. Whoever comes this far knows the password.");
    public static HardwareKeySignatureInvalid Example => new(new("u1", "Ada"), "Blue key");
    public override string Target => User.Id;
    public override string Evidence => $"The signature does not fit \"{Name}\" of {User.Name}.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>The answer of a key breaks another rule of WebAuthn.</summary>
/// <param name="Rule">The code of that rule, as for passkeys.</param>
public sealed record HardwareKeyAnswerInvalid(UserRef User, string Name, string Rule, string Found) : Refusal<HardwareKeyAnswerInvalid>, IRefusal<HardwareKeyAnswerInvalid>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_answer_invalid", "Hardware key gave an unusable answer",
        "That hardware key did not give a usable answer. Try again with another browser, or use another way.",
        "The evidence names the rule; gatehouse explain and the help page of that code say what it means. Most often the browser or a faulty key is to blame.");
    public static HardwareKeyAnswerInvalid Example => new(new("u1", "Ada"), "Blue key", "passkey.user_not_present", "The authenticator did not report a person in the sign-in.");
    public override string Target => User.Id;
    public override string Evidence => $"\"{Name}\" of {User.Name}, rule {Rule}: {Found}";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>The browser did not come back with an answer of a key, and said so.</summary>
/// <param name="Guess">What it looks like, from a fixed list.</param>
/// <param name="Own">Names of the keys that would have done.</param>
/// <param name="Removed">A key that was removed lately, or null.</param>
public sealed record HardwareKeyNoAnswer(UserRef User, string ErrorName, string Guess, long AfterMilliseconds, string[] Own, string? Removed, long RemovedAt) : Refusal<HardwareKeyNoAnswer>, IRefusal<HardwareKeyNoAnswer>
{
    // Told by a browser: it opens no remedy.
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_no_answer", "No hardware key answered",
        "The step with the hardware key was not completed.",
        "cancelled and timeout need nothing; policy and unsupported need another browser or the device's administrator; after a key of somebody else browsers say cancelled. A backup code or a temporary access pass helps when the key is not at hand.");
    public static HardwareKeyNoAnswer Example => new(new("u1", "Ada"), "NotAllowedError", "cancelled", 4100, ["Desk"], "Blue key", 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"The browser of {User.Name} reported {ErrorName} after {AfterMilliseconds} ms, taken for \"{Guess}\". Keys that would have done: {List(Own)}."
        + (Removed is null ? "" : $" \"{Removed}\" was removed on {KeyRefused.Day(RemovedAt)} and does not do any more.");
}

/// <summary>A new key broke a rule of WebAuthn.</summary>
public sealed record HardwareKeyNotRegistered(UserRef User, string Rule, string Found) : Refusal<HardwareKeyNotRegistered>, IRefusal<HardwareKeyNotRegistered>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_not_registered", "A hardware key could not be registered",
        "This hardware key could not be registered. Please try again, or use another key or browser.", "The evidence names the rule that the key or browser broke. Nothing was registered.", 400);
    public static HardwareKeyNotRegistered Example => new(new("u1", "Ada"), "passkey.attestation_not_accepted", "The new passkey came with the attestation \"android-safetynet\".");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name}, rule {Rule}: {Found}";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>A synced credential where a key in hardware was meant.</summary>
public sealed record HardwareKeySynced(UserRef User) : Refusal<HardwareKeySynced>, IRefusal<HardwareKeySynced>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_synced", "A synced passkey was to be a hardware key",
        "That was a passkey of a phone or password manager, which can be copied to other devices, and no hardware key. Register it as a passkey: it then signs you in alone, without a password.",
        "The person registers it under Add a passkey, or uses a key that holds its secret itself (USB, NFC).", 409);
    public static HardwareKeySynced Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} wanted to register as hardware key what calls itself fit for backup; amr would say hwk of something that is none.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>A credential that is registered already, whoever's it is (WebAuthn section 7.1 step 26).</summary>
public sealed record HardwareKeyAlreadyRegistered(UserRef User, string CredentialId) : Refusal<HardwareKeyAlreadyRegistered>, IRefusal<HardwareKeyAlreadyRegistered>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.key_already_registered", "Hardware key registered twice",
        "This key is already registered.", "Nothing to do when it is the user's own. A credential of somebody else never comes twice by chance.", 409);
    public static HardwareKeyAlreadyRegistered Example => new(new("u1", "Ada"), "q83vEjRWeJA");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} wanted to register credential {CredentialId}…, which is already stored.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}

/// <summary>More keys than one account takes.</summary>
public sealed record HardwareKeysTooMany(UserRef User, int Limit) : Refusal<HardwareKeysTooMany>, IRefusal<HardwareKeysTooMany>
{
    public static RefusalEntry Entry { get; } = KeyRefused.Entry("mfa.keys_too_many", "Too many hardware keys on one account",
        "Your account has as many hardware keys as it can have. Remove one you do not use; its place is free after seven days.", "The person removes keys; a removed one counts until it can no longer be brought back.", 409);
    public static HardwareKeysTooMany Example => new(new("u1", "Ada"), KeyFactor.PerUser);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} has {Limit} hardware keys, those removed in the last seven days among them.";
    public override IEnumerable<Remedy> Remedies => KeyRefused.Open(User);
}
