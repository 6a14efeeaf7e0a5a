using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>A stored refusal, with the names of whom and what it concerns as they are today.</summary>
public sealed record Case
{
    public string Reference { get; init; } = "";
    public string ProblemId { get; init; } = "";
    public long At { get; init; }
    public string Code { get; init; } = "";
    public string Data { get; init; } = "";
    public string Target { get; init; } = "";
    public string? UserId { get; init; }
    public string? UserName { get; init; }
    public string? ClientId { get; init; }
    public string? ClientName { get; init; }
    public string Address { get; init; } = "";
    public string UserAgent { get; init; } = "";
    public string TraceId { get; init; } = "";
    public bool LiveSession { get; init; }
    public string? RetryPath { get; init; }
    public string StepsJson { get; init; } = "[]";

    public RefusalEntry? Entry => RefusalCatalogue.Find(Code)?.Entry;

    /// <summary>The refusal as it was raised; null when this version cannot read it any more.</summary>
    public Refusal? Refusal => RefusalCatalogue.Read(Code, Data);

    public IReadOnlyList<Step> Steps => JsonSerializer.Deserialize<List<Step>>(StepsJson) ?? [];

    public string Title => Entry?.Title ?? "A refusal this version does not know";

    internal RemedyCase Origin => new(Reference, Entry?.Causer ?? Causer.Stranger, LiveSession);
}

/// <summary>All refusals with one code and one target.</summary>
public sealed record Problem
{
    public string Id { get; init; } = "";
    public string Code { get; init; } = "";
    public string Target { get; init; } = "";
    public string? TargetName { get; init; }
    public string State { get; init; } = "";
    public long Reopened { get; init; }
    public long Occurrences { get; init; }
    public long FirstAt { get; init; }
    public long LastAt { get; init; }
    public string LastReference { get; init; } = "";
    public long StateChangedAt { get; init; }

    public RefusalEntry? Entry => RefusalCatalogue.Find(Code)?.Entry;
    public string Title => Entry?.Title ?? Code;
    public string Concerns => TargetName ?? (Target == CaseStore.ManyTargets ? "many different names" : Target);
}

/// <summary>A remedy that was pressed.</summary>
public sealed record AppliedRemedy
{
    public string Id { get; init; } = "";
    public string Reference { get; init; } = "";
    public string Kind { get; init; } = "";
    public string RemedyJson { get; init; } = "";
    public string? Undo { get; init; }
    public string Summary { get; init; } = "";
    public long AppliedAt { get; init; }
    public string AppliedBy { get; init; } = "";
    public long? UndoneAt { get; init; }
}

/// <summary>Reads cases and problems.</summary>
public static class Cases
{
    private const string CaseColumns = """
        c.reference as "Reference", c.problem_id as "ProblemId", c.at as "At", c.code as "Code", c.data as "Data", c.target as "Target", c.user_id as "UserId",
        u.display_name as "UserName", c.client_id as "ClientId", k.name as "ClientName", c.address as "Address", c.user_agent as "UserAgent", c.trace_id as "TraceId",
        c.live_session as "LiveSession", c.retry_path as "RetryPath", c.steps as "StepsJson"
        """;

    private const string CaseTables = "cases c left join users u on u.id = c.user_id left join clients k on k.id = c.client_id";

    private const string ProblemColumns = """
        p.id as "Id", p.code as "Code", p.target as "Target", coalesce(k.name, u.display_name) as "TargetName", p.state as "State", p.reopened as "Reopened",
        p.occurrences as "Occurrences", p.first_at as "FirstAt", p.last_at as "LastAt", p.last_reference as "LastReference", p.state_changed_at as "StateChangedAt"
        """;

    private const string ProblemTables = "problems p left join clients k on k.id = p.target left join users u on u.id = p.target";

    public static Task<Case?> Find(Sql sql, string reference) => sql.One<Case>($"select {CaseColumns} from {CaseTables} where c.reference = @reference", new { reference });

