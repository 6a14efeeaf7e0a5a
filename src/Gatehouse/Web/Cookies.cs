using Gatehouse.Configuration;

namespace Gatehouse.Web;

/// <summary>The one place that sets and reads cookies.</summary>
public sealed class Cookies(ServerConfiguration configuration)
{
    private bool Hostly => configuration.IsHttps || configuration.IsLocalhost;

    public string Name(string bare) => Hostly ? "__Host-" + bare : bare;

    /// <summary>The value, or null when it is absent or came twice: two cookies of one name mean none.</summary>
    public string? Read(HttpContext http, string bare)
    {
        var name = Name(bare);
        string? found = null;
        foreach (var header in http.Request.Headers.Cookie)
        {
            foreach (var part in (header ?? "").Split(';', StringSplitOptions.TrimEntries))
            {
                if (!part.StartsWith(name, StringComparison.Ordinal) || part.Length <= name.Length || part[name.Length] != '=') continue;
                if (found is not null) return null;
                found = part[(name.Length + 1)..];
            }
        }
        return found is { Length: > 0 and <= 256 } ? found : null;
    }

    /// <summary>Lax, HttpOnly, host-only; for the browser session or for <paramref name="maxAge"/>.</summary>
    public void Write(HttpContext http, string bare, string value, TimeSpan? maxAge = null) =>
        http.Response.Cookies.Append(Name(bare), value, Options(maxAge));

    public void Clear(HttpContext http, string bare) => http.Response.Cookies.Append(Name(bare), "", Options(TimeSpan.Zero));

    public static int Count(HttpContext http) => http.Request.Headers.Cookie.Sum(h => (h ?? "").Count(c => c == '='));

    private CookieOptions Options(TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        Secure = Hostly,
        SameSite = SameSiteMode.Lax,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };
}
