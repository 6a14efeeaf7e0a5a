using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Logout;

/// <summary>
/// OpenID Connect RP-Initiated Logout 1.0. With an ID token of the person who is signed in it ends the session at once; otherwise it asks.
/// It never leads to an address that is not registered.
/// </summary>
internal sealed class LogoutEndpoint(Database database, SigningKeys keys, EndSessions sessions, BeginSession cookie, FlagInstantLogout instant, Refuse refuse, ServerConfiguration configuration, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Paths.Logout, (HttpContext http, Visit visit, LogoutEndpoint endpoint) => endpoint.Get(http, visit)).For(Access.Anyone);
        routes.MapPost(Paths.Logout, (Visit visit) => Repeat(visit)).For(Access.Anyone).WithMetadata(new AllowsCrossSitePost());
        routes.MapPost(Paths.Logout + "/confirm", (HttpContext http, Visit visit, LogoutEndpoint endpoint) => endpoint.Confirmed(http, visit)).For(Access.Anyone);
    }

    /// <summary>A POST from another site brings no session cookie; the GET that follows does.</summary>
    private static IResult Repeat(Visit visit)
    {
        var query = Query(visit.Form, ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]);
        return SeeOther.To(LocalPath.Or($"{Paths.Logout}?{query}", $"{Paths.Logout}?{Query(visit.Form, ["client_id", "post_logout_redirect_uri"])}"));
    }

    private async Task<IResult> Get(HttpContext http, Visit visit)
    {
        if (visit.Query is not { DuplicateName: null } query) return refuse.Page(http, new FormMalformed(Paths.Logout, "the query is not well formed"));
        if (!(await Judge(query)).Passed(out var request, out var refusal)) return refuse.Page(http, refusal, "/apps", null);
        visit.ClientId = request.Client?.Id;
        var person = http.GrantedOrNull();
        if (person is null) return Leave(request);
        if (request.Subject != person.User.Id)
            return new RazorComponentResult<LogoutPage>(new { Person = person.User.Email, App = request.Client?.Name, Carried = query.All.Where(p => p.Key is "client_id" or "post_logout_redirect_uri" or "state").ToArray() });
        var again = await IsInstantAgain(request, person);
        await End(http, person);
        return again is null ? Leave(request) : new RazorComponentResult<InstantLogoutPage>(new { again.Facts, Reference = refuse.Record(http, again).Text, App = request.Client!.Name, To = request.Target }) { StatusCode = again.Facts.Status };
    }

    /// <summary>Stops the second round of sign-in and instant logout; the first goes through, it may have been somebody in a hurry.</summary>
    private async Task<InstantLogout?> IsInstantAgain(LogoutRequest request, AccessGranted person)
    {
        if (request.Client is not { } client || await instant.JustEntered(client.Id, person.Session!.PublicId) is not { } entered
            || !await instant.IsRepeated(client.Id, person.User.Id, person.Session.PublicId)) return null;
        return new(client.Ref, person.User.Ref, clock.Now() - entered.CreatedAt, entered.RedeemedAt - entered.CreatedAt, FlagInstantLogout.ByApplication);
    }

    /// <summary>Ends in a page of ours that leads on: form-action would stop a redirect to the application.</summary>
    private async Task<IResult> Confirmed(HttpContext http, Visit visit)
    {
        if (!(await Judge(visit.Form)).Passed(out var request, out var refusal)) return refuse.Page(http, refusal, "/apps", null);
        if (http.GrantedOrNull() is { } person) await End(http, person);
        return new RazorComponentResult<LoggedOutPage>(new { To = request.Target, App = request.Client?.Name });
    }

    /// <param name="Target">The registered address with state, or null.</param>
    private sealed record LogoutRequest(Client? Client, string? Subject, string? Target);

    private async Task<Outcome<LogoutRequest>> Judge(StrictParameters parameters)
    {
        IdTokenHint? hint = null;
        if (parameters["id_token_hint"] is { Length: > 0 } sent)
        {
            hint = IdTokenHint.Read(await keys.Ring(), configuration.Origin, sent);
            if (hint is null) return new LogoutHintInvalid(sent.Length, "it is not signed by our keys");
        }
        var clientId = parameters.Text("client_id");
        if (hint is not null && clientId is not null && !hint.Audiences.Contains(clientId)) return new LogoutHintInvalid(parameters["id_token_hint"]!.Length, "it was issued to another client than client_id names");
        clientId ??= hint?.Audiences[0];
        var client = clientId is { Length: <= 200 } ? await database.Read(sql => ClientStore.Find(sql, clientId)) : null;
        if (parameters["post_logout_redirect_uri"] is not { Length: > 0 } to) return new LogoutRequest(client, hint?.Subject, null);
        if (client is not { Enabled: true, DeletedAt: null }) return new LogoutUriMismatch("", "", to.Length, "no client is named, or it is disabled");
        if (!client.LogoutCallbacks.Contains(to, StringComparer.Ordinal))
        {
            var nearest = CompareCallbacks.Nearest(to, client.LogoutCallbacks);
            return new LogoutUriMismatch(client.Id, client.Name, to.Length, nearest is null ? "none is registered" : $"it differs from the nearest registered one by {nearest.Words}");
        }
        var state = parameters["state"];
        return new LogoutRequest(client, hint?.Subject, state is null ? to : $"{to}{(to.Contains('?', StringComparison.Ordinal) ? '&' : '?')}state={Uri.EscapeDataString(state)}");
    }

    private async Task End(HttpContext http, AccessGranted person)
    {
        await sessions.One(person.Session!.PublicId, FlagInstantLogout.ByApplication);
        cookie.Forget(http);
    }

    private static IResult Leave(LogoutRequest request) =>
        request.Target is { } target ? new SeeOtherAt(target) : new RazorComponentResult<LoggedOutPage>(new { To = (string?)null, App = request.Client?.Name });

    private static string Query(StrictParameters parameters, string[] names) =>
        string.Join('&', names.Where(parameters.Has).Select(n => $"{n}={Uri.EscapeDataString(parameters[n]!)}"));
}
