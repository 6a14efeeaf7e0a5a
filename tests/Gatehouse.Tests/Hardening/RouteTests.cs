using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>What holds for every route there is, found by asking the running server for its routes and not by a list.</summary>
public sealed partial class RouteTests : IAsyncLifetime
{
    private TestInstance instance = null!;

    public async ValueTask InitializeAsync() => instance = await TestInstance.Start();

    public ValueTask DisposeAsync() => instance.DisposeAsync();

    private sealed record Route(string Pattern, string Method, RequiresAccess? Access, bool CookieFree, bool CrossSite, bool AnyHost)
    {
        /// <summary>With something in the place of every parameter.</summary>
        public string Path => Parameter().Replace(Pattern, m => m.Value.Contains(":int", StringComparison.Ordinal) ? "0" : "0199aaaaaaaa7000800000000000abcd");

        public override string ToString() => $"{Method} {Pattern}";
    }

    private Route[] Routes() =>
    [
        .. instance.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(e =>
            (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"]).Select(method => new Route(
                "/" + e.RoutePattern.RawText!.TrimStart('/'), method, e.Metadata.GetMetadata<RequiresAccess>(),
                e.Metadata.GetMetadata<CookieFree>() is not null, e.Metadata.GetMetadata<AllowsCrossSitePost>() is not null, e.Metadata.GetMetadata<AnswersAnyHost>() is not null))),
    ];

    private static HttpRequestMessage Request(string method, string path, string? body = null, string type = "application/x-www-form-urlencoded", string? site = "same-origin")
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
        return request;
    }

    private static Task<Page> PostAs(TestBrowser browser, Route route) => browser.Send(Request(route.Method, route.Path, $"_token={browser.Token}"));

    private static bool IsWayToSignIn(Page page) => page.Status == HttpStatusCode.SeeOther && page.Location!.StartsWith("/sign-in", StringComparison.Ordinal);

    [Fact]
    public void Every_route_says_who_may_enter_and_by_which_method()
    {
        var routes = Routes();
        Assert.True(routes.Length > 30, $"only {routes.Length} routes were found");
        Assert.DoesNotContain(routes, r => r.Access is null);
        Assert.DoesNotContain(routes, r => r.Method is not ("GET" or "POST" or "OPTIONS"));
        Assert.DoesNotContain(routes, r => r.Pattern.StartsWith("/admin", StringComparison.Ordinal) && r.Access!.Level < Access.Viewer);
        Assert.DoesNotContain(routes, r => r.Pattern.StartsWith("/account", StringComparison.Ordinal) && r.Access!.Level < Access.Enrolment);
        Assert.DoesNotContain(routes, r => r.CookieFree && r.Access!.Level != Access.Anyone);
    }

    /// <summary>Posts that fill a form or look something up and change nothing.</summary>
    private static readonly string[] OnlyRead = ["/preset", "/explain"];

    [Fact]
    public void Whatever_an_admin_changes_needs_a_fresh_confirmation() =>
        Assert.DoesNotContain(Routes(), r => r.Method == "POST" && r.Access!.Level == Access.Admin && !r.Access.Recent && !OnlyRead.Any(o => r.Pattern.EndsWith(o, StringComparison.Ordinal)));

    [Fact]
    public async Task CVE_2026_55106_D01_a_protected_route_lets_in_nobody_below_its_level()
    {
        using var stranger = instance.Browser();
        await stranger.Get("/sign-in");
        using var enrolling = await Somebody.With(instance, Role.Admin, kind: SessionKind.Enrolment);
        using var user = await Somebody.With(instance, Role.User);
        using var viewer = await Somebody.With(instance, Role.Viewer);
        using var stale = await Somebody.With(instance, Role.Admin, recent: false);
        var wrong = new List<string>();
        foreach (var route in Routes().Where(r => r.Access!.Level > Access.Anyone))
        {
            async Task<Page> As(TestBrowser browser) => route.Method == "GET" ? await browser.Get(route.Path) : await PostAs(browser, route);
            if (await As(stranger) is var asStranger && !IsWayToSignIn(asStranger)) wrong.Add($"{route} as stranger: {asStranger.Status}");
            if (route.Access!.Level > Access.Enrolment && await As(enrolling) is { Status: not HttpStatusCode.Forbidden } asEnrolling) wrong.Add($"{route} by login link: {asEnrolling.Status}");
            if (route.Access.Level > Access.User && await As(user) is { Status: not HttpStatusCode.Forbidden } asUser) wrong.Add($"{route} as user: {asUser.Status}");
            if (route.Access.Level > Access.Viewer && await As(viewer) is { Status: not HttpStatusCode.Forbidden } asViewer) wrong.Add($"{route} as viewer: {asViewer.Status}");
            if (route.Access.Recent && await As(stale) is { Status: not HttpStatusCode.Forbidden } asStale) wrong.Add($"{route} without a fresh confirmation: {asStale.Status}");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task D01_an_admin_whose_session_ended_or_account_was_disabled_is_a_stranger_everywhere()
    {
        using var late = await Somebody.With(instance, Role.Admin);
        using var disabled = await Somebody.With(instance, Role.Admin);
        using var raised = await Somebody.With(instance, Role.Admin);
        await instance.Database.Write(sql => sql.Run("update sessions set expires_at = @now where user_id = (select id from users order by created_at, id limit 1)", new { now = instance.Clock.GetUtcNow().ToUnixTimeMilliseconds() - 1 }));
        await instance.Database.Write(sql => sql.Run("update users set disabled_at = 1 where id = (select id from users order by created_at, id limit 1 offset 1)"));
        await instance.Database.Write(sql => sql.Run("update users set epoch = epoch + 1 where id = (select id from users order by created_at, id limit 1 offset 2)"));
        var wrong = new List<string>();
        foreach (var route in Routes().Where(r => r.Access!.Level > Access.Anyone))
            foreach (var browser in new[] { late, disabled, raised })
            {
                var page = route.Method == "GET" ? await browser.Get(route.Path) : await PostAs(browser, route);
                if (!IsWayToSignIn(page)) wrong.Add($"{route}: {page.Status}");
            }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task B04_no_route_takes_a_post_without_token_or_from_elsewhere()
    {
        using var other = instance.Browser();
        await other.Get("/sign-in");
        var wrong = new List<string>();
        foreach (var route in Routes().Where(r => r.Method != "GET" && !r.CookieFree && !r.CrossSite))
        {
            using var admin = await Somebody.With(instance, Role.Admin);
            var body = $"_token={admin.Token}";
            async Task Refused(string how, HttpRequestMessage request, params HttpStatusCode[] expected)
            {
                var page = await admin.Send(request);
                if (!expected.Contains(page.Status)) wrong.Add($"{route} {how}: {page.Status}");
            }
            await Refused("without a token", Request(route.Method, route.Path, "a=b"), HttpStatusCode.BadRequest);
            await Refused("without a body", Request(route.Method, route.Path), HttpStatusCode.BadRequest);
            await Refused("with another browser's token", Request(route.Method, route.Path, $"_token={other.Token}"), HttpStatusCode.BadRequest);
            await Refused("with the token in the query", Request(route.Method, $"{route.Path}?_token={admin.Token}", "a=b"), HttpStatusCode.BadRequest);
            await Refused("as text", Request(route.Method, route.Path, body, "text/plain"), HttpStatusCode.BadRequest);
            await Refused("as multipart", Request(route.Method, route.Path, body, "multipart/form-data; boundary=x"), HttpStatusCode.BadRequest);
            foreach (var site in new[] { "cross-site", "same-site", "none", "Same-Origin" })
                await Refused($"from {site}", Request(route.Method, route.Path, body, site: site), HttpStatusCode.Forbidden);
            await Refused("from nowhere", Request(route.Method, route.Path, body, site: null), HttpStatusCode.Forbidden);
            var origin = Request(route.Method, route.Path, body, site: null);
            origin.Headers.Add("Origin", "http://evil.example");
            await Refused("from another origin", origin, HttpStatusCode.Forbidden);
            if (!Routes().Any(r => r.Method == "GET" && r.Path == route.Path))
                await Refused("by GET", Request("GET", $"{route.Path}?{body}"), HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed);
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task B08_every_answer_carries_the_security_headers()
    {
        using var stranger = instance.Browser();
        using var admin = await Somebody.With(instance, Role.Admin);
        var wrong = new List<string>();
        foreach (var (browser, route) in Routes().SelectMany(r => new[] { (stranger, r), (admin, r) }).Append((stranger, new("/nowhere", "GET", null, false, false, false))))
        {
            var page = route.Method == "GET" ? await browser.Get(route.Path) : await browser.Send(Request(route.Method, route.Path, "a=b"));
            var h = page.Headers;
            var csp = h.GetValueOrDefault("Content-Security-Policy") ?? "";
            if (!csp.Contains("default-src 'none'", StringComparison.Ordinal) || !csp.Contains("frame-ancestors 'none'", StringComparison.Ordinal) || csp.Contains("unsafe", StringComparison.Ordinal)) wrong.Add($"{route}: CSP {csp}");
            if (h.GetValueOrDefault("X-Content-Type-Options") != "nosniff") wrong.Add($"{route}: nosniff");
            if (h.GetValueOrDefault("Referrer-Policy") != "no-referrer") wrong.Add($"{route}: referrer");
            if (h.ContainsKey("Server") || h.ContainsKey("X-Powered-By")) wrong.Add($"{route}: says what it runs on");
            if (!route.CookieFree && h.GetValueOrDefault("Cache-Control") != "no-store") wrong.Add($"{route}: {h.GetValueOrDefault("Cache-Control")}");
            if (route.CookieFree && h.ContainsKey("Set-Cookie")) wrong.Add($"{route}: sets a cookie");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task B08_https_promises_to_stay_https_and_localhost_does_not()
    {
        await using var secure = await TestInstance.Start(null, ("APP_URL", "https://id.example.com"));
        using var http = new HttpClient();
        var port = secure.Services.GetRequiredService<Gatehouse.Configuration.ServerConfiguration>().Port;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{port}/sign-in");
        request.Headers.Host = "id.example.com";
        using var answer = await http.SendAsync(request);
        Assert.Equal("max-age=31536000", Assert.Single(answer.Headers.GetValues("Strict-Transport-Security")));
        Assert.All(answer.Headers.GetValues("Set-Cookie"), c => Assert.Matches("^__Host-.*; path=/; secure; samesite=lax; httponly$", c));
        using var browser = instance.Browser();
        Assert.False((await browser.Get("/sign-in")).Headers.ContainsKey("Strict-Transport-Security"));
    }

    private static readonly string[] Hostile =
    [
        "a=%", "a=%zz", "a=%00", "a=%c3%28", "a=%ff%fe", "%00=a", "a=%0d%0aSet-Cookie:%20x=y", "a=%E2%80%AE%F0%9F%92%A9", "=", "&&&&", "a", "a=b=c",
        "id=1&id=2&_token=1&_token=2", "page=-1", "page=99999999999999999999", "page=0&sort=;drop", "q=%27%20or%201%3D1--", "q=%25%25%5F", "from=x&to=9999999999999999999",
        "state=open&state=closed", "return=//evil.example&r=%2F%2Fevil.example&back=https://evil.example", "t=", "t=x", "user=x&client=x&code=x&outcome=x&address=x",
        "email=a&name=b&user_name=c&display_name=&role=god&group=x&user=x&users=x&ids=x&action=delete",
        "client_id=x&redirect_uri=javascript:alert(1)&response_type=code&scope=openid&state=%00",
        "grant_type=authorization_code&code=x&client_id=x&client_secret=y&redirect_uri=z",
        "grant_type=refresh_token&refresh_token=x.y.z", "grant_type=%F0%9F%92%A9",
    ];

    private static IEnumerable<string> HostileForms() =>
    [
        .. Hostile,
        "a=" + new string('x', 9000),
        string.Join('&', Enumerable.Range(0, 300).Select(i => $"a{i}=b")),
        "name=" + string.Concat(Enumerable.Repeat("%F0%9F%92%A9", 2000)),
        "email=" + new string('a', 5000) + "@example.com&name=" + new string('b', 5000) + "&redirect_uris=" + new string('c', 5000),
    ];

    private static readonly (string Type, string Body)[] HostileBodies =
    [
        ("application/json", ""), ("application/json", "{"), ("application/json", "[]"), ("application/json", "null"), ("application/json", "{\"a\":1,\"a\":2}"),
        ("application/json", new string('[', 3000)), ("application/json", "{\"id\":\"\\ud800\",\"name\":1.5,\"rawId\":{},\"response\":[],\"type\":null}"),
        ("application/json", "{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"AA\",\"attestationObject\":\"AA\",\"authenticatorData\":\"AA\",\"signature\":\"AA\",\"userHandle\":\"AA\"}}"),
        ("application/json", "{\"t\":\"x\",\"email\":\"\\u0000\",\"display_name\":\"\\ufffe\",\"name\":\"\\u202e\"}"),
        ("application/json", new string(' ', 70_000)),
        ("text/plain", "x"), ("multipart/form-data; boundary=x", "--x--"), ("application/x-www-form-urlencoded; charset=utf-7", "a=b"), ("nonsense", "x"),
        ("application/x-www-form-urlencoded", new string('a', 70_000)),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_hostile_query_form_or_body_is_answered_with_5xx(bool asAdmin)
    {
        var wrong = new List<string>();
        foreach (var route in Routes())
        {
            using var browser = asAdmin ? await Somebody.With(instance, Role.Admin) : instance.Browser();
            if (!asAdmin) await browser.Get("/sign-in");
            var token = browser.Token;
            async Task Try(string what, HttpRequestMessage request)
            {
                var page = await browser.Send(request);
                if ((int)page.Status >= 500) wrong.Add($"{route} {what[..Math.Min(60, what.Length)]}: {(int)page.Status}");
                if (page.Location is { } to && !LocalPath.IsOne(to)) wrong.Add($"{route} {what}: sends to {to}");
                if (page.Headers.GetValueOrDefault("Set-Cookie")?.Contains("x=y", StringComparison.Ordinal) == true) wrong.Add($"{route} {what}: splits the answer");
            }
            foreach (var form in HostileForms().Where(f => f.Length < 7000 || route.Method != "GET"))
            {
                if (form.Length < 7000) await Try("query " + form, Request(route.Method, $"{route.Path}?{form}", route.Method == "GET" ? null : $"_token={token}"));
                if (route.Method != "GET") await Try("form " + form, Request(route.Method, route.Path, $"_token={token}&{form}"));
            }
            foreach (var (type, body) in HostileBodies.Where(_ => route.Method != "GET"))
            {
                var request = Request(route.Method, route.Path, body, type);
                request.Headers.Add("Gatehouse-Form", token);
                await Try($"{type} {body}", request);
            }
            foreach (var id in new[] { "%00", "%2e%2e", "..%2f..", "%ff", "'", "%0d%0a", new string('a', 3000), "%F0%9F%92%A9", "null", "GH-0000-0000" })
                if (route.Pattern.Contains('{', StringComparison.Ordinal))
                    await Try("in the path " + id, Request(route.Method, Parameter().Replace(route.Pattern, id), route.Method == "GET" ? null : $"_token={token}"));
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task An_unknown_path_looks_the_same_to_everybody()
    {
        using var stranger = instance.Browser();
        using var admin = await Somebody.With(instance, Role.Admin);
        await instance.Database.Write(sql => sql.Run("update instance set setup_closed_at = 1, setup_closed_by = 'console'"));
        var expected = await stranger.Get("/nowhere");
        Assert.Equal(HttpStatusCode.NotFound, expected.Status);
        foreach (var page in new[] { await admin.Get("/nowhere"), await stranger.Get("/admin/nowhere"), await stranger.Get("/.env"), await stranger.Get("/setup"), await stranger.Get("/setup?t=" + new string('a', 43)) })
        {
            Assert.Equal(HttpStatusCode.NotFound, page.Status);
            Assert.Equal(expected.Body, page.Body);
            Assert.Equal(Names(expected), Names(page));
        }

        static IEnumerable<string> Names(Page page) => page.Headers.Keys.Where(k => k is not ("Date" or "Set-Cookie")).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task B11_other_methods_are_refused_and_no_header_overrides_the_method()
    {
        using var admin = await Somebody.With(instance, Role.Admin);
        var wrong = new List<string>();
        foreach (var path in Routes().Select(r => r.Path).Distinct())
        {
            var taken = Routes().Where(r => r.Path == path).Select(r => r.Method).ToHashSet();
            foreach (var method in new[] { "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "NONSENSE" })
            {
                if (taken.Contains(method)) continue;
                var page = await admin.Send(Request(method, path));
                if ((int)page.Status is < 400 or >= 500) wrong.Add($"{method} {path}: {page.Status}");
            }
            if (!taken.Contains("GET")) continue;
            var overridden = Request("GET", path + "?_method=POST");
            overridden.Headers.Add("X-HTTP-Method-Override", "POST");
            if ((int)(await admin.Send(overridden)).Status >= 500) wrong.Add($"override {path}");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task O31_a_foreign_host_gets_421_and_is_never_echoed()
    {
        using var stranger = instance.Browser();
        var wrong = new List<string>();
        foreach (var route in Routes())
        {
            var request = Request(route.Method, route.Path, route.Method == "GET" ? null : "a=b");
            request.Headers.Host = "evil.example";
            request.Headers.Add("X-Forwarded-Host", "evil.example");
            request.Headers.Add("Forwarded", "host=evil.example");
            var page = await stranger.Send(request);
            if (route.AnyHost ? page.Status is not (HttpStatusCode.OK or HttpStatusCode.NotFound) : page.Status != HttpStatusCode.MisdirectedRequest) wrong.Add($"{route}: {page.Status}");
            if (page.Body.Contains("evil", StringComparison.Ordinal) || page.Headers.Values.Any(v => v.Contains("evil", StringComparison.Ordinal))) wrong.Add($"{route}: echoes");
            if (page.Headers.ContainsKey("Set-Cookie")) wrong.Add($"{route}: sets a cookie");
        }
        Assert.Empty(wrong);
        // The page that names the right address is readable, and a health check needs no name.
        Assert.Equal(["/assets/{stamp}/{name}", "/healthz"], Routes().Where(r => r.AnyHost).Select(r => r.Pattern).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task CVE_2026_25748_B03_a_changed_cookie_is_no_cookie()
    {
        using var admin = await Somebody.With(instance, Role.Admin);
        Assert.Equal(HttpStatusCode.OK, (await admin.Get("/admin")).Status);
        var name = instance.Services.GetRequiredService<Cookies>().Name(BeginSession.Cookie);
        var good = admin.Cookies[name];
        var random = new Random(42);
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        async Task SignedOut(string header)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/admin");
            request.Headers.TryAddWithoutValidation("Cookie", header);
            using var nobody = instance.Browser();
            var page = await nobody.Send(request);
            Assert.True(IsWayToSignIn(page) || (int)page.Status is 400 or 431, $"{header[..Math.Min(80, header.Length)]}: {page.Status}");
        }
        for (var i = 0; i < 1000; i++)
        {
            var at = random.Next(good.Length);
            char c;
            do c = alphabet[random.Next(alphabet.Length)]; while (c == good[at]);
            await SignedOut($"{name}={good[..at]}{c}{good[(at + 1)..]}");
        }
        for (var length = 0; length < good.Length; length++) await SignedOut($"{name}={good[..length]}");
        await SignedOut($"{name}={good}; {name}={good}");
        await SignedOut($"{name}={good}A");
        await SignedOut($"{name}=\"{good}\"");
        await SignedOut($"{name}={new string('a', 10_000)}");
        await SignedOut($"{name}%3D{good}");
        await SignedOut($"{name.ToUpperInvariant()}={good}");
        await SignedOut(string.Join("; ", Enumerable.Range(0, 200).Select(i => $"c{i}=v")));
        await using var foreign = await TestInstance.Start();
        using var elsewhere = await Somebody.With(foreign, Role.Admin);
        await SignedOut($"{name}={elsewhere.Cookies[name]}");
        Assert.Equal(HttpStatusCode.OK, (await admin.Get("/admin")).Status);
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
