using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect.Apis;

/// <summary>SQL of APIs. They come whole, with scopes and holders.</summary>
internal static class ApiStore
{
    private const string Columns = """
        a.id as "Id", a.identifier as "Identifier", a.name as "Name", a.token_format as "TokenFormat", a.algorithm as "Algorithm", a.token_seconds as "TokenSeconds",
        a.introspector_id as "IntrospectorId", a.enabled as "Enabled", a.created_at as "CreatedAt", a.updated_at as "UpdatedAt", a.row_version as "RowVersion"
        """;

    public static async Task<IReadOnlyList<Api>> All(Sql sql)
    {
        var apis = await sql.List<Api>($"""select {Columns} from apis a order by lower(a.name), a.id""");
        var scopes = await sql.List<ScopeRow>("""select api_id as "ApiId", name as "Name", description as "Description" from api_scopes order by api_id, position""");
        var holders = await sql.List<HolderRow>("""
            select h.api_id as "ApiId", h.scope as "Scope", h.kind as "Kind", h.holder as "Holder", g.name as "GroupName"
            from api_scope_holders h left join groups g on g.id = h.holder and h.kind = 'group'
            where h.kind = 'role' or g.id is not null order by h.kind desc, lower(g.name), h.holder
            """);
        return
        [
            .. apis.Select(a => a with
            {
                Scopes =
                [
                    .. scopes.Where(s => s.ApiId == a.Id).Select(s => new ApiScope(s.Name, s.Description,
                        [.. holders.Where(h => h.ApiId == a.Id && h.Scope == s.Name).Select(h => new ScopeHolder(h.Kind, h.Holder, h.GroupName ?? h.Holder))])),
                ],
            }),
        ];
    }

    public static async Task<Api?> Find(Sql sql, string id) => (await All(sql)).FirstOrDefault(a => a.Id == id);

    public static async Task<Api?> FindByIdentifier(Sql sql, string identifier) => (await All(sql)).FirstOrDefault(a => a.Identifier == identifier);

    public static async Task Insert(Sql sql, Api api)
    {
        await sql.Run("""
            insert into apis (id, identifier, name, token_format, algorithm, token_seconds, introspector_id, enabled, created_at, updated_at, row_version)
            values (@Id, @Identifier, @Name, @TokenFormat, @Algorithm, @TokenSeconds, @IntrospectorId, @Enabled, @CreatedAt, @CreatedAt, 1)
            """, api);
        await InsertScopes(sql, api);
    }

    /// <summary>False when the row has moved on from <paramref name="rowVersion"/>. Scopes that are gone take their holders and clients along.</summary>
    public static async Task<bool> Update(Sql sql, Api api, long rowVersion)
    {
        var touched = await sql.Run("""
            update apis set name = @Name, token_format = @TokenFormat, algorithm = @Algorithm, token_seconds = @TokenSeconds, introspector_id = @IntrospectorId,
                enabled = @Enabled, updated_at = @UpdatedAt, row_version = row_version + 1
            where id = @Id and row_version = @rowVersion
            """, new { api.Id, api.Name, api.TokenFormat, api.Algorithm, api.TokenSeconds, api.IntrospectorId, api.Enabled, api.UpdatedAt, rowVersion });
        if (touched == 0) return false;
        await sql.Run("delete from api_scopes where api_id = @Id", new { api.Id });
        await InsertScopes(sql, api);
        await sql.Run("delete from api_scope_holders where api_id = @Id and not exists (select 1 from api_scopes s where s.api_id = api_scope_holders.api_id and s.name = api_scope_holders.scope)", new { api.Id });
        await sql.Run("delete from client_api_scopes where api_id = @Id and not exists (select 1 from api_scopes s where s.api_id = client_api_scopes.api_id and s.name = client_api_scopes.scope)", new { api.Id });
        return true;
    }

    public static Task Delete(Sql sql, string id) => sql.Run("delete from apis where id = @id", new { id });

    public static Task<int> AddHolder(Sql sql, string api, string scope, string kind, string holder) => sql.Run("""
        insert into api_scope_holders (api_id, scope, kind, holder) values (@api, @scope, @kind, @holder) on conflict do nothing
        """, new { api, scope, kind, holder });

    public static Task<int> RemoveHolder(Sql sql, string api, string scope, string kind, string holder) =>
        sql.Run("delete from api_scope_holders where api_id = @api and scope = @scope and kind = @kind and holder = @holder", new { api, scope, kind, holder });

    public static Task<int> AddClient(Sql sql, string api, string scope, string client) =>
        sql.Run("insert into client_api_scopes (client_id, api_id, scope) values (@client, @api, @scope) on conflict do nothing", new { api, scope, client });

    public static Task<int> RemoveClient(Sql sql, string api, string scope, string client) =>
        sql.Run("delete from client_api_scopes where api_id = @api and scope = @scope and client_id = @client", new { api, scope, client });

    /// <summary>The clients that may ask for scopes of an API.</summary>
    public static Task<IReadOnlyList<ClientOfApi>> Clients(Sql sql, string api) => sql.List<ClientOfApi>("""
        select m.scope as "Scope", c.id as "ClientId", c.name as "Name" from client_api_scopes m join clients c on c.id = m.client_id
        where m.api_id = @api and c.deleted_at is null order by lower(c.name), m.scope
        """, new { api });

    private static async Task InsertScopes(Sql sql, Api api)
    {
        for (var i = 0; i < api.Scopes.Count; i++)
            await sql.Run("insert into api_scopes (api_id, name, description, position) values (@api, @Name, @Description, @position)",
                new { api = api.Id, api.Scopes[i].Name, api.Scopes[i].Description, position = (long)i });
    }

    private sealed record ScopeRow
    {
        public string ApiId { get; init; } = "";
        public string Name { get; init; } = "";
        public string Description { get; init; } = "";
    }

    private sealed record HolderRow
    {
        public string ApiId { get; init; } = "";
        public string Scope { get; init; } = "";
        public string Kind { get; init; } = "";
        public string Holder { get; init; } = "";
        public string? GroupName { get; init; }
    }
}

/// <summary>A client that may ask for a scope of an API.</summary>
public sealed record ClientOfApi
{
    public string Scope { get; init; } = "";
    public string ClientId { get; init; } = "";
    public string Name { get; init; } = "";
}

/// <summary>All APIs as the token path needs them; a change is effective on all nodes within a second.</summary>
internal sealed class ApiRegistry(Database database)
{
    public const string VersionName = "apis";

    private readonly Cached<Registered> cache = new(database, VersionName, async sql => new(await ApiStore.All(sql)));

    public async ValueTask<Registered> Get() => await cache.Get();

    internal sealed class Registered(IReadOnlyList<Api> all)
    {
        private readonly Dictionary<string, Api> byIdentifier = all.ToDictionary(a => a.Identifier, StringComparer.Ordinal);
        private readonly Dictionary<string, Api> byId = all.ToDictionary(a => a.Id, StringComparer.Ordinal);

        public IReadOnlyList<Api> All => all;

        public Api? ByIdentifier(string identifier) => byIdentifier.GetValueOrDefault(identifier);

        public Api? ById(string id) => byId.GetValueOrDefault(id);
    }
}
