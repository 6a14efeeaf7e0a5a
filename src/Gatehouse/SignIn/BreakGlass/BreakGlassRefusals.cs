using System.Globalization;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>What a stranger reads whatever was wrong with a typed credential.</summary>
internal static class BreakGlassRefused
{
    public const string PublicCode = "signin.break_glass_refused";

    public static RefusalEntry Entry(string code, string title, string fix) => new(code, title,
        Public: "This opens nothing. Check what you typed; if it is right, it was used, replaced or is too old.",
        Fix: fix, Status: 403, PublicCode: PublicCode);

    public static string At(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    public static string Name(string kind) => kind == GlassKind.Sealed ? "sealed credential" : "code of the console";

    public static OpenPage Page { get; } = new("Open break-glass", "/admin/break-glass");
}

/// <summary>Something was typed, and there is nothing that it could open.</summary>
public sealed record BreakGlassNothingSealed(bool Rehearsal) : Refusal<BreakGlassNothingSealed>, IRefusal<BreakGlassNothingSealed>
{
    public static RefusalEntry Entry { get; } = BreakGlassRefused.Entry("signin.break_glass_nothing_sealed", "A break-glass credential was typed, and none is sealed",
        "Seal one under Administration > Break-glass. To get in now, run on the server: gatehouse break-glass open.");
    public static BreakGlassNothingSealed Example => new(Rehearsal: false);
    public override string Evidence => $"A well-formed credential was typed{(Rehearsal ? " to rehearse" : "")}; no credential is sealed and no code of the console waits.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>Well formed, and not one of ours.</summary>
public sealed record BreakGlassUnknown(bool Rehearsal) : Refusal<BreakGlassUnknown>, IRefusal<BreakGlassUnknown>
{
    public static RefusalEntry Entry { get; } = BreakGlassRefused.Entry("signin.break_glass_unknown", "An unknown break-glass credential was typed",
        "If it was one of you: it is the paper of another instance or of an older one that is gone. If it was nobody of you, somebody tries the door; 160 random bits are not guessed.");
    public static BreakGlassUnknown Example => new(Rehearsal: false);
    public override string Evidence => $"What was typed{(Rehearsal ? " to rehearse" : "")} is well formed and was never made by this instance, or is a code where only the sealed credential is taken.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>It was good once.</summary>
public sealed record BreakGlassUsedBefore(string Kind, long MadeAt, long UsedAt) : Refusal<BreakGlassUsedBefore>, IRefusal<BreakGlassUsedBefore>
{
    public static RefusalEntry Entry { get; } = BreakGlassRefused.Entry("signin.break_glass_used_before", "A used break-glass credential was typed again",
        "Each works once. Seal a new one under Administration > Break-glass, or run on the server: gatehouse break-glass open.");
    public static BreakGlassUsedBefore Example => new(GlassKind.Sealed, 1_700_000_000_000, 1_700_100_000_000);
    public override string Evidence => $"The {BreakGlassRefused.Name(Kind)} made at {BreakGlassRefused.At(MadeAt)} was used at {BreakGlassRefused.At(UsedAt)}.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>It was replaced, withdrawn or is too old.</summary>
public sealed record BreakGlassEndedBefore(string Kind, long MadeAt, string Because) : Refusal<BreakGlassEndedBefore>, IRefusal<BreakGlassEndedBefore>
{
    public static RefusalEntry Entry { get; } = BreakGlassRefused.Entry("signin.break_glass_ended", "A break-glass credential was typed that is over",
        "Use the newest paper and destroy this one, or run on the server: gatehouse break-glass open.");
    public static BreakGlassEndedBefore Example => new(GlassKind.Sealed, 1_700_000_000_000, "a newer one was sealed");
    public override string Evidence => $"The {BreakGlassRefused.Name(Kind)} made at {BreakGlassRefused.At(MadeAt)} is over: {Because}.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>One address typed too many; nobody else is touched by it.</summary>
public sealed record BreakGlassThrottled(string Block, int Limit, long FreeAt) : Refusal<BreakGlassThrottled>, IRefusal<BreakGlassThrottled>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_throttled", "Too many break-glass credentials from one address",
        Public: "Too many tries from your network. Wait a quarter of an hour, or go on from another network.",
        Fix: "To get in now, run on the server: gatehouse break-glass open. It also gives every address new tries. If the address is your own proxy, set TRUSTED_PROXIES.", Status: 429);
    public static BreakGlassThrottled Example => new("203.0.113.7", GlassLimits.PerAddress, 1_700_000_000_000);
    public override string Target => Block;
    public override string Evidence => $"{Block}: {Limit} wrong credentials in 15 minutes; room again at {DateTimeOffset.FromUnixTimeMilliseconds(FreeAt):HH:mm:ss} UTC.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>Not a refusal of anybody: the alarm, where every admin looks.</summary>
public sealed record BreakGlassUsed(string Label, string Kind, long At, long Until) : Refusal<BreakGlassUsed>, IRefusal<BreakGlassUsed>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_used", "Break-glass was used",
        Public: "Somebody got in by break-glass.",
        Fix: "Find out who it was and why. If nobody knows, end the session on the page Break-glass, read in the audit log what was done in it, and undo that. Then seal a new credential.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BreakGlassUsed Example => new("BG-7F3KQX", GlassKind.Sealed, 1_700_000_000_000, 1_700_001_800_000);
    public override string Target => Label;
    public override string Evidence => $"The session {Label} was opened by the {BreakGlassRefused.Name(Kind)} at {BreakGlassRefused.At(At)} and ends at {BreakGlassRefused.At(Until)} at the latest. What is done in it stands in the audit log as {Opening.UserId}:{Label}.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page, new OpenPage("What was done in it", $"/admin/audit?q={Label}")];
}

/// <summary>The session of a cookie is over.</summary>
public sealed record BreakGlassOver(string Label, long EndedAt, string Because) : Refusal<BreakGlassOver>, IRefusal<BreakGlassOver>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_over", "The break-glass session is over",
        Public: "This break-glass session is over.",
        Fix: "If it is still needed: another sealed credential, or on the server: gatehouse break-glass open.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static BreakGlassOver Example => new("BG-7F3KQX", 1_700_001_800_000, "its half hour has passed");
    public override string Target => Label;
    public override string Evidence => $"{Label} ended at {BreakGlassRefused.At(EndedAt)}: {Because}.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>A break-glass session has no account: it opens no page of one and no application.</summary>
public sealed record BreakGlassAdministersOnly(string Label, string Path) : Refusal<BreakGlassAdministersOnly>, IRefusal<BreakGlassAdministersOnly>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_administers_only", "A break-glass session only administers",
        Public: "A break-glass session is for administration only: it has no account and no applications.",
        Fix: "Repair what keeps people out, or make an administrator a login link; then sign in as always.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static BreakGlassAdministersOnly Example => new("BG-7F3KQX", "/account/security");
    public override string Target => Label;
    public override string Evidence => $"{Label} asked for {Path}.";
}

/// <summary>A confirmation in a break-glass session that was none.</summary>
public sealed record BreakGlassNotConfirmed(string Label, bool Throttled) : Refusal<BreakGlassNotConfirmed>, IRefusal<BreakGlassNotConfirmed>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_not_confirmed", "A break-glass session was not confirmed",
        Public: "This does not confirm it. Type the sealed credential that opened this session, or a new code of the console.",
        Fix: "On the server: gatehouse break-glass open prints a code.",
        Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static BreakGlassNotConfirmed Example => new("BG-7F3KQX", Throttled: false);
    public override string Target => Label;
    public override string Evidence => $"In {Label}, {(Throttled ? "too many wrong confirmations were typed" : "neither the credential that opened it nor a live code of the console was typed")}.";
}

/// <summary>Nothing is sealed.</summary>
public sealed record BreakGlassMissing(bool HadOne) : Refusal<BreakGlassMissing>, IRefusal<BreakGlassMissing>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_missing", "No break-glass credential is sealed",
        Public: "No break-glass credential is sealed.",
        Fix: "Seal one under Administration > Break-glass, or by gatehouse break-glass seal, and lock it away. docs/operate/break-glass.md says how.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BreakGlassMissing Example => new(HadOne: true);
    public override string Evidence => HadOne ? "The last break-glass credential was used or withdrawn, and no new one was sealed: only the server's console gets you in when nothing else does."
        : "No break-glass credential was ever sealed: only the server's console gets you in when nothing else does.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>Nobody tried for long whether the paper can be found and read.</summary>
public sealed record BreakGlassNotRehearsed(long SealedAt, long? DrilledAt) : Refusal<BreakGlassNotRehearsed>, IRefusal<BreakGlassNotRehearsed>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_not_rehearsed", "Break-glass was not rehearsed",
        Public: "Break-glass was not rehearsed.",
        Fix: "Take the paper out of the safe and rehearse at /break-glass/drill: nothing is opened, the credential stays good, the date is recorded.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BreakGlassNotRehearsed Example => new(1_700_000_000_000, null);
    public override string Evidence => DrilledAt is { } at ? $"The sealed credential was last rehearsed at {BreakGlassRefused.At(at)}, more than {GlassLimits.DrillEvery.TotalDays:0} days ago."
        : $"The credential sealed at {BreakGlassRefused.At(SealedAt)} was never rehearsed: nobody knows whether the paper can be found and read.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}

/// <summary>A session is open right now.</summary>
public sealed record BreakGlassOpenNow(string Label, long OpenedAt, long Until, string Address) : Refusal<BreakGlassOpenNow>, IRefusal<BreakGlassOpenNow>
{
    public static RefusalEntry Entry { get; } = new("signin.break_glass_open", "A break-glass session is open",
        Public: "A break-glass session is open.",
        Fix: "Find out who it is. To end it: Administration > Break-glass, or gatehouse break-glass close.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BreakGlassOpenNow Example => new("BG-7F3KQX", 1_700_000_000_000, 1_700_001_800_000, "192.0.2.7");
    public override string Target => Label;
    public override string Evidence => $"{Label} is open since {BreakGlassRefused.At(OpenedAt)}, from {Address}, until {BreakGlassRefused.At(Until)} at the latest.";
    public override IEnumerable<Remedy> Remedies => [BreakGlassRefused.Page];
}
