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
        services.AddSingleton(new Data.PersonalData("letters", "Mails to you: subject, when, and whether they arrived; of those about somebody else no subject", "180 days; the content only until it is sent.", ["mails"], """
            select created_at, recipient as sent_to, case when about_id = @userId or user_id is null then subject end as subject, state, settled_at from mails where user_id = @userId or user_id is null and lower(recipient) = @folded order by created_at desc
            """, "delete from mails where user_id = @userId or about_kind = 'user' and about_id = @userId or user_id is null and lower(recipient) = @folded"));
        services.AddSingleton<ISealed>(s => s.GetRequiredService<Outbox>());
        services.AddSingleton<MailSettingsStore>();
        services.AddSingleton<ISealed>(s => s.GetRequiredService<MailSettingsStore>());
        services.AddSingleton<IPinnedSettings, PinMail>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<MailSender>();
        services.AddSingleton<SaveMailSettings>();
        services.AddSingleton<TestMail>();
        services.AddSingleton(TestMail.Template);
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
