using System.Globalization;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>
/// Notices an application that sends the same browser here again and again although signing in works (C027), and says why from what it did with the codes.
/// </summary>
internal sealed class FindLoops(Database database, TimeProvider clock)
{
    /// <summary>So many codes for one browser and application within <see cref="Within"/> are a circle, not a person.</summary>
    public const int Rounds = 4;
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(40);

    /// <summary>Null while all is well.</summary>
    public async Task<SignInLoop?> Find(AuthorizeRequest request)
    {
        var granted = request.Granted!;
        var (client, session, now) = (request.Client, granted.Session!.PublicId, clock.Now());
        var since = now - (long)Within.TotalMilliseconds;
        var codes = await database.Read(sql => sql.List<Leg>("""
            select created_at as "CreatedAt", redeemed_at as "RedeemedAt" from grants
            where session_public_id = @session and client_id = @Id and created_at > @since order by created_at, id
            """, new { session, client.Id, since }));
        if (codes.Count < Rounds) return null;
        var refused = await database.Read(sql => sql.List<RefusedLeg>("""
            select at as "At", code as "Code", reference as "Reference" from cases where client_id = @Id and at > @since and code <> @own order by at desc limit 20
            """, new { client.Id, since, own = SignInLoop.Entry.Code }));
        var legs = codes.TakeLast(10).Select(c => new LoopLeg(now - c.CreatedAt, c.RedeemedAt - c.CreatedAt, Between(refused, c.CreatedAt, codes)?.Code)).ToArray();
        return new(client.Ref, granted.User.Ref, legs, Cause(request, codes, refused), refused.Count > 0 ? refused[0].Reference : null);
    }

    private static RefusedLeg? Between(IReadOnlyList<RefusedLeg> refused, long from, IReadOnlyList<Leg> codes)
    {
        var to = codes.FirstOrDefault(c => c.CreatedAt > from)?.CreatedAt ?? long.MaxValue;
        return refused.FirstOrDefault(r => r.At >= from && r.At < to);
    }

    /// <summary>The likeliest first.</summary>
    private static LoopCause Cause(AuthorizeRequest request, IReadOnlyList<Leg> codes, IReadOnlyList<RefusedLeg> refused)
    {
        if (refused.Count > 0) return LoopCause.Refused;
        if (codes.All(c => c.RedeemedAt is null)) return LoopCause.NotExchanged;
        if (request.Parameters["prompt"] is { Length: > 0 } prompt && prompt.Contains("login", StringComparison.Ordinal) || request.Parameters["max_age"] is "0" or "1") return LoopCause.AlwaysFresh;
        return request.Callback!.StartsWith("http:", StringComparison.Ordinal) ? LoopCause.Unencrypted : LoopCause.NotKept;
    }

    private sealed record Leg
    {
        public long CreatedAt { get; init; }
        public long? RedeemedAt { get; init; }
    }

    private sealed record RefusedLeg
    {
        public long At { get; init; }
        public string Code { get; init; } = "";
        public string Reference { get; init; } = "";
    }
}

/// <summary>Why an application keeps sending people here.</summary>
public enum LoopCause
{
    /// <summary>One of our endpoints refuses what it does with the code.</summary>
    Refused,

    /// <summary>It never exchanges the code.</summary>
    NotExchanged,

    /// <summary>It asks for a fresh sign-in each time.</summary>
    AlwaysFresh,

    /// <summary>Its callback is http, where browsers drop its secure cookie.</summary>
    Unencrypted,

    /// <summary>It has the tokens and forgets the person.</summary>
    NotKept,
}

/// <summary>One round.</summary>
/// <param name="Ago">Milliseconds since its code was sent.</param>
/// <param name="ExchangedAfter">Milliseconds until the code was exchanged; null when it was not.</param>
/// <param name="Refused">What we refused the application in between, or null.</param>
public sealed record LoopLeg(long Ago, long? ExchangedAfter, string? Refused);

/// <summary>An application sends somebody round in circles.</summary>
/// <param name="CaseReference">The refusal behind it, when there is one.</param>
public sealed record SignInLoop(ClientRef Client, UserRef User, LoopLeg[] Legs, LoopCause Cause, string? CaseReference) : Refusal<SignInLoop>, IRefusal<SignInLoop>
{
    public static RefusalEntry Entry { get; } = new("oidc.sign_in_loop", "An application sends people round in circles",
        Public: "The application keeps sending you here although signing in works. We stopped it. Tell whoever runs it, with the reference.",
        Fix: "Look at what the application does with the code: the rounds say whether it was exchanged and what was refused. Then its session cookie (Secure, SameSite, domain), the address people use, and its clock.",
        Wire: "access_denied", Status: 429, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static SignInLoop Example => new(new("c1", "Wiki"), new("u1", "Ada"), [new(3100, 200, null), new(2000, 180, null), new(1200, 190, null), new(400, 210, null)], LoopCause.NotKept, null);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} asked for {User.Name} {Legs.Length} times within {FindLoops.Within.TotalSeconds:0} seconds. Likeliest cause: {Words(Cause)}.";
    public override IReadOnlyList<string> Rounds =>
    [
        .. Legs.Select((leg, i) => string.Create(CultureInfo.InvariantCulture,
            $"Round {i + 1}, {leg.Ago / 1000.0:0.0} s before it was stopped: code sent, {(leg.ExchangedAfter is { } after ? $"exchanged after {after / 1000.0:0.0} s" : "never exchanged")}{(leg.Refused is null ? "" : $", then refused: {leg.Refused}")}")),
    ];
    public override IEnumerable<Remedy> Remedies =>
    [
        .. CaseReference is null ? Array.Empty<Remedy>() : [new OpenPage("Open the refusal behind it", $"/admin/cases/{CaseReference}")],
        new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}"),
    ];

    internal static string Words(LoopCause cause) => cause switch
    {
        LoopCause.Refused => "this server refuses what the application does with the code",
        LoopCause.NotExchanged => "the application never exchanges the code: its server cannot reach this one, or it lost what it remembered about the sign-in (a cookie)",
        LoopCause.AlwaysFresh => "the application asks for a fresh sign-in every time (prompt=login or max_age)",
        LoopCause.Unencrypted => "the application's callback is http, and browsers drop its secure cookie there",
        _ => "the application takes the tokens and forgets the person: its session cookie is not kept, it is used under another address, or its clock differs",
    };
}
