using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passwords;

/// <summary>A user's password as stored.</summary>
public sealed record StoredPassword
{
    public string UserId { get; init; } = "";
    public string Hash { get; init; } = "";
    public long SetAt { get; init; }
    public string SetBy { get; init; } = "";

    /// <summary>Long enough to be the only proof.</summary>
    public bool AloneOk { get; init; }

    /// <summary>Set by somebody else: good for one sign-in, in which it is changed.</summary>
    public bool MustChange { get; init; }

    /// <summary>When a temporary one stops working, Unix milliseconds.</summary>
    public long? ExpiresAt { get; init; }
}

/// <summary>SQL of passwords.</summary>
public static class PasswordStore
{
    private const string Columns = """
        p.user_id as "UserId", p.hash as "Hash", p.set_at as "SetAt", p.set_by as "SetBy", p.alone_ok as "AloneOk", p.must_change as "MustChange", p.expires_at as "ExpiresAt"
        """;

    public static Task<StoredPassword?> Of(Sql sql, string userId) => sql.One<StoredPassword>($"select {Columns} from passwords p where p.user_id = @userId", new { userId });

    public static Task Set(Sql sql, StoredPassword p) => sql.Run("""
        insert into passwords (user_id, hash, set_at, set_by, alone_ok, must_change, expires_at) values (@UserId, @Hash, @SetAt, @SetBy, @AloneOk, @MustChange, @ExpiresAt)
        on conflict (user_id) do update set hash = excluded.hash, set_at = excluded.set_at, set_by = excluded.set_by, alone_ok = excluded.alone_ok,
            must_change = excluded.must_change, expires_at = excluded.expires_at
        """, p);

    /// <summary>The same password under today's parameters; only while the old hash still stands.</summary>
    public static Task<int> Rehash(Sql sql, string userId, string oldHash, string newHash) =>
        sql.Run("update passwords set hash = @newHash where user_id = @userId and hash = @oldHash", new { userId, oldHash, newHash });

    /// <summary>Ends a temporary password with its use; false when somebody was faster.</summary>
    public static async Task<bool> SpendTemporary(Sql sql, string userId, string hash, long now) =>
        await sql.Run("update passwords set expires_at = 0 where user_id = @userId and hash = @hash and must_change = true and (expires_at is null or expires_at > @now)", new { userId, hash, now }) == 1;

    public static async Task<bool> Remove(Sql sql, string userId) => await sql.Run("delete from passwords where user_id = @userId", new { userId }) == 1;

    public static Task<IReadOnlyList<string>> History(Sql sql, string userId, int count) =>
        sql.List<string>("select hash from password_history where user_id = @userId order by set_at desc limit @count", new { userId, count });

    public static async Task Remember(Sql sql, string userId, string hash, int keep, long now)
    {
        await sql.Run("insert into password_history (user_id, hash, set_at) values (@userId, @hash, @now)", new { userId, hash, now });
        await sql.Run("delete from password_history where user_id = @userId and set_at < (select min(set_at) from (select set_at from password_history where user_id = @userId order by set_at desc limit @keep) as kept)", new { userId, keep });
    }

    /// <summary>True when this browser signed in as the user under the present epoch.</summary>
    public static async Task<bool> Knows(Sql sql, User user, string browser) =>
        await sql.One<long>("select count(*) from password_lanes where user_id = @Id and browser = @browser and epoch = @Epoch", new { user.Id, browser, user.Epoch }) > 0;

    /// <summary>The same by a folded name, in one query.</summary>
    public static async Task<bool> KnowsByName(Sql sql, string folded, string browser) => await sql.One<long>("""
        select count(*) from password_lanes l join users u on u.id = l.user_id and u.epoch = l.epoch
        where l.browser = @browser and (u.email_folded = @folded or u.user_name_folded = @folded)
        """, new { folded, browser }) > 0;

    public static async Task NoteBrowser(Sql sql, User user, string browser, long now)
    {
        await sql.Run("""
            insert into password_lanes (user_id, browser, epoch, last_at) values (@Id, @browser, @Epoch, @now)
            on conflict (user_id, browser) do update set epoch = excluded.epoch, last_at = excluded.last_at
            """, new { user.Id, browser, user.Epoch, now });
        await sql.Run("delete from password_lanes where user_id = @Id and last_at < @before", new { user.Id, before = now - (long)TimeSpan.FromDays(180).TotalMilliseconds });
    }
}
