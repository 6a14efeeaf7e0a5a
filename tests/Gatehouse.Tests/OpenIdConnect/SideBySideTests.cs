using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>
/// The same requests to us and to npm oidc-provider, a certified server, the answers normalised and compared. Each difference stands in
/// docs/conformance.md with its reason; one that does not, or one that has gone, fails.
/// </summary>
public partial class SideBySideTests
{
    private const string Bye = "https://app.example.com/bye";
    private const string Scope = "openid profile email offline_access";

    /// <summary>One of the two servers, and how to be signed in there.</summary>
    private sealed class Side(string origin, string clientId, string secret, HttpClient http, Func<Task<TestBrowser>> signedIn)
    {
        private JsonElement document;
        public string ClientId => clientId;
        public string Origin => origin;
        public Task<TestBrowser> SignedIn() => signedIn();

        public async Task<JsonElement> Document()
        {
            if (document.ValueKind == JsonValueKind.Undefined) document = JsonDocument.Parse(await http.GetStringAsync(origin + "/.well-known/openid-configuration")).RootElement.Clone();
            return document;
        }

        public async Task<string> Endpoint(string name) => (await Document()).GetProperty(name).GetString()!;

        public async Task<string> AuthorizeUrl(params (string Name, string? Value)[] changes)
        {
            var parameters = new List<(string Name, string? Value)>
            {
                ("client_id", clientId), ("redirect_uri", OidcSite.Callback), ("response_type", "code"), ("scope", Scope), ("state", "st"), ("nonce", "no"),
                ("code_challenge", OidcSite.Challenge()), ("code_challenge_method", "S256"),
            };
            foreach (var (name, value) in changes)
            {
                if (name.EndsWith('+')) parameters.Add((name[..^1], value));
                else parameters = [.. parameters.Where(p => p.Name != name), (name, value)];
            }
            return await Endpoint("authorization_endpoint") + "?" + string.Join('&', parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
        }

        /// <summary>Follows the request to where it ends, agreeing where it is asked.</summary>
        public async Task<Page> Go(TestBrowser browser, params (string Name, string? Value)[] changes)
        {
            var page = await browser.Follow(await browser.Get(await AuthorizeUrl(changes)));
            if (!page.Body.Contains("name=\"answer\"", StringComparison.Ordinal)) return page;
            string Hidden(string name) => WebUtility.HtmlDecode(Regex.Match(page.Body, $"name=\"{name}\" value=\"([^\"]*)\"").Groups[1].Value);
            var agreed = await browser.Post("/consent", ("continue", Hidden("continue")), ("items", Hidden("items")), ("answer", "yes"));
            return await browser.Get(WebUtility.HtmlDecode(Regex.Match(agreed.Body, "content=\"0; url=([^\"]+)\"").Groups[1].Value));
        }

        public async Task<string> Code(TestBrowser browser, params (string Name, string? Value)[] changes)
        {
            var page = await Go(browser, changes);
            Assert.True(page.Location?.Contains("code=", StringComparison.Ordinal) == true, $"{origin}: {page.Status} {page.Location} {page.Body}");
            Assert.True(StrictParameters.TryParse(page.Location!.AsSpan(page.Location.IndexOf('?', StringComparison.Ordinal) + 1), out var answer));
            return answer["code"]!;
        }

        public async Task<(int Status, JsonElement Json)> Token(Dictionary<string, string> form, string? password = null, string? id = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, await Endpoint("token_endpoint")) { Content = new FormUrlEncodedContent(form) };
            request.Headers.TryAddWithoutValidation("Authorization", OidcSite.Basic(id ?? clientId, password ?? secret));
            return await Read(request);
        }

        public Task<(int Status, JsonElement Json)> Redeem(string code, params (string Name, string? Value)[] changes)
        {
            var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier };
            foreach (var (name, value) in changes)
            {
                if (value is null) form.Remove(name);
                else form[name] = value;
            }
            return Token(form);
        }

