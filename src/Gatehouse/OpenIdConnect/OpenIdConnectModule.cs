using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Discovery;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.OpenIdConnect.Userinfo;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect;

/// <summary>Signing people in to applications: clients, authorize, token, userinfo, discovery, keys.</summary>
public static class OpenIdConnectModule
{
    public static IServiceCollection AddOpenIdConnect(this IServiceCollection services)
    {
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<DiscoveryDocument>();
        services.AddSingleton<Cors>();
        services.AddSingleton<ClientSecrets>();
        services.AddSingleton<SaveClient>();
        services.AddSingleton<PendingAuthorizations>();
        services.AddSingleton<IContinuation>(s => s.GetRequiredService<PendingAuthorizations>());
        services.AddSingleton<AuthorizeRules>();
        services.AddSingleton<WriteAuthorizeResponse>();
        services.AddSingleton<IssueCode>();
        services.AddSingleton<AuthorizeEndpoint>();
        services.AddSingleton<AuthenticateClient>();
        services.AddSingleton<RefreshTokens>();
        services.AddSingleton<JudgeGrant>();
        services.AddSingleton<RedeemCode>();
        services.AddSingleton<RotateRefreshToken>();
        services.AddSingleton<IssueTokens>();
        services.AddSingleton<TokenEndpoint>();
        services.AddSingleton<UserinfoEndpoint>();
        return services;
    }

    public static void MapOpenIdConnect(this IEndpointRouteBuilder routes)
    {
        DiscoveryEndpoints.Map(routes);
        AuthorizeEndpoint.Map(routes);
        TokenEndpoint.Map(routes);
        UserinfoEndpoint.Map(routes);
    }
}
