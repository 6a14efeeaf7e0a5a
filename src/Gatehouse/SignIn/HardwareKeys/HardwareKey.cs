using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.SignIn.Passkeys;

namespace Gatehouse.SignIn.HardwareKeys;

/// <summary>A hardware key that its owner touches after a password or login link. <see cref="PublicKey"/> is the COSE key in base64url.</summary>
public sealed record HardwareKey
{
    public string Id { get; init; } = "";
    public string UserId { get; init; } = "";
    public string CredentialId { get; init; } = "";
    public string PublicKey { get; init; } = "";
    public int Algorithm { get; init; }
    public long SignCount { get; init; }
    public string Aaguid { get; init; } = "";
    public string Name { get; init; } = "";
    public string Attestation { get; init; } = "none";
    public string Transports { get; init; } = "";

    /// <summary>Whether the key asked for a PIN or fingerprint the last time. Never demanded.</summary>
    public bool UserVerified { get; init; }
    public long CreatedAt { get; init; }
    public long? LastUsedAt { get; init; }

    /// <summary>Set while a removal can still be undone.</summary>
    public long? RemovedAt { get; init; }

    public CredentialRef Ref => new(CredentialId, Transports.Split(',', StringSplitOptions.RemoveEmptyEntries));

    /// <param name="userHandle">Given by authenticators that kept the credential although nobody asked them to.</param>
    public StoredCredential Expected(string userHandle) =>
        new(userHandle, CredentialId, StrictBase64Url.TryDecode(PublicKey, 4096, out var key) ? key : [], Algorithm, (uint)SignCount, BackupEligible: false);
}

/// <summary>SQL of hardware keys. Reads find removed ones too: the query never decides.</summary>
public static class HardwareKeyStore
{
    private const string Columns = """
        k.id as "Id", k.user_id as "UserId", k.credential_id as "CredentialId", k.public_key as "PublicKey", k.algorithm as "Algorithm", k.sign_count as "SignCount",
        k.aaguid as "Aaguid", k.name as "Name", k.attestation as "Attestation", k.transports as "Transports", k.user_verified as "UserVerified",
        k.created_at as "CreatedAt", k.last_used_at as "LastUsedAt", k.removed_at as "RemovedAt"
        """;

    public static Task<HardwareKey?> FindByCredential(Sql sql, string credentialId) =>
        sql.One<HardwareKey>($"select {Columns} from hardware_keys k where k.credential_id = @credentialId", new { credentialId });

    public static Task<IReadOnlyList<HardwareKey>> Of(Sql sql, string userId) =>
        sql.List<HardwareKey>($"select {Columns} from hardware_keys k where k.user_id = @userId order by k.created_at, k.id", new { userId });

    /// <summary>False when the credential is somebody's already.</summary>
    public static async Task<bool> Insert(Sql sql, HardwareKey key) => await sql.Run("""
        insert into hardware_keys (id, user_id, credential_id, public_key, algorithm, sign_count, aaguid, name, attestation, transports, user_verified, created_at)
        values (@Id, @UserId, @CredentialId, @PublicKey, @Algorithm, @SignCount, @Aaguid, @Name, @Attestation, @Transports, @UserVerified, @CreatedAt) on conflict (credential_id) do nothing
        """, key) == 1;

    /// <summary>Notes a use; false when it was removed, or used with this counter, since it was read.</summary>
    public static async Task<bool> Used(Sql sql, HardwareKey key, long signCount, bool userVerified, long now) => await sql.Run("""
        update hardware_keys set sign_count = @signCount, user_verified = @userVerified, last_used_at = @now
        where id = @Id and removed_at is null and (sign_count < @signCount or (sign_count = 0 and @signCount = 0))
        """, new { key.Id, signCount, userVerified, now }) == 1;

    public static async Task<bool> Rename(Sql sql, string userId, string id, string name) =>
        await sql.Run("update hardware_keys set name = @name where id = @id and user_id = @userId and removed_at is null", new { id, userId, name }) == 1;

    public static async Task<bool> Remove(Sql sql, string userId, string id, long now) =>
        await sql.Run("update hardware_keys set removed_at = @now where id = @id and user_id = @userId and removed_at is null", new { id, userId, now }) == 1;

    public static async Task<bool> Restore(Sql sql, string userId, string id, long notBefore) =>
        await sql.Run("update hardware_keys set removed_at = null where id = @id and user_id = @userId and removed_at >= @notBefore", new { id, userId, notBefore }) == 1;

    /// <summary>Those put away too: after a reset nothing of before comes back.</summary>
    public static Task<int> RemoveAll(Sql sql, string userId) => sql.Run("delete from hardware_keys where user_id = @userId", new { userId });

    /// <summary>As if it had never been registered.</summary>
    public static Task<int> Forget(Sql sql, string id) => sql.Run("delete from hardware_keys where id = @id", new { id });

    public static Task<int> Sweep(Sql sql, long before) => sql.Run("delete from hardware_keys where removed_at < @before", new { before });
}

/// <summary>Hardware keys among the second factors.</summary>
public sealed class KeyFactor : Steps.ISecondFactor
{
    public const string Kind = "hardware_key";

    /// <summary>Removed keys can be brought back this long, and are recognised to say so.</summary>
    public static readonly TimeSpan UndoFor = KeepPasskeys.UndoFor;

    /// <summary>More than anybody carries: lists and options stay short.</summary>
    public const int PerUser = 20;

    string Steps.ISecondFactor.Id => Kind;
    int Steps.ISecondFactor.Order => 10;
    Type Steps.ISecondFactor.Component => typeof(KeyForm);

    public async Task<bool> IsEnrolled(Sql sql, string userId) =>
        await sql.One<long>("select count(*) from hardware_keys where user_id = @userId and removed_at is null", new { userId }) > 0;
}
