using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace Gatehouse.Web;

/// <summary>Our own stylesheet, scripts and icons, embedded; their URLs carry a hash of the content and may be cached for good.</summary>
public static class StaticFiles
{
    private static readonly FrozenDictionary<string, Asset> ByName = Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(n => n.StartsWith("assets/", StringComparison.Ordinal))
        .Select(n => Load(n["assets/".Length..]))
        .ToFrozenDictionary(a => a.Name, StringComparer.Ordinal);

    /// <summary>The URL of an asset, e.g. <c>/assets/1f2e3d4c/gatehouse.css</c>.</summary>
    public static string Url(string name) => $"/assets/{ByName[name].Stamp}/{name}";

    internal static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/assets/{stamp}/{name}", (HttpContext http, string stamp, string name, Refuse refuse) =>
        {
            if (!ByName.TryGetValue(name, out var asset)) return refuse.NotFound(http);
            http.Response.Headers.CacheControl = stamp == asset.Stamp ? "public, max-age=31536000, immutable" : "no-cache";
            return Results.Bytes(asset.Bytes, asset.ContentType);
        }).ForProtocol().WithMetadata(new AnswersAnyHost());

    private static Asset Load(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("assets/" + name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var type = Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        return new(name, Convert.ToHexStringLower(SHA256.HashData(bytes))[..12], type, bytes);
    }

    private sealed record Asset(string Name, string Stamp, string ContentType, byte[] Bytes);
}
