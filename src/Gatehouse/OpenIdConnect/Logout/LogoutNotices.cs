using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect.Logout;

/// <summary>That somebody logged out, on its way to one application.</summary>
public sealed record LogoutNotice
{
    public const string Waiting = "waiting", Told = "told", Failed = "failed";

    public string Id { get; init; } = "";
    public string ClientId { get; init; } = "";
    public string UserId { get; init; } = "";
    public string SessionPublicId { get; init; } = "";

    /// <summary>Why the session ended.</summary>
    public string Because { get; init; } = "";
    public string State { get; init; } = "";
    public long Attempts { get; init; }
    public long NextAt { get; init; }
    public long CreatedAt { get; init; }
    public long? LastAt { get; init; }

    /// <summary>How the last attempt ended, for admins.</summary>
    public string? LastResult { get; init; }
    public string? UserName { get; init; }
}

/// <summary>SQL of logout notices.</summary>
public static class LogoutNotices
{
    /// <summary>After attempt n it waits this long; after the last one it is given up.</summary>
    public static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), TimeSpan.FromHours(6)];

    /// <summary>While one node calls, no other does.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private const string Columns = """
        n.id as "Id", n.client_id as "ClientId", n.user_id as "UserId", n.session_public_id as "SessionPublicId", n.because as "Because", n.state as "State",
        n.attempts as "Attempts", n.next_at as "NextAt", n.created_at as "CreatedAt", n.last_at as "LastAt", n.last_result as "LastResult"
        """;

    /// <summary>The newest of a client.</summary>
    public static Task<IReadOnlyList<LogoutNotice>> Of(Sql sql, string clientId, int limit = 10) => sql.List<LogoutNotice>($"""
        select {Columns}, u.display_name as "UserName" from logout_notices n left join users u on u.id = n.user_id
        where n.client_id = @clientId order by n.created_at desc, n.id limit @limit
        """, new { clientId, limit });

    /// <summary>Sends one again at once; false when there is nothing to send.</summary>
    public static async Task<bool> Again(Sql sql, string clientId, string id, long now)
    {
        var found = await sql.Run("update logout_notices set state = 'waiting', attempts = 0, next_at = @now where id = @id and client_id = @clientId and state <> 'told'", new { id, clientId, now }) == 1;
        if (found) await sql.Bump(EndedSessions.VersionName);
        return found;
    }

    /// <summary>Turns what has ended into one notice for each application that must hear of it; how many rows of the queue were done.</summary>
    internal static async Task<int> Fan(Sql sql, TimeProvider clock)
    {
        var ended = await sql.List<Ended>("select id as \"Id\", session_public_id as \"SessionPublicId\", user_id as \"UserId\", because as \"Because\" from ended_sessions order by at, id limit 100");
        foreach (var one in ended)
        {
            // Whoever deletes the row does its work: two nodes never do it twice.
            if (await sql.Run("delete from ended_sessions where id = @Id", new { one.Id }) == 0) continue;
            var entered = one.SessionPublicId is not null
                ? await sql.List<Entered>("""
                    select distinct g.client_id as "ClientId", g.user_id as "UserId", g.session_public_id as "SessionPublicId"
                    from grants g join clients c on c.id = g.client_id where g.session_public_id = @SessionPublicId and c.backchannel_logout_uri is not null and c.enabled = true and c.deleted_at is null
                    """, new { one.SessionPublicId })
                : await sql.List<Entered>("""
                    select distinct g.client_id as "ClientId", g.user_id as "UserId", g.session_public_id as "SessionPublicId"
                    from grants g join clients c on c.id = g.client_id join users u on u.id = g.user_id join sessions s on s.public_id = g.session_public_id
                    where g.user_id = @UserId and s.epoch <> u.epoch and c.backchannel_logout_uri is not null and c.enabled = true and c.deleted_at is null
                    """, new { one.UserId });
            foreach (var to in entered) await Add(sql, to, one.Because, clock);
        }
        return ended.Count;
    }

    /// <summary>One client hears that the sessions from which this person entered it are over for it, though they go on here; to be called while the grants still stand.</summary>
    internal static async Task TellClient(Sql sql, string userId, string clientId, string because, TimeProvider clock)
    {
        var entered = await sql.List<Entered>("""
            select distinct g.client_id as "ClientId", g.user_id as "UserId", g.session_public_id as "SessionPublicId"
            from grants g join clients c on c.id = g.client_id
            where g.client_id = @clientId and g.user_id = @userId and g.revoked_at is null and g.session_public_id is not null
                and c.backchannel_logout_uri is not null and c.enabled = true and c.deleted_at is null
            """, new { userId, clientId });
        foreach (var to in entered) await Add(sql, to, because, clock);
        if (entered.Count > 0) await sql.Bump(EndedSessions.VersionName);
    }

    /// <summary>One notice for a client and a session; when the person entered again from the same session after it, it goes out anew.</summary>
    private static Task Add(Sql sql, Entered to, string because, TimeProvider clock) => sql.Run("""
        insert into logout_notices (id, client_id, user_id, session_public_id, because, state, attempts, next_at, created_at)
        values (@id, @ClientId, @UserId, @SessionPublicId, @because, 'waiting', 0, @now, @now)
        on conflict (client_id, session_public_id) do update set because = excluded.because, state = 'waiting', attempts = 0, next_at = excluded.next_at, created_at = excluded.created_at
        where exists (select 1 from grants g where g.client_id = excluded.client_id and g.session_public_id = excluded.session_public_id and g.created_at > logout_notices.created_at)
        """, new { id = clock.NewId(), to.ClientId, to.UserId, to.SessionPublicId, because, now = clock.Now() });

    /// <summary>Takes what is due, each for one caller only.</summary>
    internal static async Task<IReadOnlyList<LogoutNotice>> Take(Sql sql, long now)
    {
        var due = await sql.List<LogoutNotice>($"select {Columns} from logout_notices n where n.state = 'waiting' and n.next_at <= @now order by n.next_at, n.id limit 16", new { now });
        var taken = new List<LogoutNotice>();
        foreach (var notice in due)
            if (await sql.Run("update logout_notices set next_at = @until, attempts = attempts + 1 where id = @Id and state = 'waiting' and next_at = @NextAt",
                new { notice.Id, notice.NextAt, until = now + (long)Lease.TotalMilliseconds }) == 1) taken.Add(notice with { Attempts = notice.Attempts + 1 });
        return taken;
    }

    internal static Task Settle(Sql sql, LogoutNotice notice, string state, long nextAt, string result, long now) => sql.Run(
        "update logout_notices set state = @state, next_at = @nextAt, last_at = @now, last_result = @result where id = @Id and state = 'waiting' and created_at = @CreatedAt",
        new { notice.Id, notice.CreatedAt, state, nextAt, now, result });

    /// <summary>Forgets what was settled a month ago.</summary>
    internal static Task Sweep(Sql sql, long before) => sql.Run("delete from logout_notices where state <> 'waiting' and created_at < @before", new { before });

    private sealed record Ended
    {
        public string Id { get; init; } = "";
        public string? SessionPublicId { get; init; }
        public string? UserId { get; init; }
        public string Because { get; init; } = "";
    }

    private sealed record Entered
    {
        public string ClientId { get; init; } = "";
        public string UserId { get; init; } = "";
        public string SessionPublicId { get; init; } = "";
    }
}
