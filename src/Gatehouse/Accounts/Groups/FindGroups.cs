using Gatehouse.Accounts.Users;
using Gatehouse.Data;

namespace Gatehouse.Accounts.Groups;

/// <summary>A line of the list of groups.</summary>
public sealed record GroupLine
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string Description { get; init; } = "";
    public long Members { get; init; }
    public long Clients { get; init; }
}

/// <summary>A member as the page of a group shows it.</summary>
public sealed record MemberLine
{
    public string Id { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Email { get; init; } = "";
    public long AddedAt { get; init; }
    public long? DisabledAt { get; init; }
}

/// <summary>Searches groups and their members.</summary>
public sealed class FindGroups(Database database)
{
    public const int PageSize = 50;

    public Task<(IReadOnlyList<GroupLine> Lines, long Total)> Run(string search, int page) => database.Read(async sql =>
    {
        var args = new { pattern = Like.Anywhere(UserStore.Fold(search)), limit = PageSize, offset = (long)(page - 1) * PageSize };
        var total = await sql.One<long>("select count(*) from groups g where g.name_folded like @pattern escape '\\'", args);
        var lines = await sql.List<GroupLine>("""
            select g.id as "Id", g.name as "Name", g.description as "Description",
                (select count(*) from group_members m join users u on u.id = m.user_id where m.group_id = g.id and u.deleted_at is null) as "Members",
                (select count(*) from client_groups c where c.group_id = g.id) as "Clients"
            from groups g where g.name_folded like @pattern escape '\' order by g.name_folded limit @limit offset @offset
            """, args);
        return (lines, total);
    });

    public Task<(IReadOnlyList<MemberLine> Lines, long Total)> Members(string groupId, int page) => database.Read(async sql =>
    {
        var args = new { groupId, limit = PageSize, offset = (long)(page - 1) * PageSize };
        var total = await sql.One<long>("select count(*) from group_members m join users u on u.id = m.user_id where m.group_id = @groupId and u.deleted_at is null", args);
        var lines = await sql.List<MemberLine>("""
            select u.id as "Id", u.display_name as "DisplayName", u.email as "Email", m.added_at as "AddedAt", u.disabled_at as "DisabledAt"
            from group_members m join users u on u.id = m.user_id where m.group_id = @groupId and u.deleted_at is null
            order by lower(u.display_name), u.id limit @limit offset @offset
            """, args);
        return (lines, total);
    });
}
