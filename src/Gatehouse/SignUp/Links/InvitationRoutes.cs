using System.Globalization;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignUp.Links;

/// <summary>What came of one row of an invitation.</summary>
/// <param name="Fault">Why nothing was made for it; null when it was.</param>
public sealed record InvitedRow(TypedAddress Typed, SignUpLink? Link, bool Again, bool Double, Refusal? Fault);

/// <summary>Users > Invite, and the list of invitations.</summary>
internal static class InvitationRoutes
{
    /// <summary>The times to choose from, in hours.</summary>
    public static readonly int[] Hours = [1, 24, 72, 168, 744];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/invite", (HttpContext http, Visit _) => Form(http)).For(Access.Admin);
        routes.MapPost("/admin/invite/mail", ByMail).For(Access.Admin, recent: true);
        routes.MapPost("/admin/invite/link", AsLink).For(Access.Admin, recent: true);
        routes.MapGet("/admin/invitations", List).For(Access.Admin);
        routes.MapGet("/admin/invitations/{id}", (HttpContext http, string id) => Show(http, id)).For(Access.Admin);
        routes.MapPost("/admin/invitations/{id}/send", (HttpContext http, string id) => Renew(http, id, mail: true)).For(Access.Admin, recent: true);
        routes.MapPost("/admin/invitations/{id}/link", (HttpContext http, string id) => Renew(http, id, mail: false)).For(Access.Admin, recent: true);
        routes.MapPost("/admin/invitations/{id}/revoke", Revoke).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Form(HttpContext http, string? tab = null, FieldError? fault = null)
    {
        var services = http.RequestServices;
        return new RazorComponentResult<InvitePage>(new
        {
            Groups = await services.GetRequiredService<Database>().Read(GroupStore.All),
            Mode = (await SignUpSettings.Of(services.GetRequiredService<Settings>())).Mode,
            Typed = http.RequestServices.GetRequiredService<Visit>().Form,
            Tab = tab,
            Errors = fault is null ? null : new[] { fault },
        })
        { StatusCode = fault is null ? 200 : 400 };
    }

    private static async Task<IResult> ByMail(HttpContext http, Visit visit, SignUpLinks links, Texts texts)
    {
        var rows = ReadAddresses.From(visit.Form["addresses"] ?? "");
        if (rows.Count == 0) return await Form(http, "mail", new("addresses", texts["Type at least one address."]));
        if (rows.Count > ReadAddresses.Most) return await Form(http, "mail", new("addresses", texts["At most {0} at a time.", ReadAddresses.Most]));
        var wish = Wish(visit);
        if (wish.Fault is { } fault) return await Form(http, "mail", new("valid", texts[fault.Facts.Public]));
        var actor = http.Actor();
        var done = new List<InvitedRow>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (!seen.Add(UserStore.Fold(row.Email)))
            {
                done.Add(new(row, null, false, true, null));
                continue;
            }
            done.Add((await links.Invite(row.Email, row.Name, wish, mail: true, actor)).Passed(out var made, out var refusal)
                ? new(row, made.Made.Link, made.Again, false, null)
                : new(row, null, false, false, refusal));
        }
        return new RazorComponentResult<InvitedPage>(new { Rows = (IReadOnlyList<InvitedRow>)done });
    }

    private static async Task<IResult> AsLink(HttpContext http, Visit visit, SignUpLinks links, Texts texts)
    {
        var uses = long.TryParse(visit.Form["uses"], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
        return (await links.Make(visit.Form["label"], uses, Wish(visit), http.Actor())).Passed(out var made, out var refusal)
            ? new RazorComponentResult<NewSignUpLinkPage>(new { made.Link, made.Url })
            : await Form(http, "link", new(refusal is InvitationInvalid invalid ? invalid.Field : "label", $"{texts[refusal.Facts.Public]} ({refusal.Evidence})"));
    }

    private static async Task<IResult> List(Visit visit, FindInvitations find)
    {
        var search = visit.Query?.Text("q") is { Length: <= 200 } q ? q : "";
        var state = FindInvitations.States.FirstOrDefault(s => s == visit.Query?["state"]) ?? "";
        var page = UserQuestion.PageOf(visit.Query);
        var (lines, total) = await find.Run(search, state, page);
        return new RazorComponentResult<InvitationsPage>(new { Search = search, State = state, Page = page, Lines = lines, Total = total });
    }

    private static async Task<IResult> Show(HttpContext http, string id, string? reference = null, Refusal? refusal = null)
    {
        var services = http.RequestServices;
        var found = await services.GetRequiredService<Database>().Read(async sql =>
        {
            if (await SignUpLinkStore.Find(sql, id) is not { } link) return null;
            return new
            {
                Link = link,
                Groups = await SignUpLinkStore.Groups(sql, id),
                Parent = link.ParentId is null ? null : await SignUpLinkStore.Find(sql, link.ParentId),
                User = link.UserId is null ? null : await UserStore.Find(sql, link.UserId),
            };
        });
        if (found is null) return services.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<InvitationPage>(new { found.Link, found.Groups, found.Parent, found.User, Done = services.GetRequiredService<Visit>().Query?["done"], Fault = refusal, Reference = reference })
        {
            StatusCode = refusal?.Facts.Status ?? 200,
        };
    }

    private static async Task<IResult> Renew(HttpContext http, string id, bool mail)
    {
        var services = http.RequestServices;
        if (await services.GetRequiredService<Database>().Read(sql => SignUpLinkStore.Find(sql, id)) is not { } link || mail && link.Email is null) return services.GetRequiredService<Refuse>().NotFound(http);
        if (!(await services.GetRequiredService<SignUpLinks>().Renew(id, mail, http.Actor())).Passed(out var made, out var refusal))
            return await Show(http, id, services.GetRequiredService<Refuse>().Record(http, refusal).Text, refusal);
        return mail ? SeeOther.To($"/admin/invitations/{made.Link.Id}?done=sent") : new RazorComponentResult<NewSignUpLinkPage>(new { made.Link, made.Url });
    }

    private static async Task<IResult> Revoke(HttpContext http, string id, SignUpLinks links, Refuse refuse) =>
        (await links.Revoke(id, http.Actor())).Passed(out var link, out _) ? SeeOther.To($"/admin/invitations/{link.Id}?done=revoked") : refuse.NotFound(http);

    private static LinkWish Wish(Visit visit) => new(
        TimeSpan.FromHours(int.TryParse(visit.Form["valid"], NumberStyles.None, CultureInfo.InvariantCulture, out var hours) && Hours.Contains(hours) ? hours : 0),
        visit.Form.Values("group"));
}
