using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Jose;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>private_key_jwt (RFC 7523): what a client signs instead of sending a secret.</summary>
public class AssertionTests : IAsyncLifetime
{
    private OidcSite site = null!;
    private readonly SigningKey key = SigningKey.Generate(JwsAlgorithm.ES256);
    private string robot = "";

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        robot = await Client("Robot", $$"""{"keys":[{{key.PublicJwk}}]}""");
    }

    public async ValueTask DisposeAsync()
    {
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<string> Client(string name, string jwks, params string[] options)
    {
        var file = Path.Combine(site.Server.DataFolder, $"{Guid.NewGuid():n}.json");
        await File.WriteAllTextAsync(file, jwks);
        var (id, secret) = await site.AddClient(name, ["--jwks", file, "--grant-type", "client_credentials", .. options]);
        Assert.Equal("", secret);
        return id;
    }

    private long Now => site.Server.Clock.GetUtcNow().ToUnixTimeSeconds();

    private JsonObject Claims(Action<JsonObject>? change = null)
    {
        var claims = new JsonObject { ["iss"] = robot, ["sub"] = robot, ["aud"] = site.Server.Origin, ["exp"] = Now + 60, ["iat"] = Now, ["jti"] = Guid.NewGuid().ToString() };
        change?.Invoke(claims);
        return claims;
    }

    private Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Send(string assertion, params (string Name, string Value)[] more) => site.Post("/token", new(
    [
        new("grant_type", "client_credentials"), new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), new("client_assertion", assertion),
        .. more.Select(m => new KeyValuePair<string, string>(m.Name, m.Value)),
    ]), null);

    private async Task Refused(string code, string assertion, string evidence = "", params (string, string)[] more)
    {
        var (status, json, response) = await Send(assertion, more);
        Assert.Equal((401, "invalid_client"), (status, json.GetProperty("error").GetString()));
        Assert.StartsWith("Basic", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(code, await site.CodeOf(OidcSite.ReferenceIn(json)));
        var why = await site.Run("why", OidcSite.ReferenceIn(json));
        Assert.Contains(evidence, why, StringComparison.Ordinal);
    }

    private static string Part(string json) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(json));

    [Theory]
    [InlineData(JwsAlgorithm.ES256), InlineData(JwsAlgorithm.ES384), InlineData(JwsAlgorithm.RS256), InlineData(JwsAlgorithm.PS256), InlineData(JwsAlgorithm.EdDSA)]
    public async Task O15_a_good_assertion_by_each_kind_of_key_is_accepted_once(JwsAlgorithm algorithm)
    {
        if (algorithm == JwsAlgorithm.EdDSA && !Ed25519.IsAvailable) return;
        var own = SigningKey.Generate(algorithm);
        robot = await Client("Signer", $$"""{"keys":[{{own.PublicJwk}}]}""");
        var assertion = Jwt.Sign(own, "JWT", Claims());
        var (status, json, _) = await Send(assertion, ("client_id", robot));
        Assert.True(status == 200, json.ToString());
        await Refused("oidc.client_assertion_replayed", assertion);
        Assert.Equal(200, (await Send(Jwt.Sign(own, "client-authentication+jwt", Claims()))).Status);
        Assert.Equal(200, (await Send(Jwt.Sign(own, "JWT", Claims(c => c["nbf"] = Now + 8)))).Status);
    }

    [Fact]
    public async Task O15_claims_that_do_not_hold_are_refused_each_with_its_cause()
    {
        Task No(string evidence, Action<JsonObject> change) => Refused("oidc.client_assertion", Jwt.Sign(key, "JWT", Claims(change)), evidence);
        await No("aud is not the issuer", c => c["aud"] = "https://evil.example.com");
        await No("a trailing slash", c => c["aud"] = site.Server.Origin + "/");
        await No("aud is the token endpoint", c => c["aud"] = site.Server.Origin + "/token");
        await No("aud is an array", c => c["aud"] = new JsonArray(site.Server.Origin));
        await No("aud is missing", c => c.Remove("aud"));
        await No("expired 1 seconds before", c => c["exp"] = Now - 1);
        await No("exp is missing", c => c.Remove("exp"));
        await No("exp is missing or no whole number", c => c["exp"] = "9999999999");
        await No("minutes ahead", c => c["exp"] = Now + 7200);
        await No("nbf is 61 seconds ahead", c => c["nbf"] = Now + 61);
        await No("iat is 61 seconds ahead", c => c["iat"] = Now + 61);
        await No("nbf is no whole number", c => c["nbf"] = 1.5);
        await No("jti is missing", c => c.Remove("jti"));
        await No("jti is missing, empty", c => c["jti"] = "");
        await No("iss is not the client id", c => c["iss"] = site.ClientId);
    }

    [Fact]
    public async Task O15_CVE_2022_29217_signatures_that_prove_nothing_are_refused()
    {
        var claims = Claims().ToJsonString();
        var good = Jwt.Sign(key, "JWT", Claims());
        await Refused("oidc.client_assertion", $"{Part("""{"alg":"none","typ":"JWT"}""")}.{Part(claims)}.", "none and HS256");
        foreach (var secret in new[] { Encoding.UTF8.GetBytes(key.PublicJwk), [] })
        {
            var head = $"{Part($$"""{"alg":"HS256","kid":"{{key.Kid}}","typ":"JWT"}""")}.{Part(claims)}";
            await Refused("oidc.client_assertion", $"{head}.{StrictBase64Url.Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(head)))}", "none and HS256");
        }
        var other = SigningKey.Generate(JwsAlgorithm.ES256);
        await Refused("oidc.client_assertion", Jwt.Sign(other, "JWT", Claims()), "none of the client's keys");
        var foreign = Jwt.Sign(other, "JWT", Claims()).Split('.');
        await Refused("oidc.client_assertion", $"{Part($$"""{"alg":"ES256","kid":"{{key.Kid}}","typ":"JWT"}""")}.{foreign[1]}.{foreign[2]}", "not by that key");
        await Refused("oidc.client_assertion", $"{Part($$"""{"alg":"ES256","jwk":{{other.PublicJwk}},"kid":"{{other.Kid}}"}""")}.{foreign[1]}.{foreign[2]}", "none of the client's keys");
        await Refused("oidc.client_assertion", $"{Part($$"""{"alg":"ES256","crit":["exp"],"exp":1,"kid":"{{key.Kid}}"}""")}.{foreign[1]}.{foreign[2]}", "malformed");
        await Refused("oidc.client_assertion", Jwt.Sign(key, "at+jwt", Claims()), "typ is not JWT");
        await Refused("oidc.client_assertion", good[..^2] + (good.EndsWith("AA", StringComparison.Ordinal) ? "BB" : "AA"));
    }

    [Fact]
    public async Task Assertions_that_cannot_be_read_or_come_beside_something_else_are_refused()
    {
        var good = Jwt.Sign(key, "JWT", Claims());
        await Refused("oidc.client_credentials_missing", "nonsense");
        await Refused("oidc.client_credentials_missing", new string('.', 30_000));
        await Refused("oidc.client_credentials_missing", good, "client_id is not the sub", ("client_id", site.ClientId));
        await Refused("oidc.client_auth_method", Jwt.Sign(key, "JWT", Claims(c => c["sub"] = site.ClientId)));
        await Refused("oidc.token_client_unknown", Jwt.Sign(key, "JWT", Claims(c => c["sub"] = "nobody")));
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", ["client_assertion"] = good };
        Assert.Equal("invalid_request", (await site.Post("/token", new(form) { ["client_secret"] = "x" }, null)).Json.GetProperty("error").GetString());
        Assert.Equal("invalid_request", (await site.Post("/token", form, OidcSite.Basic(robot, "x"))).Json.GetProperty("error").GetString());
        var other = await site.Post("/token", new(form) { ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" }, null);
        Assert.Equal("oidc.client_credentials_missing", await site.CodeOf(OidcSite.ReferenceIn(other.Json)));
        // Nothing of this has spent the good one.
        Assert.Equal(200, (await Send(good)).Status);
    }

    [Fact]
    public async Task CVE_2020_15222_the_id_is_spent_even_when_a_later_rule_refuses()
    {
        var assertion = Jwt.Sign(key, "JWT", Claims());
        Assert.Equal("invalid_scope", (await Send(assertion, ("scope", "nothing"))).Json.GetProperty("error").GetString());
        await Refused("oidc.client_assertion_replayed", assertion);
        var again = Claims();
        Assert.Equal(200, (await Send(Jwt.Sign(key, "JWT", again))).Status);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(30));
        await Refused("oidc.client_assertion_replayed", Jwt.Sign(key, "JWT", Claims(c => c["jti"] = again["jti"]!.GetValue<string>())));
        // Another client may use the same id.
        robot = await Client("Second", $$"""{"keys":[{{key.PublicJwk}}]}""");
        Assert.Equal(200, (await Send(Jwt.Sign(key, "JWT", Claims(c => c["jti"] = again["jti"]!.GetValue<string>())))).Status);
    }

    [Fact]
    public async Task It_serves_introspection_and_revocation_too()
    {
        var token = (await Send(Jwt.Sign(key, "JWT", Claims()))).Json.GetProperty("access_token").GetString()!;
        Dictionary<string, string> Form() => new() { ["token"] = token, ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", ["client_assertion"] = Jwt.Sign(key, "JWT", Claims()) };
        Assert.True((await site.Post("/introspect", Form(), null)).Json.GetProperty("active").GetBoolean());
        Assert.Equal(200, (await site.Post("/revoke", Form(), null)).Status);
        Assert.False((await site.Post("/introspect", Form(), null)).Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task Keys_behind_an_address_are_fetched_when_needed_and_again_for_an_unknown_kid()
    {
        await using var app = new KeyServer();
        app.Body = $$"""{"keys":[{{key.PublicJwk}}]}""";
        (robot, _) = await site.AddClient("Remote", "--jwks-uri", app.Url, "--grant-type", "client_credentials");
        Assert.Equal(200, (await Send(Jwt.Sign(key, "JWT", Claims()))).Status);
        Assert.Equal(200, (await Send(Jwt.Sign(key, "JWT", Claims()))).Status);
        Assert.Equal(1, app.Asked);
        var next = SigningKey.Generate(JwsAlgorithm.RS256);
        app.Body = $$"""{"keys":[{{next.PublicJwk}}]}""";
        // Strangers cannot make us fetch faster than every half minute.
        await Refused("oidc.client_assertion", Jwt.Sign(next, "JWT", Claims()), "none of the client's keys");
        Assert.Equal(1, app.Asked);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(200, (await Send(Jwt.Sign(next, "JWT", Claims()))).Status);
        await Refused("oidc.client_assertion", Jwt.Sign(key, "JWT", Claims()));
        Assert.Equal(2, app.Asked);
        // While the address does not answer, what was fetched serves on for an hour and no longer.
        app.Body = "";
        site.Server.Clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(200, (await Send(Jwt.Sign(next, "JWT", Claims()))).Status);
        site.Server.Clock.Advance(TimeSpan.FromMinutes(11));
        await Refused("oidc.client_keys_unavailable", Jwt.Sign(next, "JWT", Claims()), "it answered 404");
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest"), InlineData("http://[fe80::1]/jwks"), InlineData("https://10.1.2.3/jwks"), InlineData("https://nowhere.invalid/jwks")]
    public async Task CVE_2026_1180_keys_are_not_fetched_from_where_nobody_may_reach(string url)
    {
        (robot, _) = await site.AddClient("Remote", ["--jwks-uri", url, "--grant-type", "client_credentials", .. url.StartsWith("http:", StringComparison.Ordinal) ? ["--jwks-private"] : Array.Empty<string>()]);
        await Refused("oidc.client_keys_unavailable", Jwt.Sign(key, "JWT", Claims()));
    }

    [Theory]
    [InlineData("""{"keys":[]}"""), InlineData("""{"keys":[{"kty":"oct","k":"AAAA"}]}"""), InlineData("[]"), InlineData("""{"keys":{}}"""), InlineData("x"), InlineData("private"), InlineData("twice"), InlineData("weak")]
    public async Task Key_sets_that_are_none_or_carry_secrets_cannot_be_saved(string jwks)
    {
        var text = jwks switch
        {
            "private" => $$"""{"keys":[{{key.PublicJwk[..^1]}},"d":"AAAA"}]}""",
            "twice" => $$"""{"keys":[{{key.PublicJwk}},{{key.PublicJwk}}]}""",
            "weak" => $$"""{"keys":[{"kty":"RSA","n":"{{StrictBase64Url.Encode(Enumerable.Repeat((byte)0xff, 64).ToArray())}}","e":"AQAB"}]}""",
            _ => jwks,
        };
        var file = Path.Combine(site.Server.DataFolder, "bad.json");
        await File.WriteAllTextAsync(file, text);
        var (exit, _, error) = await site.Server.Console("client", "add", "--name", "Bad", "--grant-type", "client_credentials", "--jwks", file);
        Assert.Equal(2, exit);
        Assert.Contains("oidc.client_keys", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://app.example.com/jwks"), InlineData("ftp://a/"), InlineData("https://u@a.example/"), InlineData("https://a.example/#k")]
    public async Task Key_addresses_that_could_be_misread_or_overheard_cannot_be_saved(string url)
    {
        var (exit, _, error) = await site.Server.Console("client", "add", "--name", "Bad", "--grant-type", "client_credentials", "--jwks-uri", url);
        Assert.Equal(2, exit);
        Assert.Contains("oidc.client_keys", error, StringComparison.Ordinal);
    }

    /// <summary>An application's key set; 404 while it is empty.</summary>
    private sealed class KeyServer : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource ended = new();
        private readonly Task serving;

        public KeyServer()
        {
            listener.Start();
            serving = Serve();
        }

        public string Body { get; set; } = "";
        public int Asked { get; private set; }
        public string Url => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/jwks");

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(ended.Token);
                    Asked++;
                    var buffer = new byte[8192];
                    _ = await client.GetStream().ReadAsync(buffer, ended.Token);
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 {(Body.Length > 0 ? "200 OK" : "404 Not Found")}\r\ncontent-type: application/json\r\ncontent-length: {Body.Length}\r\nconnection: close\r\n\r\n{Body}"), ended.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }

        public async ValueTask DisposeAsync()
        {
            await ended.CancelAsync();
            await serving;
            listener.Dispose();
            ended.Dispose();
        }
    }
}
