using System.Text;
using System.Text.Json;

namespace Gatehouse.Data;

/// <summary>What a one-time token may be; a value of one type is unknown as any other.</summary>
public static class TokenType
{
    public const string SetupLink = "setup_link";
    public const string LoginLink = "login_link";
    public const string AuthorizationCode = "code";
    public const string RegistrationChallenge = "passkey_registration";
    public const string AssertionChallenge = "passkey_assertion";
    public const string PendingAuthorization = "authorize_request";
    public const string PendingSetup = "pending_setup";
    public const string PasswordReset = "password_reset";
    public const string NotMe = "not_me";
    public const string VerifyEmail = "verify_email";
    public const string ChangeEmail = "change_email";
    public const string StopEmailChange = "stop_email_change";
}

/// <summary>A token as stored. <see cref="Subject"/> is whom it is for, <see cref="Payload"/> is JSON of the type's own record, sealed in the database.</summary>
public sealed record OneTimeToken
{
    public string Hash { get; init; } = "";
    public string Type { get; init; } = "";
    public string Subject { get; init; } = "";
    public string Payload { get; init; } = "";
    public string? BoundTo { get; init; }
    public long Epoch { get; init; }
    public long CreatedAt { get; init; }
    public long ExpiresAt { get; init; }
    public long? UsedAt { get; init; }
    public string? EndedBecause { get; init; }

    public T Read<T>() => JsonSerializer.Deserialize<T>(Payload)!;
}

/// <summary>Why a token did not work, for the admin only.</summary>
public enum TokenFault
{
    None,
    Unknown,
    Used,
    Expired,
    Ended,
}

/// <summary>What spending or looking gave.</summary>
/// <param name="Token">The token, only when it is good: no other property lets anybody in.</param>
/// <param name="Fault">Why it is not.</param>
/// <param name="Stored">What is kept under this value, good or not: to explain, never to act upon.</param>
public sealed record Spent(OneTimeToken? Token, TokenFault Fault, OneTimeToken? Stored);

/// <summary>Everything that works once: typed, bound, hashed, spent by one conditional UPDATE (security.md section 2).</summary>
public sealed class OneTimeTokens(Secrets secrets, TimeProvider clock) : ISealed
{
    private const string Columns = """
        hash as "Hash", type as "Type", subject as "Subject", payload as "Payload", bound_to as "BoundTo", epoch as "Epoch",
        created_at as "CreatedAt", expires_at as "ExpiresAt", used_at as "UsedAt", ended_because as "EndedBecause"
        """;

    private int untilTrim = TrimEvery;

    /// <summary>How much all strangers together may keep here, about kilobytes.</summary>
    internal long StrangersMay { get; set; } = 100_000;
    internal const int TrimEvery = 256;

    /// <summary>Stores a new token and returns its value, which is shown once.</summary>
    /// <param name="stranger">The address block when nobody is signed in: what strangers keep here is bounded, and the greediest block loses its oldest first.</param>
    public async Task<string> Issue<T>(Sql sql, string type, string subject, T payload, TimeSpan validity, long epoch = 0, string? boundTo = null, string? stranger = null)
    {
        var value = Secrets.NewToken();
        var hash = secrets.Hash(type, value);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var box = secrets.Protect(Place(hash), JsonSerializer.SerializeToUtf8Bytes(payload));
        await sql.Run("""
            insert into one_time_tokens (hash, type, subject, payload, bound_to, epoch, created_at, expires_at, made_by, weight)
            values (@hash, @type, @subject, @box, @boundTo, @epoch, @now, @expires, @stranger, @weight)
            """, new { hash, type, subject, box, boundTo, epoch, now, expires = now + (long)validity.TotalMilliseconds, stranger, weight = stranger is null ? 0 : 1 + box.Length / 1024 });
        if (stranger is not null && Interlocked.Decrement(ref untilTrim) <= 0)
        {
            Interlocked.Exchange(ref untilTrim, TrimEvery);
            await Trim(sql, now);
        }
        return value;
    }

    /// <summary>Spends it. Whoever gets the token back is the only one; the spending stands even when a later rule refuses.</summary>
    public async Task<Spent> Spend(Sql sql, string type, string value)
    {
        var hash = secrets.Hash(type, value);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var token = Open(await sql.One<OneTimeToken>($"""
            update one_time_tokens set used_at = @now
            where hash = @hash and type = @type and used_at is null and ended_because is null and expires_at > @now
            returning {Columns}
            """, new { hash, type, now }));
        return token is not null ? new(token, TokenFault.None, token) : await Explain(sql, type, hash, now);
    }

