using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Audit;

/// <summary>Refusal log, sign-in log, audit log; the pages that read them.</summary>
public static class AuditModule
{
    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<RefusalLog>();
        services.AddSingleton<IRefusalLog>(s => s.GetRequiredService<RefusalLog>());
        services.AddHostedService(s => s.GetRequiredService<RefusalLog>());
        services.AddSingleton<SignInLog>();
        services.AddSingleton<AuditLog>();
        foreach (var kept in PersonalAudit.All) services.AddSingleton(kept);
        services.AddScoped<RemedyDesk>();
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("Sign-ins", "Sign-ins", "/admin/sign-ins", Access.Viewer, 10, "key"),
            new MenuEntry("Sign-ins", "Problems", "/admin/problems", Access.Viewer, 20, "warn"),
            new MenuEntry("Administration", "Audit log", "/admin/audit", Access.Viewer, 900, "list")));
        return services;
    }

    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/sign-ins", AuditPages.SignIns).For(Access.Viewer);
        routes.MapGet("/admin/problems", AuditPages.Problems).For(Access.Viewer);
        routes.MapGet("/admin/problems/{id}", AuditPages.Problem).For(Access.Viewer);
        routes.MapGet("/admin/cases/{reference}", AuditPages.Case).For(Access.Viewer);
        routes.MapGet("/admin/cases/{reference}/remedies/{index:int}", RemedyPages.Confirm).For(Access.Admin, recent: true);
        routes.MapPost("/admin/cases/{reference}/remedies/{index:int}", RemedyPages.Press).For(Access.Admin, recent: true);
        routes.MapPost("/admin/remedies/{id}/undo", RemedyPages.Undo).For(Access.Admin, recent: true);
        routes.MapGet("/admin/lookup", AuditPages.Find).For(Access.Viewer);
        routes.MapGet("/admin/audit", AuditPages.Audit).For(Access.Viewer);
        routes.MapGet("/help/{code}", AuditPages.Help).For(Access.Anyone);
    }
}
