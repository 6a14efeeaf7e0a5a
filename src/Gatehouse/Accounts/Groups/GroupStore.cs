using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Groups;

/// <summary>SQL of groups and membership.</summary>
public static class GroupStore
{
    public const string Columns = """g.id as "Id", g.name as "Name", g.description as "Description", g.created_at as "CreatedAt", g.row_version as "RowVersion" """;

    public static Task<Group?> Find(Sql sql, string id) => sql.One<Group>($"select {Columns} from groups g where g.id = @id", new { id });

    public static Task<Group?> FindByName(Sql sql, string name) =>
        sql.One<Group>($"select {Columns} from groups g where g.name_folded = @folded", new { folded = Users.UserStore.Fold(name) });

    public static Task<IReadOnlyList<Group>> All(Sql sql) => sql.List<Group>($"select {Columns} from groups g order by g.name_folded");

    /// <summary>The groups a user is in, by name.</summary>
    public static async Task<IReadOnlyList<GroupRef>> Of(Sql sql, string userId) =>
        [.. (await sql.List<Group>($"select {Columns} from groups g join group_members m on m.group_id = g.id where m.user_id = @userId order by g.name_folded", new { userId })).Select(g => g.Ref)];

    public static Task Insert(Sql sql, Group group) => sql.Run("""
        insert into groups (id, name, name_folded, description, created_at, row_version) values (@Id, @Name, @Folded, @Description, @CreatedAt, 1)
        """, new { group.Id, group.Name, Folded = Users.UserStore.Fold(group.Name), group.Description, group.CreatedAt });

    /// <summary>True when the user was not in it before.</summary>
    public static async Task<bool> Join(Sql sql, string groupId, string userId, long now) =>
        await sql.Run("insert into group_members (group_id, user_id, added_at) values (@groupId, @userId, @now) on conflict (group_id, user_id) do nothing", new { groupId, userId, now }) == 1;

    /// <summary>True when the user was in it.</summary>
    public static async Task<bool> Leave(Sql sql, string groupId, string userId) =>
        await sql.Run("delete from group_members where group_id = @groupId and user_id = @userId", new { groupId, userId }) == 1;
}
