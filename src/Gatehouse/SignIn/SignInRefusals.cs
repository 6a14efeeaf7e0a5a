using Gatehouse.Refusals;

namespace Gatehouse.SignIn;

/// <summary>The account is switched off; told only after proof.</summary>
public sealed record AccountDisabled(UserRef User, string By, string? Because, long At) : Refusal<AccountDisabled>, IRefusal<AccountDisabled>
{
    public static RefusalEntry Entry { get; } = new("account.disabled", "The account is disabled",
        Public: "Your account is switched off. Please ask your administrator.",
        Fix: "Restore the account if this person should have access.",
        Wire: "access_denied", Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static AccountDisabled Example => new(new("u1", "Ada"), "grace@example.com", "left the company", 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} was disabled by {By}, {Channel}, on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC{(Because is null ? "" : $": {Because}")}.";

    /// <summary>Through what it came: the actor's name says so.</summary>
    private string Channel => By.Split(':')[0] switch
    {
        "console" => "at the server's console",
        BreakGlass.Opening.UserId => "in a break-glass session",
        "ldap" => "by the directory's sync",
        "scim" => "by SCIM",
        "idp" => "by the identity provider",
        _ => By.Contains('@', StringComparison.Ordinal) ? "on the admin pages" : "by the system",
    };

    public override IEnumerable<Remedy> Remedies => [new RestoreUser(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The account is deleted, with undo still possible; told like a disabled one.</summary>
public sealed record AccountDeleted(UserRef User, long At) : Refusal<AccountDeleted>, IRefusal<AccountDeleted>
{
    public static RefusalEntry Entry { get; } = new("account.deleted", "The account was deleted",
        Public: AccountDisabled.Entry.Public, Fix: "Undo the deletion on the user's page while that is possible, or create the account anew.",
        Wire: "access_denied", Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser, PublicCode: "account.disabled");
    public static AccountDeleted Example => new(new("u1", "Ada"), 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} was deleted on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open deleted users", "/admin/users?state=deleted")];
}

/// <summary>The user is in none of the groups that may open the client.</summary>
public sealed record UserNotInAllowedGroup(ClientRef Client, UserRef User, string[] Has, GroupRef[] Allowed) : Refusal<UserNotInAllowedGroup>, IRefusal<UserNotInAllowedGroup>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_denied.group", "User is in none of the allowed groups",
        Public: "Your account may not use this application.",
        Fix: "Add the user to one of the allowed groups, or lift the restriction on the client.",
        Wire: "access_denied", Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static UserNotInAllowedGroup Example => new(new("c1", "Grafana"), new("u1", "Ada"), ["staff"], [new("g1", "ops"), new("g2", "sre")]);
    public override string Target => Client.Id;
    public override string Evidence => $"{User.Name} is in {List(Has)}; {Client.Name} allows {List(Allowed.Select(g => g.Name))}.";
    public override IEnumerable<Remedy> Remedies =>
        [.. Allowed.Select(g => new AddUserToGroup(User, g)), new LiftGroupRestriction(Client), new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A page for admins was asked for by somebody who is none.</summary>
public sealed record NotAllowedHere(UserRef User, string Role, string Needs, string Path) : Refusal<NotAllowedHere>, IRefusal<NotAllowedHere>
{
    public static RefusalEntry Entry { get; } = new("account.not_allowed", "The role does not reach",
        Public: "Your account may not open this page.",
        Fix: "Give the user the role that the page needs, if they should have it.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static NotAllowedHere Example => new(new("u1", "Ada"), "user", "admin", "/admin/users");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} has role {Role}; {Path} needs {Needs}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A session opened by a login link or a temporary password may do only what its person came for.</summary>
public sealed record PasskeyNeededFirst(UserRef User, string Path) : Refusal<PasskeyNeededFirst>, IRefusal<PasskeyNeededFirst>
{
    public static RefusalEntry Entry { get; } = new("account.passkey_needed_first", "Register a passkey first",
        Public: "This sign-in is good for one thing: register a passkey or choose a password first, then this page opens.",
        Fix: "The person registers a passkey, or chooses a password where passwords are allowed, under Settings > Account > Security.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyNeededFirst Example => new(new("u1", "Ada"), "/admin/users");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} asked for {Path} in a session opened by a login link, a temporary or too old password, or before a demanded factor was registered.";
}
