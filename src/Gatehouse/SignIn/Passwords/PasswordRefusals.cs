using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passwords;

/// <summary>Nobody has the name that was typed.</summary>
public sealed record PasswordNameUnknown(int Length, bool LooksLikeEmail) : Refusal<PasswordNameUnknown>, IRefusal<PasswordNameUnknown>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.name_unknown", "No account has the typed name", "Check how the person spells their name; gatehouse user list --search.");
    public static PasswordNameUnknown Example => new(15, LooksLikeEmail: true);
    public override string Evidence => $"The typed name has {Length} characters{(LooksLikeEmail ? " and looks like an e-mail address" : "")}; no account has it.";
}

/// <summary>The name is an address that was invited and has no account yet (C016): not the same as disabled.</summary>
public sealed record AccountInvited(string State, long ExpiresAt, string Path) : Refusal<AccountInvited>, IRefusal<AccountInvited>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("account.invited", "Invited, and the invitation was not accepted yet", "The person opens the link in the invitation; send it again if it has expired.");
    public static AccountInvited Example => new("expired", 1_700_000_000_000, "/admin/invitations/i1");
    public override string Target => Path;
    public override string Evidence => $"There is no account yet: the invitation to this address is {State} ({(State == "expired" ? "it ended" : "it ends")} on {DateTimeOffset.FromUnixTimeMilliseconds(ExpiresAt):yyyy-MM-dd HH:mm} UTC).";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the invitation", Path)];
}

/// <summary>The password is not the user's.</summary>
public sealed record PasswordWrong(UserRef User, bool KnownBrowser) : Refusal<PasswordWrong>, IRefusal<PasswordWrong>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.wrong", "The password is wrong", "The person tries again, resets the password, or gets a login link from you.");
    public static PasswordWrong Example => new(new("u1", "Ada"), KnownBrowser: false);
    public override string Target => User.Id;
    public override string Evidence => $"The password is not the one of {User.Name}. The browser {(KnownBrowser ? "has signed in as this user before" : "has never signed in as this user")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The account has no password.</summary>
public sealed record PasswordNone(UserRef User) : Refusal<PasswordNone>, IRefusal<PasswordNone>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.none", "The account has no password", "The person signs in with a passkey, or sets a password by a reset or login link.");
    public static PasswordNone Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} has never set a password here.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A temporary password was used before or is too old.</summary>
public sealed record PasswordTemporaryOver(UserRef User, long SetAt) : Refusal<PasswordTemporaryOver>, IRefusal<PasswordTemporaryOver>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.temporary_over", "The temporary password is used or too old", "Set a new temporary password on the user's page.");
    public static PasswordTemporaryOver Example => new(new("u1", "Ada"), 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"The temporary password of {User.Name} was set on {DateTimeOffset.FromUnixTimeMilliseconds(SetAt):yyyy-MM-dd HH:mm} UTC; it works once, within its time.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The rule about sources or groups gives this account no password.</summary>
public sealed record PasswordDisabledForAccount(UserRef User, string Because) : Refusal<PasswordDisabledForAccount>, IRefusal<PasswordDisabledForAccount>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.disabled_for_account", "This account may not use a password", "Let the account's source or a group of it use passwords, or point the person to their passkey.");
    public static PasswordDisabledForAccount Example => new(new("u1", "Ada"), "the account is in none of the groups that may");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} may not use a password: {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open password settings", "/admin/settings/passwords")];
}

/// <summary>The rule about e-mail domains gives this account no password.</summary>
public sealed record PasswordDisabledForDomain(UserRef User, string Domain, string[] Allowed) : Refusal<PasswordDisabledForDomain>, IRefusal<PasswordDisabledForDomain>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.disabled_for_domain", "The account's domain may not use passwords", "Allow the domain under password settings, or point the person to their passkey.");
    public static PasswordDisabledForDomain Example => new(new("u1", "Ada"), "corp.example", ["example.com"]);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} belongs to {Domain}; passwords are allowed for {List(Allowed)}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open password settings", "/admin/settings/passwords")];
}

/// <summary>The stored hash cannot be used; the sign-in fails closed.</summary>
public sealed record PasswordUnreadable(UserRef User, string Fault) : Refusal<PasswordUnreadable>, IRefusal<PasswordUnreadable>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.unreadable_hash", "The stored password hash cannot be read", "Set a new password for the user. If many are hit, restore the backup: something else wrote into the database.");
    public static PasswordUnreadable Example => new(new("u1", "Ada"), "it is of no kind that we know");
    public override string Target => User.Id;
    public override string Evidence => $"The stored hash of {User.Name} cannot be used: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The account's guesses of this quarter of an hour are used up; this one was not judged.</summary>
