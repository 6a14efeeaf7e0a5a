using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.BreakGlass;
using Gatehouse.SignIn.HardwareKeys;
using Gatehouse.SignIn.LoginLinks;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.Requests;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.SignIn.Throttling;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn;

/// <summary>How people sign in: passkeys, login links, sessions, step-up, and the gate.</summary>
public static class SignInModule
{
    public static IServiceCollection AddSignIn(this IServiceCollection services)
    {
        foreach (var kept in PersonalSignIn.All) services.AddSingleton(kept);
        services.AddSingleton<AccessRules>();
        services.AddSingleton<ReturnPath>();
        services.AddSingleton<BeginSession>();
        services.AddSingleton<ISessionDoor, SessionDoor>();
        services.AddSingleton<Ceremonies>();
        services.AddSingleton<SignInWithPasskey>();
        services.AddSingleton<RegisterPasskey>();
        services.AddSingleton<KeepPasskeys>();
        services.AddSingleton<EndSessions>();
        services.AddSingleton<OwnActivity>();
        services.AddHostedService<SweepSignIn>();
        services.AddSingleton<LoginLinks.LoginLinks>();
        services.AddSingleton<NewDevices.KnownBrowsers>();
        services.AddSingleton<NewDevices.ReportNotMe>();
        foreach (var template in NewDevices.NewDeviceLetters.All) services.AddSingleton(template);
        services.AddSingleton<Accounts.IWayIn, PasskeyWayIn>();
        services.AddSingleton<Accounts.IWayIn, LoginLinkWayIn>();
        services.AddSingleton<Accounts.IWayIn, PasswordWayIn>();
        services.AddSingleton<IPublicRequestKind, RequestLoginLink>();
        services.AddSingleton(s => s.GetServices<IPublicRequestKind>().OfType<RequestLoginLink>().Single());
        services.AddSingleton<ISignInOffer, LoginLinkOffer>();
        services.AddSingleton<IRemedyHandler<SendLoginLink>, SendLoginLinkHandler>();
        foreach (var template in LoginLinkLetters.All) services.AddSingleton(template);
        services.AddSingleton<Onward>();
        services.AddSingleton<GuessLimits>();
        services.AddSingleton<HashingGate>();
        services.AddSingleton<AnswerFloor>();
        services.AddSingleton<PasskeyAddresses>();
        services.AddHostedService(s => s.GetRequiredService<PasskeyAddresses>());
        services.AddSingleton<IDoctorCheck>(s => s.GetRequiredService<PasskeyAddresses>());
        services.AddSingleton<PasswordLetters>();
        foreach (var template in PasswordLetters.All.Concat(FactorLetters.All)) services.AddSingleton(template);
        services.AddSingleton<SetPassword>();
        services.AddSingleton<SignInWithPassword>();
        services.AddSingleton<ResetPassword>();
        services.AddSingleton<IDoctorCheck, HashingCheck>();
        services.AddSingleton<Accounts.IUserCard>(new Accounts.UserCard(typeof(UserPasswordCard), 15));
        services.AddSingleton<PendingSignIns>();
        services.AddSingleton<SignInSteps>();
        services.AddSingleton<AfterSignIn>();
        services.AddSecondFactors();
        services.AddHardwareKeys();
        services.AddSingleton<BreakGlassLetters>();
        services.AddSingleton<SealBreakGlass>();
        services.AddSingleton<UseBreakGlass>();
        services.AddSingleton<IDoctorCheck, BreakGlassCheck>();
        foreach (var template in BreakGlassLetters.All) services.AddSingleton(template);
        services.AddSingleton<PublicRequests>();
        services.AddSingleton<AnswerRequests>();
        services.AddHostedService(s => s.GetRequiredService<AnswerRequests>());
        services.AddSingleton<Accounts.IUserCard>(new Accounts.UserCard(typeof(LoginLinkCard), 10));
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("Account", "Security", "/account/security", Access.Enrolment, 20, "shield"),
            new MenuEntry("Administration", "Passwords", "/admin/settings/passwords", Access.Admin, 420, "key"),
            new MenuEntry("Administration", "Second factors", "/admin/settings/second-factors", Access.Admin, 421, "shield"),
            new MenuEntry("Administration", "Session policy", "/admin/settings/sessions", Access.Admin, 422, "screen"),
            new MenuEntry("Administration", "Break-glass", BreakGlassEndpoints.Admin, Access.Admin, 445, "warn"),
            new MenuEntry("Administration", "Login links", "/admin/settings/login-links", Access.Admin, 440, "link"),
            new MenuEntry("Account", "Sessions", "/account/sessions", Access.User, 30, "screen"),
            new MenuEntry("Account", "Activity", "/account/activity", Access.User, 40, "clock")));
        return services;
    }

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in", ShowSignIn).For(Access.Anyone);
        routes.MapGet("/sign-in/help", ShowHelp).For(Access.Anyone);
        routes.MapGet("/sign-in/probe.css", Probe).For(Access.Anyone);
        routes.MapPost("/sign-in/clean", StartClean).For(Access.Anyone);
        routes.MapPost("/sign-out", SignOut).For(Access.Anyone);
        LoginLinkRoutes.Map(routes);
        NewDevices.NewDeviceRoutes.Map(routes);
        PasskeyEndpoints.Map(routes);
        SessionEndpoints.Map(routes);
        SessionSettingsRoutes.Map(routes);
        StepEndpoints.Map(routes);
        PasswordEndpoints.Map(routes);
        SecondFactorEndpoints.Map(routes);
        HardwareKeyEndpoints.Map(routes);
        BreakGlassEndpoints.Map(routes);
    }

    private static async Task<IResult> ShowSignIn(HttpContext http, Visit visit, Onward onward, Settings settings, Refuse refuse)
    {
        if (visit.Query is null) return refuse.Page(http, new FormMalformed("/sign-in", "the query is not well formed"), "/sign-in");
        var to = await onward.Find(visit.Query);
        var session = http.GrantedOrNull()?.Session;
        var again = session is not null && to.Continuation?.NeedsSignInAgain(session.AuthTime) == true;
        if (session is not null && !again && !(session.Kind == SessionKind.Enrolment && to.Continuation is null)) return SeeOther.To(to.Path);
        return new RazorComponentResult<SignInPage>(new
        {
            App = to.Continuation?.AppName,
            Passwords = (await PasswordSettings.Of(settings)).Enabled,
            Again = again,
            to.Continuation?.Because,
            Hint = to.Continuation?.LoginHint,
            to.Continuation?.CancelPath,
            Onward = Onward.Keep(visit.Query),
        });
    }

    private static async Task<IResult> ShowHelp(Visit visit, Settings settings) => new RazorComponentResult<CannotSignInPage>(new
    {
        Onward = visit.Query is null ? "" : Onward.Keep(visit.Query),
        Reset = await PasswordSettings.Of(settings) is { Enabled: true, Reset: true },
    });

    /// <summary>A style sheet that shows a notice of the sign-in page when our cookie does not come back: works without JavaScript, and needs no redirect.</summary>
    private static IResult Probe(HttpContext http, Visit visit, Refuse refuse)
    {
        if (visit.CookieReturned) return Results.Text("", "text/css");
        var reference = refuse.Record(http, CookieMissing.Of(http));
        return Results.Text($".notice.cookie-missing {{ display: flex; }}\n#cookie-reference::after {{ content: \"{reference.Text}\"; }}\n", "text/css");
    }

    /// <summary>Forgets what this browser kept for us, and begins again where the person was going.</summary>
    private static IResult StartClean(HttpContext http, Visit visit, BeginSession sessions)
    {
        sessions.Forget(http);
        http.Response.Headers["Clear-Site-Data"] = "\"cookies\", \"storage\"";
        var onward = visit.Query is null ? "" : Onward.Keep(visit.Query);
        return SeeOther.To(onward.Length > 0 ? $"/sign-in?{onward}" : "/sign-in");
    }

    private static async Task<IResult> SignOut(HttpContext http, Visit visit, BeginSession sessions, EndSessions end, UseBreakGlass glass)
    {
        if (http.OpeningOrNull() is { } opening) await glass.End(opening.Id, new(opening.ActorName, visit.Address.ToString()));
        if (http.GrantedOrNull() is { Session: { } session }) await end.One(session.PublicId, "signed out");
        sessions.Forget(http);
        return SeeOther.To("/sign-in");
    }
}
