using System.Globalization;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Accounts;

/// <summary>Settings > Account > Profile: a user's own names.</summary>
internal static class ProfileRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/account", (HttpContext http, Visit visit) => Show(http, visit)).For(Access.User);
        routes.MapPost("/account", Save).For(Access.User);
    }

    private static async Task<IResult> Save(HttpContext http, Visit visit, EditUser edit)
    {
        var version = long.TryParse(visit.Form["row_version"], NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : 0;
        return (await edit.RunOwnNames(visit.SignedIn!.UserId, version, visit.Form["display_name"], visit.Form["given_name"], visit.Form["family_name"], visit.Actor())).Passed(out _, out var refusal)
            ? SeeOther.To("/account?done=saved")
            : await Show(http, visit, FormFault.Of(http, refusal));
    }

    private static async Task<IResult> Show(HttpContext http, Visit visit, FormFault? fault = null)
    {
        var id = visit.SignedIn!.UserId;
        var (user, groups) = await http.RequestServices.GetRequiredService<Database>().Read(async sql => (await UserStore.Find(sql, id), await GroupStore.Of(sql, id)));
        if (user is null) return http.RequestServices.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<ProfilePage>(new { User = user, Groups = groups, Locked = await LockedFields.For(http.RequestServices.GetServices<ILockedFields>(), user), Done = visit.Query?["done"], Fault = fault, Typed = fault is null ? null : visit.Form })
        {
            StatusCode = fault?.Status ?? 200,
        };
    }
}
