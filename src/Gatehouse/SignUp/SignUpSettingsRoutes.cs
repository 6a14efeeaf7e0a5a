using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignUp;

/// <summary>Settings > Administration > Sign-up.</summary>
internal static class SignUpSettingsRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/settings/sign-up", async Task<IResult> (Visit visit, Settings settings) =>
            new RazorComponentResult<SignUpSettingsPage>(new { How = await SignUpSettings.Of(settings), Saved = visit.Query?["done"] == "saved" })).For(Access.Admin);
        routes.MapPost("/admin/settings/sign-up", Save).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Save(HttpContext http, Visit visit, Settings settings, Database database, AuditLog audit, Texts texts)
    {
        var before = await SignUpSettings.Of(settings);
        var typed = visit.Form["domains"] ?? "";
        var domains = new List<string>();
        var errors = new List<FieldError>();
        foreach (var one in typed.Split([',', ';', '\n', '\r', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(d => d.TrimStart('@')))
        {
            if (Address.HostName(one) is { } host && host.Contains('.', StringComparison.Ordinal)) domains.Add(host);
            else errors.Add(new("domains", texts["{0} is no domain name.", Printable.Cap(one, 60)]));
        }
        var mode = SignUpMode.All.FirstOrDefault(m => m == visit.Form["mode"]) ?? before.Mode;
        var after = new SignUpSettings(mode, [.. domains.Distinct(StringComparer.Ordinal)], visit.Form["prove"] == "on");
        if (errors.Count > 0) return new RazorComponentResult<SignUpSettingsPage>(new { How = after, Typed = typed, Errors = errors }) { StatusCode = 400 };
        await database.Write(async sql =>
        {
            await after.Save(sql, settings);
            await audit.Write(sql, http.Actor(), "setting.sign_up", new("setting", "sign-up", "Sign-up"), before.Describe(), after.Describe());
        });
        return SeeOther.To("/admin/settings/sign-up?done=saved");
    }
}
