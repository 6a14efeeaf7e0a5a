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
            new("Administration", "Overview", "/admin", Access.Viewer, 0),
            new("Administration", "Doctor", "/admin/doctor", Access.Viewer, 80)));
        return services;
    }

    public static void MapDoctor(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/doctor", async (Examination examination) => new RazorComponentResult<DoctorPage>(new { Report = await examination.Recent() })).For(Access.Viewer);
        routes.MapPost("/admin/doctor", async (Examination examination) =>
        {
            await examination.Run();
            return SeeOther.To("/admin/doctor");
        }).For(Access.Viewer);
        routes.MapGet("/admin", async (Database database, Examination examination, TimeProvider clock) => new RazorComponentResult<OverviewPage>(new
        {
            Counts = await Counts.Load(database, clock),
            Report = await examination.Recent(),
        })).For(Access.Viewer);
    }
}
