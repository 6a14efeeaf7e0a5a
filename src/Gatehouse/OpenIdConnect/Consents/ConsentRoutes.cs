using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Consents;

/// <summary>The page that asks, and the list of what was agreed to.</summary>
internal static class ConsentRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/consent", (HttpContext http, Visit visit, AuthorizeEndpoint authorize) => Ask(http, visit, authorize, visit.Query?["continue"] ?? "")).For(Access.Enrolment);
        routes.MapPost("/consent", Answer).For(Access.Enrolment);
        routes.MapPost("/apps/{id}/remove-access", async (HttpContext http, string id, ChangeConsent consents, Refuse refuse) =>
            await consents.Remove(http.Granted().User, id, http.Actor()) ? SeeOther.To("/apps?done=removed") : refuse.NotFound(http)).For(Access.User);
    }

    private static async Task<IResult> Ask(HttpContext http, Visit visit, AuthorizeEndpoint authorize, string token)
    {
        // Nothing to ask (any more): the endpoint goes on, or explains.
        if (token.Length is 0 or > 200) return SeeOther.To("/apps");
        if (await authorize.AtConsent(http, visit, token) is not { } request) return SeeOther.To(Back(token));
        return Page(request, token);
    }

    private static async Task<IResult> Answer(HttpContext http, Visit visit, AuthorizeEndpoint authorize, ChangeConsent consents)
    {
        var token = visit.Form["continue"] ?? "";
        if (token.Length is 0 or > 200) return SeeOther.To("/apps");
        if (visit.Form["answer"] != "yes") return Onward(Back(token) + "&cancel=consent");
        if (await authorize.AtConsent(http, visit, token) is not { } request) return SeeOther.To(Back(token));
        // What is agreed to is what the page showed; when that has changed meanwhile, it is shown again.
        if (visit.Form["items"] != Shown(request)) return Page(request, token);
        await consents.Give(http.Granted().User, request.Client, request.Items, http.Actor());
        return Onward(Back(token));
    }

    /// <summary>A page of ours that leads on: form-action would stop a redirect to the application.</summary>
    private static RazorComponentResult<OnwardPage> Onward(string to) => new(new { To = to, Title = "Thank you" });

    private static RazorComponentResult<ConsentPage> Page(AuthorizeRequest request, string token) => new(new
    {
        App = request.Client.Name,
        Host = request.Callback!,
        Person = request.Person!.User,
        request.Items,
        Known = request.Consent!.Given is null ? [] : request.Items.Where(request.Consent.Covers).Select(i => i.Key).ToArray(),
        Token = token,
        Shown = Shown(request),
    });

    private static string Shown(AuthorizeRequest request) => string.Join(' ', request.Items.Select(i => i.Key));

    private static string Back(string token) => $"{Paths.Authorize}?pending={Uri.EscapeDataString(token)}";
}
