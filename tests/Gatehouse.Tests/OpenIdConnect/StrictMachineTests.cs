using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>Service accounts and signed assertions with openid-client; its tokens are checked by jose.</summary>
public partial class StrictMachineTests(PostgresCluster postgres)
{
    private const string Orders = "https://orders.example.com";

    [Theory]
    [InlineData(false, "ES256", "client_secret_basic", "ES256"), InlineData(true, "RS256", "private_key_jwt", "PS256"), InlineData(false, "EdDSA", "private_key_jwt", "ES256"), InlineData(false, "opaque", "client_secret_post", "ES256")]
    public async Task A_strict_client_acts_as_itself_asks_about_its_token_and_gives_it_back(bool onPostgres, string token, string method, string signedWith)
    {
        if (token == "EdDSA" && !SigningKeys.Offered.Contains("EdDSA")) return;
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var (options, privateJwk) = await Registration(site, method, signedWith);
        var (id, secret) = await site.AddClient("Robot", ["--grant-type", "client_credentials", .. options]);
        await site.Run(["api", "add", "--identifier", Orders, "--name", "Orders", "--scope", "orders:read", .. token == "opaque" ? ["--token-format", "opaque"] : new[] { "--alg", token }]);
        await site.Run("api", "grant", Orders, "orders:read", "--client", id);
        await using var app = await RelyingParty.Start(new()
        {
            Issuer = site.Server.Origin,
            ClientId = id,
            ClientSecret = secret.Length > 0 ? secret : null,
            AuthMethod = method,
            PrivateJwk = privateJwk,
            Extra = new() { ["resource"] = Orders, ["scope"] = "orders:read" },
        });
        using var http = new HttpClient { BaseAddress = new(app.Url) };
        using var answer = await http.PostAsync("/machine", null);
        var said = await Claims(answer);
        if (token != "opaque")
        {
            Assert.Equal((token, id, "orders:read"), (said.GetProperty("access_token_header").GetProperty("alg").GetString(), said.GetProperty("access_token").GetProperty("sub").GetString(), said.GetProperty("access_token").GetProperty("scope").GetString()));
        }
        Assert.Equal((true, Orders, "orders:read"), (said.GetProperty("before").GetProperty("active").GetBoolean(), said.GetProperty("before").GetProperty("aud").GetString(), said.GetProperty("before").GetProperty("scope").GetString()));
        Assert.False(said.GetProperty("after").GetProperty("active").GetBoolean());
    }

    [Theory]
    [InlineData(false, "ES256"), InlineData(true, "EdDSA")]
    public async Task A_strict_client_signs_people_in_with_its_own_key_refreshes_and_gives_the_tokens_back(bool onPostgres, string signedWith)
    {
        if (signedWith == "EdDSA" && !Ed25519.IsAvailable) return;
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var port = LoopbackPort.Free();
        // Only the two curves can be written as a private JWK here; the Ed25519 one signs ID tokens instead.
        var (options, privateJwk) = await Registration(site, "private_key_jwt", "ES256");
        var (id, _) = await site.AddClient("Strict", ["--redirect-uri", RelyingParty.CallbackUrl(port), "--trusted", "--id-token-alg", signedWith, .. options]);
        await using var app = await RelyingParty.Start(new()
        {
            Issuer = site.Server.Origin,
            ClientId = id,
            AuthMethod = "private_key_jwt",
            PrivateJwk = privateJwk,
            Port = port,
            Scope = "openid email offline_access",
            IdTokenAlgorithm = signedWith,
        });
        using var browser = await site.SignedIn();
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new(app.Url) };
        using var begin = await http.GetAsync("/login");
        Assert.True(begin.Headers.Location is not null, await begin.Content.ReadAsStringAsync());
        using var callback = await http.GetAsync((await browser.Get(begin.Headers.Location!.OriginalString)).Location);
        Assert.Equal(signedWith, (await Claims(callback)).GetProperty("id_token_header").GetProperty("alg").GetString());
        using var refreshed = await http.PostAsync("/refresh", null);
        Assert.True((await Claims(refreshed)).GetProperty("has_refresh_token").GetBoolean());
        using var returned = await http.PostAsync("/give-back", null);
        var said = await Claims(returned);
        Assert.True(said.GetProperty("before").GetProperty("active").GetBoolean());
        Assert.True(said.GetProperty("refresh").GetProperty("active").GetBoolean());
        Assert.False(said.GetProperty("after").GetProperty("active").GetBoolean());
        using var dead = await http.PostAsync("/refresh", null);
        Assert.Contains("invalid_grant", await dead.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<(string[] Options, JsonElement? PrivateJwk)> Registration(OidcSite site, string method, string algorithm)
    {
        if (method != "private_key_jwt") return (["--auth-method", method], null);
        Dictionary<string, string> full;
        if (algorithm == "PS256")
        {
            using var rsa = RSA.Create(2048);
            var p = rsa.ExportParameters(true);
            full = new() { ["kty"] = "RSA", ["n"] = Text(p.Modulus), ["e"] = Text(p.Exponent), ["d"] = Text(p.D), ["p"] = Text(p.P), ["q"] = Text(p.Q), ["dp"] = Text(p.DP), ["dq"] = Text(p.DQ), ["qi"] = Text(p.InverseQ) };
        }
        else
        {
            using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var p = ec.ExportParameters(true);
            full = new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Text(p.Q.X), ["y"] = Text(p.Q.Y), ["d"] = Text(p.D) };
        }
        full["kid"] = "one";
        full["alg"] = algorithm;
        string[] secretParts = ["d", "p", "q", "dp", "dq", "qi"];
        var file = Path.Combine(site.Server.DataFolder, "jwks.json");
        // The RSA key names no algorithm in what is registered: then both paddings are good.
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { keys = new[] { full.Where(m => !secretParts.Contains(m.Key) && !(algorithm == "PS256" && m.Key == "alg")).ToDictionary(m => m.Key, m => m.Value) } }));
        return (["--jwks", file], JsonSerializer.SerializeToElement(full));

        static string Text(byte[]? bytes) => StrictBase64Url.Encode(bytes);
    }

    private static async Task<JsonElement> Claims(HttpResponseMessage response)
    {
        var body = WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync());
        Assert.True(response.IsSuccessStatusCode, body);
        using var json = JsonDocument.Parse(Pre().Match(body).Groups[1].Value);
        return json.RootElement.Clone();
    }

    [GeneratedRegex("<pre id=claims>(.*?)</pre>", RegexOptions.Singleline)]
    private static partial Regex Pre();
}
