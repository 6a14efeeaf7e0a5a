using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>Who a sync is in the audit log and on the accounts it switches off.</summary>
internal static class SyncActor
{
    private const string Name = "directory sync";

    /// <summary>By itself, or at somebody's wish.</summary>
    public static Actor For(Actor? wish) => wish is null ? new(Name, "") : new($"{Name} for {wish.Name}", wish.Address);

    // No address of an account begins so: it has a space before the @.
    public static bool Is(string? name) => name is not null && name.StartsWith(Name, StringComparison.Ordinal);
}

/// <summary>How a run ended.</summary>
internal static class RunOutcome
{
    public const string Rehearsed = "rehearsed";
    public const string Applied = "applied";
    public const string Unchanged = "unchanged";
    public const string Braked = "braked";
    public const string Failed = "failed";
    public const string Undone = "undone";
}

/// <summary>One run as stored. Times in Unix milliseconds.</summary>
public sealed record SyncRun
{
    public string Id { get; init; } = "";
    public string Kind { get; init; } = "";

    /// <summary>"timer", "page", "console".</summary>
    public string Cause { get; init; } = "";
    public string Actor { get; init; } = "";
    public long StartedAt { get; init; }
    public long FinishedAt { get; init; }
    public string Outcome { get; init; } = "";
    public string Fingerprint { get; init; } = "";
    public long People { get; init; }
    public long Teams { get; init; }
    public long Created { get; init; }
    public long Updated { get; init; }
    public long Disabled { get; init; }
    public long Restored { get; init; }
    public long Memberships { get; init; }
    public long Conflicts { get; init; }
    public long Skipped { get; init; }
    public string? Code { get; init; }
    public string? Data { get; init; }
    public string? Undo { get; init; }
    public long? UndoneAt { get; init; }
    public string? UndoneBy { get; init; }

    /// <summary>Why it failed or stopped.</summary>
    public Refusal? Refusal => Code is null || Data is null ? null : RefusalCatalogue.Read(Code, Data);
    public bool CanUndo => Outcome == RunOutcome.Applied && Undo is not null && UndoneAt is null;
}

/// <summary>One line of a run.</summary>
public sealed record RunEntry
{
    public long Position { get; init; }
    public string Act { get; init; } = "";
    public string Name { get; init; } = "";
    public string Dn { get; init; } = "";
    public string? UserId { get; init; }
    public string Detail { get; init; } = "";
    public string? Code { get; init; }
    public string? Data { get; init; }
    public Refusal? Refusal => Code is null || Data is null ? null : RefusalCatalogue.Read(Code, Data);
}

/// <summary>SQL of the history.</summary>
internal static class RunStore
{
    private const int Kept = 100;
    private const int MostEntries = 20_000;

    private const string Columns = """
        r.id as "Id", r.kind as "Kind", r.cause as "Cause", r.actor as "Actor", r.started_at as "StartedAt", r.finished_at as "FinishedAt", r.outcome as "Outcome", r.fingerprint as "Fingerprint",
        r.people as "People", r.teams as "Teams", r.created as "Created", r.updated as "Updated", r.disabled as "Disabled", r.restored as "Restored", r.memberships as "Memberships",
        r.conflicts as "Conflicts", r.skipped as "Skipped", r.code as "Code", r.data as "Data", r.undone_at as "UndoneAt", r.undone_by as "UndoneBy"
        """;

    public static Task<SyncRun?> Find(Sql sql, string id) => sql.One<SyncRun>($"""select {Columns}, r.undo as "Undo" from ldap_runs r where r.id = @id""", new { id });

    /// <summary>The newest first; without what undoing needs.</summary>
    public static Task<IReadOnlyList<SyncRun>> Recent(Sql sql, int limit) => sql.List<SyncRun>($"select {Columns} from ldap_runs r order by r.started_at desc, r.id desc limit @limit", new { limit = (long)limit });

    /// <summary>The last run that was meant to change something, whatever came of it.</summary>
    public static async Task<SyncRun?> LastSync(Sql sql) =>
        (await sql.List<SyncRun>($"select {Columns} from ldap_runs r where r.kind = 'sync' order by r.started_at desc, r.id desc limit 1")).FirstOrDefault();

    /// <summary>The last run that did change something.</summary>
    public static async Task<string?> LastApplied(Sql sql) =>
        (await sql.List<string>("select id from ldap_runs where outcome in ('applied', 'undone') order by started_at desc, id desc limit 1")).FirstOrDefault();

