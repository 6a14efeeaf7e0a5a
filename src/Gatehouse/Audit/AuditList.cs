using System.Globalization;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Audit;

/// <summary>Reads the audit log.</summary>
public static class AuditList
{
    public const string Columns = """
        a.id as "Id", a.at as "At", a.actor as "Actor", a.action as "Action", a.target_kind as "TargetKind", a.target_id as "TargetId", a.target_name as "TargetName",
        a.before as "Before", a.after as "After", a.reference as "Reference", a.address as "Address"
        """;

    /// <param name="search">Part of actor, target or action.</param>
    /// <param name="target">Exactly this id.</param>
    public static async Task<(IReadOnlyList<AuditEntry> Entries, long Total)> Read(Sql sql, string? search, string? target, long? from, long? to, int page, int size)
    {
        var where = "1 = 1";
        if (search is not null) where += " and (lower(a.actor) like @like escape '!' or lower(a.target_name) like @like escape '!' or lower(a.action) like @like escape '!' or lower(coalesce(a.reference, '')) like @like escape '!')";
        if (target is not null) where += " and a.target_id = @target";
        if (from is not null) where += " and a.at >= @from";
        if (to is not null) where += " and a.at < @to";
        var args = new { like = Like.Containing(search), target, from, to, limit = (long)size, offset = (long)(page - 1) * size };
        return (await sql.List<AuditEntry>($"select {Columns} from audit a where {where} order by a.at desc, a.id desc limit @limit offset @offset", args),
            await sql.One<long>($"select count(*) from audit a where {where}", args));
    }
}

/// <summary>What list pages read from their address.</summary>
internal static class ListQuery
{
    public static StrictParameters Asked(this Visit visit) => visit.Query ?? StrictParameters.Empty;

    /// <summary>The page asked for, from 1.</summary>
    public static int Page(this StrictParameters query) =>
        int.TryParse(query["page"], NumberStyles.None, CultureInfo.InvariantCulture, out var page) ? Math.Clamp(page, 1, 10_000) : 1;

    /// <summary>A time as "datetime-local" fields send it, in UTC; null when absent or unreadable.</summary>
    public static long? Time(this StrictParameters query, string name) =>
        DateTimeOffset.TryParseExact(query.Text(name), ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time.ToUnixTimeMilliseconds() : null;

    /// <summary>The path with those filters that are set, for links to other pages of the list.</summary>
    public static string With(this StrictParameters query, string path, params string[] names)
    {
        var set = names.Where(n => query.Text(n) is not null).Select(n => $"{n}={Uri.EscapeDataString(query.Text(n)!)}");
        var joined = string.Join('&', set);
        return joined.Length == 0 ? path : path + "?" + joined;
    }
}
