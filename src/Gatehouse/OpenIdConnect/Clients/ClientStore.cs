using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>SQL of clients. A client comes whole, with URLs, secrets and groups, in one query; also when disabled or deleted.</summary>
public static class ClientStore
{
    private const string Columns = """
        c.id as "Id", c.name as "Name", c.is_public as "IsPublic", c.is_native as "IsNative", c.pkce_required as "PkceRequired",
        c.auth_method as "AuthMethod", c.id_token_algorithm as "IdTokenAlgorithm", c.restricted as "Restricted", c.launch_url as "LaunchUrl",
        c.trusted as "Trusted", c.backchannel_logout_uri as "BackchannelLogoutUri", c.backchannel_private as "BackchannelPrivate", c.loop_guard as "LoopGuard",
        c.enabled as "Enabled", c.created_at as "CreatedAt", c.updated_at as "UpdatedAt", c.deleted_at as "DeletedAt", c.row_version as "RowVersion",
        c.grant_types as "GrantTypes", c.jwks as "Jwks", c.jwks_uri as "JwksUri", c.jwks_private as "JwksPrivate",
        c.refresh_idle_seconds as "RefreshIdleSeconds", c.refresh_max_seconds as "RefreshMaxSeconds",
        c.session_idle_seconds as "SessionIdleSeconds", c.session_max_seconds as "SessionMaxSeconds"
        """;

    public static async Task<Client?> Find(Sql sql, string id)
    {
        var rows = await sql.List<Row>($"""
            select {Columns}, p.part as "Part", p.a as "A", p.b as "B", p.n1 as "N1", p.n2 as "N2", p.n3 as "N3", p.n4 as "N4"
            from clients c left join (
                select kind as part, url as a, '' as b, position as n1, cast(null as bigint) as n2, cast(null as bigint) as n3, cast(null as bigint) as n4
                from client_urls where client_id = @id
                union all
                select 'secret', id, hash, created_at, expires_at, revoked_at, last_used_at from client_secrets where client_id = @id
                union all
                select 'group', g.id, g.name, 0, null, null, null from client_groups m join groups g on g.id = m.group_id where m.client_id = @id
                union all
                select 'scope', api_id, scope, 0, null, null, null from client_api_scopes where client_id = @id
            ) p on true
            where c.id = @id
            """, new { id });
        return rows.Count == 0 ? null : Whole(rows);
    }

    /// <summary>All that are not deleted, by name; without their parts but for the groups' count.</summary>
    public static Task<IReadOnlyList<Client>> All(Sql sql) =>
        sql.List<Client>($"""select {Columns} from clients c where c.deleted_at is null order by lower(c.name), c.id""");

    /// <summary>Clients with a launch address that this user's groups may open, by name.</summary>
    public static Task<IReadOnlyList<Client>> Openable(Sql sql, string userId) => sql.List<Client>($"""
        select {Columns} from clients c
        where c.enabled = true and c.deleted_at is null and c.launch_url is not null and (c.restricted = false or exists (
            select 1 from client_groups a join group_members m on m.group_id = a.group_id where a.client_id = c.id and m.user_id = @userId))
        order by lower(c.name), c.id
        """, new { userId });

    internal static async Task Insert(Sql sql, Client client)
    {
        await sql.Run("""
            insert into clients (id, name, is_public, is_native, pkce_required, auth_method, id_token_algorithm, restricted, launch_url, trusted, backchannel_logout_uri, backchannel_private, loop_guard,
                enabled, created_at, updated_at, row_version, grant_types, jwks, jwks_uri, jwks_private, refresh_idle_seconds, refresh_max_seconds, session_idle_seconds, session_max_seconds)
            values (@Id, @Name, @IsPublic, @IsNative, @PkceRequired, @AuthMethod, @IdTokenAlgorithm, @Restricted, @LaunchUrl, @Trusted, @BackchannelLogoutUri, @BackchannelPrivate, @LoopGuard,
                @Enabled, @CreatedAt, @CreatedAt, 1, @GrantTypes, @Jwks, @JwksUri, @JwksPrivate, @RefreshIdleSeconds, @RefreshMaxSeconds, @SessionIdleSeconds, @SessionMaxSeconds)
            """, client);
        await InsertParts(sql, client);
    }

