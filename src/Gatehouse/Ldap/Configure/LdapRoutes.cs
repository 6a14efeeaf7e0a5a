using Gatehouse.Accounts;
using Gatehouse.Data;
using Gatehouse.Ldap.Explain;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Ldap.Configure;

/// <summary>Settings > Administration > Application Configuration > LDAP, and Explain this user.</summary>
internal static class LdapRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(OnOurSide.Page, async (HttpContext http, Visit visit, SettingsStore store) => await Page(http, await store.Get(), await store.Get(), saved: visit.Query?["done"] == "saved")).For(Access.Admin);
        routes.MapPost(OnOurSide.Page, Save).For(Access.Admin, recent: true);
        routes.MapPost(OnOurSide.Page + "/preset", async (HttpContext http, Visit visit, SettingsStore store) =>
            await Page(http, store.Pin(Presets.Apply(DirectoryForm.Read(visit.Form), visit.Form["preset"] ?? "")), await store.Get())).For(Access.Admin);
        routes.MapPost(OnOurSide.Page + "/test", Test).For(Access.Admin, recent: true);
        routes.MapGet("/admin/ldap/explain", IResult () => new RazorComponentResult<ExplainPage>()).For(Access.Admin);
        routes.MapPost("/admin/ldap/explain", async Task<IResult> (HttpContext http, Visit visit, ExplainPerson explain) =>
            new RazorComponentResult<ExplainPage>(new { Told = await explain.Run(visit.Form["name"] ?? "", http.RequestAborted) })).For(Access.Admin);
        routes.MapPost("/admin/ldap/let-in", LetIn).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Save(HttpContext http, Visit visit, SettingsStore store)
    {
        var form = store.Pin(DirectoryForm.Read(visit.Form));
        var faults = await store.Save(form, visit.Form["bind_password"], visit.Actor());
        return faults.Count == 0 ? SeeOther.To(OnOurSide.Page + "?done=saved") : await Page(http, form, await store.Get(), faults);
    }

    /// <summary>Tests what the form says, saved or not. A password that is not typed is only used for the servers it was entered for (D15).</summary>
    private static async Task<IResult> Test(HttpContext http, Visit visit, SettingsStore store, TestDirectory test)
    {
        var form = store.Pin(DirectoryForm.Read(visit.Form));
        var stored = await store.Get();
        var faults = CheckSettings.Run(form);
        if (faults.Count > 0) return await Page(http, form, stored, faults);
        if (!store.PasswordFor(form, visit.Form["bind_password"], stored).Passed(out var password, out var refusal)) return await Page(http, form, stored, [new("bind_password", refusal)]);
        await store.Note(visit.Actor(), "ldap.tested", string.Join(' ', form.Urls));
        return await Page(http, form, stored, steps: await test.Run(form, password, http.RequestAborted));
    }

    private static async Task<IResult> LetIn(Visit visit, Database database, SettingsStore store)
    {
        var id = visit.Form["user"] ?? "";
        var done = await database.Write(sql => sql.Run("delete from ldap_users where user_id = @id and not exists (select 1 from users u where u.id = ldap_users.user_id)", new { id }));
        if (done > 0) await store.Note(visit.Actor(), "ldap.let_in_again", id);
        return SeeOther.To("/admin/ldap/explain");
    }

    private static async Task<IResult> Page(HttpContext http, DirectorySettings form, DirectorySettings stored, IReadOnlyList<SettingFault>? faults = null, IReadOnlyList<TestStep>? steps = null, bool saved = false)
    {
        var services = http.RequestServices;
        // A mistake of typing has no case; that somebody else saved first is one.
        var reference = faults?.FirstOrDefault(f => f.Field.Length == 0) is { } rule ? services.GetRequiredService<Refuse>().Record(http, rule.Refusal).Text : null;
        return new RazorComponentResult<LdapPage>(new
        {
            Form = form with { Paused = stored.Paused },
            HasPassword = stored.PasswordBox is not null,
            PasswordsOn = (await PasswordSettings.Of(services.GetRequiredService<Gatehouse.Data.Settings>())).Enabled,
            Saved = saved,
            Faults = faults ?? [],
            Errors = DirectoryForm.Errors(faults ?? [], services.GetRequiredService<Texts>()),
            Reference = reference,
            Steps = steps,
        })
        { StatusCode = faults is { Count: > 0 } ? faults[0].Refusal.Facts.Status : 200 };
    }
}
