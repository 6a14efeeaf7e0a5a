using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>An account that belongs to an entry.</summary>
internal sealed record LinkedUser
{
    public string UserId { get; init; } = "";
    public string StableId { get; init; } = "";
    public string Dn { get; init; } = "";

    /// <summary>The run that switched it off; null when it is on or somebody else did.</summary>
    public string? OffByRun { get; init; }
    public string? AdminByRun { get; init; }

    /// <summary>False when the account was deleted and its week is over: the entry is kept out until an admin says otherwise.</summary>
    public bool Exists { get; init; }
    public string UserName { get; init; } = "";
    public string Email { get; init; } = "";
    public bool EmailVerified { get; init; }
    public string DisplayName { get; init; } = "";
    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }
    public string Role { get; init; } = "";
    public long? DisabledAt { get; init; }
    public string? DisabledBy { get; init; }
    public long? DeletedAt { get; init; }
    public long RowVersion { get; init; }

    public bool IsActive => Exists && DisabledAt is null && DeletedAt is null;
    public UserRef Ref => new(UserId, DisplayName);

    /// <summary>True when a sync switched it off and nobody else did since; only that a sync takes back.</summary>
    public bool IsOffBySync => DisabledAt is not null && OffByRun is not null && SyncActor.Is(DisabledBy);
}

/// <summary>A group that belongs to an entry.</summary>
internal sealed record LinkedTeam
{
    public string GroupId { get; init; } = "";
    public string StableId { get; init; } = "";
    public string Dn { get; init; } = "";
    public string Name { get; init; } = "";
    public long? GoneAt { get; init; }
}

/// <summary>Whose a name or an address is.</summary>
internal sealed record Holder
{
    public string Id { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Source { get; init; } = "";
    public string Role { get; init; } = "";
    public string NameFolded { get; init; } = "";
    public string EmailFolded { get; init; } = "";
}

/// <summary>What we have, as the plan compares it with the directory.</summary>
internal sealed record LocalState(IReadOnlyList<LinkedUser> Users, IReadOnlyList<LinkedTeam> Teams, IReadOnlyList<Holder> Holders, IReadOnlyDictionary<string, GroupRef> GroupNames, IReadOnlyDictionary<string, HashSet<string>> Members)
{
    public static async Task<LocalState> Load(Sql sql)
    {
        var users = await sql.List<LinkedUser>("""
            select l.user_id as "UserId", l.stable_id as "StableId", l.dn as "Dn", l.off_by_run as "OffByRun", l.admin_by_run as "AdminByRun", (u.id is not null) as "Exists",
                coalesce(u.user_name, '') as "UserName", coalesce(u.email, '') as "Email", coalesce(u.email_verified, false) as "EmailVerified", coalesce(u.display_name, '') as "DisplayName",
                u.given_name as "GivenName", u.family_name as "FamilyName", coalesce(u.role, '') as "Role", u.disabled_at as "DisabledAt", u.disabled_by as "DisabledBy",
                u.deleted_at as "DeletedAt", coalesce(u.row_version, 0) as "RowVersion"
            from ldap_users l left join users u on u.id = l.user_id order by l.user_id
            """);
        var teams = await sql.List<LinkedTeam>("""
            select l.group_id as "GroupId", l.stable_id as "StableId", l.dn as "Dn", g.name as "Name", l.gone_at as "GoneAt" from ldap_groups l join groups g on g.id = l.group_id order by l.group_id
            """);
        var holders = await sql.List<Holder>("""
            select id as "Id", display_name as "DisplayName", source as "Source", role as "Role", user_name_folded as "NameFolded", email_folded as "EmailFolded" from users
            """);
        var names = await sql.List<NameRow>("""select id as "Id", name as "Name", name_folded as "Folded" from groups""");
        var rows = await sql.List<MemberRow>("""select group_id as "GroupId", user_id as "UserId" from ldap_memberships order by group_id""");
        // The same id stands in many rows: one string for each.
        var ids = users.ToDictionary(u => u.UserId, u => u.UserId, StringComparer.Ordinal);
        var members = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var row in rows) (members.TryGetValue(row.GroupId, out var set) ? set : members[row.GroupId] = new(StringComparer.Ordinal)).Add(ids.GetValueOrDefault(row.UserId, row.UserId));
        return new(users, teams, holders, names.ToDictionary(n => n.Folded, n => new GroupRef(n.Id, n.Name), StringComparer.Ordinal), members);
    }

    private sealed record NameRow
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public string Folded { get; init; } = "";
    }

    private sealed record MemberRow
    {
        public string GroupId { get; init; } = "";
        public string UserId { get; init; } = "";
    }
}
