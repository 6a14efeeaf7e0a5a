using Gatehouse.Refusals;

namespace Gatehouse.Web;

/// <summary>A form came without a valid antiforgery token: an old page, a cleared cookie or another site.</summary>
public sealed record FormExpired(string Path, bool CookieCame, bool TokenCame) : Refusal<FormExpired>, IRefusal<FormExpired>
{
    public static RefusalEntry Entry { get; } = new("browser.form_expired", "A form could not be accepted",
        Public: "This page was open too long or your browser forgot it. Nothing was changed. Please start again.",
        Fix: "Usually nothing: the person starts again. When it repeats, a proxy or extension strips cookies.", Status: 400);
    public static FormExpired Example => new("/sign-in", CookieCame: false, TokenCame: true);
    public override string Evidence => $"POST {Path}: browser cookie {(CookieCame ? "came" : "missing")}, form token {(TokenCame ? "did not match" : "missing")}.";
}

/// <summary>A state-changing request that another site caused.</summary>
public sealed record CrossSiteRequest(string Path, string FetchSite) : Refusal<CrossSiteRequest>, IRefusal<CrossSiteRequest>
{
    public static RefusalEntry Entry { get; } = new("browser.cross_site", "Another site tried to post a form",
        Public: "This request came from another site and was not accepted. Nothing was changed.",
        Fix: "If this was you, check that the address in the browser is exactly APP_URL.", Status: 403);
    public static CrossSiteRequest Example => new("/account/passkeys", "cross-site");
    public override string Evidence => $"POST {Path} with Sec-Fetch-Site {FetchSite}.";
}

/// <summary>A body that is no form, too large, or not well formed.</summary>
public sealed record FormMalformed(string Path, string Fault) : Refusal<FormMalformed>, IRefusal<FormMalformed>
{
    public static RefusalEntry Entry { get; } = new("browser.form_malformed", "A request could not be read",
        Public: "The request could not be read. Nothing was changed.",
        Fix: "Send application/x-www-form-urlencoded in UTF-8, at most 64 kB and 200 fields.", Wire: "invalid_request", Status: 400);
    public static FormMalformed Example => new("/token", "content type is not a form");
    public override string Evidence => $"{Path}: {Fault}.";
}

/// <summary>The cookie that was just set did not come back.</summary>
public sealed record CookieMissing(string Path, int OtherCookies, bool Forwarded = false) : Refusal<CookieMissing>, IRefusal<CookieMissing>
{
    public static RefusalEntry Entry { get; } = new("browser.cookie_missing", "The browser did not return our cookie",
        Public: "Your browser did not give back the cookie that signing in needs. Allow cookies for this site, switch off content blockers for it, or leave the private window, and start again.",
        Fix: "Check content blockers, private windows, and proxies that strip cookies.", Status: 400);
    public static CookieMissing Example => new("/sign-in", OtherCookies: 2);
    public override string Evidence => $"{Path}: our cookie did not come back. " + (OtherCookies, Forwarded) switch
    {
        ( > 0, _) => $"{OtherCookies} other cookies came, so the browser keeps cookies and something in between removes ours: a proxy or an extension.",
        (_, true) => "No cookie came at all, and the request went through a proxy: either the browser blocks cookies or the proxy removes them.",
        _ => "No cookie came at all, and no proxy announced itself: the browser blocks cookies.",
    };

    /// <summary>What this request shows: how many other cookies came, and whether a proxy announced itself.</summary>
    public static CookieMissing Of(HttpContext http) => new(http.Request.Path, Cookies.Count(http),
        http.Request.Headers.ContainsKey("X-Forwarded-For") || http.Request.Headers.ContainsKey("Via") || http.Request.Headers.ContainsKey("Forwarded"));
}

/// <summary>One network asks more often than people can.</summary>
public sealed record TooManyRequests(string Path, string Block) : Refusal<TooManyRequests>, IRefusal<TooManyRequests>
{
    public static RefusalEntry Entry { get; } = new("browser.too_many_requests", "Too many requests from one network",
        Public: "Too many requests came from your network. Nothing was changed. Please try again in a minute.",
        Fix: "When people share this address, or a reverse proxy is missing from TRUSTED_PROXIES, mend that. Otherwise it is a flood: stop it in front of Gatehouse.",
        Wire: "temporarily_unavailable", Status: 429);
    public static TooManyRequests Example => new("/passkeys/assertion/options", "203.0.113.9");
    public override string Target => Block;
    public override string Evidence => $"{Path}: {Block} used up {StrangerRates.Burst} requests and {StrangerRates.PerSecond} more a second without anybody signing in.";
}

/// <summary>The database is busy or away.</summary>
public sealed record TryAgainLater(string Path) : Refusal<TryAgainLater>, IRefusal<TryAgainLater>
{
    public static RefusalEntry Entry { get; } = new("ops.database_busy", "The database did not answer in time",
        Public: "We are busy right now. It is on our side. Please try again in a moment.",
        Fix: "Look at the database: is it running, is the disk full, does another process hold it?", Wire: "temporarily_unavailable", Status: 400, Causer: Causer.Operator);
    public static TryAgainLater Example => new("/token");
    public override string Evidence => $"{Path}: no answer from the database.";
}

/// <summary>The disk under the database is full or fails.</summary>
public sealed record StorageFailed(string Path, string Fault) : Refusal<StorageFailed>, IRefusal<StorageFailed>
{
    public static RefusalEntry Entry { get; } = new("ops.storage_failed", "Nothing can be stored",
        Public: "The server cannot store anything at the moment. Nothing was changed. It is on our side; please try again later.",
        Fix: "Make room on the disk of the database: it then goes on by itself. When the disk fails, keep a copy of the data folder, move it to another disk and start Gatehouse there.",
        Wire: "temporarily_unavailable", Status: 400, Causer: Causer.Operator);
    public static StorageFailed Example => new("/token", "there is no room on the disk of the database");
    public override string Evidence => $"{Path}: {Fault}.";
}

/// <summary>A defect of ours, told without its stack.</summary>
public sealed record Broken(string Path, string Exception) : Refusal<Broken>, IRefusal<Broken>
{
    public static RefusalEntry Entry { get; } = new("ops.fault", "A fault in Gatehouse",
        Public: "Something went wrong on our side. You did nothing wrong.",
        Fix: "Please report it with the log line that carries this reference.", Wire: "server_error", Status: 400, Causer: Causer.Operator);
    public static Broken Example => new("/authorize", "InvalidOperationException");
    public override string Evidence => $"{Path}: {Exception}.";
}
