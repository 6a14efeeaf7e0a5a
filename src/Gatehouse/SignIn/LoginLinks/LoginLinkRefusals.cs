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
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Make a new login link", $"/admin/users/{User.Id}")];
}

/// <summary>The link's time is over.</summary>
public sealed record LinkExpired(UserRef User, long ExpiredAt, long LateBySeconds) : Refusal<LinkExpired>, IRefusal<LinkExpired>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.expired", "The link's time is over", "Make a new login link.");
    public static LinkExpired Example => new(new("u1", "Ada"), 1_700_000_000_000, 61);
    public override string Target => User.Id;
    public override string Evidence => $"The link for {User.Name} ended at {DateTimeOffset.FromUnixTimeMilliseconds(ExpiredAt):yyyy-MM-dd HH:mm:ss} UTC, {LateBySeconds} s before it was opened.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Make a new login link", $"/admin/users/{User.Id}")];
}

/// <summary>A newer link, a revocation or a change of the account ended it.</summary>
public sealed record LinkEnded(UserRef User, string Because) : Refusal<LinkEnded>, IRefusal<LinkEnded>
{
    public static RefusalEntry Entry { get; } = DeadLink.Entry("link.ended", "The link was ended before use", "Use the newest link, or make a new one.");
    public static LinkEnded Example => new(new("u1", "Ada"), "a newer link was made");
    public override string Target => User.Id;
    public override string Evidence => $"The link for {User.Name} was ended: {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Make a new login link", $"/admin/users/{User.Id}")];
}
