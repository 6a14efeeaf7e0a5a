using Gatehouse.Data;

namespace Gatehouse.Accounts.CustomClaims;

/// <summary>One fact of the operator's own about a user or a group.</summary>
/// <param name="Group">The group's name when the user has it through a group; null when it is the user's own.</param>
public sealed record CustomClaim(string Name, string Value, string? Group = null);

/// <summary>SQL of custom claims.</summary>
public static class CustomClaimStore
{
    public static async Task<IReadOnlyList<CustomClaim>> OfUser(Sql sql, string userId) =>
        [.. (await sql.List<Row>("select name as \"Name\", value as \"Value\" from user_claims where user_id = @userId order by name", new { userId })).Select(r => r.ToClaim())];

    public static async Task<IReadOnlyList<CustomClaim>> OfGroup(Sql sql, string groupId) =>
        [.. (await sql.List<Row>("select name as \"Name\", value as \"Value\" from group_claims where group_id = @groupId order by name", new { groupId })).Select(r => r.ToClaim())];

    /// <summary>The user's own, then those of the user's groups by the group's name.</summary>
    public static async Task<IReadOnlyList<CustomClaim>> Effective(Sql sql, string userId) =>
    [
        .. (await sql.List<Row>("""
            select name as "Name", value as "Value", cast(null as text) as "GroupName", '' as "Folded" from user_claims where user_id = @userId
            union all
            select c.name, c.value, g.name, g.name_folded from group_claims c join groups g on g.id = c.group_id join group_members m on m.group_id = g.id where m.user_id = @userId
            """, new { userId })).OrderBy(r => r.GroupName is not null).ThenBy(r => r.Folded, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal).Select(r => r.ToClaim()),
    ];

    internal static Task Put(Sql sql, bool ofUser, string ownerId, string name, string value) => sql.Run(ofUser
        ? "insert into user_claims (user_id, name, value) values (@ownerId, @name, @value) on conflict (user_id, name) do update set value = excluded.value"
        : "insert into group_claims (group_id, name, value) values (@ownerId, @name, @value) on conflict (group_id, name) do update set value = excluded.value",
        new { ownerId, name, value });

    internal static async Task<bool> Remove(Sql sql, bool ofUser, string ownerId, string name) => await sql.Run(ofUser
        ? "delete from user_claims where user_id = @ownerId and name = @name"
        : "delete from group_claims where group_id = @ownerId and name = @name", new { ownerId, name }) == 1;

    private sealed record Row
    {
        public string Name { get; init; } = "";
        public string Value { get; init; } = "";
        public string? GroupName { get; init; }
        public string Folded { get; init; } = "";

        public CustomClaim ToClaim() => new(Name, Value, GroupName);
    }
}
