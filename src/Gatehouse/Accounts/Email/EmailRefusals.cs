using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Email;

/// <summary>A link about an address that does not work (any more); strangers hear the same whatever the reason.</summary>
public sealed record EmailLinkDead(string Why, UserRef? User) : Refusal<EmailLinkDead>, IRefusal<EmailLinkDead>
{
    public static RefusalEntry Entry { get; } = new("account.email_link_dead", "A link about an e-mail address that does not work",
        Public: "This link does not work any more. Sign in and ask for a new one under your profile.",
        Fix: "The person asks for a new one under Settings > Account > Profile, or you send one from the user's page.", Status: 410);
    public static EmailLinkDead Example => new("expired", new("u1", "Ada"));
    public override string Target => User?.Id ?? "";
    public override string Evidence => $"The link{(User is null ? "" : $" of {User.Name}")} is dead: {Why}.";
    public override IEnumerable<Remedy> Remedies => User is null ? [] : [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The address is kept elsewhere, or is the same.</summary>
public sealed record EmailNotChanged(UserRef User, string Why) : Refusal<EmailNotChanged>, IRefusal<EmailNotChanged>
{
    public static RefusalEntry Entry { get; } = new("account.email_not_changed", "The address cannot be changed here",
        Public: "This is your address already, or it is kept by your organisation's directory and changed there.",
        Fix: "Change it where it is kept.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static EmailNotChanged Example => new(new("u1", "Ada"), "it is the present address");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} wanted another address: {Why}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The address belongs to another account; only admins and the owner of the mailbox hear it.</summary>
public sealed record EmailWantedByOther(UserRef User, UserRef Owner) : Refusal<EmailWantedByOther>, IRefusal<EmailWantedByOther>
{
    public static RefusalEntry Entry { get; } = new("account.email_wanted", "Somebody wants an address that another account has",
        Public: "A mail is on its way to the new address.",
        Fix: "If both accounts are one person's, disable one and give the other the address.", Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static EmailWantedByOther Example => new(new("u1", "Ada"), new("u2", "Bo"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} wanted the address of {Owner.Name}; nothing was changed, the owner was told.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}"), new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}

/// <summary>Too many changes were asked for.</summary>
public sealed record EmailAskedTooOften(UserRef User, long PerDay) : Refusal<EmailAskedTooOften>, IRefusal<EmailAskedTooOften>
{
    public static RefusalEntry Entry { get; } = new("account.email_too_often", "Too many mails about an address",
        Public: "You asked for several mails today. Please try again tomorrow.", Fix: "Look at the mails: did they arrive? You can change the address yourself on the user's page.",
        Status: 429, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static EmailAskedTooOften Example => new(new("u1", "Ada"), 5);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} asked more than {PerDay} times in a day.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}