    /// <summary>A user's own cases, newest first; for the activity page, which shows their public sentences only.</summary>
    public static Task<IReadOnlyList<Case>> OfUser(Sql sql, string userId, int limit) =>
        sql.List<Case>($"select {CaseColumns} from {CaseTables} where c.user_id = @userId order by c.at desc limit @limit", new { userId, limit = (long)limit });

    public static Task<IReadOnlyList<Case>> OfProblem(Sql sql, string problemId, int limit) =>
        sql.List<Case>($"select {CaseColumns} from {CaseTables} where c.problem_id = @problemId order by c.at desc limit @limit", new { problemId, limit = (long)limit });

    public static Task<Problem?> FindProblem(Sql sql, string id) => sql.One<Problem>($"select {ProblemColumns} from {ProblemTables} where p.id = @id", new { id });

    /// <summary>The problem a reference without a case of its own leads to.</summary>
    public static async Task<Problem?> FindProblemOf(Sql sql, string reference)
    {
        var id = await sql.One<string?>("select problem_id from loose_references where reference = @reference", new { reference })
            ?? (await sql.List<string>("select id from problems where last_reference = @reference limit 1", new { reference })).FirstOrDefault();
        return id is null ? null : await FindProblem(sql, id);
    }

    /// <summary>Problems by their last occurrence.</summary>
    /// <param name="state">A <see cref="ProblemState"/>, "unsolved" for open and waiting, or null for all.</param>
    /// <param name="search">Part of code, target or name.</param>
    public static async Task<(IReadOnlyList<Problem> Problems, long Total)> Problems(Sql sql, string? state, string? search, long since, int page, int size)
    {
        var where = "p.last_at >= @since";
        if (state == "unsolved") where += " and p.state <> 'closed'";
        else if (state is not null) where += " and p.state = @state";
        if (search is not null) where += " and (lower(p.code) like @like escape '!' or lower(p.target) like @like escape '!' or lower(coalesce(k.name, u.display_name, '')) like @like escape '!')";
        var args = new { state, like = Like.Containing(search), since, limit = (long)size, offset = (long)(page - 1) * size };
        return (await sql.List<Problem>($"select {ProblemColumns} from {ProblemTables} where {where} order by p.last_at desc, p.id limit @limit offset @offset", args),
            await sql.One<long>($"select count(*) from {ProblemTables} where {where}", args));
    }

    /// <summary>What was changed on the same user, client or target in the day before.</summary>
    public static Task<IReadOnlyList<AuditEntry>> ChangesBefore(Sql sql, Case one) => sql.List<AuditEntry>($"""
        select {AuditList.Columns} from audit a
        where a.at >= @from and a.at <= @at and (a.target_id = @target or a.target_id = @user or a.target_id = @client) and a.target_id <> ''
        order by a.at desc limit 20
        """, new { from = one.At - 86_400_000, at = one.At, target = one.Target, user = one.UserId ?? "", client = one.ClientId ?? "" });

    internal const string AppliedColumns = """
        r.id as "Id", r.reference as "Reference", r.kind as "Kind", r.remedy as "RemedyJson", r.undo as "Undo", r.summary as "Summary",
        r.applied_at as "AppliedAt", r.applied_by as "AppliedBy", r.undone_at as "UndoneAt"
        """;

    public static Task<IReadOnlyList<AppliedRemedy>> Applied(Sql sql, string reference) =>
        sql.List<AppliedRemedy>($"select {AppliedColumns} from applied_remedies r where r.reference = @reference order by r.applied_at desc", new { reference });
}

/// <summary>Patterns for "like … escape '!'" that match text as it was typed.</summary>
internal static class Like
{
    public static string Containing(string? text) => "%" + Beginning(text);

    public static string Beginning(string? text) => (text ?? "").Trim().ToLowerInvariant()
        .Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal) + "%";
}
