using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Audit;

/// <summary>The pages that only read.</summary>
internal static class AuditPages
{
    public static async Task<IResult> SignIns(Visit visit, Database database, RefusalLog log, TimeProvider clock)
    {
        var query = visit.Asked();
        var filter = SignInFilter.Of(query);
        var page = query.Page();
        await log.Settle();
        var (lines, total) = await database.Read(sql => SignInStream.Read(sql, filter, page, SignInsPage.Size));
        var day = await database.Read(sql => SignInStream.Day(sql, filter, clock.Now()));
        var (problems, _) = await database.Read(sql => Cases.Problems(sql, "unsolved", null, clock.GetUtcNow().AddDays(-1).ToUnixTimeMilliseconds(), 1, 5));
        return new RazorComponentResult<SignInsPage>(new
        {
            Lines = lines,
            Total = total,
            Page = page,
            Day = day,
            Problems = problems,
            Filter = filter,
            Query = query,
            Path = query.With("/admin/sign-ins", SignInFilter.Names),
        });
    }

    public static async Task<IResult> Problems(Visit visit, Database database, RefusalLog log)
    {
        var query = visit.Asked();
        var page = query.Page();
        var state = query.Text("state") is "open" or "waiting" or "closed" or "all" ? query.Text("state")! : "unsolved";
        await log.Settle();
        var (problems, total) = await database.Read(sql => Cases.Problems(sql, state == "all" ? null : state, query.Text("q"), 0, page, ProblemsPage.Size));
        return new RazorComponentResult<ProblemsPage>(new { Problems = problems, Total = total, Page = page, Search = query.Text("q"), State = state, Path = query.With("/admin/problems", "q", "state") });
    }

    public static async Task<IResult> Problem(HttpContext http, string id, Visit visit, Database database, RefusalLog log, Refuse refuse)
    {
        await log.Settle();
        if (await database.Read(sql => Cases.FindProblem(sql, id)) is not { } problem) return refuse.NotFound(http);
        var cases = await database.Read(sql => Cases.OfProblem(sql, id, 50));
        var reference = Reference.TryParse(visit.Asked()["reference"], out var asked) ? asked.Text : null;
        return new RazorComponentResult<ProblemPage>(new { Problem = problem, Cases = cases, Reference = reference });
    }

    public static async Task<IResult> Case(HttpContext http, string reference, Visit visit, Database database, RefusalLog log, RemedyDesk desk, Refuse refuse)
    {
        if (!Reference.TryParse(reference, out var asked)) return refuse.NotFound(http);
        await log.Settle();
        if (await database.Read(sql => Cases.Find(sql, asked.Text)) is not { } one)
        {
            return await database.Read(sql => Cases.FindProblemOf(sql, asked.Text)) is { } loose
                ? SeeOther.To($"/admin/problems/{loose.Id}?reference={asked}")
                : new RazorComponentResult<NotStoredPage>(new { Reference = asked.Text }) { StatusCode = 404 };
        }
        return new RazorComponentResult<CasePage>(new
        {
            Case = one,
            Problem = await database.Read(sql => Cases.FindProblem(sql, one.ProblemId)),
            Offers = await database.Read(sql => desk.Offers(sql, one)),
            Applied = await database.Read(sql => Cases.Applied(sql, one.Reference)),
            Changes = await database.Read(sql => Cases.ChangesBefore(sql, one)),
            Said = visit.Asked()["said"],
        });
    }

    public static async Task<IResult> Find(Visit visit, Database database, RefusalLog log)
    {
        var typed = visit.Asked().Text("q");
        await log.Settle();
        var found = typed is { Length: <= 500 } ? await database.Read(sql => LookUp.Find(sql, typed)) : [];
        return found is [var only] ? SeeOther.To(only.Path) : new RazorComponentResult<LookUpPage>(new { Found = found, Typed = typed is null ? null : Printable.Cap(typed, 500) });
    }

    public static async Task<IResult> Audit(Visit visit, Database database)
    {
        var query = visit.Asked();
        var page = query.Page();
        var (entries, total) = await database.Read(sql => AuditList.Read(sql, query.Text("q"), query.Text("target"), query.Time("from"), query.Time("to"), page, AuditPage.Size));
        return new RazorComponentResult<AuditPage>(new
        {
            Entries = entries,
            Total = total,
            Page = page,
            Search = query.Text("q"),
            Target = query.Text("target"),
            From = query.Text("from"),
            To = query.Text("to"),
            Path = query.With("/admin/audit", "q", "target", "from", "to"),
        });
    }

    /// <summary>Public codes have a page for everybody; the precise ones only for those who may read cases.</summary>
    public static IResult Help(HttpContext http, string code, Visit visit, Refuse refuse)
    {
        var entries = Gatehouse.Audit.Help.Entries(code);
        var shown = entries.Count > 0 && (Gatehouse.Audit.Help.IsPublic(code) || visit.SignedIn is { IsViewer: true });
        return shown ? new RazorComponentResult<HelpPage>(new { Code = code, Entries = entries }) : refuse.NotFound(http);
    }
}
