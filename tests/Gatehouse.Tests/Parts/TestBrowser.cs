using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Gatehouse.Tests.Parts;

/// <summary>A plain HTTP client that behaves as a browser does: keeps cookies, says where a request came from, posts forms with their token, follows no redirect by itself.</summary>
public sealed partial class TestBrowser : IDisposable
{
    private readonly HttpClient client;
    private readonly Dictionary<string, string> cookies = [];
    private string token = "";

    /// <param name="port">Where the server listens when that is not what its address says, as behind a balancer.</param>
    public TestBrowser(string origin, int? port = null)
    {
        Origin = origin;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        if (port is { } node)
            handler.ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, node, stop);
                return new NetworkStream(socket, ownsSocket: true);
            };
        client = new HttpClient(handler) { BaseAddress = new Uri(origin) };
    }

    public string Origin { get; }
    public IDictionary<string, string> Cookies => cookies;

    /// <summary>As Safari does over http: what is marked Secure is not kept.</summary>
    public bool DropsSecureCookies { get; init; }

    /// <summary>Every Set-Cookie line that came, newest last.</summary>
    public List<string> CookieLines { get; } = [];

    /// <summary>The antiforgery token of the last page that held one.</summary>
    public string Token => token;

    public Task<Page> Get(string path) => Send(new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Posts a form with the token of the last page seen; fetches the start page first when there is none.</summary>
    public async Task<Page> Post(string path, params (string Name, string Value)[] fields)
    {
        if (token.Length == 0) await Get("/sign-in");
        var all = fields.Append(("_token", token)).Select(f => new KeyValuePair<string, string>(f.Item1, f.Item2));
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(all) };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        return await Send(request);
    }

    /// <summary>Posts JSON as our own scripts do.</summary>
    public async Task<Page> PostJson(string path, string json)
    {
        if (token.Length == 0) await Get("/sign-in");
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        request.Headers.Add("Gatehouse-Form", token);
        return await Send(request);
    }

    /// <summary>Follows redirects within our own origin, as a browser would.</summary>
    public async Task<Page> Follow(Page page)
    {
        for (var i = 0; i < 10 && page.Location is { } to && (to.StartsWith('/') || to.StartsWith(Origin + "/", StringComparison.Ordinal)); i++) page = await Get(to);
        return page;
    }

    public async Task<Page> Send(HttpRequestMessage request)
    {
        if (cookies.Count > 0 && !request.Headers.Contains("Cookie")) request.Headers.Add("Cookie", string.Join("; ", cookies.Select(c => $"{c.Key}={c.Value}")));
        using var response = await client.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        foreach (var line in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            CookieLines.Add(line);
            if (DropsSecureCookies && line.Contains("; secure", StringComparison.OrdinalIgnoreCase)) continue;
            var pair = line.Split(';')[0].Split('=', 2);
            if (pair[1].Length == 0 || line.Contains("max-age=0", StringComparison.OrdinalIgnoreCase)) cookies.Remove(pair[0]);
            else cookies[pair[0]] = pair[1];
        }
        if (TokenField().Match(body) is { Success: true } match) token = match.Groups[1].Value;
        return new(response.StatusCode, body, response.Headers.Location?.OriginalString,
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    public void Dispose() => client.Dispose();

    [GeneratedRegex("name=\"_token\" value=\"([^\"]+)\"")]
    private static partial Regex TokenField();
}

/// <summary>What came back.</summary>
public sealed record Page(HttpStatusCode Status, string Body, string? Location, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The reference in the header, or null.</summary>
    public string? Reference => Headers.GetValueOrDefault("Gatehouse-Reference");
}
