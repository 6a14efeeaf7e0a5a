using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Sessions;

/// <summary>A session with its user and the user's groups, read in one query.</summary>
public sealed record SessionWithUser(Session Session, User User, IReadOnlyList<GroupRef> Groups)
{
    /// <summary>Null while it is alive: not ended, within both limits, and born under the user's present epoch.</summary>
    public SessionOver? Over(SessionPolicy policy, long now) =>
        Session.EndedAt is not null ? new(SessionEnd.Ended, default)
        : Session.Epoch != User.Epoch ? new(SessionEnd.AllEnded, default)
        : Session.LastSeenAt + policy.IdleOf(Session) <= now ? new(SessionEnd.Idle, TimeSpan.FromMilliseconds(policy.IdleOf(Session)))
        : Math.Min(Session.ExpiresAt, Session.BeganAt + policy.AbsoluteOf(Session)) <= now ? new(SessionEnd.Absolute, TimeSpan.FromMilliseconds(Math.Min(Session.ExpiresAt - Session.BeganAt, policy.AbsoluteOf(Session))))
        : null;
}

/// <summary>The limits that are not set by anybody.</summary>
public static class SessionLimits
{
    public static readonly TimeSpan Enrolment = TimeSpan.FromHours(1);

    /// <summary>How long a step-up holds.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(10);

    /// <summary>last_seen_at is written no more often than this, and more often where the idle limit is short.</summary>
    public static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(5);
}

/// <summary>SQL of sessions.</summary>
public static class SessionStore
{
    private const string Columns = """
        s.hash as "Hash", s.public_id as "PublicId", s.user_id as "UserId", s.epoch as "Epoch", s.kind as "Kind", s.factors as "FactorsJson",
        s.began_at as "BeganAt", s.auth_time as "AuthTime", s.last_seen_at as "LastSeenAt", s.expires_at as "ExpiresAt", s.ended_at as "EndedAt",
        s.ended_because as "EndedBecause", s.address as "Address", s.user_agent as "UserAgent", s.remembered as "Remembered", s.new_browser as "NewBrowser"
        """;

    private static readonly string WithUserSelect = $"""
        select s.hash as "SHash", s.public_id as "SPublicId", s.epoch as "SEpoch", s.kind as "SKind", s.factors as "SFactors", s.began_at as "SBeganAt",
            s.auth_time as "SAuthTime", s.last_seen_at as "SLastSeenAt", s.expires_at as "SExpiresAt", s.ended_at as "SEndedAt", s.ended_because as "SEndedBecause",
            s.address as "SAddress", s.user_agent as "SUserAgent", s.remembered as "SRemembered", s.new_browser as "SNewBrowser", {UserStore.Columns}, g.id as "GroupId", g.name as "GroupName"
        from sessions s
        join users u on u.id = s.user_id
        left join group_members m on m.user_id = u.id
        left join groups g on g.id = m.group_id
        where s.hash = @hash
        order by g.name_folded
        """;

    public static async Task<SessionWithUser?> Find(Sql sql, string hash)
    {
        var rows = await sql.List<Row>(WithUserSelect, new { hash });
        if (rows.Count == 0) return null;
        var r = rows[0];
        var session = new Session
        {
            Hash = r.SHash,
            PublicId = r.SPublicId,
            UserId = r.Id,
            Epoch = r.SEpoch,
            Kind = r.SKind,
            FactorsJson = r.SFactors,
            BeganAt = r.SBeganAt,
            AuthTime = r.SAuthTime,
            LastSeenAt = r.SLastSeenAt,
            ExpiresAt = r.SExpiresAt,
            EndedAt = r.SEndedAt,
            EndedBecause = r.SEndedBecause,
            Address = r.SAddress,
            UserAgent = r.SUserAgent,
            Remembered = r.SRemembered,
            NewBrowser = r.SNewBrowser,
        };
        var user = new User
        {
            Id = r.Id,
            UserName = r.UserName,
            Email = r.Email,
            EmailVerified = r.EmailVerified,
            DisplayName = r.DisplayName,
            GivenName = r.GivenName,
            FamilyName = r.FamilyName,
            Source = r.Source,
            Role = r.Role,
            Epoch = r.Epoch,
            CreatedAt = r.CreatedAt,
            UpdatedAt = r.UpdatedAt,
            LastSignInAt = r.LastSignInAt,
            DisabledAt = r.DisabledAt,
            DisabledBy = r.DisabledBy,
            DisabledBecause = r.DisabledBecause,
            DeletedAt = r.DeletedAt,
            PurgeAt = r.PurgeAt,
            RowVersion = r.RowVersion,
        };
        return new(session, user, [.. rows.Where(x => x.GroupId is not null).Select(x => new GroupRef(x.GroupId!, x.GroupName!))]);
    }

    /// <summary>The live sessions of a user, newest first; those that the policy has ended are left out.</summary>
    public static async Task<IReadOnlyList<Session>> Of(Sql sql, string userId, long now, SessionPolicy policy) => [.. (await Of(sql, userId, now)).Where(s => policy.EndOf(s) > now)];

    /// <summary>The sessions of a user that nobody ended and whose stored end has not come.</summary>
    public static Task<IReadOnlyList<Session>> Of(Sql sql, string userId, long now) => sql.List<Session>($"""
        select {Columns} from sessions s join users u on u.id = s.user_id
        where s.user_id = @userId and s.ended_at is null and s.expires_at > @now and s.epoch = u.epoch order by s.last_seen_at desc
        """, new { userId, now });

