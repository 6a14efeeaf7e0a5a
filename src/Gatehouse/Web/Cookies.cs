using Gatehouse.Configuration;

namespace Gatehouse.Web;

/// <summary>
/// The one place that sets and reads cookies. Their names begin with __Host-, also on http://localhost, where Safari drops such cookies. There, and only
/// there, the first visit sets the browser's cookie under both names: a browser that returns nothing but the plain one gets plain ones from then on.
/// </summary>
public sealed class Cookies(ServerConfiguration configuration)
{
    internal const string Browser = "gatehouse-browser";

    private bool Hostly => configuration.IsHttps || configuration.IsLocalhost;

    public string Name(string bare) => Hostly ? "__Host-" + bare : bare;

    /// <summary>The value, or null when it is absent or came twice: two cookies of one name mean none.</summary>
    public string? Read(HttpContext http, string bare) => Find(http, IsPlain(http) ? bare : Name(bare), out _);

    /// <summary>Lax, HttpOnly, host-only; for the browser session or for <paramref name="maxAge"/>.</summary>
    public void Write(HttpContext http, string bare, string value, TimeSpan? maxAge = null)
    {
        var plain = IsPlain(http);
        http.Response.Cookies.Append(plain ? bare : Name(bare), value, Options(maxAge, plain));
    }

    public void Clear(HttpContext http, string bare) => Write(http, bare, "", TimeSpan.Zero);

    /// <summary>Gives a new browser its name; on http://localhost under both names, to learn which one it keeps.</summary>
    internal void Introduce(HttpContext http, string value, TimeSpan maxAge)
    {
        Write(http, Browser, value, maxAge);
        if (configuration.IsLocalhost && !IsPlain(http)) http.Response.Cookies.Append(Browser, value, Options(maxAge, plain: true));
    }

    /// <summary>Takes the plain name back from a browser that keeps the other.</summary>
    internal void Settle(HttpContext http)
    {
        if (configuration.IsLocalhost && !IsPlain(http) && Has(http, Browser)) http.Response.Cookies.Append(Browser, "", Options(TimeSpan.Zero, plain: true));
    }

    /// <summary>True for a browser that dropped the __Host- name on http://localhost. Whoever sends both is not one.</summary>
    private bool IsPlain(HttpContext http) => configuration.IsLocalhost && !Has(http, Name(Browser)) && Has(http, Browser);

    private static bool Has(HttpContext http, string name)
    {
        Find(http, name, out var times);
        return times > 0;
    }

    private static string? Find(HttpContext http, string name, out int times)
    {
        string? found = null;
        times = 0;
        foreach (var header in http.Request.Headers.Cookie)
        {
            foreach (var part in (header ?? "").Split(';', StringSplitOptions.TrimEntries))
            {
                if (!part.StartsWith(name, StringComparison.Ordinal) || part.Length <= name.Length || part[name.Length] != '=') continue;
                times++;
                found = part[(name.Length + 1)..];
            }
        }
        return times == 1 && found is { Length: > 0 and <= 256 } ? found : null;
    }

    public static int Count(HttpContext http) => http.Request.Headers.Cookie.Sum(h => (h ?? "").Count(c => c == '='));

    private CookieOptions Options(TimeSpan? maxAge, bool plain) => new()
    {
        HttpOnly = true,
        Secure = Hostly && !plain,
        SameSite = SameSiteMode.Lax,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };
}
