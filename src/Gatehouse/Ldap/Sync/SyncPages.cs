using System.Globalization;
using Gatehouse.Accounts;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Ldap.Sync;

/// <summary>History, plan, apply, undo.</summary>
internal static class SyncPages
{
    public const string Path = "/admin/ldap/syncs";
    public const int PageSize = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (HttpContext http, Visit _) => List(http)).For(Access.Admin);
        routes.MapGet(Path + "/{id}", (HttpContext http, string id) => Show(http, id)).For(Access.Admin);
        routes.MapPost(Path + "/rehearse", async (HttpContext http, Visit visit, RunLdapSync sync) => await To(http, await sync.Rehearse("page", visit.Actor(), http.RequestAborted))).For(Access.Admin, recent: true);
        // A sync that was begun is finished, whether or not the browser waits for it.
        routes.MapPost(Path + "/run", async (HttpContext http, Visit visit, RunLdapSync sync) => await To(http, await sync.Run("page", visit.Actor(), CancellationToken.None))).For(Access.Admin, recent: true);
        routes.MapPost(Path + "/resume", Resume).For(Access.Admin, recent: true);
        routes.MapPost(Path + "/{id}/apply", async (HttpContext http, string id, Visit visit, RunLdapSync sync) => await To(http, await sync.Apply(id, "page", visit.Actor(), CancellationToken.None))).For(Access.Admin, recent: true);
        routes.MapPost(Path + "/{id}/undo", Undo).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> To(HttpContext http, SyncRun run)
    {
        var kept = await http.RequestServices.GetRequiredService<Database>().Read(sql => RunStore.Find(sql, run.Id));
        return kept is not null ? SeeOther.To($"{Path}/{run.Id}") : await List(http, run.Refusal);
    }

    private static async Task<IResult> Resume(Visit visit, Database database, SettingsStore store)
    {
        await database.Write(sql => store.Pause(sql, "", visit.Actor()));
        return SeeOther.To(Path);
    }

    private static async Task<IResult> Undo(HttpContext http, string id, Visit visit, UndoRun undo, Database database)
    {
        if (await database.Read(sql => RunStore.Find(sql, id)) is null) return http.RequestServices.GetRequiredService<Refuse>().NotFound(http);
        return (await undo.Run(id, visit.Actor())).Passed(out var done, out var refusal)
            ? SeeOther.To(string.Create(CultureInfo.InvariantCulture, $"{Path}/{id}?undone={done.TakenBack}-{done.Kept}"))
            : await Show(http, id, refusal);
    }

    private static async Task<IResult> List(HttpContext http, Refusal? refused = null)
    {
        var services = http.RequestServices;
        var settings = await services.GetRequiredService<SettingsStore>().Get();
        var runs = await services.GetRequiredService<Database>().Read(sql => RunStore.Recent(sql, 50));
        return new RazorComponentResult<SyncsPage>(new { Settings = settings, Runs = runs, Refused = refused }) { StatusCode = refused?.Facts.Status ?? 200 };
    }

    private static async Task<IResult> Show(HttpContext http, string id, Refusal? refused = null)
    {
        var services = http.RequestServices;
        var visit = services.GetRequiredService<Visit>();
        var act = visit.Query?["act"] is { Length: <= 40 } asked ? asked : "";
        var page = int.TryParse(visit.Query?["page"], NumberStyles.None, CultureInfo.InvariantCulture, out var p) ? Math.Clamp(p, 1, 10_000) : 1;
        var found = await services.GetRequiredService<Database>().Read(async sql => (Run: await RunStore.Find(sql, id), Entries: await RunStore.Entries(sql, id, act, page, PageSize), Acts: await RunStore.Acts(sql, id), Last: await RunStore.LastApplied(sql)));
        if (found.Run is not { } run) return services.GetRequiredService<Refuse>().NotFound(http);
        var undone = visit.Query?["undone"] is { } done && done.Split('-') is [var back, var kept] && (back + kept).All(char.IsAsciiDigit) && done.Length < 20 ? done : null;
        return new RazorComponentResult<RunPage>(new { Run = run, found.Entries, found.Acts, Act = act, Page = page, CanUndo = run.CanUndo && found.Last == run.Id, Done = undone, Refused = refused }) { StatusCode = refused?.Facts.Status ?? 200 };
    }
}