    public static Task<Session?> FindByPublicId(Sql sql, string publicId) =>
        sql.One<Session>($"select {Columns} from sessions s where s.public_id = @publicId", new { publicId });

    public static Task Insert(Sql sql, Session s) => sql.Run("""
        insert into sessions (hash, public_id, user_id, epoch, kind, factors, began_at, auth_time, last_seen_at, expires_at, address, user_agent, remembered, new_browser)
        values (@Hash, @PublicId, @UserId, @Epoch, @Kind, @FactorsJson, @BeganAt, @AuthTime, @LastSeenAt, @ExpiresAt, @Address, @UserAgent, @Remembered, @NewBrowser)
        """, s);

    /// <summary>Gives a session a new id and its present factors; the old id is dead at once.</summary>
    public static Task<int> Replace(Sql sql, string oldHash, Session s) => sql.Run("""
        update sessions set hash = @Hash, kind = @Kind, factors = @FactorsJson, auth_time = @AuthTime, last_seen_at = @LastSeenAt, expires_at = @ExpiresAt, epoch = @Epoch, remembered = @Remembered
        where hash = @oldHash and ended_at is null
        """, new { s.Hash, s.Kind, s.FactorsJson, s.AuthTime, s.LastSeenAt, s.ExpiresAt, s.Epoch, s.Remembered, oldHash });

    public static Task Seen(Sql sql, string hash, long now) => sql.Run("update sessions set last_seen_at = @now where hash = @hash", new { hash, now });

    /// <summary>Ends one live session and revokes the grants that hang on it.</summary>
    public static async Task<bool> End(Sql sql, string publicId, string because, long now)
    {
        var ended = await sql.Run("update sessions set ended_at = @now, ended_because = @because where public_id = @publicId and ended_at is null", new { publicId, because, now }) == 1;
        if (ended) await sql.Run("update grants set revoked_at = @now, revoked_because = @because where session_public_id = @publicId and revoked_at is null", new { publicId, because, now });
        if (ended) await EndedSessions.Note(sql, publicId, because, now);
        return ended;
    }

    /// <summary>How many sessions live under one policy, and how many of them end at once under another.</summary>
    public static async Task<(long Live, long Ending)> Compare(Sql sql, SessionPolicy now, SessionPolicy then, long at)
    {
        var live = $"s.ended_at is null and s.epoch = u.epoch and u.disabled_at is null and u.deleted_at is null and s.expires_at > @at and {Within("n")}";
        var args = new
        {
            at,
            nI = now.Idle * 60_000,
            nA = now.Absolute * 60_000,
            nRI = (now.MayRemember ? now.RememberedIdle : now.Idle) * 60_000,
            nRA = (now.MayRemember ? now.RememberedAbsolute : now.Absolute) * 60_000,
            tI = then.Idle * 60_000,
            tA = then.Absolute * 60_000,
            tRI = (then.MayRemember ? then.RememberedIdle : then.Idle) * 60_000,
            tRA = (then.MayRemember ? then.RememberedAbsolute : then.Absolute) * 60_000,
        };
        var row = await sql.One<Counted>($"""
            select count(*) as "Live", coalesce(sum(case when {Within("t")} then 0 else 1 end), 0) as "Ending" from sessions s join users u on u.id = s.user_id where {live}
            """, args);
        return (row!.Live, row.Ending);

        static string Within(string p) => $"""
            s.last_seen_at + (case when s.remembered = true then @{p}RI else @{p}I end) > @at and (s.kind <> 'full' or s.began_at + (case when s.remembered = true then @{p}RA else @{p}A end) > @at)
            """;
    }

    private sealed record Counted
    {
        public long Live { get; init; }
        public long Ending { get; init; }
    }

    /// <summary>Removes what ended long ago. A session that merely ran out stays while an application still holds a refresh token of it: offline access outlives the browser.</summary>
    public static Task<int> Sweep(Sql sql, long before, long now) => sql.Run("""
        delete from sessions where ended_at < @before or expires_at < @before and not exists (
            select 1 from grants g where g.session_public_id = sessions.public_id and g.revoked_at is null and g.refresh_expires_at > @now)
        """, new { before, now });

    private sealed record Row
    {
        public string SHash { get; init; } = "";
        public string SPublicId { get; init; } = "";
        public long SEpoch { get; init; }
        public string SKind { get; init; } = "";
        public string SFactors { get; init; } = "[]";
        public long SBeganAt { get; init; }
        public long SAuthTime { get; init; }
        public long SLastSeenAt { get; init; }
        public long SExpiresAt { get; init; }
        public long? SEndedAt { get; init; }
        public string? SEndedBecause { get; init; }
        public string SAddress { get; init; } = "";
        public string SUserAgent { get; init; } = "";
        public bool SRemembered { get; init; }
        public bool SNewBrowser { get; init; }
        public string Id { get; init; } = "";
        public string UserName { get; init; } = "";
        public string Email { get; init; } = "";
        public bool EmailVerified { get; init; }
        public string DisplayName { get; init; } = "";
        public string? GivenName { get; init; }
        public string? FamilyName { get; init; }
        public string Source { get; init; } = "";
        public string Role { get; init; } = "";
        public long Epoch { get; init; }
        public long CreatedAt { get; init; }
        public long UpdatedAt { get; init; }
        public long? LastSignInAt { get; init; }
        public long? DisabledAt { get; init; }
        public string? DisabledBy { get; init; }
        public string? DisabledBecause { get; init; }
        public long? DeletedAt { get; init; }
        public long? PurgeAt { get; init; }
        public long RowVersion { get; init; }
        public string? GroupId { get; init; }
        public string? GroupName { get; init; }
    }
}