        public async Task<(int Status, JsonElement Json)> Userinfo(string? header, string query = "", Dictionary<string, string>? body = null)
        {
            using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, await Endpoint("userinfo_endpoint") + query) { Content = body is null ? null : new FormUrlEncodedContent(body) };
            if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);
            return await Read(request);
        }

        private async Task<(int, JsonElement)> Read(HttpRequestMessage request)
        {
            using var response = await http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return ((int)response.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement.Clone() : default);
        }
    }

    private static string Where(Page page)
    {
        if (page.Location is { } to && to.StartsWith(OidcSite.Callback, StringComparison.Ordinal))
        {
            var fragment = to.Contains('#', StringComparison.Ordinal);
            Assert.True(StrictParameters.TryParse(to.AsSpan(to.IndexOf(fragment ? '#' : '?', StringComparison.Ordinal) + 1), out var answer));
            return (fragment ? "fragment: " : "callback: ") + Names(answer.All.Select(p => p.Key), answer["error"]);
        }
        if (page.Body.Contains($"action=\"{OidcSite.Callback}\"", StringComparison.Ordinal)) return "form: " + Names(Input().Matches(page.Body).Select(m => m.Groups[1].Value), null);
        return page.Location is null ? $"page {(int)page.Status}" : $"elsewhere: {page.Location.Split('?')[0]}";
    }

    // Words and links of an error are everyone's own; _token and back belong to the frame of our pages.
    private static string Names(IEnumerable<string> names, string? error) =>
        string.Join(' ', names.Where(n => n is not ("error_description" or "error_uri" or "session_state" or "_token" or "back")).Select(n => n == "error" ? $"error={error}" : n).Order(StringComparer.Ordinal));

    private static string Told((int Status, JsonElement Json) answer) => answer.Json.ValueKind != JsonValueKind.Object ? $"{answer.Status}"
        : $"{answer.Status} {Names(answer.Json.EnumerateObject().Select(p => p.Name), answer.Json.TryGetProperty("error", out var error) ? error.GetString() : null)}";

    private static async Task<SortedDictionary<string, string>> Script(Side side)
    {
        var told = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var browser = await side.SignedIn();
        await side.Code(browser);
        foreach (var (name, changes) in new (string, (string, string?)[])[]
        {
            ("authorize: all is well", []), ("authorize: form_post", [("response_mode", "form_post")]), ("authorize: fragment", [("response_mode", "fragment")]),
            ("authorize: response_type missing", [("response_type", null)]), ("authorize: response_type token", [("response_type", "token")]),
            ("authorize: client unknown", [("client_id", "nobody")]), ("authorize: redirect_uri unregistered", [("redirect_uri", "https://evil.example.com/")]),
            ("authorize: redirect_uri with a slash more", [("redirect_uri", OidcSite.Callback + "/")]), ("authorize: redirect_uri missing", [("redirect_uri", null)]),
            ("authorize: scope missing", [("scope", null)]), ("authorize: unknown scope besides openid", [("scope", "openid nonsense")]),
            ("authorize: prompt=none login", [("prompt", "none login")]), ("authorize: prompt unknown", [("prompt", "sometimes")]), ("authorize: prompt=none, signed in", [("prompt", "none")]),
            ("authorize: max_age negative", [("max_age", "-1")]), ("authorize: PKCE missing", [("code_challenge", null), ("code_challenge_method", null)]),
            ("authorize: PKCE plain", [("code_challenge_method", "plain")]), ("authorize: request object", [("request", "a.b.c")]), ("authorize: request_uri", [("request_uri", "https://app.example.com/r")]),
            ("authorize: response_mode unknown", [("response_mode", "carrier_pigeon")]), ("authorize: state twice", [("state+", "again")]), ("authorize: id_token_hint garbage", [("id_token_hint", "a.b.c")]),
            ("authorize: claims garbage", [("claims", "{")]), ("authorize: claims essential", [("claims", "{\"userinfo\":{\"name\":{\"essential\":true}}}")]), ("authorize: acr_values", [("acr_values", "1 2")]),
            ("authorize: display, ui_locales, extra", [("display", "popup"), ("ui_locales", "sv"), ("extra", "1")]),
        }) told[name] = Where(await side.Go(browser, changes));
        using (var stranger = new TestBrowser(side.Origin)) told["authorize: prompt=none, nobody signed in"] = Where(await stranger.Follow(await stranger.Get(await side.AuthorizeUrl(("prompt", "none")))));

        var code = await side.Code(browser, ("prompt", "consent"));
        var first = await side.Redeem(code);
        told["token: all is well"] = Told(first);
        told["token: claims of the ID token"] = string.Join(' ', ClaimsTests.Payload(first.Json.GetProperty("id_token").GetString()!).EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        var access = first.Json.GetProperty("access_token").GetString()!;
        told["userinfo: all is well"] = Told(await side.Userinfo("Bearer " + access));
        told["userinfo: token in a POST body"] = Told(await side.Userinfo(null, body: new() { ["access_token"] = access }));
        told["userinfo: token in the query"] = Told(await side.Userinfo(null, "?access_token=" + access));
        told["userinfo: no token"] = Told(await side.Userinfo(null));
        told["userinfo: garbage"] = Told(await side.Userinfo("Bearer garbage"));
        told["userinfo: an ID token"] = Told(await side.Userinfo("Bearer " + first.Json.GetProperty("id_token").GetString()));
        var refresh = first.Json.GetProperty("refresh_token").GetString()!;
        told["token: refresh"] = Told(await side.Token(new() { ["grant_type"] = "refresh_token", ["refresh_token"] = refresh }));
        told["token: refresh, scope wider"] = Told(await side.Token(new() { ["grant_type"] = "refresh_token", ["refresh_token"] = refresh, ["scope"] = "openid phone" }));
        told["token: refresh unknown"] = Told(await side.Token(new() { ["grant_type"] = "refresh_token", ["refresh_token"] = "unknown" }));
        told["token: code again"] = Told(await side.Redeem(code));
        told["userinfo: after the code came again"] = Told(await side.Userinfo("Bearer " + access));
        told["token: code unknown"] = Told(await side.Redeem("unknown"));
        told["token: verifier wrong"] = Told(await side.Redeem(await side.Code(browser), ("code_verifier", new string('x', 43))));
        told["token: verifier missing"] = Told(await side.Redeem(await side.Code(browser), ("code_verifier", null)));
        told["token: redirect_uri differs"] = Told(await side.Redeem(await side.Code(browser), ("redirect_uri", OidcSite.Callback + "/")));
        told["token: secret wrong"] = Told(await side.Token(new() { ["grant_type"] = "authorization_code", ["code"] = "x" }, password: "wrong"));
        told["token: client unknown"] = Told(await side.Token(new() { ["grant_type"] = "authorization_code", ["code"] = "x" }, id: "nobody"));
        told["token: grant_type missing"] = Told(await side.Token([]));
        told["token: grant_type unknown"] = Told(await side.Token(new() { ["grant_type"] = "password" }));

        var end = await side.Endpoint("end_session_endpoint");
        told["logout: address unregistered"] = Where(await browser.Get($"{end}?id_token_hint={first.Json.GetProperty("id_token").GetString()}&post_logout_redirect_uri=https%3A%2F%2Fevil.example.com%2F"));
        told["logout: hint garbage"] = Where(await browser.Get($"{end}?id_token_hint=a.b.c&post_logout_redirect_uri={Uri.EscapeDataString(Bye)}"));
        told["logout: no parameters"] = Where(await browser.Get(end));
        var last = await browser.Get($"{end}?id_token_hint={first.Json.GetProperty("id_token").GetString()}&post_logout_redirect_uri={Uri.EscapeDataString(Bye)}&state=s");
        told["logout: all is well"] = last.Location is { } to ? $"to {to}" : $"page {(int)last.Status}";
        return told;
    }

    [Fact]
    public async Task Every_difference_to_a_certified_server_is_explained()
    {
        await using var site = await OidcSite.Start(null, "--post-logout-redirect-uri", Bye);
        var port = LoopbackPort.Free();
        using var peer = await Peer(new { port, client_id = "app", client_secret = "a-secret-of-the-test", callback = OidcSite.Callback, bye = Bye });
        try
        {
            var ours = await Script(new(site.Server.Origin, site.ClientId, site.Secret, site.Http, () => site.SignedIn()));
            var theirs = await Script(new($"http://localhost:{port}", "app", "a-secret-of-the-test", site.Http, () => Task.FromResult(new TestBrowser($"http://localhost:{port}"))));
            var differences = ours.Where(o => theirs[o.Key] != o.Value).Select(o => $"| {o.Key} | {o.Value} | {theirs[o.Key]} |").ToArray();
            var explained = File.ReadAllLines(Repository.At("docs", "conformance.md")).Where(l => l.StartsWith("| authorize: ", StringComparison.Ordinal) || l.StartsWith("| token: ", StringComparison.Ordinal) || l.StartsWith("| userinfo: ", StringComparison.Ordinal) || l.StartsWith("| logout: ", StringComparison.Ordinal)).ToArray();
            var missing = differences.Where(d => !explained.Any(e => e.StartsWith(d, StringComparison.Ordinal) && e.Length > d.Length + 10)).ToArray();
            var gone = explained.Where(e => !differences.Any(d => e.StartsWith(d, StringComparison.Ordinal))).ToArray();
            Assert.True(missing.Length + gone.Length == 0, $"of {ours.Count} answers; not explained:\n{string.Join('\n', missing)}\nno longer so:\n{string.Join('\n', gone)}");
        }
        finally
        {
            peer.Kill(entireProcessTree: true);
            await peer.WaitForExitAsync();
        }
    }

    private static async Task<Process> Peer(object settings)
    {
        var folder = Repository.At("tests", "Gatehouse.Tests", "RelyingParty");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "oidc-provider"))) throw new InvalidOperationException($"oidc-provider is not installed: run ./check once, or npm ci in {folder}.");
        var own = Path.Combine(folder, "node_modules", ".bin", "node");
        var process = Process.Start(Tool.Start(File.Exists(own) ? own : "node", [Path.Combine(folder, "peer.mjs")], folder))!;
        var complaints = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(settings));
        await process.StandardInput.FlushAsync();
        if (await process.StandardOutput.ReadLineAsync() is not null) return process;
        throw new InvalidOperationException($"The peer did not start: {await complaints}");
    }

    [GeneratedRegex("<input[^>]*name=\"([^\"]+)\"")]
    private static partial Regex Input();
}
