using Gatehouse.Data;
using Gatehouse.Jose;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>A registered passkey. <see cref="PublicKey"/> is the COSE key in base64url.</summary>
public sealed record Passkey
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
    public bool BackupEligible { get; init; }
    public bool BackedUp { get; init; }
    public long CreatedAt { get; init; }
    public long? LastUsedAt { get; init; }

    /// <summary>Set while a removal can still be undone.</summary>
    public long? RemovedAt { get; init; }

    public CredentialRef Ref => new(CredentialId, Transports.Split(',', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>RFC 8176: a key that cannot leave its device, or one that is synced.</summary>
    public string Method => BackupEligible ? "swk" : "hwk";

    public StoredCredential Expected(string userHandle) =>
        new(userHandle, CredentialId, StrictBase64Url.TryDecode(PublicKey, 4096, out var key) ? key : [], Algorithm, (uint)SignCount, BackupEligible);
}

/// <summary>SQL of passkeys. Reads find removed ones too: the query never decides.</summary>
public static class PasskeyStore
{
    private const string Columns = """
        p.id as "Id", p.user_id as "UserId", p.credential_id as "CredentialId", p.public_key as "PublicKey", p.algorithm as "Algorithm", p.sign_count as "SignCount",
        p.aaguid as "Aaguid", p.name as "Name", p.attestation as "Attestation", p.transports as "Transports", p.backup_eligible as "BackupEligible",
        p.backed_up as "BackedUp", p.created_at as "CreatedAt", p.last_used_at as "LastUsedAt", p.removed_at as "RemovedAt"
        """;

    public static Task<Passkey?> FindByCredential(Sql sql, string credentialId) => sql.One<Passkey>($"select {Columns} from passkeys p where p.credential_id = @credentialId", new { credentialId });

    /// <summary>True when a credential is somebody's already, as a passkey or as a hardware key: one is never registered twice.</summary>
    public static async Task<bool> IsTaken(Sql sql, string credentialId) => await sql.One<long>("""
        select (select count(*) from passkeys where credential_id = @credentialId) + (select count(*) from hardware_keys where credential_id = @credentialId)
        """, new { credentialId }) > 0;

    public static Task<IReadOnlyList<Passkey>> Of(Sql sql, string userId) => sql.List<Passkey>($"select {Columns} from passkeys p where p.user_id = @userId order by p.created_at", new { userId });

    public static Task Insert(Sql sql, Passkey p) => sql.Run("""
        insert into passkeys (id, user_id, credential_id, public_key, algorithm, sign_count, aaguid, name, attestation, transports, backup_eligible, backed_up, created_at)
        values (@Id, @UserId, @CredentialId, @PublicKey, @Algorithm, @SignCount, @Aaguid, @Name, @Attestation, @Transports, @BackupEligible, @BackedUp, @CreatedAt)
        """, p);

    public static Task Used(Sql sql, string id, long signCount, bool backedUp, long now) =>
        sql.Run("update passkeys set sign_count = @signCount, backed_up = @backedUp, last_used_at = @now where id = @id", new { id, signCount, backedUp, now });

    public static async Task<bool> Rename(Sql sql, string userId, string id, string name) =>
        await sql.Run("update passkeys set name = @name where id = @id and user_id = @userId and removed_at is null", new { id, userId, name }) == 1;

    public static async Task<bool> Remove(Sql sql, string userId, string id, long now) =>
        await sql.Run("update passkeys set removed_at = @now where id = @id and user_id = @userId and removed_at is null", new { id, userId, now }) == 1;

    public static async Task<bool> Restore(Sql sql, string userId, string id, long notBefore) =>
        await sql.Run("update passkeys set removed_at = null where id = @id and user_id = @userId and removed_at >= @notBefore", new { id, userId, notBefore }) == 1;

    public static Task<int> Sweep(Sql sql, long before) => sql.Run("delete from passkeys where removed_at < @before", new { before });
}
