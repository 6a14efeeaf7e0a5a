using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>A running server with one user and one client, and what an application does by hand.</summary>
public sealed class OidcSite : IAsyncDisposable
{
    public const string Callback = "https://app.example.com/cb";
    public const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private OidcSite(TestInstance server) => Server = server;

    public TestInstance Server { get; }
    public string ClientId { get; private set; } = "";
    public string Secret { get; private set; } = "";
    public HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    public static string Challenge(string verifier = Verifier) => StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    public static async Task<OidcSite> Start(string? postgresUrl = null, params string[] clientOptions)
    {
        var site = new OidcSite(await TestInstance.Start(postgresUrl));
        await site.Run("user", "add", "--email", "ada@example.com", "--name", "Ada");
        (site.ClientId, site.Secret) = await site.AddClient("Grafana", clientOptions);
        return site;
    }

    public async Task<string> Run(params string[] command)
    {
        var (code, output, error) = await Server.Console(command);
        Assert.True(code == 0, $"{string.Join(' ', command)}: {output}{error}");
        return output;
    }

    /// <summary>Changes what a client's claims are made of. The console is another process, whose changes are seen within a second; this one waits for nothing.</summary>
    public async Task MapClaims(params string[] command)
    {
        await Run(["client", .. command]);
        await Server.Database.Write(sql => sql.Bump("clients"));
    }

    public async Task<(string Id, string Secret)> AddClient(string name, params string[] options)
    {
        var callback = options.Contains("--redirect-uri") ? [] : new[] { "--redirect-uri", Callback };
        // Most tests are about something else than consent and circles, and time stands still in them; --ask and --guard leave the two on.
        string[] trusted = [.. options.Contains("--ask") ? [] : new[] { "--trusted" }, .. options.Contains("--guard") ? [] : new[] { "--no-loop-guard" }];
        using var json = JsonDocument.Parse(await Run(["client", "add", "--name", name, "--json", .. callback, .. trusted, .. options.Where(o => o is not ("--ask" or "--guard"))]));
        return (json.RootElement.GetProperty("client_id").GetString()!, json.RootElement.GetProperty("client_secret").GetString() ?? "");
    }

    /// <summary>A browser in which the user is signed in, as after a passkey.</summary>
    public async Task<TestBrowser> SignedIn(string email = "ada@example.com")
    {
        var browser = Server.Browser();
        await SignIn(browser, email);
        return browser;
    }

    public async Task SignIn(TestBrowser browser, string email = "ada@example.com")
    {
        using var scope = Server.Services.CreateScope();
        var begin = Server.Services.GetRequiredService<BeginSession>();
        var value = await Server.Database.Write(async sql =>
        {
            var user = (await UserStore.FindByIdentifier(sql, email))!;
            var granted = Server.Services.GetRequiredService<AccessRules>().Judge(user, await GroupStore.Of(sql, user.Id), null, null).Value;
            var now = Server.Clock.Now();
            return await begin.Begin(sql, granted, scope.ServiceProvider.GetRequiredService<Visit>(), SessionKind.Full, new("hwk", now, "credential", now - 100_000), null);
        });
        browser.Cookies["__Host-" + BeginSession.Cookie] = value;
    }

    public string AuthorizePath(params (string Name, string? Value)[] changes) => "/authorize?" + Query(AuthorizeParameters(changes));

    public Dictionary<string, string> AuthorizeParameters(params (string Name, string? Value)[] changes)
    {
        var parameters = new Dictionary<string, string>
        {
            ["response_type"] = "code",
            ["client_id"] = ClientId,
            ["redirect_uri"] = Callback,
            ["scope"] = "openid profile email groups offline_access",
            ["state"] = "st",
            ["nonce"] = "no",
            ["code_challenge"] = Challenge(),
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in changes)
        {
            if (value is null) parameters.Remove(name);
            else parameters[name] = value;
        }
        return parameters;
    }

    /// <summary>What came back on the callback.</summary>
    public static Dictionary<string, string> Answer(Page page, char separator = '?')
    {
        Assert.Equal(303, (int)page.Status);
        Assert.StartsWith(Callback, page.Location, StringComparison.Ordinal);
        Assert.True(StrictParameters.TryParse(page.Location!.AsSpan(page.Location!.IndexOf(separator, StringComparison.Ordinal) + 1), out var parameters));
        return parameters.All.ToDictionary(p => p.Key, p => p.Value);
    }

    public async Task<string> Code(TestBrowser browser, params (string Name, string? Value)[] changes) =>
        Answer(await browser.Get(AuthorizePath(changes)))["code"];

    public async Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Token(params (string Name, string? Value)[] changes)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = Callback, ["code_verifier"] = Verifier };
        foreach (var (name, value) in changes)
        {
            if (value is null) form.Remove(name);
            else form[name] = value;
        }
        return await Post("/token", form, Basic(ClientId, Secret));
    }

    public Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Refresh(string token, params (string Name, string Value)[] more) =>
        Post("/token", new([new("grant_type", "refresh_token"), new("refresh_token", token), .. more.Select(m => new KeyValuePair<string, string>(m.Name, m.Value))]), Basic(ClientId, Secret));

    public async Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Post(string path, Dictionary<string, string> form, string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Server.Origin + path) { Content = new FormUrlEncodedContent(form) };
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await Send(request);
    }

    public async Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Userinfo(string token, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Server.Origin + "/userinfo" + query);
        if (token.Length > 0) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return await Send(request);
    }

    public async Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Send(HttpRequestMessage request)
    {
        var response = await Http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode < 500, body);
        return ((int)response.StatusCode, body.StartsWith('{') ? JsonDocument.Parse(body).RootElement : default, response);
    }

    public static string Basic(string id, string secret) =>
        "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret)}"));

    public static string Query(Dictionary<string, string> parameters) => string.Join('&', parameters.Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));

    /// <summary>The precise code of the last refusal, from the case behind its reference.</summary>
    public async Task<string> CodeOf(string reference)
    {
        await Server.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        return await Server.Database.Read(sql => sql.One<string>("select code from cases where reference = @reference", new { reference })) ?? "no case";
    }

    public static string ReferenceIn(JsonElement error) => System.Text.RegularExpressions.Regex.Match(error.GetProperty("error_description").GetString()!, "GH-[0-9A-Z]{4}-[0-9A-Z]{4}").Value;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
    }
}
