using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Mail.Templates;

/// <summary>Settings > Administration > Application Configuration > Email templates: whose letters these are, and each as it looks.</summary>
internal static class TemplateRoutes
{
    public const string Path = "/admin/settings/email-templates";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, async Task<IResult> (Visit visit, Settings settings, LogoStore logos, IEnumerable<LetterTemplate> templates) =>
            new RazorComponentResult<TemplatesPage>(new { Templates = Ordered(templates), Sender = await Sender.Of(settings), Logo = await logos.Get(), Done = visit.Query?["done"] })).For(Access.Admin);
        routes.MapPost(Path, Save).For(Access.Admin, recent: true);
        routes.MapGet(Path + "/{kind}", Show).For(Access.Admin);
        routes.MapGet(Path + "/{kind}/html", ShowHtml).For(Access.Admin);
    }

    internal static LetterTemplate[] Ordered(IEnumerable<LetterTemplate> templates) => [.. templates.OrderBy(t => t.Title, StringComparer.Ordinal)];

    private static async Task<IResult> Show(HttpContext http, string kind, IEnumerable<LetterTemplate> templates, LetterPaper paper, Texts texts, ServerConfiguration server, Refuse refuse) =>
        templates.FirstOrDefault(t => t.Kind == kind) is { } template
            ? new RazorComponentResult<TemplatePage>(new { Template = template, Letter = await paper.Write(template.Sample(texts, server.Origin), texts) })
            : refuse.NotFound(http);

    /// <summary>The HTML part as a page of its own; its policy allows the letter's one style sheet, by its hash, and nothing else.</summary>
    private static async Task<IResult> ShowHtml(HttpContext http, string kind, IEnumerable<LetterTemplate> templates, LetterPaper paper, LogoStore logos, Settings settings, Texts texts, ServerConfiguration server, Refuse refuse)
    {
        if (templates.FirstOrDefault(t => t.Kind == kind) is not { } template) return refuse.NotFound(http);
        var sender = await Sender.Of(settings);
        var logo = await logos.Get();
        var letter = paper.Write(template.Sample(texts, server.Origin), texts, sender, logo);
        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.AllowingStyle(LetterPaper.StyleHash(sender)) + (logo is null ? "" : "; img-src 'self'");
        // In a mailbox the picture comes with the letter; here it comes from us.
        return Results.Text(logo is null ? letter.Html : letter.Html.Replace("cid:" + LogoStore.ContentId, logo.Path, StringComparison.Ordinal), "text/html; charset=utf-8");
    }

    private static async Task<IResult> Save(HttpContext http, Visit visit, Settings settings, LogoStore logos, Database database, AuditLog audit, Texts texts, IEnumerable<LetterTemplate> templates)
    {
        var before = await Sender.Of(settings);
        var typed = new Sender(visit.Form.Text("name") ?? Sender.UsualName, visit.Form.Text("contact") ?? "", (visit.Form.Text("colour") ?? Sender.UsualColour).ToLowerInvariant());
        var errors = new List<FieldError>();
        if (typed.Name.Length > 60 || Printable.Cap(typed.Name, 60) != typed.Name) errors.Add(new("name", texts["At most 60 characters, all visible."]));
        if (typed.Contact.Length > 120 || Printable.Cap(typed.Contact, 120) != typed.Contact) errors.Add(new("contact", texts["At most 120 characters, all visible."]));
        if (!IsDarkEnough(typed.Colour)) errors.Add(new("colour", texts["A colour such as #3446c9, dark enough that white text on it can be read."]));
        if (errors.Count > 0) return new RazorComponentResult<TemplatesPage>(new { Templates = Ordered(templates), Sender = typed, Logo = await logos.Get(), Errors = errors }) { StatusCode = 400 };
        await database.Write(async sql =>
        {
            await settings.Set(sql, Sender.NameSetting, typed.Name);
            await settings.Set(sql, Sender.ContactSetting, typed.Contact);
            await settings.Set(sql, Sender.ColourSetting, typed.Colour);
            await audit.Write(sql, new Actor(visit.SignedIn!.Email, visit.Address.ToString()), "setting.letters", new("setting", "letters", "Email templates"), Describe(before), Describe(typed));
        });
        return SeeOther.To(Path + "?done=saved");

        static string Describe(Sender sender) => $"{sender.Name}, {(sender.Contact.Length > 0 ? sender.Contact : "no contact")}, {sender.Colour}";
    }

    /// <summary>White on it has a contrast of at least 4.5 to 1 (WCAG 2.2, success criterion 1.4.3).</summary>
    internal static bool IsDarkEnough(string colour)
    {
        if (colour.Length != 7 || colour[0] != '#' || !uint.TryParse(colour.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rgb)) return false;
        static double Linear(uint channel) => channel / 255.0 is var c && c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
        var luminance = 0.2126 * Linear(rgb >> 16) + 0.7152 * Linear(rgb >> 8 & 255) + 0.0722 * Linear(rgb & 255);
        return 1.05 / (luminance + 0.05) >= 4.5;
    }
}
