using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect;

/// <summary>
/// Which pages of other origins may read our protocol answers: those of registered callback URLs, on token, userinfo, keys and discovery only.
/// Credentials are never allowed; these endpoints read no cookie.
/// </summary>
internal sealed class Cors(Database database)
{
    private readonly Cached<HashSet<string>> origins = new(database, "clients", async sql =>
    {
        var urls = await sql.List<string>("""
            select u.url from client_urls u join clients c on c.id = u.client_id
            where u.kind = 'callback' and c.enabled = true and c.deleted_at is null
            """);
        return [.. urls.Select(OriginOf).OfType<string>()];
    });

    /// <summary>Answers a preflight.</summary>
    public async Task<IResult> Preflight(HttpContext http, string methods)
    {
        if (await Allow(http))
        {
            http.Response.Headers.AccessControlAllowMethods = methods;
            http.Response.Headers.AccessControlAllowHeaders = "authorization, content-type";
            http.Response.Headers.AccessControlMaxAge = "600";
        }
        return Results.StatusCode(204);
    }

    /// <summary>Names the origin back when it is a registered one.</summary>
    public async ValueTask<bool> Allow(HttpContext http)
    {
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length == 0) return false;
        http.Response.Headers.Vary = "Origin";
        if (!(await origins.Get()).Contains(origin)) return false;
        http.Response.Headers.AccessControlAllowOrigin = origin;
        http.Response.Headers.AccessControlExposeHeaders = $"{Web.Refuse.ReferenceHeader}, WWW-Authenticate";
        return true;
    }

    private static string? OriginOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" ? uri.GetLeftPart(UriPartial.Authority) : null;
}