    /// <summary>False when the row has moved on from <paramref name="rowVersion"/>.</summary>
    internal static async Task<bool> Update(Sql sql, Client client, long rowVersion)
    {
        var touched = await sql.Run("""
            update clients set name = @Name, is_public = @IsPublic, is_native = @IsNative, pkce_required = @PkceRequired, auth_method = @AuthMethod,
                id_token_algorithm = @IdTokenAlgorithm, restricted = @Restricted, launch_url = @LaunchUrl, trusted = @Trusted,
                backchannel_logout_uri = @BackchannelLogoutUri, backchannel_private = @BackchannelPrivate, loop_guard = @LoopGuard, enabled = @Enabled,
                grant_types = @GrantTypes, jwks = @Jwks, jwks_uri = @JwksUri, jwks_private = @JwksPrivate,
                refresh_idle_seconds = @RefreshIdleSeconds, refresh_max_seconds = @RefreshMaxSeconds, session_idle_seconds = @SessionIdleSeconds, session_max_seconds = @SessionMaxSeconds,
                deleted_at = @DeletedAt, updated_at = @UpdatedAt, row_version = row_version + 1
            where id = @Id and row_version = @rowVersion
            """, new
        {
            client.Id,
            client.Name,
            client.IsPublic,
            client.IsNative,
            client.PkceRequired,
            client.AuthMethod,
            client.IdTokenAlgorithm,
            client.Restricted,
            client.LaunchUrl,
            client.Trusted,
            client.BackchannelLogoutUri,
            client.BackchannelPrivate,
            client.LoopGuard,
            client.Enabled,
            client.GrantTypes,
            client.Jwks,
            client.JwksUri,
            client.JwksPrivate,
            client.RefreshIdleSeconds,
            client.RefreshMaxSeconds,
            client.SessionIdleSeconds,
            client.SessionMaxSeconds,
            client.DeletedAt,
            client.UpdatedAt,
            rowVersion,
        });
        if (touched == 0) return false;
        await sql.Run("delete from client_urls where client_id = @Id", new { client.Id });
        await sql.Run("delete from client_groups where client_id = @Id", new { client.Id });
        await InsertParts(sql, client);
        return true;
    }

    private static async Task InsertParts(Sql sql, Client client)
    {
        foreach (var (kind, urls) in new[] { (UrlKind.Callback, client.Callbacks), (UrlKind.Logout, client.LogoutCallbacks) })
            for (var i = 0; i < urls.Count; i++)
                await sql.Run("insert into client_urls (client_id, kind, url, position) values (@Id, @kind, @url, @position)", new { client.Id, kind, url = urls[i], position = (long)i });
        foreach (var group in client.Groups)
            await sql.Run("insert into client_groups (client_id, group_id) values (@Id, @group)", new { client.Id, group = group.Id });
    }

    private static Client Whole(IReadOnlyList<Row> rows) => rows[0] with
    {
        Callbacks = [.. rows.Where(r => r.Part == UrlKind.Callback).OrderBy(r => r.N1).Select(r => r.A)],
        LogoutCallbacks = [.. rows.Where(r => r.Part == UrlKind.Logout).OrderBy(r => r.N1).Select(r => r.A)],
        Secrets =
        [
            .. rows.Where(r => r.Part == "secret").OrderBy(r => r.N1)
                .Select(r => new ClientSecret { Id = r.A, Hash = r.B, CreatedAt = r.N1, ExpiresAt = r.N2, RevokedAt = r.N3, LastUsedAt = r.N4 }),
        ],
        ApiScopes = [.. rows.Where(r => r.Part == "scope").Select(r => new ApiScopeRef(r.A, r.B))],
        Groups = [.. rows.Where(r => r.Part == "group").Select(r => new GroupRef(r.A, r.B)).OrderBy(g => g.Name, StringComparer.OrdinalIgnoreCase)],
    };

    private static class UrlKind
    {
        public const string Callback = "callback";
        public const string Logout = "logout";
    }

    private sealed record Row : Client
    {
        public string? Part { get; init; }
        public string A { get; init; } = "";
        public string B { get; init; } = "";
        public long N1 { get; init; }
        public long? N2 { get; init; }
        public long? N3 { get; init; }
        public long? N4 { get; init; }
    }
}
