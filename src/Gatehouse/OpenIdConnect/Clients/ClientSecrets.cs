using Gatehouse.Audit;
using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>A client's secrets: several at once, each with an optional end; a retired one never comes back.</summary>
public sealed class ClientSecrets(Secrets secrets, AuditLog audit, TimeProvider clock)
{
    internal const string HashType = "client_secret";

    /// <summary>A new secret; the value is shown once.</summary>
    public async Task<string> Add(Sql sql, Client client, long? expiresAt, Actor actor)
    {
        var value = Secrets.NewToken();
        await sql.Run("insert into client_secrets (id, client_id, hash, created_at, expires_at) values (@id, @client, @hash, @now, @expiresAt)",
            new { id = clock.NewId(), client = client.Id, hash = secrets.Hash(HashType, value), now = clock.Now(), expiresAt });
        await audit.Write(sql, actor, "client.secret_added", SaveClient.Target(client), after: expiresAt is { } end ? $"ends {DateTimeOffset.FromUnixTimeMilliseconds(end):yyyy-MM-dd}" : "no end");
        return value;
    }

    /// <summary>A new secret, while those now live end after <paramref name="overlap"/>.</summary>
    public async Task<string> Rotate(Sql sql, Client client, TimeSpan overlap, long? expiresAt, Actor actor)
    {
        var end = clock.Now() + (long)overlap.TotalMilliseconds;
        await sql.Run("update client_secrets set expires_at = @end where client_id = @id and revoked_at is null and (expires_at is null or expires_at > @end)", new { end, id = client.Id });
        return await Add(sql, client, expiresAt, actor);
    }

    /// <summary>Ends one secret for good; false when it is not live.</summary>
    public async Task<bool> Revoke(Sql sql, Client client, string secretId, Actor actor)
    {
        if (await sql.Run("update client_secrets set revoked_at = @now where id = @secretId and client_id = @id and revoked_at is null", new { now = clock.Now(), secretId, id = client.Id }) == 0) return false;
        await audit.Write(sql, actor, "client.secret_revoked", SaveClient.Target(client));
        return true;
    }

    internal static bool IsTouchDue(ClientSecret secret, long now) => !(secret.LastUsedAt > now - 3_600_000);

    /// <summary>Notes that a secret is in use, at most once an hour.</summary>
    internal static Task Touch(Sql sql, ClientSecret? secret, long now) =>
        secret is null || !IsTouchDue(secret, now) ? Task.CompletedTask
        : sql.Run("update client_secrets set last_used_at = @now where id = @Id", new { now, secret.Id });
}
