using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>
/// Requests made of good ones by a fixed seed, over a raw connection: nothing of it is answered with 5xx, hangs, or leads to another site, and good requests
/// still work after it.
/// </summary>
public sealed partial class FuzzTests : IAsyncLifetime
{
    private const int Seed = 20_261_121;
    private static int PerRoute => Repository.Full ? 400 : 25;
    private OidcSite site = null!;

    public async ValueTask InitializeAsync() => site = await OidcSite.Start();

    public ValueTask DisposeAsync() => site.DisposeAsync();

    private static readonly string[] Names =
    [
        "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age", "code_challenge", "code_challenge_method", "id_token_hint", "login_hint",
        "claims", "request", "request_uri", "continue", "pending", "cancel", "return", "seal", "t", "page", "q", "sort", "state", "from", "to", "address", "user", "client", "code", "grant_type",
        "code_verifier", "refresh_token", "client_secret", "token", "post_logout_redirect_uri", "email", "name", "display_name", "user_name", "role", "group", "ids", "action", "row_version",
        "callbacks", "kind", "access", "days", "reason", "theme", "language", "back", "id", "secret", "done", "reference",
    ];

    private static readonly string[] Values =
    [
        "", "x", "0", "-1", "1", "9223372036854775808", "1e309", "NaN", "null", "true", "%00", "%0d%0aX-Evil:%201", "%", "%2", "%zz", "%c0%af", "%ff", "%ed%a0%80", "%ef%bf%be", "%e2%80%ae", "%f0%9f%92%a9",
        "%27%22%3C%3E%26%3B--%2F*", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "../../etc/passwd", "%2e%2e%2f", "%5C%5Cevil", "https%3A%2F%2Fevil.example%2F", "javascript%3Aalert(1)", "openid", "none", "login", "code",
        "+++", "a+b", "%2B", "1970-01-01T00:00", "9999-12-31T23:59", "0000-00-00", "{}", "[]", "%7B%22userinfo%22%3Anull%7D", "%7B%22a%22%3A%7B%22a%22%3A%7B%7D%7D%7D", "eyJhbGciOiJub25lIn0.e30.", "a.b.c", "....",
        "GH-0000-0000", "0199aaaaaaaa7000800000000000abcd", "desc", "%25%5F!", "\u00e9", "ada%40example.com", "authorization_code", "refresh_token",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_bent_by_a_fixed_seed_are_never_answered_with_5xx(bool asAdmin)
    {
        using var browser = asAdmin ? await Somebody.With(site.Server, Role.Admin) : site.Server.Browser();
        await browser.Get("/sign-in");
        await browser.Get("/sign-in");
        var random = new Random(Seed + (asAdmin ? 1 : 0));
        var wrong = new List<string>();
        var answers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (method, pattern) in Routes())
            for (var i = 0; i < PerRoute; i++)
            {
                var request = Request(random, method, pattern, browser);
                var answer = await Raw(request);
                var status = answer.Length == 0 ? "closed" : answer.Split(' ', 3)[1];
                answers[status] = answers.GetValueOrDefault(status) + 1;
                var head = answer.Split("\r\n\r\n")[0];
                if (status[0] == '5' || status == "hung" || head.Contains("\nX-Evil", StringComparison.OrdinalIgnoreCase)
                    || Location().Match(head) is { Success: true } to && !LocalPath.HasShape(to.Groups[1].Value) && !to.Groups[1].Value.StartsWith(OidcSite.Callback, StringComparison.Ordinal))
                    wrong.Add($"#{i} {status} {Show(request)} -> {head.Split("\r\n")[0]}");
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
        Assert.True(answers.Count > 3, string.Join(", ", answers));
        // An admin's bent requests may well have switched off what was there before.
        await site.Run("user", "add", "--email", "after@example.com", "--name", "After");
        using var good = await site.SignedIn("after@example.com");
        var (id, secret) = await site.AddClient("After");
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = await site.Code(good, ("client_id", id)) };
        Assert.Equal(200, (await site.Post("/token", form, OidcSite.Basic(id, secret))).Status);
    }

