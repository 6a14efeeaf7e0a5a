using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Logout;

/// <summary>
/// Notices sessions that end within seconds of an application's sign-in, whoever ended them (C030). One alone may be somebody in a hurry; it is noted.
/// When it comes again, the person is told instead of being sent round once more.
/// </summary>
internal sealed class FlagInstantLogout(Database database, IRefusalLog log, TimeProvider clock)
{
    /// <summary>An end this soon after the sign-in is no person's wish.</summary>
    public static readonly TimeSpan Instant = TimeSpan.FromSeconds(10);

    /// <summary>Within this time the second one stops the round.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>What ended a session when an application asked for it; the client's id follows.</summary>
    public const string ByApplication = "logged out from an application";

    /// <summary>Looks at the queue of ended sessions before it is emptied.</summary>
    public async Task Look()
    {
        var found = await database.Read(sql => sql.List<Found>("""
            select e.because as "Because", e.at as "At", g.created_at as "CreatedAt", g.redeemed_at as "RedeemedAt", g.client_id as "ClientId", c.name as "ClientName",
                g.user_id as "UserId", u.display_name as "UserName", s.began_at as "BeganAt"
            from ended_sessions e join grants g on g.session_public_id = e.session_public_id
            join clients c on c.id = g.client_id join users u on u.id = g.user_id join sessions s on s.public_id = e.session_public_id
            where e.at - g.created_at <= @instant and e.because <> 'signed out' and e.because not like 'replaced%'
            order by g.created_at desc limit 50
            """, new { instant = (long)Instant.TotalMilliseconds }));
        foreach (var one in found.DistinctBy(f => (f.ClientId, f.UserId, f.At)))
            log.Record(new InstantLogout(new(one.ClientId, one.ClientName), new(one.UserId, one.UserName), one.At - one.CreatedAt, one.RedeemedAt is { } redeemed ? redeemed - one.CreatedAt : null, one.Because),
                new() { ClientId = one.ClientId, UserId = one.UserId, Steps = [new("session began", one.BeganAt), new("code sent to the application", one.CreatedAt), .. one.RedeemedAt is { } at ? new Step[] { new("code exchanged for tokens", at) } : [], new($"session ended: {one.Because}", one.At)] });
    }

    /// <summary>True when this application ended a session of this person instantly before, so that it is no accident.</summary>
    public Task<bool> IsRepeated(string clientId, string userId, string exceptSession) => database.Read(async sql => await sql.One<long>("""
        select count(*) from grants where client_id = @clientId and user_id = @userId and session_public_id <> @exceptSession
            and revoked_because = @because and revoked_at - created_at <= @instant and revoked_at > @since
        """, new { clientId, userId, exceptSession, because = ByApplication, instant = (long)Instant.TotalMilliseconds, since = clock.Now() - (long)Window.TotalMilliseconds }) > 0);

    /// <summary>The newest grant of this session for the client, when it is only seconds old.</summary>
    public Task<Entered?> JustEntered(string clientId, string sessionPublicId) => database.Read(sql => sql.One<Entered>(
        "select created_at as \"CreatedAt\", redeemed_at as \"RedeemedAt\" from grants where client_id = @clientId and session_public_id = @sessionPublicId and created_at >= @since order by created_at desc, id desc limit 1",
        new { clientId, sessionPublicId, since = clock.Now() - (long)Instant.TotalMilliseconds }));

    /// <summary>When a code was sent and, when it was, exchanged.</summary>
    public sealed record Entered
    {
        public long CreatedAt { get; init; }
        public long? RedeemedAt { get; init; }
    }

    private sealed record Found
    {
        public string Because { get; init; } = "";
        public long At { get; init; }
        public long CreatedAt { get; init; }
        public long? RedeemedAt { get; init; }
        public string ClientId { get; init; } = "";
        public string ClientName { get; init; } = "";
        public string UserId { get; init; } = "";
        public string UserName { get; init; } = "";
        public long BeganAt { get; init; }
    }
}
