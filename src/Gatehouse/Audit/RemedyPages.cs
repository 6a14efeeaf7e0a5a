using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Audit;

/// <summary>Preview, press and take back a remedy.</summary>
internal static class RemedyPages
{
    public static async Task<IResult> Confirm(HttpContext http, string reference, int index, Database database, RemedyDesk desk, Refuse refuse)
    {
        if (!Reference.TryParse(reference, out var asked)) return refuse.NotFound(http);
        if (await database.Read(sql => Cases.Find(sql, asked.Text)) is not { } one) return refuse.NotFound(http);
        return await database.Read(sql => desk.Offer(sql, one, index)) switch
        {
            null or { Offer: null } => refuse.NotFound(http),
            { Offer.Available: false } => SeeOther.To($"/admin/cases/{asked}?said=already"),
            { Offer.OneClick: false } => SeeOther.To($"/admin/cases/{asked}?said=by-hand"),
            var offered => new RazorComponentResult<RemedyPage>(new { Case = one, Offered = offered }),
        };
    }

    public static async Task<IResult> Press(HttpContext http, string reference, int index, Visit visit, RemedyDesk desk, Refuse refuse)
    {
        if (!Reference.TryParse(reference, out var asked)) return refuse.NotFound(http);
        if (!(await desk.Press(asked.Text, index, ActorOf(visit))).Passed(out var pressed, out var refusal)) return refuse.Page(http, refusal, $"/admin/cases/{asked}");
        return pressed switch
        {
            Pressed.Done => SeeOther.To($"/admin/cases/{asked}?said=done"),
            Pressed.AlreadyDone => SeeOther.To($"/admin/cases/{asked}?said=already"),
            Pressed.ByHand => SeeOther.To($"/admin/cases/{asked}?said=by-hand"),
            _ => refuse.NotFound(http),
        };
    }

    public static async Task<IResult> Undo(HttpContext http, string id, Visit visit, RemedyDesk desk, Refuse refuse) =>
        await desk.Undo(id, ActorOf(visit)) is { } taken ? SeeOther.To($"/admin/cases/{taken.Reference}?said={(taken.Undone ? "undone" : "not-undone")}") : refuse.NotFound(http);

    private static Actor ActorOf(Visit visit) => new(visit.SignedIn!.Email, visit.Address.ToString());
}
