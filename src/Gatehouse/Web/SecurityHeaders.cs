using Gatehouse.Configuration;

namespace Gatehouse.Web;

/// <summary>Headers on every response, errors and redirects included.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, ServerConfiguration configuration, Departure departure)
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "form-action {0}; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'";

    private static readonly string Strict = string.Format(System.Globalization.CultureInfo.InvariantCulture, Policy, "'self'");

    public Task Invoke(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Strict;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()";
        headers.XFrameOptions = "DENY";
        headers.CacheControl = "no-store";
        if (configuration.IsHttps) headers.StrictTransportSecurity = "max-age=31536000";
        if (departure.HasBegun) headers.Connection = "close";
        return next(http);
    }

    /// <summary>The policy of a page that is a letter: one style sheet inside it, named by its hash; nothing is fetched, run or sent.</summary>
    public static string AllowingStyle(string hash) => $"default-src 'none'; style-src {hash}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

    /// <summary>The policy of a form_post page, which may post to one callback.</summary>
    public static string AllowingFormTo(string callback) => string.Format(System.Globalization.CultureInfo.InvariantCulture, Policy, callback);
}