public sealed record PasswordThrottled(UserRef? User, int Limit, bool KnownBrowser, long FreeAt) : Refusal<PasswordThrottled>, IRefusal<PasswordThrottled>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.throttled", "Too many wrong passwords for one account", "Wait, or let the person use a passkey or a login link: neither is throttled. Nobody is locked out for good.");
    public static PasswordThrottled Example => new(new("u1", "Ada"), 7, KnownBrowser: false, 1_700_000_000_000);
    public override string Target => User?.Id ?? "";
    public override string Evidence => $"{User?.Name ?? "A name that nobody has"}: {Limit} guesses {(KnownBrowser ? "in all" : "from browsers that never signed in as this user")} in 15 minutes; room again at {DateTimeOffset.FromUnixTimeMilliseconds(FreeAt):HH:mm:ss} UTC. The guess was not judged.";
    public override IEnumerable<Remedy> Remedies => User is null ? [] : [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>Nobody here knows the account's source.</summary>
public sealed record PasswordSourceMissing(UserRef User, string Source) : Refusal<PasswordSourceMissing>, IRefusal<PasswordSourceMissing>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.source_missing", "No directory answers for the account", "Set up the directory again, or turn the account into a local one.");
    public static PasswordSourceMissing Example => new(new("u1", "Ada"), "ldap:main");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} comes from {Source}, and no such source is set up.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>What was typed as a password cannot be one.</summary>
public sealed record PasswordUnreasonable(int Length) : Refusal<PasswordUnreasonable>, IRefusal<PasswordUnreasonable>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("password.unreasonable", "A typed password is empty or far too long", "Usually nothing. A browser extension may have filled in something else.");
    public static PasswordUnreasonable Example => new(100_000);
    public override string Evidence => $"{Length} characters came as the password; 1 to {PasswordRules.MostCharacters} are judged. It was not hashed.";
}

/// <summary>Passwords are switched off.</summary>
public sealed record PasswordsOff : Refusal<PasswordsOff>, IRefusal<PasswordsOff>
{
    public static RefusalEntry Entry { get; } = new("password.off", "Passwords are switched off",
        Public: "There are no passwords here. Please use a passkey.", Fix: "Switch passwords on under Settings > Administration > Passwords, if they should be used.", Status: 403);
    public static PasswordsOff Example => new();
    public override string Evidence => "A password was sent, and passwords are switched off for this instance.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open password settings", "/admin/settings/passwords")];
}

/// <summary>Too many guesses from one address; it concerns the sender alone, so it is told plainly.</summary>
public sealed record AddressThrottled(string Block, int Limit, long FreeAt) : Refusal<AddressThrottled>, IRefusal<AddressThrottled>
{
    public static RefusalEntry Entry { get; } = new("password.address_throttled", "Too many failed sign-ins from one address",
        Public: "Too many sign-ins failed from your network. Please wait a few minutes, or use a passkey.",
        Fix: "Look at the cases of this address. If it is your own proxy, set TRUSTED_PROXIES: everybody then counts for their own address.", Status: 429);
    public static AddressThrottled Example => new("203.0.113.7", 60, 1_700_000_000_000);
    public override string Evidence => $"{Block}: {Limit} failed guesses in 15 minutes; room again at {DateTimeOffset.FromUnixTimeMilliseconds(FreeAt):HH:mm:ss} UTC.";
}

/// <summary>The hashing threads have more to do than they can; told at once.</summary>
public sealed record PasswordsBusy(int Seats, int Threads) : Refusal<PasswordsBusy>, IRefusal<PasswordsBusy>
{
    public static RefusalEntry Entry { get; } = new("ops.password_busy", "More passwords than can be judged",
        Public: "Many people are signing in right now. Please try again in a few seconds, or use a passkey.",
        Fix: "Usually a flood of guesses: look at the cases. Passkeys and applications are not affected.", Status: 429, Causer: Causer.Stranger);
    public static PasswordsBusy Example => new(24, 1);
    public override string Evidence => $"All {Seats} seats in front of {Threads} hashing threads, or those for this network or name, were taken.";
}