    private (string Method, string Pattern)[] Routes() =>
    [
        .. site.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (m, "/" + e.RoutePattern.RawText!.TrimStart('/'))))
            .Where(r => r.Item2 is not ("/sign-out" or "/sign-in/clean" or "/account/sessions/end-all" or "/logout" or "/logout/confirm")).Distinct().Order(),
        ("GET", "/logout"), ("POST", "/logout"),
    ];

    private byte[] Request(Random random, string method, string pattern, TestBrowser browser)
    {
        T One<T>(IReadOnlyList<T> all) => all[random.Next(all.Count)];
        string Value() => random.Next(12) switch
        {
            0 => new string((char)random.Next('!', '~'), random.Next(1, 3000)),
            11 when random.Next(4) == 0 => new string('{', random.Next(1200, 1480)),
            1 => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => $"%{random.Next(256):x2}")),
            2 => site.ClientId,
            3 => Uri.EscapeDataString(OidcSite.Callback),
            _ => One(Values),
        };
        string Pairs()
        {
            var pairs = Enumerable.Range(0, random.Next(0, 14)).Select(_ => One(Names) + (random.Next(8) == 0 ? "" : "=") + Value()).ToList();
            if (random.Next(3) == 0) pairs.AddRange(site.AuthorizeParameters().Where(_ => random.Next(5) > 0).Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
            if (pairs.Count > 0 && random.Next(4) == 0) pairs.Add(pairs[0]);
            if (random.Next(20) == 0) pairs.AddRange(Enumerable.Range(0, 400).Select(i => $"n{i}=v"));
            return string.Join(One(["&", "&", "&", "&&", ";"]), pairs);
        }
        string Json(int depth = 0) => random.Next(depth > 4 ? 6 : 9) switch
        {
            0 => "null",
            1 => One(["true", "false", "1.5", "-0", "1e999", "99999999999999999999", "01", "NaN"]),
            2 => "\"" + One(["", "AA", "\\u0000", "\\ud800", "\\u202e", "public-key", "a\\\"b", "====", new string('A', 2000)]) + "\"",
            3 => "\"" + StrictText(random) + "\"",
            4 or 5 => "\"AAAA\"",
            6 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Json(depth + 1))) + "]",
            _ => "{" + string.Join(',', Enumerable.Range(0, random.Next(6)).Select(_ => $"\"{One(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle", "transports", "name", "t", "email", "display_name", "error", "origin", "after", "ceremony", "ID"])}\":{Json(depth + 1)}")) + "}",
        };

        var path = RouteParameter().Replace(pattern, m => m.Value.Contains(":int", StringComparison.Ordinal) ? random.Next(-1, 3).ToString(CultureInfo.InvariantCulture) : One(["0199aaaaaaaa7000800000000000abcd", "%00", "..", "%2f", "x", "%ff", "GH-0000-0000", "gatehouse.css", "%f0%9f%92%a9", site.ClientId]));
        var query = Pairs();
        var headers = new List<string> { "Host: " + new Uri(site.Server.Origin).Authority, "Connection: close" };
        if (random.Next(10) > 0) headers.Add("Cookie: " + string.Join("; ", browser.Cookies.Select(c => $"{c.Key}={c.Value}")));
        if (random.Next(6) == 0) headers.Add("Cookie: " + One(["=", ";;;", "gatehouse=", "__Host-gatehouse=a; __Host-gatehouse=b", "x=" + new string('y', 5000), "gatehouse-theme=\u00ff", "a=\"b", "gatehouse-language=%00"]));
        if (random.Next(4) == 0) headers.Add(One(["Authorization: Basic", "Authorization: Basic ====", "Authorization: Basic OjpA", "Authorization: Bearer", "Authorization: Bearer a.b.c", "Authorization: Bearer " + new string('.', 9000), "Authorization: \u00ff\u00fe", "Authorization: Basic " + Convert.ToBase64String(Encoding.Latin1.GetBytes(site.ClientId + ":%zz"))]));
        if (random.Next(4) == 0) headers.Add(One(["Origin: null", "Origin: https://evil.example", "Accept-Language: " + new string('x', 3000), "X-Forwarded-For: ,,;", "User-Agent: \u001b[31m\u202e", "Gatehouse-Challenge: " + new string('A', 43), "Gatehouse-Form: \u00ff", "Content-Encoding: gzip", "Expect: 100-continue", "Accept: */*;q=x", "Range: bytes=0-", "If-None-Match: *", "TE: trailers", "Upgrade: websocket"]));
        byte[] body = [];
        if (method != "GET")
        {
            if (random.Next(5) > 0) headers.Add("Sec-Fetch-Site: same-origin");
            var text = random.Next(3) switch { 0 => Json(), 1 => $"_token={browser.Token}&" + Pairs(), _ => $"{Pairs()}&_token={browser.Token}" };
            if (text.StartsWith('{')) headers.Add("Gatehouse-Form: " + browser.Token);
            body = Encoding.Latin1.GetBytes(text);
            if (body.Length > 0 && random.Next(4) == 0) for (var n = 0; n < 3; n++) body[random.Next(body.Length)] = (byte)random.Next(256);
            headers.Add("Content-Type: " + (random.Next(8) == 0 ? One(["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16", "", "application/json;;;", "\u00ff/\u00ff"]) : text.StartsWith('{') ? "application/json" : "application/x-www-form-urlencoded"));
            if (random.Next(10) == 0)
            {
                headers.Add("Transfer-Encoding: chunked");
                body = [.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8];
            }
            else headers.Add($"Content-Length: {body.Length + (random.Next(25) == 0 ? -Math.Min(1, body.Length) : 0)}");
        }
        return [.. Encoding.Latin1.GetBytes($"{method} {path}{(query.Length > 0 ? "?" + query.Replace(' ', '+') : "")} HTTP/1.1\r\n{string.Join("\r\n", headers)}\r\n\r\n"), .. body];
    }

    private static string StrictText(Random random) => string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[random.Next(64)]));

    private static string Show(byte[] request) => Unprintable().Replace(Encoding.Latin1.GetString(request)[..Math.Min(600, request.Length)], ".");

    /// <summary>The whole answer; "hung" in place of its status when nothing came for ten seconds.</summary>
    private async Task<string> Raw(byte[] request)
    {
        using var client = new TcpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await client.ConnectAsync("127.0.0.1", new Uri(site.Server.Origin).Port, patience.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(request, patience.Token);
            client.Client.Shutdown(SocketShutdown.Send);
            using var answer = new MemoryStream();
            await stream.CopyToAsync(answer, patience.Token);
            return Encoding.Latin1.GetString(answer.ToArray());
        }
        catch (OperationCanceledException)
        {
            return "HTTP/1.1 hung";
        }
        catch (IOException)
        {
            // Closed on us: fine for what is no HTTP.
            return "";
        }
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex RouteParameter();

    [GeneratedRegex("\r\nLocation: ([^\r]*)", RegexOptions.IgnoreCase)]
    private static partial Regex Location();

    [GeneratedRegex("[^ -~]")]
    private static partial Regex Unprintable();
}
