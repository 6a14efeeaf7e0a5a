using Gatehouse.Refusals;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>One outside for every code that does not work: whoever guesses must not learn that a code was right a minute ago.</summary>
internal static class FactorRefused
{
    public const string PublicCode = "mfa.refused";

    public static RefusalEntry Entry(string code, string title, string fix) => new(code, title,
        Public: "That code did not work. Wait for the next one and type it at once, or use another way.", Fix: fix,
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser, PublicCode: PublicCode);

    public static Remedy[] Open(UserRef user) => [new OpenPage($"Open {user.Name}", $"/admin/users/{user.Id}")];
}

/// <summary>A second-factor code is none of the user's.</summary>
public sealed record FactorCodeWrong(UserRef User, string Because) : Refusal<FactorCodeWrong>, IRefusal<FactorCodeWrong>
{
    public static RefusalEntry Entry { get; } = FactorRefused.Entry("mfa.code_wrong", "A second-factor code is wrong",
        "The person tries again, uses a backup code, or you reset the second factor on the user's page after checking who asks.");
    public static FactorCodeWrong Example => new(new("u1", "Ada"), "it is none of the present backup codes");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} gave the first proof; the code did not work: {Because}.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>A code of the authenticator app was used before.</summary>
public sealed record FactorCodeUsed(UserRef User) : Refusal<FactorCodeUsed>, IRefusal<FactorCodeUsed>
{
    public static RefusalEntry Entry { get; } = FactorRefused.Entry("mfa.code_used", "An authenticator code came a second time",
        "The person waits for the next code (at most 30 seconds). If they typed it once only, somebody else saw it: ask them.");
    public static FactorCodeUsed Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"The code of {User.Name} was right, and it or a newer one had been used: a code works once.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>The code is right for another time: the clock of the person's device is off.</summary>
/// <param name="Minutes">Positive when the device's clock is ahead.</param>
public sealed record AuthenticatorClockOff(UserRef User, int Minutes) : Refusal<AuthenticatorClockOff>, IRefusal<AuthenticatorClockOff>
{
    public static RefusalEntry Entry { get; } = FactorRefused.Entry("mfa.clock_off", "The clock of an authenticator app is off",
        "The person sets the clock of the device to automatic (in some apps: time correction for codes). Compare this server's clock in the doctor, too.");
    public static AuthenticatorClockOff Example => new(new("u1", "Ada"), 5);
    public override string Target => User.Id;
    public override string Evidence => $"The code of {User.Name} is correct for another time: the authenticator's clock is about {Math.Abs(Minutes)} minute{(Math.Abs(Minutes) == 1 ? "" : "s")} off ({(Minutes > 0 ? "ahead" : "behind")}), seen from this server.";
    public override IEnumerable<Remedy> Remedies => [.. FactorRefused.Open(User), new OpenPage("Open the doctor", "/admin/doctor")];
}

/// <summary>A backup code was used before.</summary>
public sealed record BackupCodeUsed(UserRef User, long At) : Refusal<BackupCodeUsed>, IRefusal<BackupCodeUsed>
{
    public static RefusalEntry Entry { get; } = FactorRefused.Entry("mfa.backup_code_used", "A backup code came a second time",
        "The person uses another code of the list. If they did not use it the first time, reset the second factor on the user's page.");
    public static BackupCodeUsed Example => new(new("u1", "Ada"), 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} used this backup code on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC; each works once.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>The stored seed cannot be read.</summary>
public sealed record FactorSeedUnreadable(UserRef User) : Refusal<FactorSeedUnreadable>, IRefusal<FactorSeedUnreadable>
{
    public static RefusalEntry Entry { get; } = FactorRefused.Entry("mfa.seed_unreadable", "The secret of an authenticator app cannot be read",
        "Reset the user's second factor; when it concerns many, the encryption key is not the one of this database: see gatehouse doctor.");
    public static FactorSeedUnreadable Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"The seed of {User.Name} is damaged or sealed under a key that this instance does not have.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>The guesses of this quarter of an hour are used up.</summary>
public sealed record FactorThrottled(UserRef User, int Limit, long FreeAt) : Refusal<FactorThrottled>, IRefusal<FactorThrottled>
{
    public static RefusalEntry Entry { get; } = new("mfa.throttled", "Too many second-factor codes for one account",
        Public: "Too many codes were tried for this account. Please wait a quarter of an hour, then sign in again.",
        Fix: "Wait, or let the person sign in with a passkey, which is not throttled. Somebody who comes this far knows the password: if it was not the person, have the password changed.",
        Status: 429, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static FactorThrottled Example => new(new("u1", "Ada"), 5, 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name}: {Limit} codes in 15 minutes, whatever the browser; room again at {DateTimeOffset.FromUnixTimeMilliseconds(FreeAt):HH:mm:ss} UTC. The code was not judged, and the sign-ins that waited for one were ended.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>A new authenticator app did not prove that it has the seed.</summary>
/// <param name="Minutes">By how much its clock seems to be off, or null.</param>
public sealed record AuthenticatorNotProven(UserRef User, int? Minutes) : Refusal<AuthenticatorNotProven>, IRefusal<AuthenticatorNotProven>
{
    public static RefusalEntry Entry { get; } = new("mfa.not_proven", "A new authenticator app gave a wrong code",
        Public: "That is not the present code of the app. Check that the clock of the device is set automatically, and type the code that stands there now.",
        Fix: "The person types the present code. Nothing is registered before a code was right.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static AuthenticatorNotProven Example => new(new("u1", "Ada"), -4);
    public override string Target => User.Id;
    public override string Evidence => Minutes is { } m
        ? $"The code of {User.Name} is correct for another time: the authenticator's clock is about {Math.Abs(m)} minute{(Math.Abs(m) == 1 ? "" : "s")} off ({(m > 0 ? "ahead" : "behind")})."
        : $"{User.Name} typed a code that the new secret does not give within an hour of now.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>The page on which a factor was to be registered is too old, or another one was registered meanwhile.</summary>
public sealed record FactorEnrolmentOver(UserRef User) : Refusal<FactorEnrolmentOver>, IRefusal<FactorEnrolmentOver>
{
    public static RefusalEntry Entry { get; } = new("mfa.enrolment_over", "A registration of a second factor was over",
        Public: "This page is too old, or your second factors were changed meanwhile. Please begin anew.",
        Fix: "The person begins anew under Settings > Account > Security.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static FactorEnrolmentOver Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} confirmed a secret that was drawn in another session, more than {AuthenticatorApps.ProveWithin.TotalMinutes:0} minutes ago, or before the present app was registered.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>The last second factor was to be removed while one is demanded.</summary>
public sealed record FactorIsDemanded(UserRef User, string Because) : Refusal<FactorIsDemanded>, IRefusal<FactorIsDemanded>
{
    public static RefusalEntry Entry { get; } = new("mfa.is_demanded", "The last second factor is demanded by policy",
        Public: "This is your last second factor, and your organisation asks for one. Register another one first, then remove this.",
        Fix: "The person registers another factor first; or change the policy for second factors.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static FactorIsDemanded Example => new(new("u1", "Ada"), "everybody needs a second factor");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} wanted to remove the last second factor; {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the policy", "/admin/settings/second-factors"), .. FactorRefused.Open(User)];
}

/// <summary>A factor that was registered in this very session was to confirm something.</summary>
public sealed record FactorTooNew(UserRef User) : Refusal<FactorTooNew>, IRefusal<FactorTooNew>
{
    public static RefusalEntry Entry { get; } = new("mfa.too_new", "A factor of this session cannot confirm",
        Public: "This second factor was registered in this session, so it cannot confirm yet. Sign out, sign in with it, and try again.",
        Fix: "The person signs in again with the new factor. Whoever stole a session could otherwise register one and confirm with it.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static FactorTooNew Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} confirmed with a factor that is younger than the session.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>An admin wanted to reset the own second factor.</summary>
public sealed record FactorResetOfOneself(UserRef User) : Refusal<FactorResetOfOneself>, IRefusal<FactorResetOfOneself>
{
    public static RefusalEntry Entry { get; } = new("mfa.reset_of_oneself", "Nobody resets their own second factor",
        Public: "You cannot do this for your own account. Change your second factor under Security, or ask another administrator.",
        Fix: "Another admin does it, or the console: gatehouse user mfa reset.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static FactorResetOfOneself Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} asked for a reset or an access pass for the own account.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>A reset without an identity check.</summary>
public sealed record IdentityNotChecked(UserRef User) : Refusal<IdentityNotChecked>, IRefusal<IdentityNotChecked>
{
    public static RefusalEntry Entry { get; } = new("mfa.identity_not_checked", "A reset without an identity check",
        Public: "Say how you made sure that it is really this person, and write a few words about it.",
        Fix: "Choose the way of checking and write what was checked; it stands in the audit log.", Status: 400, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static IdentityNotChecked Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"For {User.Name} no way of checking was chosen, or the note has fewer than five characters.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}

/// <summary>The admin who asked for a reset wanted to approve it, too.</summary>
public sealed record SecondAdminNeeded(UserRef User, string AskedBy) : Refusal<SecondAdminNeeded>, IRefusal<SecondAdminNeeded>
{
    public static RefusalEntry Entry { get; } = new("mfa.second_admin_needed", "A reset needs a second administrator",
        Public: "Another administrator has to approve this.", Fix: "Somebody else with the role admin opens the user's page and approves it within a day.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SecondAdminNeeded Example => new(new("u1", "Ada"), "grace@example.com");
    public override string Target => User.Id;
    public override string Evidence => $"{AskedBy} asked for the reset of {User.Name}; neither they nor {User.Name} can approve it.";
    public override IEnumerable<Remedy> Remedies => [.. FactorRefused.Open(User), new OpenPage("Open the policy", "/admin/settings/second-factors")];
}

/// <summary>An access pass for somebody who has no second factor.</summary>
public sealed record NothingToStandInFor(UserRef User) : Refusal<NothingToStandInFor>, IRefusal<NothingToStandInFor>
{
    public static RefusalEntry Entry { get; } = new("mfa.nothing_to_stand_in_for", "An access pass without a second factor",
        Public: "This person has no second factor that a pass could stand in for.", Fix: "The person signs in without one, or registers one where the policy demands it; a login link helps when the password is lost.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NothingToStandInFor Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} has neither an authenticator app nor a hardware key.";
    public override IEnumerable<Remedy> Remedies => FactorRefused.Open(User);
}