/// <summary>A new password is too short.</summary>
public sealed record PasswordTooShort(int Length, int Least, bool SecondFactor) : Refusal<PasswordTooShort>, IRefusal<PasswordTooShort>
{
    public static RefusalEntry Entry { get; } = new("password.too_short", "A new password is too short",
        Public: "The password is too short: at least 15 characters, or 8 for accounts with a second factor. Several words make a good one.",
        Fix: "Choose a longer one; several words are easy to type and hard to guess.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordTooShort Example => new(9, 15, SecondFactor: false);
    public override string Evidence => $"It has {Length} characters; {Least} are needed {(SecondFactor ? "beside a second factor" : "when it is the only proof")}.";
}

/// <summary>A new password is longer than we take.</summary>
public sealed record PasswordTooLong(int Length) : Refusal<PasswordTooLong>, IRefusal<PasswordTooLong>
{
    public static RefusalEntry Entry { get; } = new("password.too_long", "A new password is too long",
        Public: "The password is longer than 1,000 characters.", Fix: "Choose a shorter one.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordTooLong Example => new(1001);
    public override string Evidence => $"It has {Length} characters; {PasswordRules.MostCharacters} characters and {PasswordRules.MostBytes} bytes are taken.";
}

/// <summary>A new password is one of those tried first.</summary>
public sealed record PasswordGuessable(Guessable Kind) : Refusal<PasswordGuessable>, IRefusal<PasswordGuessable>
{
    public static RefusalEntry Entry { get; } = new("password.guessable", "A new password is among the first that are tried",
        Public: "This password is among the first that anybody would try. Please choose another one: several unrelated words, or one from a password manager.",
        Fix: "Choose another one.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordGuessable Example => new(Guessable.CommonWords);
    public override string Evidence => Kind switch
    {
        Guessable.Repetition => "It repeats the same few characters.",
        Guessable.Sequence => "It is a walk on the keyboard or a row of letters or numbers.",
        Guessable.Date => "It is a date.",
        _ => "It is made of one or two of the commonest words with little around them.",
    };
}

/// <summary>A new password is little more than a name of its owner.</summary>
public sealed record PasswordNamesOwner(string What) : Refusal<PasswordNamesOwner>, IRefusal<PasswordNamesOwner>
{
    public static RefusalEntry Entry { get; } = new("password.names_owner", "A new password is little more than a name",
        Public: "This password is little more than your name, your address or the name of this site. Please choose another one.",
        Fix: "Choose another one.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordNamesOwner Example => new("names or the address of the account");
    public override string Evidence => $"It holds {What}, and fewer than {PasswordRules.LeastWithSecondFactor} characters besides.";
}

/// <summary>A new password is the present or a former one.</summary>
public sealed record PasswordUsedBefore(bool Present) : Refusal<PasswordUsedBefore>, IRefusal<PasswordUsedBefore>
{
    public static RefusalEntry Entry { get; } = new("password.used_before", "A new password was used before",
        Public: "This is your present password, or one that you had before. Please choose another one.",
        Fix: "Choose another one; how many are remembered stands under password settings.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordUsedBefore Example => new(Present: true);
    public override string Evidence => Present ? "It equals the present password." : "It equals one of the remembered former passwords.";
}

/// <summary>The password that was typed to confirm is not the signed-in person's.</summary>
public sealed record PasswordNotConfirmed(UserRef User, bool Throttled) : Refusal<PasswordNotConfirmed>, IRefusal<PasswordNotConfirmed>
{
    public static RefusalEntry Entry { get; } = new("password.not_confirmed", "The present password was not right",
        Public: "The present password is not right, or it was tried too often in the last minutes.",
        Fix: "Try again, or reset the password. When the person did not do this, end their sessions.", Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordNotConfirmed Example => new(new("u1", "Ada"), Throttled: false);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} was asked for the present password in a live session; {(Throttled ? "the guesses of this quarter of an hour are used up" : "it was wrong")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A password was to be set for somebody who may have none, told to whoever is proven.</summary>
public sealed record PasswordNotForThisAccount(UserRef User, string Because) : Refusal<PasswordNotForThisAccount>, IRefusal<PasswordNotForThisAccount>
{
    public static RefusalEntry Entry { get; } = new("password.not_for_this_account", "The account may have no password here",
        Public: "This account does not use a password of ours.", Fix: "Allow passwords for the account's source, group or domain; a directory's password is changed in the directory.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasswordNotForThisAccount Example => new(new("u1", "Ada"), "passwords are switched off");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} may have no password here: {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open password settings", "/admin/settings/passwords")];
}
