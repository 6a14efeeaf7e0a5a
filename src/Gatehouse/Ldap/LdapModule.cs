using System.CommandLine;
using Gatehouse.Accounts;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Explain;
using Gatehouse.Ldap.Linking;
using Gatehouse.Ldap.Passwords;
using Gatehouse.Ldap.Sync;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Web;

namespace Gatehouse.Ldap;

/// <summary>People and groups from a directory: settings, sync, explanations.</summary>
public static class LdapModule
{
    public static IServiceCollection AddLdap(this IServiceCollection services)
    {
        services.AddSingleton(LdapLimits.Ordinary);
        services.AddSingleton(new Data.PersonalData("directory", "Your entry in the directory of your organisation, as it was last read", "As long as the account; the id of the entry stays, so that no sync makes a removed account again.", ["ldap_users", "ldap_memberships"],
            "select dn as distinguished_name, stable_id as id_in_the_directory, linked_at from ldap_users where user_id = @userId", "update ldap_users set dn = '', off_by_run = null, admin_by_run = null where user_id = @userId"));
        services.AddSingleton(new Data.PersonalData("directory_runs", "What the sync with the directory did to your account", "As long as the run is listed.", ["ldap_run_entries"],
            "select r.started_at as done_at, e.act as act from ldap_run_entries e join ldap_runs r on r.id = e.run_id where e.user_id = @userId order by r.started_at desc",
            "update ldap_run_entries set name = @userId, dn = '', detail = '', user_id = null where user_id = @userId"));
        services.AddSingleton<DirectoryDoor>();
        services.AddSingleton<SettingsStore>();
        services.AddSingleton<ISealed>(s => s.GetRequiredService<SettingsStore>());
        services.AddSingleton<IPinnedSettings, PinDirectory>();
        services.AddSingleton<IPasswordSource, DirectoryPasswords>();
        services.AddSingleton<ILockedFields, DirectoryFields>();
        services.AddSingleton<LinkAccount>();
        services.AddSingleton<IUserCard>(new UserCard(typeof(DirectoryCard), 40));
        services.AddSingleton<TestDirectory>();
        services.AddSingleton<ReadDirectory>();
        services.AddSingleton<ApplyPlan>();
        services.AddSingleton<RunLdapSync>();
        services.AddSingleton<UndoRun>();
        services.AddSingleton<ExplainPerson>();
        services.AddSingleton<SyncTimer>();
        services.AddHostedService(s => s.GetRequiredService<SyncTimer>());
        services.AddSingleton<IDoctorCheck, SettingsCheck>();
        services.AddSingleton<IDoctorCheck, SyncCheck>();
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("Administration", "LDAP", OnOurSide.Page, Access.Admin, 400),
            new MenuEntry("Administration", "Directory syncs", SyncPages.Path, Access.Admin, 410)));
        return services;
    }

    public static void MapLdap(this IEndpointRouteBuilder routes)
    {
        LdapRoutes.Map(routes);
        SyncPages.Map(routes);
        LinkRoutes.Map(routes);
    }

    public static Command LdapCommand(IConsoleHost host) => LdapCommands.Make(host);
}
