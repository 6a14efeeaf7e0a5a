using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Mail.Mime;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Mail;

/// <summary>Settings > Administration > Application Configuration > Email.</summary>
internal static class EmailRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(MailPaths.Settings, (HttpContext http, Visit _) => Show(http)).For(Access.Admin);
        routes.MapPost(MailPaths.Settings, Save).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/test", Test).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/dkim", MakeDkim).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/dkim/remove", RemoveDkim).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/look", Look).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/headers", ReadHeaders).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/block-lists", SetBlockLists).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Settings + "/bounces", MakeBounceSecret).For(Access.Admin, recent: true);
    }

    internal static Actor Actor(Visit visit) => new((visit.SignedIn ?? throw new InvalidOperationException("this route let nobody in")).Email, visit.Address.ToString());

    private static async Task<IResult> Save(HttpContext http, Visit visit, MailSettingsStore store, SaveMailSettings save)
    {
        var stored = await store.Read();
        var draft = EmailForm.Read(visit.Form, stored, store, visit.SignedIn!.UserId);
        if (!draft.IsGood) return await Show(http, draft);
        return (await save.Run(draft.Settings, Version(visit.Form), Actor(visit))).Passed(out _, out var refusal)
            ? SeeOther.To(MailPaths.Settings + "?done=saved")
            : await Show(http, draft, refusal: refusal);
    }

    private static async Task<IResult> Test(HttpContext http, Visit visit, MailSettingsStore store, TestMail test)
    {
        var stored = await store.Read();
        var draft = EmailForm.Read(visit.Form, stored, store, visit.SignedIn!.UserId);
        var typed = visit.Form.Text("test_to") ?? visit.SignedIn.Email;
        if (!Address.TryParse(typed, out var to)) draft = draft with { Faults = [.. draft.Faults, new("test_to", "Write one address such as ada@example.com")] };
        if (!draft.IsGood || to is null) return await Show(http, draft);
        return await Show(http, draft, await test.Run(draft.Settings, to, Actor(visit), http.RequestAborted));
    }

    private static async Task<IResult> MakeDkim(HttpContext http, Visit visit, MailSettingsStore store, SaveMailSettings save)
    {
        var stored = await store.Read();
        var selector = visit.Form.Text("selector")?.ToLowerInvariant() ?? "";
        var algorithm = visit.Form["algorithm"] is DkimKey.Ed25519 && Jose.Ed25519.IsAvailable ? DkimKey.Ed25519 : DkimKey.Rsa;
        if (stored.FromDomain.Length == 0) return await Show(http, faults: [new("", "Save a From address first: the key belongs to its domain")]);
        if (selector.Length > 60 || selector.Contains('.', StringComparison.Ordinal) || Address.HostName(selector) is null) return await Show(http, faults: [new("selector", "One word of letters, digits and hyphens, such as gatehouse")]);
        return await After(http, await save.Run(store.WithDkim(stored, DkimKey.Generate(stored.FromDomain, selector, algorithm)), Version(visit.Form), Actor(visit)), "dkim");
    }

    private static async Task<IResult> RemoveDkim(HttpContext http, Visit visit, MailSettingsStore store, SaveMailSettings save) =>
        await After(http, await save.Run(await store.Read() with { DkimSeal = null, DkimAlgorithm = "", DkimSelector = "" }, Version(visit.Form), Actor(visit)), "dkim_removed");

    private static async Task<IResult> MakeBounceSecret(HttpContext http, Visit visit, MailSettingsStore store, SaveMailSettings save, Secrets secrets)
    {
        var secret = Secrets.NewToken();
        var saved = await save.Run(await store.Read() with { BounceHash = secrets.Hash("mail_bounces", secret) }, Version(visit.Form), Actor(visit));
        return saved.Passed(out _, out var refusal) ? await Show(http, bounceSecret: secret) : await Show(http, refusal: refusal);
    }

    private static async Task<IResult> Look(HttpContext http, LookAtMail look)
    {
        await look.Run(http.RequestAborted);
        return SeeOther.To(MailPaths.Settings + "?done=looked#deliverability");
    }

    private static async Task<IResult> ReadHeaders(HttpContext http, Visit visit, MailSettingsStore store, SaveMailSettings save, LookAtMail look)
    {
        var headers = ReceivedHeaders.Read(visit.Form["headers"] ?? "");
        if (headers is { DkimDomain: { } domain, DkimSelector: { } selector })
        {
            var saved = await save.Run(await store.Read() with { SeenDkimDomain = domain, SeenDkimSelector = selector }, Version(visit.Form), Actor(visit));
            if (saved.Refusal is { } refusal) return await Show(http, refusal: refusal);
            await look.Run(http.RequestAborted);
        }
        return await Show(http, headers: headers);
    }

    private static async Task<IResult> SetBlockLists(HttpContext http, Visit visit, MailSettingsStore store, SaveMailSettings save, LookAtMail look)
    {
        var lists = (visit.Form["lists"] ?? "").Split(['\n', ',', ' '], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(l => l.ToLowerInvariant()).Distinct().ToArray();
        if (lists.Length > 10 || lists.Any(l => Address.HostName(l) is null || !l.Contains('.', StringComparison.Ordinal))) return await Show(http, faults: [new("lists", "At most ten names of zones, one a line")]);
        var saved = await save.Run(await store.Read() with { BlockLists = lists }, Version(visit.Form), Actor(visit));
        if (saved.Refusal is null) await look.Run(http.RequestAborted);
        return await After(http, saved, "lists");
    }

    private static async Task<IResult> After(HttpContext http, Outcome<MailSettings> saved, string done) =>
        saved.Passed(out _, out var refusal) ? SeeOther.To($"{MailPaths.Settings}?done={done}") : await Show(http, refusal: refusal);

    internal static long Version(StrictParameters form) => long.TryParse(form["version"], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : -1;

    /// <param name="faults">Of the small forms below the main one.</param>
    internal static async Task<IResult> Show(HttpContext http, EmailDraft? draft = null, TestResult? result = null, Refusal? refusal = null, IReadOnlyList<SettingMalformed>? faults = null, string? bounceSecret = null, ReceivedHeaders? headers = null)
    {
        var services = http.RequestServices;
        var (visit, texts, store) = (services.GetRequiredService<Visit>(), services.GetRequiredService<Texts>(), services.GetRequiredService<MailSettingsStore>());
        // After a write of this very request the cache may still hold the former settings.
        var stored = await services.GetRequiredService<Database>().Read(MailSettingsStore.Read);
        var reference = refusal is null ? null : services.GetRequiredService<Refuse>().Record(http, refusal).Text;
        IReadOnlyList<FieldError> errors = [.. draft?.Errors(texts) ?? [], .. (faults ?? []).Select(f => new FieldError(f.Field, texts[f.Fault])), .. refusal is null ? [] : new[] { new FieldError("", texts[refusal.Facts.Public]) }];
        var (settings, dkim) = (draft?.Settings ?? stored, store.Dkim(stored));
        return new RazorComponentResult<EmailPage>(new
        {
            Stored = stored,
            Settings = settings,
            Version = draft is null ? stored.Version : Version(visit.Form),
            Held = draft is { PasswordTyped: true } ? store.Hold(settings, visit.SignedIn!.UserId) : null,
            PasswordFits = store.Password(settings) is not null,
            DkimName = dkim is null ? null : $"{dkim.Selector}._domainkey.{dkim.Domain}",
            DkimRecord = dkim?.Record,
            // Break-glass has no mailbox.
            TestTo = visit.Form.Text("test_to") ?? (visit.BreakGlassUntil is null ? visit.SignedIn!.Email : ""),
            Errors = errors,
            Reference = reference,
            Result = result,
            Done = visit.Query?["done"],
            BounceSecret = bounceSecret,
            Report = await services.GetRequiredService<MailFindings>().Last(),
            Headers = headers,
        })
        { StatusCode = errors.Count > 0 ? refusal?.Facts.Status ?? 400 : 200 };
    }
}
