using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Accounts.Personal;

/// <summary>Settings > Account > My data. Whose data it is says the session alone: no route takes an id.</summary>
internal static class DataRoutes
{
    private const string Path = "/account/data";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, IResult (Visit visit, DownloadData data) => new RazorComponentResult<DataPage>(new { data.Kept, Ready = visit.Query?["ready"] == "1" })).For(Access.User);
        // Confirmed first on a page of its own: a download that begins behind the confirmation would leave that page standing there.
        routes.MapGet(Path + "/confirm", () => SeeOther.To(Path + "?ready=1")).For(Access.User, recent: true);
        routes.MapPost(Path, Download).For(Access.User, recent: true);
    }

    private static async Task<IResult> Download(HttpContext http, Visit visit, DownloadData data, Refuse refuse)
    {
        if (!(await data.Run(visit.SignedIn!.UserId, visit.Actor())).Passed(out var file, out var refusal)) return refuse.Page(http, refusal, Path, "Back");
        http.Response.Headers.ContentDisposition = "attachment; filename=\"my-data.json\"";
        return Results.Bytes(file, "application/json");
    }
}
