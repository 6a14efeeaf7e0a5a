using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>The outbox, its sender, the settings of mail and what says whether mail arrives.</summary>
public static class MailModule
{
    public static IServiceCollection AddMail(this IServiceCollection services)
    {
        services.AddSingleton<Outbox>();
        services.AddSingleton<ISealed>(s => s.GetRequiredService<Outbox>());
        services.AddSingleton<MailSettingsStore>();
        services.AddSingleton<ISealed>(s => s.GetRequiredService<MailSettingsStore>());
        services.AddSingleton<MailSender>();
        services.AddSingleton<SaveMailSettings>();
        services.AddSingleton<TestMail>();
        services.AddSingleton<NoteBounce>();
        services.AddSingleton<MailFindings>();
        services.AddSingleton<LookAtMail>();
        services.AddHostedService<MailWatch>();
        services.AddSingleton<IDoctorCheck, OutboxCheck>();
        foreach (var (id, notYet) in MailCheck.All)
            services.AddSingleton<IDoctorCheck>(s => new MailCheck(id, notYet, s.GetRequiredService<MailFindings>(), s.GetRequiredService<MailSettingsStore>()));
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("Administration", "Email", MailPaths.Settings, Access.Admin, 400, "mail"),
            new MenuEntry("Administration", "Mail log", MailPaths.Log, Access.Viewer, 905, "list")));
        services.AddHostedService(s => s.GetRequiredService<MailSender>());
        return services;
    }

    public static void MapMail(this IEndpointRouteBuilder routes)
    {
        EmailRoutes.Map(routes);
        MailRoutes.Map(routes);
    }
}
