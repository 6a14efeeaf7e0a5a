using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Sessions;

/// <summary>One's own sessions, and for admins those of others.</summary>
internal static class SessionEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/account/sessions", async Task<IResult> (HttpContext http, Visit visit, EndSessions sessions, Database database, RememberedDevices devices, Settings settings) => new RazorComponentResult<SessionsPage>(new
        {
            Sessions = await sessions.Of(http.Granted().User.Id),
            Devices = await database.Read(sql => devices.Of(sql, http.Granted().User)),
            Policy = await SessionPolicy.Of(settings),
            Current = http.Granted().Session!.PublicId,
            Done = visit.Query?["done"],
        })).For(Access.User);
        routes.MapGet("/account/sessions/end", async Task<IResult> (HttpContext http, Visit visit, EndSessions sessions) =>
        {
            var (all, everywhere) = ((await sessions.Of(http.Granted().User.Id)).Count, visit.Query?["which"] == "all");
            return new RazorComponentResult<EndSessionsPage>(new { Everywhere = everywhere, Count = everywhere ? all : all - 1 });
        }).For(Access.User);
        routes.MapGet("/account/activity", async Task<IResult> (HttpContext http, OwnActivity activity) =>
            new RazorComponentResult<ActivityPage>(new { Lines = await activity.Of(http.Granted().User.Id) })).For(Access.User);
        routes.MapPost("/account/sessions/{id}/end", async (HttpContext http, string id, EndSessions sessions) =>
        {
            var ended = await sessions.OneOf(http.Granted().User.Id, id, http.Actor());
            return SeeOther.To(ended ? "/account/sessions?done=ended" : "/account/sessions");
        }).For(Access.User);
        routes.MapPost("/account/sessions/end-others", async (HttpContext http, EndSessions sessions) =>
        {
            await sessions.Others(http.Granted().User, http.Granted().Session!.PublicId, http.Actor());
            return SeeOther.To("/account/sessions?done=others");
        }).For(Access.User);
        routes.MapPost("/account/sessions/end-all", async (HttpContext http, EndSessions sessions, BeginSession begin) =>
        {
            await sessions.All(http.Granted().User, http.Actor());
            begin.Forget(http);
            return SeeOther.To("/sign-in");
        }).For(Access.User);
        routes.MapPost("/admin/users/{id}/sessions/{session}/end", async (HttpContext http, string id, string session, EndSessions sessions) =>
        {
            await sessions.OneOf(id, session, http.Actor());
            return SeeOther.To($"/admin/users/{Uri.EscapeDataString(id)}");
        }).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/sessions/end-all", async (HttpContext http, string id, EndSessions sessions, Database database, Refuse refuse) =>
        {
            if (await database.Read(sql => UserStore.Find(sql, id)) is not { } user) return refuse.NotFound(http);
            await sessions.All(user, http.Actor());
            return SeeOther.To($"/admin/users/{user.Id}");
        }).For(Access.Admin, recent: true);
    }
}
