using Gatehouse.Refusals;

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
        return services;
    }

    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
    }
}
