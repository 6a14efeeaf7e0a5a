using Gatehouse.Accounts.Users;
using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>A line of the list of clients.</summary>
public sealed record ClientLine
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public bool IsPublic { get; init; }
    public bool Restricted { get; init; }
    public bool Enabled { get; init; }
    public long CreatedAt { get; init; }
    public long Groups { get; init; }
    public long? LastUsedAt { get; init; }
}

/// <summary>Searches clients by name or id.</summary>
public sealed class FindClients(Database database)
{
    public const int PageSize = 50;

    /// <summary>What the list may be sorted by; anything else is the name.</summary>
    public static readonly IReadOnlyDictionary<string, string> Orders = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = "lower(c.name), c.id",
        ["created"] = "c.created_at desc, c.id",
        ["used"] = "\"LastUsedAt\" desc, c.id",
    };

    public Task<(IReadOnlyList<ClientLine> Lines, long Total)> Run(string search, string order, int page) => database.Read(async sql =>
    {
        var args = new { pattern = Like.Anywhere(search.Trim().ToLowerInvariant()), limit = PageSize, offset = (long)(page - 1) * PageSize };
        const string where = "where c.deleted_at is null and (lower(c.name) like @pattern escape '\\' or c.id like @pattern escape '\\')";
        var total = await sql.One<long>($"select count(*) from clients c {where}", args);
        var lines = await sql.List<ClientLine>($"""
            select c.id as "Id", c.name as "Name", c.is_public as "IsPublic", c.restricted as "Restricted", c.enabled as "Enabled", c.created_at as "CreatedAt",
                (select count(*) from client_groups g where g.client_id = c.id) as "Groups",
                coalesce((select max(r.created_at) from grants r where r.client_id = c.id), 0) as "LastUsedAt"
            from clients c {where} order by {Orders.GetValueOrDefault(order, Orders["name"])} limit @limit offset @offset
            """, args);
        return (lines, total);
    });
}
