using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Logout;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Consents;

/// <summary>What a person once allowed a client.</summary>
public sealed record Consent
{
    public string UserId { get; init; } = "";
    public string ClientId { get; init; } = "";

    /// <summary>Keys of <see cref="ConsentItem"/>, separated by spaces.</summary>
    public string Items { get; init; } = "";
    public long GivenAt { get; init; }
    public long ChangedAt { get; init; }
}

/// <summary>A person as a client would see them, and what they agreed to before.</summary>
/// <param name="Given">Null when nothing was asked yet.</param>
public sealed record ConsentQuestion(PersonClaims Person, Consent? Given)
{
    public bool Covers(ConsentItem item) => Given?.Items.Split(' ').Contains(item.Key, StringComparer.Ordinal) == true;
}

/// <summary>An application that has something of a person.</summary>
public sealed record AppWithAccess
{
    public string ClientId { get; init; } = "";
    public string Name { get; init; } = "";

    /// <summary>What was agreed to; null for an application of the house, which does not ask.</summary>
    public string? Items { get; init; }
    public long Since { get; init; }
    public long? LastUsedAt { get; init; }
}

/// <summary>Reads what stands between a person and a client.</summary>
public sealed class ReadConsent(Database database, ReadClaims claims)
{
    public async Task<ConsentQuestion> Question(AccessGranted person, Client client)
    {
        // The gate names the client only later; what it would release does not depend on its word.
        var seen = await claims.Of(person, client);
        return new(seen, await database.Read(sql => ConsentStore.Find(sql, person.User.Id, client.Id)));
    }
}

/// <summary>SQL of consents.</summary>
public static class ConsentStore
{
    public static Task<Consent?> Find(Sql sql, string userId, string clientId) => sql.One<Consent>("""
        select user_id as "UserId", client_id as "ClientId", items as "Items", given_at as "GivenAt", changed_at as "ChangedAt"
        from consents where user_id = @userId and client_id = @clientId
        """, new { userId, clientId });

    /// <summary>Applications with a consent or a grant that still stands, by name.</summary>
    public static Task<IReadOnlyList<AppWithAccess>> Of(Sql sql, User user) => sql.List<AppWithAccess>("""
        select c.id as "ClientId", c.name as "Name", n.items as "Items", coalesce(n.given_at, g.first_at) as "Since", g.last_at as "LastUsedAt"
        from clients c
        left join consents n on n.client_id = c.id and n.user_id = @Id
        left join (
            select client_id, min(created_at) as first_at, max(created_at) as last_at from grants
            where user_id = @Id and user_epoch = @Epoch and revoked_at is null group by client_id
        ) g on g.client_id = c.id
        where c.deleted_at is null and (n.user_id is not null or g.client_id is not null)
        order by lower(c.name), c.id
        """, new { user.Id, user.Epoch });

    /// <summary>Remembers what was agreed to, beside what was before.</summary>
    internal static async Task Give(Sql sql, string userId, string clientId, IEnumerable<string> items, long now)
    {
        var before = (await Find(sql, userId, clientId))?.Items.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        await sql.Run("""
            insert into consents (user_id, client_id, items, given_at, changed_at) values (@userId, @clientId, @all, @now, @now)
            on conflict (user_id, client_id) do update set items = excluded.items, changed_at = excluded.changed_at
            """, new { userId, clientId, all = string.Join(' ', before.Union(items, StringComparer.Ordinal)), now });
    }

    internal static Task Forget(Sql sql, string userId, string clientId) => sql.Run("delete from consents where user_id = @userId and client_id = @clientId", new { userId, clientId });
}

/// <summary>A person's word about an application: yes, or no longer.</summary>
public sealed class ChangeConsent(Database database, AuditLog audit, TimeProvider clock)
{
    private const string Because = "the person removed its access";

    public Task Give(User user, Client client, IEnumerable<ConsentItem> items, Actor actor) => database.Write(async sql =>
    {
        var keys = items.Select(i => i.Key).ToArray();
        await ConsentStore.Give(sql, user.Id, client.Id, keys, clock.Now());
        await audit.Write(sql, actor, "consent.given", SaveClient.Target(client), after: string.Join(", ", keys));
    });

    /// <summary>Takes the consent back and ends every grant of this person for the client; its tokens are dead at once, and it is told that its sessions are over.</summary>
    public Task<bool> Remove(User user, string clientId, Actor actor) => database.Write(async sql =>
    {
        if (await ClientStore.Find(sql, clientId) is not { } client) return false;
        await ConsentStore.Forget(sql, user.Id, client.Id);
        await LogoutNotices.TellClient(sql, user.Id, client.Id, Because, clock);
        await sql.Run("update grants set revoked_at = @now, revoked_because = @Because where client_id = @Id and user_id = @user and revoked_at is null",
            new { now = clock.Now(), client.Id, user = user.Id, Because });
        await audit.Write(sql, actor, "consent.removed", SaveClient.Target(client));
        return true;
    });
}