    public static Task<IReadOnlyList<RunEntry>> Entries(Sql sql, string id, string act, int page, int size) => sql.List<RunEntry>("""
        select position as "Position", act as "Act", name as "Name", dn as "Dn", user_id as "UserId", detail as "Detail", code as "Code", data as "Data"
        from ldap_run_entries where run_id = @id and (@act = '' or act = @act) order by position limit @limit offset @offset
        """, new { id, act, limit = (long)size, offset = (long)(page - 1) * size });

    public static async Task<IReadOnlyDictionary<string, long>> Acts(Sql sql, string id) =>
        (await sql.List<ActCount>("""select act as "Act", count(*) as "Count" from ldap_run_entries where run_id = @id group by act order by act""", new { id })).ToDictionary(a => a.Act, a => a.Count, StringComparer.Ordinal);

    public static async Task Insert(Sql sql, SyncRun run, SyncPlan? plan)
    {
        await sql.Run("""
            insert into ldap_runs (id, kind, cause, actor, started_at, finished_at, outcome, fingerprint, people, teams, created, updated, disabled, restored, memberships, conflicts, skipped, code, data, undo)
            values (@Id, @Kind, @Cause, @Actor, @StartedAt, @FinishedAt, @Outcome, @Fingerprint, @People, @Teams, @Created, @Updated, @Disabled, @Restored, @Memberships, @Conflicts, @Skipped, @Code, @Data, @Undo)
            """, run);
        await sql.InsertMany("ldap_run_entries",
            [("run_id", "text"), ("position", "bigint"), ("act", "text"), ("name", "text"), ("dn", "text"), ("user_id", "text"), ("detail", "text"), ("code", "text"), ("data", "text")],
            (plan?.Items ?? []).OrderBy(Rank).Take(MostEntries).Select((item, position) =>
            {
                var why = (item as LeftAlone)?.Why;
                return new object?[]
                {
                    run.Id, (long)position, item.Act, Web.Printable.Cap(item.Name, 100), Web.Printable.Cap(item.Dn, 500), item.UserId, Web.Printable.Cap(item.Detail, 1000), why?.Facts.Code, why is null ? null : RefusalCatalogue.Write(why),
                };
            }));
        // An old failure or rehearsal is of no use; the last one that can be undone is kept whatever its age.
        await sql.Run("""
            delete from ldap_runs where id in (select id from ldap_runs order by started_at desc limit 1000 offset @kept)
            and id not in (select id from ldap_runs where outcome = 'applied' order by started_at desc limit 5)
            """, new { kept = (long)Kept });
    }

    // What needs a look stands first.
    private static int Rank(PlanItem item) => item switch { LeftAlone { Conflict: true } => 0, SwitchOff => 1, GiveRole => 2, SwitchOn => 3, CreatePerson => 4, ChangePerson => 5, LeftAlone => 9, _ => 6 };

    private sealed record ActCount
    {
        public string Act { get; init; } = "";
        public long Count { get; init; }
    }
}

/// <summary>What a run wrote, so that it can be taken back while it still stands.</summary>
internal sealed record UndoNotes
{
    public sealed record Before(string UserId, long RowVersion, string UserName, string Email, bool EmailVerified, string DisplayName, string? GivenName, string? FamilyName, string Dn);

    public sealed record State(string UserId, long RowVersion, string? Because);

    public sealed record Members(string GroupId, IReadOnlyList<string> Joined, IReadOnlyList<string> Left);

    public sealed record TeamBefore(string GroupId, string Name, string Dn, long? GoneAt);

    public List<string> Created { get; init; } = [];
    public List<Before> Changed { get; init; } = [];
    public List<State> Disabled { get; init; } = [];
    public List<State> Deleted { get; init; } = [];
    public List<State> Restored { get; init; } = [];
    public List<State> Promoted { get; init; } = [];
    public List<State> Demoted { get; init; } = [];
    public List<string> CreatedTeams { get; init; } = [];
    public List<TeamBefore> ChangedTeams { get; init; } = [];
    public List<Members> Memberships { get; init; } = [];

    public string Write() => JsonSerializer.Serialize(this);
    public static UndoNotes Read(string json) => JsonSerializer.Deserialize<UndoNotes>(json)!;
}
