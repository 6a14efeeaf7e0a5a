using Gatehouse.Audit;
using Gatehouse.SignIn.Requests;
using Gatehouse.SignUp.Join;
using Gatehouse.SignUp.Links;
using Gatehouse.Web;

namespace Gatehouse.SignUp;

/// <summary>Ways to a new account besides set-up: links, invitations, open sign-up.</summary>
public static class SignUpModule
{
    public static IServiceCollection AddSignUp(this IServiceCollection services)
    {
        services.AddSingleton<SignUpLinks>();
        services.AddSingleton<FindInvitations>();
        services.AddHostedService<SweepSignUp>();
        services.AddSingleton<SignIn.IInvitedPeople, InvitedPeople>();
        services.AddSingleton<RequestSignUp>();
        services.AddSingleton<IPublicRequestKind>(s => s.GetRequiredService<RequestSignUp>());
        services.AddSingleton<JoinWithLink>();
        services.AddSingleton<AskForNewInvitation>();
        services.AddSingleton<SignIn.ISignInOffer, SignUpOffer>();
        services.AddSingleton<IRemedyHandler<SendInvitationAgain>, SendInvitationAgainHandler>();
        foreach (var template in SignUpLetters.All) services.AddSingleton(template);
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("Administration", "Invitations", "/admin/invitations", Access.Admin, 305, "mail"),
            new MenuEntry("Administration", "Sign-up", "/admin/settings/sign-up", Access.Admin, 430, "plus")));
        return services;
    }

    public static void MapSignUp(this IEndpointRouteBuilder routes)
    {
        JoinRoutes.Map(routes);
        InvitationRoutes.Map(routes);
        SignUpSettingsRoutes.Map(routes);
    }
}
