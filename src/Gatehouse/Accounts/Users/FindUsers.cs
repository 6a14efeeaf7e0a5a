using Gatehouse.Data;

namespace Gatehouse.Accounts.Users;

/// <summary>What the list of users is asked for; every value from outside is folded to a known one.</summary>
/// <param name="State">"active", "disabled", "deleted", "deletion-asked", "locked-out" (active without any way in) or "" for all that are not deleted.</param>
/// <param name="Sort">"name", "email", "role", "created" or "last".</param>
public sealed record UserQuestion(string Search, string State, string Sort, bool Descending, int Page, string? NotInGroup = null)
{
    public const int PageSize = 50;
    public static readonly string[] States = ["", "active", "disabled", "deleted", "deletion-asked", "locked-out"];
    public static readonly string[] Sorts = ["name", "email", "role", "created", "last"];

    /// <summary>Reads it from a query; what it does not know falls back to the default.</summary>
    public static UserQuestion From(Web.StrictParameters? query) => new(
        Cap(query?.Text("q") ?? ""),
        States.FirstOrDefault(s => s == query?["state"]) ?? "",
        Sorts.FirstOrDefault(s => s == query?["sort"]) ?? "name",
        query?["order"] == "down",
        PageOf(query));

    public static int PageOf(Web.StrictParameters? query) =>
        int.TryParse(query?["page"], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var page) ? Math.Clamp(page, 1, 100_000) : 1;

    /// <summary>Path and query of this list; the page is left out.</summary>
    public string Path(string? sort = null, bool? descending = null, string? state = null)
    {
        var parts = new List<string>();
        if (Search.Length > 0) parts.Add("q=" + Uri.EscapeDataString(Search));
        if ((state ?? State) is { Length: > 0 } s) parts.Add("state=" + s);
        if ((sort ?? Sort) is var by && by != "name") parts.Add("sort=" + by);
        if (descending ?? Descending) parts.Add("order=down");
        return "/admin/users" + (parts.Count > 0 ? "?" + string.Join('&', parts) : "");
    }

    private static string Cap(string text) => text.Length > 200 ? text[..200] : text;
}

/// <summary>A line of the list.</summary>
public sealed record UserLine
{
    public string Id { get; init; } = "";
    public string UserName { get; init; } = "";
    public string Email { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Role { get; init; } = "";
    public long CreatedAt { get; init; }
    public long? LastSignInAt { get; init; }
    public long? DisabledAt { get; init; }
    public long? DeletedAt { get; init; }
    public long Passkeys { get; init; }

    /// <summary>True when there is no way for this person to sign in by themselves.</summary>
    public bool LockedOut { get; init; }
    public bool AsksDeletion { get; init; }
}

/// <summary>Searches users.</summary>
public sealed class FindUsers(Database database, IEnumerable<IWayIn> ways)
{
    public async Task<(IReadOnlyList<UserLine> Lines, long Total)> Run(UserQuestion question, int pageSize = UserQuestion.PageSize)
    {
        var anyWay = await ways.Any();
        return await database.Read(sql => Read(sql, question, pageSize, anyWay));
    }

    private static async Task<(IReadOnlyList<UserLine> Lines, long Total)> Read(Sql sql, UserQuestion question, int pageSize, string anyWay)
    {
        var conditions = new List<string>
        {
            question.State switch
            {
                "active" => "u.disabled_at is null and u.deleted_at is null",
                "disabled" => "u.disabled_at is not null and u.deleted_at is null",
                "deletion-asked" => "u.deleted_at is null and exists (select 1 from deletion_requests d where d.user_id = u.id and d.declined_at is null)",
                "deleted" => "u.deleted_at is not null",
                "locked-out" => $"u.disabled_at is null and u.deleted_at is null and not {anyWay}",
                _ => "u.deleted_at is null",
            },
        };
        if (question.Search.Length > 0)
            conditions.Add("(u.email_folded like @pattern escape '\\' or u.user_name_folded like @pattern escape '\\' or lower(u.display_name) like @pattern escape '\\' or u.id = @exact)");
        if (question.NotInGroup is not null) conditions.Add("not exists (select 1 from group_members m where m.user_id = u.id and m.group_id = @group)");
        var where = string.Join(" and ", conditions);
        var down = question.Descending ? " desc" : "";
        var order = question.Sort switch
        {
            "email" => "u.email_folded" + down,
            "role" => $"u.role{down}, lower(u.display_name)",
            "created" => "u.created_at" + down,
            "last" => $"coalesce(u.last_sign_in_at, 0){down}, lower(u.display_name)",
            _ => "lower(u.display_name)" + down,
        };
        var args = new { pattern = Like.Anywhere(UserStore.Fold(question.Search)), exact = question.Search, group = question.NotInGroup, limit = pageSize, offset = (long)(question.Page - 1) * pageSize };
        var total = await sql.One<long>($"select count(*) from users u where {where}", args);
        var lines = await sql.List<UserLine>($"""
            select u.id as "Id", u.user_name as "UserName", u.email as "Email", u.display_name as "DisplayName", u.role as "Role", u.created_at as "CreatedAt",
                u.last_sign_in_at as "LastSignInAt", u.disabled_at as "DisabledAt", u.deleted_at as "DeletedAt",
                (select count(*) from passkeys p where p.user_id = u.id and p.removed_at is null) as "Passkeys", not {anyWay} as "LockedOut",
                exists (select 1 from deletion_requests d where d.user_id = u.id and d.declined_at is null) as "AsksDeletion"
            from users u where {where} order by {order}, u.id limit @limit offset @offset
            """, args);
        return (lines, total);
    }
}
