using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignUp.Links;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignUp.Join;

/// <summary>The pages of somebody who has no account yet.</summary>
internal static class JoinRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/join", Show).For(Access.Anyone);
        routes.MapPost("/join", Begin).For(Access.Anyone);
        routes.MapPost("/join/options", Options).For(Access.Anyone);
        routes.MapPost("/join/complete", Complete).For(Access.Anyone);
        routes.MapPost("/join/again", AskAgain).For(Access.Anyone);
        routes.MapGet("/sign-up", ShowOpen).For(Access.Anyone);
        routes.MapPost("/sign-up", AskOpen).For(Access.Anyone);
    }

    private static async Task<IResult> Show(HttpContext http, Visit visit, JoinWithLink join, Settings settings, Refuse refuse)
    {
        var token = visit.Query?["t"] ?? "";
        if (!(await join.Look(token, LooksLikeBrowser(http), visit)).Passed(out var joining, out var refusal)) return Refused(http, refuse, refusal, token);
        return await Page(joining, token, settings, edit: visit.Query?["edit"] == "1");
    }

    private static async Task<IResult> Begin(HttpContext http, Visit visit, JoinWithLink join, Settings settings, Refuse refuse, Texts texts)
    {
        var token = visit.Form["t"] ?? "";
        if ((await join.Begin(token, visit.Form["display_name"], visit.Form["email"], visit)).Passed(out var begun, out var refusal))
            return begun == Begun.ByMail ? new RazorComponentResult<LookIntoMailboxPage>() : SeeOther.To("/join?t=" + Uri.EscapeDataString(token));
        if (refusal is not (NameInvalid or EmailInvalid or SignUpDomainNotAllowed)) return Refused(http, refuse, refusal, token);
        // The form again, with what was typed: the link itself is good.
        if (!(await join.Look(token, byBrowser: true, visit)).Passed(out var joining, out var gone)) return Refused(http, refuse, gone, token);
        return await Page(joining, token, settings, edit: true, FieldOf(refusal, texts), refusal is SignUpDomainNotAllowed ? refuse.Record(http, refusal).Text : null, visit.Form, refusal.Facts.Status);
    }

    private static async Task<IResult> Page(Joining joining, string token, Settings settings, bool edit, FieldError? fault = null, string? reference = null, StrictParameters? typed = null, int status = 200)
    {
        var how = await SignUpSettings.Of(settings);
        var instance = (await Sender.Of(settings)).Name;
        return joining.Pending is { } pending && !edit
            ? new RazorComponentResult<JoinPasskeyPage>(new { Token = token, pending.DisplayName, pending.Email, Instance = instance })
            : new RazorComponentResult<JoinPage>(new
            {
                Token = token,
                joining.Link.Email,
                Typed = (typed?["display_name"] ?? joining.Pending?.DisplayName ?? joining.Link.DisplayName, typed?["email"] ?? joining.Pending?.Email),
                Instance = instance,
                how.Domains,
                ByMail = joining.Link.Email is null && how.ProveAddress,
                Errors = fault is null ? null : new[] { fault },
                Reference = reference,
            })
            { StatusCode = status };
    }

    private static async Task<IResult> Options(HttpContext http, Visit visit, JoinWithLink join, Refuse refuse)
    {
        if (!StrictJson.TryReadObject(await JsonBody.Read(http), out var body) || !StrictJson.TryString(body, "t", out var token)) return refuse.Json(http, new PasskeyMalformed(Ceremony.Registration, "options request"));
        return (await join.Options(token, visit)).Passed(out var options, out var refusal) ? Results.Text(options.ToJsonString(), "application/json") : refuse.Json(http, refusal);
    }

    private static async Task<IResult> Complete(HttpContext http, Visit visit, JoinWithLink join, BeginSession sessions, Refuse refuse)
    {
        if (!AttestationResponse.TryRead(await JsonBody.Read(http), out var response)) return refuse.Json(http, new PasskeyMalformed(Ceremony.Registration, "credential"));
        if (!(await join.Complete(PasskeyEndpoints.Challenge(http), response, http.GrantedOrNull(), visit)).Passed(out var cookie, out var refusal)) return refuse.Json(http, refusal);
        sessions.Keep(http, cookie);
        return Results.Json(new { next = "/" });
    }

    private static async Task<IResult> AskAgain(HttpContext http, Visit visit, AskForNewInvitation ask, Refuse refuse)
    {
        var token = visit.Form["t"] ?? "";
        return (await ask.Run(token)).Passed(out _, out var refusal) ? new RazorComponentResult<AskedAgainPage>() : Refused(http, refuse, refusal, token);
    }

    private static async Task<IResult> ShowOpen(HttpContext http, Settings settings, Refuse refuse)
    {
        var how = await SignUpSettings.Of(settings);
        return how.Mode == SignUpMode.Open ? new RazorComponentResult<SignUpPage>(new { Instance = (await Sender.Of(settings)).Name, how.Domains }) : refuse.Page(http, new SignUpClosed(how.Mode), "/sign-in", "Go to sign-in");
    }

    private static async Task<IResult> AskOpen(HttpContext http, Visit visit, RequestSignUp requests, Settings settings, Refuse refuse, Texts texts)
    {
        var how = await SignUpSettings.Of(settings);
        if (how.Mode != SignUpMode.Open) return refuse.Page(http, new SignUpClosed(how.Mode), "/sign-in", "Go to sign-in");
        var refusal = await Judge();
        if (refusal is null) return new RazorComponentResult<LookIntoMailboxPage>();
        if (refusal is not (NameInvalid or EmailInvalid or SignUpDomainNotAllowed)) return refuse.Page(http, refusal, "/sign-in", "Go to sign-in");
        return new RazorComponentResult<SignUpPage>(new
        {
            Instance = (await Sender.Of(settings)).Name,
            how.Domains,
            Typed = (visit.Form["display_name"], visit.Form["email"]),
            Errors = new[] { FieldOf(refusal, texts) },
            Reference = refusal is SignUpDomainNotAllowed ? refuse.Record(http, refusal).Text : null,
        })
        { StatusCode = refusal.Facts.Status };

        async Task<Refusal?> Judge()
        {
            if (!AccountNames.Display("display_name", visit.Form["display_name"]).Passed(out var name, out var bad)) return bad;
            // The same field twice could be read in two ways.
            if (visit.Form.Values("email").Count > 1) return new EmailInvalid("it came twice");
            if (!AccountNames.Email(visit.Form["email"]).Passed(out var address, out bad)) return bad;
            if (!how.Allows(address)) return RequestSignUp.NotAllowed(address, how);
            return (await requests.Ask(address, name, null, visit)).Passed(out _, out bad) ? null : bad;
        }
    }

    private static IResult Refused(HttpContext http, Refuse refuse, Refusal refusal, string token)
    {
        if (refusal is SignUpLinkExpired expired)
            return new RazorComponentResult<LinkExpiredPage>(new { Token = token, expired.ExpiredAt, MayAsk = expired.Link.Kind != LinkKind.Link, Reference = refuse.Record(http, refusal).Text }) { StatusCode = refusal.Facts.Status };
        return refusal is SignUpNotBegun
            ? refuse.Page(http, refusal, "/join?t=" + Uri.EscapeDataString(token), "Start again")
            : refuse.Page(http, refusal, "/sign-in", "Go to sign-in");
    }

    private static FieldError FieldOf(Refusal refusal, Texts texts) => refusal is NameInvalid name
        ? new(name.Which, texts[refusal.Facts.Public])
        : new("email", refusal is EmailInvalid ? $"{texts[refusal.Facts.Public]} ({refusal.Evidence})" : texts[refusal.Facts.Public].Value);

    /// <summary>Browsers say that they open a document (Fetch Metadata); what looks at links in a mail system mostly does not.</summary>
    private static bool LooksLikeBrowser(HttpContext http) => http.Request.Headers["Sec-Fetch-Dest"] == "document" && http.Request.Headers["Sec-Fetch-Mode"] == "navigate";
}
