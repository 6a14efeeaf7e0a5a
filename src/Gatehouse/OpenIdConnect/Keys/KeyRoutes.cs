using System.Globalization;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>Settings > Administration > Signing keys.</summary>
internal static class KeyRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/keys", (HttpContext http, Visit visit) => Show(http, visit.Query?["done"])).For(Access.Admin);
        routes.MapPost("/admin/keys/rotate", Rotate).For(Access.Admin, recent: true);
        routes.MapPost("/admin/keys/schedule", Schedule).For(Access.Admin, recent: true);
        routes.MapPost("/admin/keys/revoke", Revoke).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Rotate(HttpContext http, Visit visit, RotateKeys rotate) =>
        (await rotate.Rotate(visit.Form["algorithm"] ?? "", visit.Form["when"] == "now" ? TimeSpan.Zero : RotateKeys.Lead, http.Actor())).Passed(out _, out var refusal)
            ? SeeOther.To("/admin/keys?done=rotated") : await Show(http, null, "algorithm", refusal);

    private static async Task<IResult> Schedule(HttpContext http, Visit visit, RotateKeys rotate) =>
        (await rotate.SetInterval(int.TryParse(visit.Form.Text("days"), NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? days : -1, http.Actor())).Passed(out _, out var refusal)
            ? SeeOther.To("/admin/keys?done=scheduled") : await Show(http, null, "days", refusal);

    private static async Task<IResult> Revoke(HttpContext http, Visit visit, RotateKeys rotate)
    {
        var kid = visit.Form["kid"] ?? "";
        if (visit.Form.Text("confirm") is var typed && (kid.Length < 8 || typed != kid[..8])) return await Show(http, null, "confirm", new KeyNotConfirmed(Printable.Cap(kid, 60), typed?.Length ?? 0), kid);
        return (await rotate.Revoke(kid, http.Actor())).Passed(out var revoked, out var refusal)
            ? await Show(http, null, revoked: revoked) : await Show(http, null, "confirm", refusal, kid);
    }

    private static async Task<IResult> Show(HttpContext http, string? done, string field = "", Refusal? refusal = null, string? kid = null, RevokedKey? revoked = null)
    {
        var texts = http.RequestServices.GetRequiredService<Texts>();
        var rotate = http.RequestServices.GetRequiredService<RotateKeys>();
        // A fresh instance has no key until one is needed; whoever looks needs one.
        await http.RequestServices.GetRequiredService<SigningKeys>().Ring();
        return new RazorComponentResult<KeysPage>(new
        {
            Keys = await rotate.All(),
            Interval = await rotate.Interval(),
            Done = done,
            Revoked = revoked,
            WrongKid = kid,
            Errors = refusal is null ? null : (IReadOnlyList<FieldError>)[new(field, texts[refusal.Facts.Public].Value)],
        })
        { StatusCode = refusal?.Facts.Status ?? 200 };
    }
}
