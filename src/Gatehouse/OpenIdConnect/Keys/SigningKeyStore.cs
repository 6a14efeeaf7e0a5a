using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>Where a key stands in its life.</summary>
public enum KeyState
{
    /// <summary>Published, signs later.</summary>
    Waiting,
    Signing,

    /// <summary>Signs no more; published while tokens live that it has signed.</summary>
    Retired,

    /// <summary>No longer published; still verifies what an application hands back to say whom it means.</summary>
    Old,
    Revoked,
}

/// <summary>One signing key as stored. Times in Unix milliseconds.</summary>
public sealed record SigningKeyRow
{
    public string Kid { get; init; } = "";
    public string Algorithm { get; init; } = "";

    /// <summary>Sealed; empty once the key can no longer sign.</summary>
    public string PrivateKey { get; init; } = "";
    public string PublicJwk { get; init; } = "";
    public long CreatedAt { get; init; }
    public long ActiveFrom { get; init; }

    /// <summary>When its successor takes over; may lie in the future.</summary>
    public long? RetiredAt { get; init; }
    public long? RevokedAt { get; init; }

    internal long? UnpublishedAt => RetiredAt + (long)SigningKeys.Afterlife.TotalMilliseconds;

    internal bool IsPublished(long now) => RevokedAt is null && (UnpublishedAt is not { } end || now < end);

    public KeyState StateAt(long now) =>
        RevokedAt is not null ? KeyState.Revoked
        : !IsPublished(now) ? KeyState.Old
        : RetiredAt <= now ? KeyState.Retired
        : ActiveFrom > now ? KeyState.Waiting
        : KeyState.Signing;
}

/// <summary>SQL of signing keys.</summary>
internal static class SigningKeyStore
{
    public const string VersionName = "signing_keys";

    private const string Columns = """
        kid as "Kid", algorithm as "Algorithm", private_key as "PrivateKey", public_jwk as "PublicJwk", created_at as "CreatedAt",
        active_from as "ActiveFrom", retired_at as "RetiredAt", revoked_at as "RevokedAt"
        """;

    public static Task<IReadOnlyList<SigningKeyRow>> Usable(Sql sql) =>
        sql.List<SigningKeyRow>($"select {Columns} from signing_keys where revoked_at is null order by active_from, kid");

    /// <summary>Revoked and old ones too, newest first.</summary>
    public static Task<IReadOnlyList<SigningKeyRow>> All(Sql sql) =>
        sql.List<SigningKeyRow>($"select {Columns} from signing_keys order by algorithm, active_from desc, kid");

    public static Task Insert(Sql sql, SigningKeyRow key) => sql.Run("""
        insert into signing_keys (kid, algorithm, private_key, public_jwk, created_at, active_from) values (@Kid, @Algorithm, @PrivateKey, @PublicJwk, @CreatedAt, @ActiveFrom)
        """, key);

    /// <summary>Says when the keys of an algorithm stop signing.</summary>
    public static Task Retire(Sql sql, string algorithm, string butNot, long at) =>
        sql.Run("update signing_keys set retired_at = @at where algorithm = @algorithm and kid <> @butNot and revoked_at is null and (retired_at is null or retired_at > @at)", new { algorithm, butNot, at });

    public static Task ActivateAt(Sql sql, string kid, long at) => sql.Run("update signing_keys set active_from = @at where kid = @kid", new { kid, at });

    /// <summary>Takes back that a key will stop signing.</summary>
    public static Task Stay(Sql sql, string kid) => sql.Run("update signing_keys set retired_at = null where kid = @kid", new { kid });

    public static Task Revoke(Sql sql, string kid, long now) =>
        sql.Run("update signing_keys set revoked_at = @now, private_key = '' where kid = @kid and revoked_at is null", new { kid, now });

    /// <summary>Wipes private keys that cannot sign any more, and forgets keys whose every token is long dead.</summary>
    public static async Task<int> Sweep(Sql sql, long wipeBefore, long forgetBefore) =>
        await sql.Run("update signing_keys set private_key = '' where private_key <> '' and retired_at < @wipeBefore", new { wipeBefore })
        + await sql.Run("delete from signing_keys where retired_at < @forgetBefore or revoked_at < @forgetBefore", new { forgetBefore });
}
