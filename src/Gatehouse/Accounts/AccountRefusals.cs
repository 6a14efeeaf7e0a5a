using Gatehouse.Refusals;

namespace Gatehouse.Accounts;

/// <summary>The act would leave nobody who can administer Gatehouse.</summary>
public sealed record LastAdmin(UserRef User, string Act) : Refusal<LastAdmin>, IRefusal<LastAdmin>
{
    public static RefusalEntry Entry { get; } = new("account.last_admin", "The last active admin must stay",
        Public: "This is the last active admin. It can be neither demoted, disabled nor deleted.",
        Fix: "Promote another active user to admin first; from the host: gatehouse user promote EMAIL.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static LastAdmin Example => new(new("u1", "Ada"), "disabled");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} was to be {Act} and is the only active admin.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open users", "/admin/users")];
}

/// <summary>Somebody else saved first.</summary>
public sealed record ChangedMeanwhile(string What) : Refusal<ChangedMeanwhile>, IRefusal<ChangedMeanwhile>
{
    public static RefusalEntry Entry { get; } = new("account.changed_meanwhile", "Somebody else changed it meanwhile",
        Public: "Somebody else changed this while the page was open. Look at the current values and save again.",
        Fix: "Open the page again, compare, and save.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ChangedMeanwhile Example => new("Ada");
    public override string Evidence => $"{What} was saved by somebody else after the form was opened.";
}

/// <summary>No user by that id or name.</summary>
public sealed record NoSuchUser(string Asked) : Refusal<NoSuchUser>, IRefusal<NoSuchUser>
{
    public static RefusalEntry Entry { get; } = new("account.no_such_user", "There is no such user",
        Public: "There is no such user.", Fix: "Look under Settings > Administration > Users; gatehouse user list.",
        Status: 404, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NoSuchUser Example => new("ada@example.com");
    public override string Evidence => $"No user is called {Asked}.";
}

/// <summary>No group by that id or name.</summary>
public sealed record NoSuchGroup(string Asked) : Refusal<NoSuchGroup>, IRefusal<NoSuchGroup>
{
    public static RefusalEntry Entry { get; } = new("account.no_such_group", "There is no such group",
        Public: "There is no such group.", Fix: "Look under Settings > Administration > User groups; gatehouse group list.",
        Status: 404, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NoSuchGroup Example => new("ops");
    public override string Evidence => $"No group is called {Asked}.";
}

/// <summary>The text is not one e-mail address that mail can go to.</summary>
public sealed record EmailInvalid(string Fault) : Refusal<EmailInvalid>, IRefusal<EmailInvalid>
{
    public static RefusalEntry Entry { get; } = new("account.email_invalid", "Not an e-mail address",
        Public: "This is not an e-mail address that we can use.",
        Fix: "Type exactly one address, such as ada@example.com; a domain with other letters in its xn-- form.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EmailInvalid Example => new("it holds two @ signs");
    public override string Evidence => $"The e-mail address cannot be used: {Fault}.";
}

/// <summary>The address belongs to another account.</summary>
public sealed record EmailTaken(UserRef Owner, bool Deleted) : Refusal<EmailTaken>, IRefusal<EmailTaken>
{
    public static RefusalEntry Entry { get; } = new("account.email_taken", "The e-mail address is taken",
        Public: "Another account has this e-mail address.",
        Fix: "Use that account, or give one of the two another address. A deleted account keeps its address while the deletion can be undone.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EmailTaken Example => new(new("u1", "Ada"), Deleted: false);
    public override string Target => Owner.Id;
    public override string Evidence => $"The address belongs to {Owner.Name}{(Deleted ? ", whose deletion can still be undone" : "")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}

/// <summary>The user name cannot be used.</summary>
public sealed record UserNameInvalid(string Fault) : Refusal<UserNameInvalid>, IRefusal<UserNameInvalid>
{
    public static RefusalEntry Entry { get; } = new("account.user_name_invalid", "Not a user name",
        Public: "A user name has 1 to 64 letters a-z, digits, dots, dashes and underscores.",
        Fix: "Choose another user name.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static UserNameInvalid Example => new("it holds a space");
    public override string Evidence => $"The user name cannot be used: {Fault}.";
}

/// <summary>The user name belongs to another account.</summary>
public sealed record UserNameTaken(UserRef Owner) : Refusal<UserNameTaken>, IRefusal<UserNameTaken>
{
    public static RefusalEntry Entry { get; } = new("account.user_name_taken", "The user name is taken",
        Public: "Another account has this user name.", Fix: "Choose another user name.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static UserNameTaken Example => new(new UserRef("u1", "Ada"));
    public override string Target => Owner.Id;
    public override string Evidence => $"The user name belongs to {Owner.Name}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}

/// <summary>A name for people is missing, too long or holds characters that nobody sees.</summary>
public sealed record NameInvalid(string Which, string Fault) : Refusal<NameInvalid>, IRefusal<NameInvalid>
{
    public static RefusalEntry Entry { get; } = new("account.name_invalid", "Not a name",
        Public: "This name is empty, longer than 100 characters, or holds characters that nobody can see.",
        Fix: "Type the name again by hand.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NameInvalid Example => new("display_name", "it is empty");
    public override string Evidence => $"{Which}: {Fault}.";
}

/// <summary>Another group has the name.</summary>
public sealed record GroupNameTaken(GroupRef Group) : Refusal<GroupNameTaken>, IRefusal<GroupNameTaken>
{
    public static RefusalEntry Entry { get; } = new("account.group_name_taken", "The group's name is taken",
        Public: "Another group has this name.", Fix: "Use that group or choose another name.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static GroupNameTaken Example => new(new GroupRef("g1", "ops"));
    public override string Target => Group.Id;
    public override string Evidence => $"The group {Group.Name} has this name already.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Group.Name}", $"/admin/groups/{Group.Id}")];
}

/// <summary>What was typed to confirm is not the name of what is to be deleted.</summary>
public sealed record NotConfirmed(string Name) : Refusal<NotConfirmed>, IRefusal<NotConfirmed>
{
    public static RefusalEntry Entry { get; } = new("account.not_confirmed", "The name was not typed to confirm",
        Public: "Type the name exactly as it stands, to confirm.", Fix: "Type the name exactly as it stands.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NotConfirmed Example => new("ops");
    public override string Evidence => $"Deleting {Name} needs its name typed.";
}