    /// <summary>Looks without spending: for the page in front of the button.</summary>
    public Task<Spent> Look(Sql sql, string type, string value) =>
        Explain(sql, type, secrets.Hash(type, value), clock.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Ends what is still unspent of one type for one subject.</summary>
    public Task<int> End(Sql sql, string type, string subject, string because) =>
        sql.Run("update one_time_tokens set ended_because = @because where type = @type and subject = @subject and used_at is null and ended_because is null", new { type, subject, because });

    /// <summary>The newest of one type for one subject that may still be spent, or null: to show that there is one, never to act upon.</summary>
    public async Task<OneTimeToken?> LiveOf(Sql sql, string type, string subject) => Open((await sql.List<OneTimeToken>($"""
        select {Columns} from one_time_tokens where type = @type and subject = @subject and used_at is null and ended_because is null and expires_at > @now order by created_at desc limit 1
        """, new { type, subject, now = clock.GetUtcNow().ToUnixTimeMilliseconds() })).FirstOrDefault());

    /// <summary>What a value is kept under: names what it caused without telling it.</summary>
    public string HashOf(string type, string value) => secrets.Hash(type, value);

    /// <summary>Binds a token to the browser that opened it first; false when another one did.</summary>
    public async Task<bool> Bind(Sql sql, string hash, string boundTo) =>
        await sql.Run("update one_time_tokens set bound_to = @boundTo where hash = @hash and (bound_to is null or bound_to = @boundTo)", new { hash, boundTo }) == 1;

    /// <summary>Deletes what expired more than a day ago.</summary>
    public Task<int> Sweep(Sql sql) =>
        sql.Run("delete from one_time_tokens where expires_at < @limit", new { limit = clock.GetUtcNow().AddDays(-1).ToUnixTimeMilliseconds() });

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        foreach (var row in await sql.List<OneTimeToken>("""select hash as "Hash", payload as "Payload" from one_time_tokens"""))
            if (again(Place(row.Hash), row.Payload) is { } box) await sql.Run("update one_time_tokens set payload = @box where hash = @Hash", new { box, row.Hash });
    }

    /// <summary>Brings back what strangers keep here under its quota: first what expired, then the oldest of whoever has most.</summary>
    private async Task Trim(Sql sql, long now)
    {
        async Task<long> Excess() => (await sql.One<long?>("select sum(weight) from one_time_tokens where made_by is not null") ?? 0) - StrangersMay;
        if (await Excess() <= 0) return;
        await sql.Run("delete from one_time_tokens where made_by is not null and expires_at <= @now", new { now });
        var excess = await Excess();
        if (excess <= 0) return;
        await sql.Run("""
            with kept as (
                select hash, weight, sum(weight) over (partition by made_by order by created_at desc, hash) as rank from one_time_tokens where made_by is not null),
            ordered as (
                select hash, sum(weight) over (order by rank desc, hash) - weight as freed from kept)
            delete from one_time_tokens where hash in (select hash from ordered where freed < @excess)
            """, new { excess });
    }

    private static string Place(string hash) => $"one_time_tokens/payload/{hash}";

    /// <summary>What a client sent along (state, hints) is sealed at rest; a row that cannot be unsealed is no token.</summary>
    private OneTimeToken? Open(OneTimeToken? stored) =>
        stored is not null && secrets.Reveal(Place(stored.Hash), stored.Payload) is { } plain ? stored with { Payload = Encoding.UTF8.GetString(plain) } : null;

    private async Task<Spent> Explain(Sql sql, string type, string hash, long now)
    {
        var stored = Open(await sql.One<OneTimeToken>($"select {Columns} from one_time_tokens where hash = @hash and type = @type", new { hash, type }));
        return stored switch
        {
            null => new(null, TokenFault.Unknown, null),
            { UsedAt: not null } => new(null, TokenFault.Used, stored),
            { EndedBecause: not null } => new(null, TokenFault.Ended, stored),
            _ when stored.ExpiresAt <= now => new(null, TokenFault.Expired, stored),
            _ => new(stored, TokenFault.None, stored),
        };
    }
}
