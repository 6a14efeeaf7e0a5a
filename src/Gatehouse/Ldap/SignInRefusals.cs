using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;

namespace Gatehouse.Ldap;

/// <summary>The directory refused the password.</summary>
public sealed record DirectoryPasswordWrong(UserRef User, string Dn, string Said) : Refusal<DirectoryPasswordWrong>, IRefusal<DirectoryPasswordWrong>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.password_wrong", "The directory refused the password",
        "Nothing, as a rule. Who forgot the password sets a new one in the directory, or comes in by a login link and registers a passkey.");
    public static DirectoryPasswordWrong Example => new(new("u1", "Ada"), "uid=ada,ou=people,dc=corp,dc=example", "49 invalidCredentials");
    public override string Target => User.Id;
    public override string Evidence => $"The directory refused the password of {User.Name} ({Dn}): {Said}.";
}

/// <summary>The directory says that the account there is locked, expired or the like.</summary>
public sealed record DirectoryAccountUnusable(UserRef User, string Dn, string SubCode, string Meaning, string Said) : Refusal<DirectoryAccountUnusable>, IRefusal<DirectoryAccountUnusable>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.account_unusable", "The directory says the account is locked, expired or disabled",
        "Mend it in the directory: unlock the account, or let the person set a new password there.");
    public static DirectoryAccountUnusable Example => new(new("u1", "Ada"), "cn=Ada,ou=people,dc=corp,dc=example", "775", "the account is locked", "49 invalidCredentials: 80090308: LdapErr: DSID-0C090446, data 775, v4563");
    public override string Target => User.Id;
    public override string Evidence => $"The directory says of {User.Name} ({Dn}): {Meaning} (sub-code {SubCode}). In its words: {Said}.";
}

/// <summary>The entry of the account is not found any more.</summary>
public sealed record EntryGone(UserRef User, string StableId) : Refusal<EntryGone>, IRefusal<EntryGone>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.entry_gone", "The entry of the account is not found any more",
        "Explain this user says why: moved, removed, or left out by the filter. The next sync switches the account off.");
    public static EntryGone Example => new(new("u1", "Ada"), "6b29fc40-ca47-1067-b31d-00dd010662da");
    public override string Target => User.Id;
    public override string Evidence => $"No entry below the base DNs that fits the user filter has the id {StableId} of {User.Name}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Explain this user", "/admin/ldap/explain")];
}

/// <summary>Two entries carry the id of the account (L06).</summary>
public sealed record EntryAmbiguous(UserRef User, string[] Dns) : Refusal<EntryAmbiguous>, IRefusal<EntryAmbiguous>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.entry_ambiguous", "Two entries carry the id of the account",
        "Map an id attribute that the server keeps unique, such as entryUUID or objectGUID.");
    public static EntryAmbiguous Example => new(new("u1", "Ada"), ["uid=ada,ou=people,dc=corp", "uid=ada,ou=old,dc=corp"]);
    public override string Target => User.Id;
    public override string Evidence => $"The id of {User.Name} is carried by {List(Dns)}; none of them was asked.";
}

/// <summary>The DN belonged to another entry before or after the bind.</summary>
public sealed record EntryChangedHands(UserRef User, string Dn) : Refusal<EntryChangedHands>, IRefusal<EntryChangedHands>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.entry_changed_hands", "The entry was exchanged while it was asked",
        "Look at who moves or renames entries in the directory; the password may have been that of somebody else.");
    public static EntryChangedHands Example => new(new("u1", "Ada"), "uid=ada,ou=people,dc=corp,dc=example");
    public override string Target => User.Id;
    public override string Evidence => $"{Dn} did not carry the id of {User.Name} both before and after the bind.";
}

/// <summary>The entry is switched off in the directory.</summary>
public sealed record EntryIsOff(UserRef User, string Dn, string Off) : Refusal<EntryIsOff>, IRefusal<EntryIsOff>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.entry_off", "The entry of the account is switched off in the directory",
        "Switch it on in the directory if this person should have access. The next sync switches the account off here.");
    public static EntryIsOff Example => new(new("u1", "Ada"), "uid=ada,ou=people,dc=corp,dc=example", "userAccountControl is 514: disabled");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} ({Dn}): {Off}.";
}

/// <summary>The password is empty, only white space or begins with NUL; no server was asked (CVE-2017-14623).</summary>
public sealed record PasswordProvesNothing(UserRef User) : Refusal<PasswordProvesNothing>, IRefusal<PasswordProvesNothing>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.password_proves_nothing", "An empty password for a directory user", "Nothing: the directory was not asked.");
    public static PasswordProvesNothing Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"The password typed for {User.Name} was empty, only white space, or began with NUL.";
}

/// <summary>Sign-in with the directory password is switched off.</summary>
public sealed record DirectoryPasswordsOff(UserRef User) : Refusal<DirectoryPasswordsOff>, IRefusal<DirectoryPasswordsOff>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.passwords_off", "Directory passwords are switched off",
        "Switch them on in the LDAP settings, or hand out a login link so that the person registers a passkey.");
    public static DirectoryPasswordsOff Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} comes from the directory, and the directory or sign-in with its passwords is switched off.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the settings", OnOurSide.Page)];
}

/// <summary>The account says that it comes from the directory, and no entry is joined to it.</summary>
public sealed record NotLinked(UserRef User) : Refusal<NotLinked>, IRefusal<NotLinked>
{
    public static RefusalEntry Entry { get; } = PasswordRefused.Entry("ldap.not_linked", "No entry is joined to the account", "Join the account to its entry on the user's page.");
    public static NotLinked Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} comes from the directory, but no entry is joined to the account.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>Too many sign-ins wait for the directory.</summary>
public sealed record DirectoryCrowded(string Url, int AtOnce) : Refusal<DirectoryCrowded>, IRefusal<DirectoryCrowded>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.crowded", "Too many sign-ins wait for the directory",
        "Look at why the directory is slow; add a second server to the URLs.");
    public static DirectoryCrowded Example => new("ldaps://dc1.corp.example", 8);
    public override string Target => Url;
    public override string Evidence => $"{AtOnce} sign-ins were waiting for {Url} already.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}
