using Gatehouse.Refusals;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>A login or set-up link that no longer works. Strangers hear the same whatever the reason.</summary>
internal static class DeadLink
{
    public static RefusalEntry Entry(string code, string title, string fix) => new(code, title,
        Public: "This link does not work any more. Ask for a new one.", Fix: fix, Status: 410, PublicCode: "link.refused");
}

/// <summary>The code that strangers hear for every dead link.</summary>
public sealed record LinkUnknown(int Length) : Refusal<LinkUnknown>, IRefusal<LinkUnknown>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.unknown", "A link that we never made, or not whole", "Copy the whole link, or make a new one.");
    public static LinkUnknown Example => new(20);
    public override string Evidence => $"The token has {Length} characters ({(Length == 43 ? "as ours do" : "ours have 43")}) and matches none that is kept.";
}

/// <summary>The link was used before.</summary>
public sealed record LinkUsed(UserRef User, long UsedAt) : Refusal<LinkUsed>, IRefusal<LinkUsed>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.used", "The link was used before", "Make a new login link. If the person did not use it, somebody else did: look at their sessions.");
    public static LinkUsed Example => new(new("u1", "Ada"), 1_700_000_000_000);
    public override string Target => User.Id;
    public override string Evidence => $"The link for {User.Name} was used at {DateTimeOffset.FromUnixTimeMilliseconds(UsedAt):yyyy-MM-dd HH:mm:ss} UTC.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>The link's time is over.</summary>
public sealed record LinkExpired(UserRef User, long ExpiredAt, long LateBySeconds) : Refusal<LinkExpired>, IRefusal<LinkExpired>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.expired", "The link's time is over", "Make a new login link.");
    public static LinkExpired Example => new(new("u1", "Ada"), 1_700_000_000_000, 61);
    public override string Target => User.Id;
    public override string Evidence => $"The link for {User.Name} ended at {DateTimeOffset.FromUnixTimeMilliseconds(ExpiredAt):yyyy-MM-dd HH:mm:ss} UTC, {LateBySeconds} s before it was opened.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A newer link, a revocation or a change of the account ended it.</summary>
public sealed record LinkEnded(UserRef User, string Because) : Refusal<LinkEnded>, IRefusal<LinkEnded>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.ended", "The link was ended before use", "Use the newest link, or make a new one.");
    public static LinkEnded Example => new(new("u1", "Ada"), "a newer link was made");
    public override string Target => User.Id;
    public override string Evidence => $"The link for {User.Name} was ended: {Because}.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>An admin took the link back.</summary>
public sealed record LinkRevoked(UserRef User, string Because) : Refusal<LinkRevoked>, IRefusal<LinkRevoked>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.revoked", "The link was revoked", "Make a new login link if the person should have one.");
    public static LinkRevoked Example => new(new("u1", "Ada"), "revoked by grace@example.com");
    public override string Target => User.Id;
    public override string Evidence => $"The link for {User.Name} was {Because}.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>What happens behind a request for a login link; nobody but admins ever reads it.</summary>
internal static class BehindTheAnswer
{
    public static RefusalEntry Entry(string code, string title, string fix) => new(code, title,
        Public: "If there is an account with that name, a mail is on its way to its address.", Fix: fix, Status: 400, PublicCode: "link.asked");
}

/// <summary>A login link was asked for with a name that nobody has.</summary>
public sealed record LinkForNobody(string Typed) : Refusal<LinkForNobody>, IRefusal<LinkForNobody>
{
    public static RefusalEntry Entry { get; } = BehindTheAnswer.Entry("link.for_nobody", "A login link was asked for an unknown name", "Usually a typing mistake. Invite the person if they should have an account.");
    public static LinkForNobody Example => new("ada@exmaple.com");
    public override string Evidence => $"Nobody has the e-mail or user name \"{Typed}\".";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Search users", "/admin/users?q=" + Uri.EscapeDataString(Typed))];
}

/// <summary>A login link was asked for an account that is switched off.</summary>
public sealed record LinkForInactive(UserRef User, bool Deleted) : Refusal<LinkForInactive>, IRefusal<LinkForInactive>
{
    public static RefusalEntry Entry { get; } = BehindTheAnswer.Entry("link.for_inactive", "A login link was asked for an account that is switched off", "Restore the account if this person should have access; then send a link.");
    public static LinkForInactive Example => new(new("u1", "Ada"), Deleted: false);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} is {(Deleted ? "deleted" : "disabled")}; no mail was sent.";
    public override IEnumerable<Remedy> Remedies => Deleted ? [new OpenPage("Open deleted users", "/admin/users?state=deleted")] : [new RestoreUser(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>An account was mailed as many links as it may get.</summary>
public sealed record LinkMailboxFull(UserRef User, long Limit, long Minutes) : Refusal<LinkMailboxFull>, IRefusal<LinkMailboxFull>
{
    public static RefusalEntry Entry { get; } = BehindTheAnswer.Entry("link.mailbox_limit", "Too many login links for one mailbox", "Look at the earlier mails: did they arrive? A link from you is not counted.");
    public static LinkMailboxFull Example => new(new("u1", "Ada"), 3, 15);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} was mailed {Limit} links within {Minutes} minutes; this one was not sent.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>Too many requests from one network.</summary>
public sealed record LinkAskedTooOften(string Network, long Limit, long Minutes) : Refusal<LinkAskedTooOften>, IRefusal<LinkAskedTooOften>
{
    public static RefusalEntry Entry { get; } = new("link.too_many", "Too many login links asked for from one network",
        Public: "Too many requests came from your network. Please try again in an hour, or use another way.", Fix: "Usually nothing. If an office shares one address, send the links yourself.", Status: 429);
    public static LinkAskedTooOften Example => new("192.0.2.1", 20, 60);
    public override string Target => Network;
    public override string Evidence => $"More than {Limit} requests in {Minutes} minutes from {Network}.";
}
