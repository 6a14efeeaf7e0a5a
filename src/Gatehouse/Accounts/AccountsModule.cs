using Gatehouse.Accounts.CustomClaims;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Accounts;

/// <summary>Users and groups: use cases, pages, remedies.</summary>
public static class AccountsModule
{
    public static IServiceCollection AddAccounts(this IServiceCollection services)
    {
        foreach (var kept in Personal.PersonalAccount.All) services.AddSingleton(kept);
        services.AddSingleton<Personal.DownloadData>();
        services.AddSingleton<Deletion.AskForDeletion>();
        services.AddSingleton<IDoctorCheck, Deletion.WishesCheck>();
        foreach (var template in Deletion.DeletionLetters.All) services.AddSingleton(template);
        services.AddSingleton<IUserCard>(new UserCard(typeof(Deletion.DeletionCard), 1));
        services.AddSingleton<CreateUser>();
        services.AddSingleton<EditUser>();
        services.AddSingleton<Email.OwnAddress>();
        foreach (var template in Email.EmailLetters.All) services.AddSingleton(template);
        services.AddSingleton<DisableUser>();
        services.AddSingleton<EnableUser>();
        services.AddSingleton<DeleteUser>();
        services.AddSingleton<UndoDeleteUser>();
        services.AddSingleton<PromoteUser>();
        services.AddSingleton<FindUsers>();
        services.AddSingleton<CreateGroup>();
        services.AddSingleton<RenameGroup>();
        services.AddSingleton<DeleteGroup>();
        services.AddSingleton<AddMember>();
        services.AddSingleton<RemoveMember>();
        services.AddSingleton<FindGroups>();
        services.AddSingleton<ChangeCustomClaims>();
        services.AddSingleton<IUserCard>(new UserCard(typeof(UserClaimsCard), 60));
        services.AddSingleton<IRemedyHandler<AddUserToGroup>, AddUserToGroupHandler>();
        services.AddSingleton<IRemedyHandler<RestoreUser>, RestoreUserHandler>();
        services.AddHostedService<PurgeDeletedUsers>();
        services.AddSingleton<IUserCard>(new UserCard(typeof(MailCard), 90));
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("Account", "Profile", "/account", Access.User, 10, "user"),
            new MenuEntry("Account", "My data", "/account/data", Access.User, 50, "list"),
            new MenuEntry("Administration", "Account deletion", "/admin/settings/deletion", Access.Admin, 445, "user"),
            new MenuEntry("Administration", "Users", "/admin/users", Access.Admin, 300, "user"),
            new MenuEntry("Administration", "User groups", "/admin/groups", Access.Admin, 310, "users")));
        return services;
    }

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        UserRoutes.Map(routes);
        GroupRoutes.Map(routes);
        ProfileRoutes.Map(routes);
        Email.EmailRoutes.Map(routes);
        Personal.DataRoutes.Map(routes);
        Deletion.DeletionRoutes.Map(routes);
    }
}
