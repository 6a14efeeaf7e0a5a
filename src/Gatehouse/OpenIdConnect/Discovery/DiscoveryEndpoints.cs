using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Discovery;

internal static class DiscoveryEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])[Paths.Discovery, Paths.ServerMetadata])
        {
            routes.MapGet(path, (HttpContext http, DiscoveryDocument document, Cors cors) => Send(http, cors, document.Json)).ForProtocol();
            routes.MapMethods(path, ["OPTIONS"], (HttpContext http, Cors cors) => cors.Preflight(http, "GET")).ForProtocol();
        }
        routes.MapGet(Paths.Jwks, async (HttpContext http, SigningKeys keys, Cors cors) => await Send(http, cors, (await keys.Ring()).KeySet)).ForProtocol();
        routes.MapMethods(Paths.Jwks, ["OPTIONS"], (HttpContext http, Cors cors) => cors.Preflight(http, "GET")).ForProtocol();
    }

    private static async Task<IResult> Send(HttpContext http, Cors cors, PreparedJson json)
    {
        await cors.Allow(http);
        return json;
    }
}
