using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Doctor;

/// <summary>The doctor and the overview: they read everything and change nothing.</summary>
public static class DoctorModule
{
    public static IServiceCollection AddDoctor(this IServiceCollection services)
    {
        services.AddSingleton<SeenByServer>();
        services.AddHostedService(s => s.GetRequiredService<SeenByServer>());
        services.AddSingleton<Examination>(s => new(
            [
                .. ServerChecks.All(s.GetRequiredService<ServerConfiguration>(), s.GetRequiredService<SeenByServer>(), s.GetRequiredService<Database>(), s.GetRequiredService<TimeProvider>()),
                .. DataChecks.All(s.GetRequiredService<ServerConfiguration>(), s.GetRequiredService<Instance>(), s.GetRequiredService<SigningKeys>(), s.GetRequiredService<TimeProvider>()),
                .. s.GetServices<IDoctorCheck>(),
            ], s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<Examination>>()));
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new("Administration", "Overview", "/admin", Access.Viewer, 0, "chart"),
            new("Administration", "Doctor", "/admin/doctor", Access.Viewer, 910, "doctor")));
        return services;
    }

    private static async Task<IResult> Overview(Database database, Settings settings, Examination examination, RefusalLog log, TimeProvider clock)
    {
        await log.Settle();
        var now = clock.Now();
        return new RazorComponentResult<OverviewPage>(new
        {
            Counts = await Counts.Load(database, settings, clock),
            Report = await examination.Recent(),
            Day = await database.Read(sql => SignInStream.Day(sql, SignInFilter.Of(StrictParameters.Empty), now)),
            (await database.Read(sql => Cases.Problems(sql, "unsolved", null, 0, 1, 5))).Problems,
        });
    }

    public static void MapDoctor(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/doctor", async Task<IResult> (Examination examination) => new RazorComponentResult<DoctorPage>(new { Report = await examination.Recent() })).For(Access.Viewer);
        routes.MapPost("/admin/doctor", async (Examination examination) =>
        {
            await examination.Run();
            return SeeOther.To("/admin/doctor");
        }).For(Access.Viewer);
        routes.MapGet("/admin", Overview).For(Access.Viewer);
    }
}
