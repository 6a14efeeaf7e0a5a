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
        services.AddSingleton(new Data.PersonalData("invitations", "Invitations to you, and the link you signed up with", "As long as the account.", ["signup_links"], """
            select kind, email as sent_to, created_at, expires_at, opened_at, used_at, revoked_at from signup_links where user_id = @userId or email_folded = @folded order by created_at
            """, "delete from signup_links where user_id = @userId and kind <> 'link' or email_folded = @folded; update signup_links set user_id = null where user_id = @userId"));
        services.AddSingleton(new Data.PersonalData("sign_ups", "A sign-up that was begun and not ended", "7 days.", ["signup_pending"], """
            select email, display_name, updated_at from signup_pending where user_id = @userId
            """, "delete from signup_pending where user_id = @userId"));
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
