using Gatehouse.Audit;
using Gatehouse.Data;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>SQL of break-glass.</summary>
internal static class BreakGlassStore
{
    private const string Credential = """
        id as "Id", kind as "Kind", made_at as "MadeAt", made_by as "MadeBy", expires_at as "ExpiresAt", used_at as "UsedAt", ended_at as "EndedAt", ended_because as "EndedBecause", drilled_at as "DrilledAt"
        """;

    private const string OpeningColumns = """
        id as "Id", label as "Label", credential_id as "CredentialId", kind as "Kind", session_hash as "SessionHash", opened_at as "OpenedAt", expires_at as "ExpiresAt", confirmed_at as "ConfirmedAt",
        ended_at as "EndedAt", ended_because as "EndedBecause", address as "Address", user_agent as "UserAgent", reference as "Reference"
        """;

    private const string Unspent = "used_at is null and ended_at is null and (expires_at is null or expires_at > @now)";

    /// <summary>The present sealed credential, or null.</summary>
    public static async Task<GlassCredential?> Sealed(Sql sql, long now) =>
        (await sql.List<GlassCredential>($"select {Credential} from break_glass_credentials where kind = 'sealed' and {Unspent} order by made_at desc, id desc", new { now })).FirstOrDefault();

    /// <summary>What is kept under a hash, good or not: to explain, never to act upon.</summary>
    public static Task<GlassCredential?> Explain(Sql sql, string hash) => sql.One<GlassCredential>($"select {Credential} from break_glass_credentials where hash = @hash", new { hash });

    public static Task<bool> AnyUnspent(Sql sql, long now) => sql.One<bool>($"select exists (select 1 from break_glass_credentials where {Unspent})", new { now });

    public static Task Insert(Sql sql, GlassCredential made, string hash) => sql.Run("""
        insert into break_glass_credentials (id, kind, hash, made_at, made_by, expires_at) values (@Id, @Kind, @hash, @MadeAt, @MadeBy, @ExpiresAt)
        """, new { made.Id, made.Kind, hash, made.MadeAt, made.MadeBy, made.ExpiresAt });

    /// <summary>Uses it up: whoever gets it back is the only one.</summary>
    /// <param name="kind">Null for either kind.</param>
    public static Task<GlassCredential?> Spend(Sql sql, string hash, string? kind, long now) => sql.One<GlassCredential>($"""
        update break_glass_credentials set used_at = @now where hash = @hash and {Unspent}{(kind is null ? "" : " and kind = @kind")} returning {Credential}
        """, kind is null ? new { hash, now } : new { hash, now, kind });

    /// <summary>Notes a rehearsal of a sealed credential that could be used; null when there is none under this hash.</summary>
    public static Task<GlassCredential?> Drill(Sql sql, string hash, long now) => sql.One<GlassCredential>($"""
        update break_glass_credentials set drilled_at = @now where hash = @hash and kind = 'sealed' and {Unspent} returning {Credential}
        """, new { hash, now });

    /// <summary>Ends what is unspent of one kind.</summary>
    public static Task<int> EndAll(Sql sql, string kind, string because, long now) =>
        sql.Run($"update break_glass_credentials set ended_at = @now, ended_because = @because where kind = @kind and {Unspent}", new { kind, because, now });

    /// <summary>True when this is the value of a credential.</summary>
    public static Task<bool> Is(Sql sql, string credentialId, string hash) =>
        sql.One<bool>("select exists (select 1 from break_glass_credentials where id = @credentialId and hash = @hash and kind = 'sealed')", new { credentialId, hash });

    public static Task<Opening?> Find(Sql sql, string sessionHash) => sql.One<Opening>($"select {OpeningColumns} from break_glass_openings where session_hash = @sessionHash", new { sessionHash });

    public static Task<Opening?> FindById(Sql sql, string id) => sql.One<Opening>($"select {OpeningColumns} from break_glass_openings where id = @id", new { id });

    /// <summary>Newest first; open or not.</summary>
    public static Task<IReadOnlyList<Opening>> Newest(Sql sql) => sql.List<Opening>($"select {OpeningColumns} from break_glass_openings order by opened_at desc, id desc limit 20");

    public static Task Insert(Sql sql, Opening o) => sql.Run("""
        insert into break_glass_openings (id, label, credential_id, kind, session_hash, opened_at, expires_at, confirmed_at, address, user_agent)
        values (@Id, @Label, @CredentialId, @Kind, @SessionHash, @OpenedAt, @ExpiresAt, @ConfirmedAt, @Address, @UserAgent)
        """, o);

    /// <summary>A confirmation gives the session a new id; its end stays where it was.</summary>
    public static Task<int> Confirm(Sql sql, string oldHash, string newHash, long now) =>
        sql.Run("update break_glass_openings set session_hash = @newHash, confirmed_at = @now where session_hash = @oldHash and ended_at is null and expires_at > @now", new { oldHash, newHash, now });

    public static Task<int> End(Sql sql, string id, string because, long now) =>
        sql.Run("update break_glass_openings set ended_at = @now, ended_because = @because where id = @id and ended_at is null and expires_at > @now", new { id, because, now });

    public static Task SetReference(Sql sql, string id, string reference) => sql.Run("update break_glass_openings set reference = @reference where id = @id", new { id, reference });

    /// <summary>What the audit log says of break-glass, newest first.</summary>
    public static Task<IReadOnlyList<AuditEntry>> History(Sql sql) => sql.List<AuditEntry>("""
        select id as "Id", at as "At", actor as "Actor", action as "Action", target_name as "TargetName", after as "After", reference as "Reference", address as "Address"
        from audit where target_kind = 'break_glass' order by at desc, id desc limit 50
        """);
}
