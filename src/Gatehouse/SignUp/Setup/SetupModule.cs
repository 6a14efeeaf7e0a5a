using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignUp.Setup;

/// <summary>The page that makes the first admin, and closes for good.</summary>
public static class SetupModule
{
    public static IServiceCollection AddSetup(this IServiceCollection services)
    {
        services.AddSingleton<SetupLink>();
        services.AddSingleton<CompleteSetup>();
        return services;
    }

    public static void MapSetup(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/setup", Show).For(Access.Anyone);
        routes.MapPost("/setup/options", Options).For(Access.Anyone);
        routes.MapPost("/setup/complete", Complete).For(Access.Anyone);
    }

    private static async Task<IResult> Show(HttpContext http, Visit visit, Database database, CompleteSetup setup, StrangerRates rates, Refuse refuse)
    {
        if (await database.Read(InstanceSetup.Closed) is { } closed)
            return http.GrantedOrNull() is { User.IsAdmin: true, Session.Kind: SessionKind.Full }
                ? new RazorComponentResult<SetupClosedPage>(new { closed.By, closed.At })
                : refuse.NotFound(http);
        if (rates.Take(http, visit) is { } flood) return refuse.Page(http, flood);
        var token = visit.Query?["t"] ?? "";
        return await setup.Look(token) is { } refusal ? refuse.Page(http, refusal) : new RazorComponentResult<SetupPage>(new { Token = token });
    }

    private static async Task<IResult> Options(HttpContext http, Visit visit, Database database, CompleteSetup setup, StrangerRates rates, Refuse refuse)
    {
        if (await database.Read(InstanceSetup.Closed) is not null) return refuse.NotFound(http);
        if (rates.Take(http, visit) is { } flood) return refuse.Json(http, flood);
        if (!StrictJson.TryReadObject(await JsonBody.Read(http), out var body)) return refuse.Json(http, new PasskeyMalformed(Ceremony.Registration, "options request"));
        string Field(string name) => StrictJson.TryString(body, name, out var text) ? text.Trim() : "";
        return (await setup.Begin(Field("t"), Field("display_name"), Field("email"), visit)).Passed(out var options, out var refusal)
            ? Results.Text(options.ToJsonString(), "application/json")
            : refuse.Json(http, refusal);
    }

    private static async Task<IResult> Complete(HttpContext http, Visit visit, CompleteSetup setup, BeginSession sessions, Refuse refuse)
    {
        if (!AttestationResponse.TryRead(await JsonBody.Read(http), out var response)) return refuse.Json(http, new PasskeyMalformed(Ceremony.Registration, "credential"));
        if (!(await setup.Complete(PasskeyEndpoints.Challenge(http), response, visit)).Passed(out var cookie, out var refusal)) return refuse.Json(http, refusal);
        sessions.Keep(http, cookie);
        return Results.Json(new { next = "/admin" });
    }
}
