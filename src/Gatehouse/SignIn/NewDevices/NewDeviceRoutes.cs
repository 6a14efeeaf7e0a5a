using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.NewDevices;

/// <summary>The page behind "this was not me"; open without a session, for whoever reads the mail.</summary>
internal static class NewDeviceRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/not-me", Show).For(Access.Anyone);
        routes.MapPost("/not-me", Report).For(Access.Anyone);
    }

    private static async Task<IResult> Show(HttpContext http, Visit visit, ReportNotMe report, Refuse refuse)
    {
        var token = visit.Query?["t"] ?? "";
        return (await report.Look(token)).Passed(out var found, out var refusal)
            ? new RazorComponentResult<NotMePage>(new { Token = token, found.What.UserAgent, found.What.Address, found.What.BeganAt })
            : refuse.Page(http, refusal, "/sign-in", "Go to sign-in");
    }

    private static async Task<IResult> Report(HttpContext http, Visit visit, ReportNotMe report, BeginSession sessions, Refuse refuse)
    {
        if (!(await report.Report(visit.Form["t"] ?? "", visit)).Passed(out var removed, out var refusal)) return refuse.Page(http, refusal, "/sign-in", "Go to sign-in");
        sessions.Forget(http);
        return new RazorComponentResult<NotMeDonePage>(new { Removed = removed });
    }
}
