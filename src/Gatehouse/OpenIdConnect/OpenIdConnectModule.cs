using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Discovery;
using Gatehouse.OpenIdConnect.Keys;

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
        return services;
    }

    public static void MapOpenIdConnect(this IEndpointRouteBuilder routes)
    {
        DiscoveryEndpoints.Map(routes);
    }
}
