using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Consents;
using Gatehouse.OpenIdConnect.Discovery;
using Gatehouse.OpenIdConnect.Introspection;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Logout;
using Gatehouse.OpenIdConnect.Preview;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.OpenIdConnect.Userinfo;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect;

/// <summary>Signing people in to applications: clients, authorize, token, userinfo, discovery, keys.</summary>
public static class OpenIdConnectModule
{
    public static IServiceCollection AddOpenIdConnect(this IServiceCollection services)
    {
        foreach (var kept in PersonalOpenIdConnect.All) services.AddSingleton(kept);
        services.AddSingleton<SigningKeys>();
        services.AddSingleton(new Jose.VerifiedTokens());
        services.AddSingleton<ISealed>(s => s.GetRequiredService<SigningKeys>());
        services.AddSingleton<DiscoveryDocument>();
        services.AddSingleton<Cors>();
        services.AddSingleton<ClientSecrets>();
        services.AddSingleton<SaveClient>();
        services.AddSingleton<FindClients>();
        services.AddSingleton<IRemedyHandler<AddCallbackUrl>, AddCallbackUrlHandler>();
        services.AddSingleton<IRemedyHandler<LiftGroupRestriction>, LiftGroupRestrictionHandler>();
        services.AddSingleton<IMenuEntry>(new MenuEntries(
            new MenuEntry("", "My apps", "/apps", Access.User, 10, "app"),
            new MenuEntry("Administration", "OIDC Clients", "/admin/clients", Access.Admin, 320, "link"),
            new MenuEntry("Administration", "APIs", "/admin/apis", Access.Admin, 330, "app"),
            new MenuEntry("Administration", "Signing keys", "/admin/keys", Access.Admin, 340, "key")));
        services.AddSingleton<ReadClaims>();
        services.AddSingleton<ChangeClaimPlan>();
        services.AddSingleton<ReadConsent>();
        services.AddSingleton<ChangeConsent>();
        services.AddSingleton<PendingAuthorizations>();
        services.AddSingleton<IContinuation>(s => s.GetRequiredService<PendingAuthorizations>());
        services.AddSingleton<AuthorizeRules>();
        services.AddSingleton<WriteAuthorizeResponse>();
        services.AddSingleton<FindLoops>();
        services.AddSingleton<IssueCode>();
        services.AddSingleton<AuthorizeEndpoint>();
        services.AddSingleton<AuthenticateClient>();
        services.AddSingleton<ClientAssertions>();
        services.AddSingleton<ClientKeys>();
        services.AddSingleton<SpentIds>();
        services.AddSingleton<ApiRegistry>();
        services.AddSingleton<SaveApi>();
        services.AddSingleton<RotateKeys>();
        services.AddSingleton<KeySchedule>();
        services.AddHostedService(s => s.GetRequiredService<KeySchedule>());
        services.AddSingleton<ResourceRules>();
        services.AddSingleton<ClientCredentials>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<IEvidenceFinder, FindMeantClient>();
        services.AddSingleton<IntrospectionEndpoint>();
        services.AddSingleton<RevocationEndpoint>();
        services.AddSingleton<RefreshTokens>();
        services.AddSingleton<JudgeGrant>();
        services.AddSingleton<RedeemCode>();
        services.AddSingleton<RotateRefreshToken>();
        services.AddSingleton<IssueTokens>();
        services.AddSingleton<SweepGrants>();
        services.AddHostedService(s => s.GetRequiredService<SweepGrants>());
        services.AddSingleton<TokenEndpoint>();
        services.AddSingleton<UserinfoEndpoint>();
        services.AddSingleton<RunPreview>();
        services.AddSingleton<Accounts.IUserCard>(new Accounts.UserCard(typeof(PreviewCard), 50));
        services.AddSingleton<LogoutEndpoint>();
        services.AddSingleton<FlagInstantLogout>();
        services.AddSingleton<TellApplications>();
        services.AddHostedService(s => s.GetRequiredService<TellApplications>());
        return services;
    }

    public static void MapOpenIdConnect(this IEndpointRouteBuilder routes)
    {
        ClientRoutes.Map(routes);
        DiscoveryEndpoints.Map(routes);
        AuthorizeEndpoint.Map(routes);
        ConsentRoutes.Map(routes);
        ClaimRoutes.Map(routes);
        PreviewRoutes.Map(routes);
        TokenEndpoint.Map(routes);
        IntrospectionEndpoint.Map(routes);
        RevocationEndpoint.Map(routes);
        ApiRoutes.Map(routes);
        KeyRoutes.Map(routes);
        UserinfoEndpoint.Map(routes);
        LogoutEndpoint.Map(routes);
    }
}
