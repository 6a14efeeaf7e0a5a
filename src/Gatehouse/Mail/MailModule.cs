using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>The outbox, its sender, the settings of mail and what says whether mail arrives.</summary>
public static class MailModule
{
    public static IServiceCollection AddMail(this IServiceCollection services)
    {
        services.AddSingleton<Outbox>();
        services.AddSingleton<Templates.LetterPaper>();
        services.AddSingleton<ISealed>(s => s.GetRequiredService<Outbox>());
        services.AddSingleton<MailSettingsStore>();
        services.AddSingleton<MailSender>();
        services.AddHostedService(s => s.GetRequiredService<MailSender>());
        return services;
    }

    public static void MapMail(this IEndpointRouteBuilder routes) => routes.MapPost("/admin/mail/{id}/retry", MailRoutes.Retry).For(Access.Admin, recent: true);
}
