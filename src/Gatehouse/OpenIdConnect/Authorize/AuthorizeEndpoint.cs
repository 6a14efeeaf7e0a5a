using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Authorize.Rules;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Consents;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>The authorization endpoint: read, judge, interact, respond.</summary>
internal sealed class AuthorizeEndpoint(
    Database database, AuthorizeRules rules, PendingAuthorizations pending, IssueCode codes, WriteAuthorizeResponse write, Refuse refuse,
    SigningKeys keys, ResourceRules resources, StrangerRates rates, ServerConfiguration configuration, SignInLog signIns, ReadConsent consents, FindLoops loops, Settings settings, IRefusalLog log, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Paths.Authorize, (HttpContext http, Visit visit, AuthorizeEndpoint endpoint) => endpoint.Get(http, visit)).For(Access.Anyone);
        routes.MapPost(Paths.Authorize, (HttpContext http, Visit visit, AuthorizeEndpoint endpoint) => endpoint.Post(http, visit)).For(Access.Anyone).WithMetadata(new AllowsCrossSitePost());
    }

    /// <summary>A POST from the application's site brings no Lax cookie: it is kept, and the GET that follows sees the session.</summary>
    private async Task<IResult> Post(HttpContext http, Visit visit)
    {
        var request = new AuthorizeRequest(visit.Form, await Find(visit.Form), null, clock.Now());
        if ((IdentifyClient.Check(request) ?? MatchRedirectUri.Check(request, log)) is { } refusal) return Refused(http, visit, request, refusal, null);
        if (rates.Take(http, visit) is { } flood) return refuse.Page(http, flood);
        var token = await pending.Store(PendingRequest.Of(visit.Form, clock.Now(), atSignIn: false), PendingAuthorizations.BetweenPostAndGet, visit);
        return SeeOther.To($"{Paths.Authorize}?pending={token}");
    }

    private async Task<IResult> Get(HttpContext http, Visit visit)
    {
        if (visit.Query is not { } query) return refuse.Page(http, new FormMalformed(Paths.Authorize, "the query is not well formed"));
        visit.RetryPath = LocalPath.Or(visit.PathAndQuery, Paths.Authorize);
        PendingRequest? waiting = null;
        var token = query.Has("client_id") ? null : query["pending"];
        if (token is not null)
        {
            (waiting, var fault) = await pending.Load(token, visit.BrowserId);
            if (waiting is null) return refuse.Page(http, new PendingRequestGone(fault), "/apps", null);
        }
        var request = await Read(http, waiting, waiting?.ToParameters() ?? query, waiting is null ? null : query["cancel"] switch { "1" => "sign-in", "consent" => "consent", _ => null });
        if (rules.Judge(request, visit) is { } refusal) return Refused(http, visit, request, refusal, token);
        visit.ClientId = request.Client.Id;
        if (request.MustConsent)
        {
            if (waiting is not { AtSignIn: true }) token = await Wait(request.Parameters, visit);
            return SeeOther.To($"/consent?continue={Uri.EscapeDataString(token!)}");
        }
        if (request.MustSignIn)
        {
            // The page may be reloaded: the request that already waits goes on waiting.
            if (waiting is not { AtSignIn: true })
            {
                if (rates.Take(http, visit) is { } flood) return refuse.Page(http, flood);
                token = await Wait(request.Parameters, visit, request.MustBeStronger, request.TooLongAway);
            }
            return SeeOther.To($"/sign-in?continue={Uri.EscapeDataString(token!)}");
        }
        var granted = request.Granted!;
        if (request.Client.LoopGuard && !request.Silent && !(waiting is not null && query["again"] == "1") && await loops.Find(request) is { } loop)
        {
            if (waiting is not { AtSignIn: true }) token = await Wait(request.Parameters, visit);
            return InCircles(http, request, loop, token!);
        }
        var code = await codes.Issue(granted, request);
        signIns.Success(SignInLog.App, granted.User.Id, request.Client.Id, granted.Session!.Factors.LastOrDefault()?.Method ?? "", visit);
        return write.Code(http, request, code);
    }

    private RazorComponentResult<LoopPage> InCircles(HttpContext http, AuthorizeRequest request, SignInLoop loop, string token) => new(new
    {
        loop.Facts,
        Reference = refuse.Record(http, loop).Text,
        App = request.Client.Name,
        loop.Cause,
        OnPath = $"{Paths.Authorize}?pending={Uri.EscapeDataString(token)}&again=1",
    })
    { StatusCode = loop.Facts.Status };

    /// <summary>The request that waits behind a consent page, judged again for whoever is signed in now; null when nothing waits for an answer.</summary>
    public async Task<AuthorizeRequest?> AtConsent(HttpContext http, Visit visit, string token)
    {
        if ((await pending.Load(token, visit.BrowserId)).Request is not { } waiting) return null;
        var request = await Read(http, waiting, waiting.ToParameters(), null);
        return rules.Judge(request, visit) is null && request.MustConsent ? request : null;
    }

    private async Task<AuthorizeRequest> Read(HttpContext http, PendingRequest? waiting, StrictParameters parameters, string? declinedAt)
    {
        var (client, person) = (await Find(parameters), http.GrantedOrNull());
        return new(parameters, client, person, clock.Now())
        {
            MadeAt = waiting?.MadeAt ?? clock.Now(),
            Resumed = waiting is { AtSignIn: true },
            DeclinedAt = declinedAt,
            Resource = await Resource(parameters, client),
            Hint = parameters["id_token_hint"] is { Length: > 0 } hint ? IdTokenHint.Read(await keys.Ring(), configuration.Origin, hint) : null,
            NeedsMultiFactor = client is not null && (await FactorSettings.Of(settings)).DemandedBy(client.Ref),
            LastVisit = client is { SessionIdleSeconds: > 0 } && person?.Session is { } session ? await LastVisit(client, session.PublicId) : null,
            Consent = client is null || person is null ? null : await consents.Question(person, client),
        };
    }

    private Task<string> Wait(StrictParameters parameters, Visit visit, bool stronger = false, bool tooLongAway = false) =>
        pending.Store(PendingRequest.Of(parameters, clock.Now(), atSignIn: true) with { Browser = PendingAuthorizations.Mark(visit.BrowserId), Stronger = stronger, TooLongAway = tooLongAway }, PendingAuthorizations.WhileSigningIn, visit);

    /// <summary>Opening it and renewing its tokens are visits. No query where the client has no such limit.</summary>
    private Task<long?> LastVisit(Client client, string session) => database.Read(sql => sql.One<long?>("""
        select max(case when refresh_rotated_at > created_at then refresh_rotated_at else created_at end) from grants where session_public_id = @session and client_id = @Id
        """, new { session, client.Id }));

    private async Task<Client?> Find(StrictParameters parameters) =>
        parameters["client_id"] is { Length: > 0 and <= 200 } id ? await database.Read(sql => ClientStore.Find(sql, id)) : null;

    private async Task<Outcome<ResourceRules.Named>> Resource(StrictParameters parameters, Client? client) =>
        client is null || !parameters.Has("resource") ? new ResourceRules.Named(null, Given: false) : await resources.Find(client, parameters);

    private IResult Refused(HttpContext http, Visit visit, AuthorizeRequest request, Refusal refusal, string? token)
    {
        visit.ClientId = request.Found?.Id;
        // An empty link is this very address again.
        if (request.Callback is null) return refuse.Page(http, refusal, "", http.RequestServices.GetRequiredService<Texts>()["Try again"]);
        var reference = refuse.Record(http, refusal);
        if (request.Silent || request.Person is null || refusal.Facts.Audience != Audience.AfterProof) return write.Error(http, request, refusal, reference);
        return new RazorComponentResult<AccessRefusedPage>(new
        {
            refusal.Facts,
            Reference = reference.Text,
            App = request.Client.Name,
            Person = request.Person.User.Email,
            BackTo = write.ErrorLink(request, refusal, reference),
            RetryPath = token is null ? "" : $"{Paths.Authorize}?pending={Uri.EscapeDataString(token)}",
        })
        { StatusCode = refusal.Facts.Status };
    }
}
