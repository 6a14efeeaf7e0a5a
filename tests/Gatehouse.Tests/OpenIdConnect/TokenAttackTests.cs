using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>Tokens as an attacker would make them, shown to userinfo and introspection.</summary>
public class TokenAttackTests : IAsyncLifetime
{
    private OidcSite site = null!;
    private TestBrowser browser = null!;
    private string access = "";
    private string refresh = "";
    private string id = "";

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        browser = await site.SignedIn();
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        (access, refresh, id) = (tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!, tokens.GetProperty("id_token").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task Dead(string token)
    {
        var (status, json, _) = await site.Post("/introspect", new() { ["token"] = token }, OidcSite.Basic(site.ClientId, site.Secret));
        Assert.Equal((200, """{"active":false}"""), (status, json.ToString()));
        if (token.All(c => c is > ' ' and < '\u007f') && token.Length < 8_000) Assert.Equal(401, (await site.Userinfo(token)).Status);
    }

    private static string Part(string json) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(json));

    [Fact]
    public async Task CVE_2026_27840_CVE_2026_16089_a_code_or_token_with_characters_missing_or_changed_is_nothing_and_spends_nothing()
    {
        var code = await site.Code(browser);
        foreach (var bent in Bent(code)) Assert.Equal(400, (await site.Token(("code", bent))).Status);
        var (status, tokens, _) = await site.Token(("code", code));
        Assert.Equal(200, status);
        var (access, refresh) = (tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!);
        foreach (var bent in Bent(refresh)) Assert.Equal(400, (await site.Refresh(bent)).Status);
        foreach (var bent in Bent(access)) Assert.Equal(401, (await site.Userinfo(bent)).Status);
        Assert.Equal(200, (await site.Userinfo(access)).Status);
        Assert.Equal(200, (await site.Refresh(refresh)).Status);

        static IEnumerable<string> Bent(string value) =>
            [.. Enumerable.Range(1, 8).Select(n => value[..^n]), .. Enumerable.Range(1, 8).Select(n => value[n..]), value + "A", value + "=", value[..10] + (value[10] == 'A' ? 'B' : 'A') + value[11..], value[..^1] + (value[^1] == 'A' ? 'Q' : 'A')];
    }

    [Theory]
    [InlineData("the group was left")]
    [InlineData("the client was switched off")]
    public async Task CVE_2024_38371_kc_52783_every_grant_passes_the_gate_again(string what)
    {
        await site.Run("group", "add", "ops");
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        var (id, secret) = await site.AddClient("Wiki", "--group", "ops");
        Task<(int Status, System.Text.Json.JsonElement Json, HttpResponseMessage Response)> Post(params (string, string)[] form) =>
            site.Post("/token", form.ToDictionary(f => f.Item1, f => f.Item2), OidcSite.Basic(id, secret));
        var (_, tokens, _) = await Post(("grant_type", "authorization_code"), ("redirect_uri", OidcSite.Callback), ("code_verifier", OidcSite.Verifier), ("code", await site.Code(browser, ("client_id", id))));
        var code = await site.Code(browser, ("client_id", id));
        if (what == "the client was switched off") await site.Run("client", "disable", id);
        else
        {
            var (group, user) = await site.Server.Database.Read(async sql => ((await Gatehouse.Accounts.Groups.GroupStore.All(sql)).Single().Id, (await Gatehouse.Accounts.Users.UserStore.FindByEmail(sql, "ada@example.com"))!.Id));
            Assert.Null((await site.Server.Services.GetRequiredService<Gatehouse.Accounts.Groups.RemoveMember>().Run(group, user, new("test", ""))).Refusal);
        }
        Assert.NotEqual(200, (await Post(("grant_type", "authorization_code"), ("redirect_uri", OidcSite.Callback), ("code_verifier", OidcSite.Verifier), ("code", code))).Status);
        Assert.NotEqual(200, (await Post(("grant_type", "refresh_token"), ("refresh_token", tokens.GetProperty("refresh_token").GetString()!))).Status);
        Assert.Equal(401, (await site.Userinfo(tokens.GetProperty("access_token").GetString()!)).Status);
    }

    [Fact]
    public async Task CVE_2024_37568_a_token_signed_with_what_everybody_can_read_is_refused()
    {
        var payload = access.Split('.')[1];
        var jwks = await site.Http.GetStringAsync(site.Server.Origin + "/jwks");
        StrictBase64Url.TryDecode(access.Split('.')[0], 1000, out var header);
        var kid = System.Text.Json.JsonDocument.Parse(header).RootElement.GetProperty("kid").GetString();
        foreach (var secret in new[] { Encoding.UTF8.GetBytes(jwks), Encoding.UTF8.GetBytes(jwks[9..^2]), [] })
        {
            var head = $"{Part($$"""{"alg":"HS256","kid":"{{kid}}","typ":"at+jwt"}""")}.{payload}";
            await Dead($"{head}.{StrictBase64Url.Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(head)))}");
        }
        await Dead($"{Part("""{"alg":"none","typ":"at+jwt"}""")}.{payload}.");
        var own = SigningKey.Generate(JwsAlgorithm.ES256);
        var made = Jwt.Sign(own, "at+jwt", System.Text.Json.Nodes.JsonNode.Parse(StrictBase64Url.TryDecode(payload, 4000, out var bytes) ? Encoding.UTF8.GetString(bytes) : "")!.AsObject());
        await Dead(made);
        await Dead($"{Part($$"""{"alg":"ES256","typ":"at+jwt","jwk":{{own.PublicJwk}}}""")}.{made.Split('.')[1]}.{made.Split('.')[2]}");
    }

    [Fact]
    public async Task CVE_2023_51774_CVE_2025_27144_encrypted_huge_and_bent_tokens_cost_nothing()
    {
        await Dead("a.b.c");
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) deflate.Write(new byte[5_000_000]);
        var bomb = $"{Part("""{"alg":"dir","enc":"A256GCM","zip":"DEF"}""")}..{Part("iv")}.{StrictBase64Url.Encode(packed.ToArray())}.{Part("tag")}";
        var clock = Stopwatch.StartNew();
        foreach (var token in new[] { bomb, new string('.', 60_000), "gat_" + new string('A', 60_000), string.Concat(Enumerable.Repeat("e30.", 10_000)), "gat_", "gat_..." }) await Dead(token);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{clock.Elapsed}");
        for (var n = 1; n <= 8; n++) await Dead(access[..^n]);
        await Dead(access + "=");
        await Dead(" " + access);
        await Dead(access + ".");
    }

    [Fact]
    public async Task CVE_2026_4282_a_value_of_one_kind_is_unknown_as_any_other()
    {
        var code = await site.Code(browser);
        var link = new Uri(await TestPerson.LoginLink(site.Server, "ada@example.com")).Query[3..];
        foreach (var value in new[] { code, link, id, site.Secret, browser.Cookies["__Host-gatehouse"] }) await Dead(value);
        foreach (var value in new[] { access, id, code, link, site.Secret }) Assert.Equal("invalid_grant", (await site.Refresh(value)).Json.GetProperty("error").GetString());
        foreach (var value in new[] { access, id, refresh, link, site.Secret }) Assert.Equal("invalid_grant", (await site.Token(("code", value))).Json.GetProperty("error").GetString());
        // A refresh token is no access token, and an access token no hint.
        Assert.Equal(401, (await site.Userinfo(refresh)).Status);
        Assert.Equal("invalid_request", OidcSite.Answer(await browser.Get(site.AuthorizePath(("id_token_hint", access))))["error"]);
        // All this has spent nothing.
        Assert.Equal(200, (await site.Token(("code", code))).Status);
        Assert.Equal(200, (await site.Refresh(refresh)).Status);
    }

    [Fact]
    public async Task CVE_2025_64521_switching_the_owner_off_stops_the_next_call()
    {
        var (robot, secret) = await site.AddClient("Robot", "--grant-type", "client_credentials");
        Task<(int Status, System.Text.Json.JsonElement Json, HttpResponseMessage Response)> Ask() => site.Post("/token", new() { ["grant_type"] = "client_credentials" }, OidcSite.Basic(robot, secret));
        Assert.Equal(200, (await Ask()).Status);
        await site.Run("client", "disable", robot);
        Assert.Equal(401, (await Ask()).Status);
        Assert.Equal(401, (await site.Post("/introspect", new() { ["token"] = access }, OidcSite.Basic(robot, secret))).Status);
        Assert.Equal(401, (await site.Post("/revoke", new() { ["token"] = access }, OidcSite.Basic(robot, secret))).Status);
        // A client whose right to client credentials was taken keeps its secret and gets nothing for it.
        await site.Run("client", "enable", robot);
        await site.Server.Database.Write(sql => sql.Run("update clients set grant_types = 'authorization_code' where id = @robot", new { robot }));
        Assert.Equal("unauthorized_client", (await Ask()).Json.GetProperty("error").GetString());
    }

    [Fact]
    public async Task CVE_2026_40166_no_page_shows_a_secret_or_a_private_key()
    {
        await site.Run("user", "promote", "ada@example.com", "--role", "admin");
        using var admin = await site.SignedIn();
        var hash = await site.Server.Database.Read(sql => sql.One<string>("select hash from client_secrets limit 1"));
        var box = await site.Server.Database.Read(sql => sql.One<string>("select private_key from signing_keys limit 1"));
        foreach (var path in new[] { "/admin/keys", "/admin/apis", "/admin/clients", $"/admin/clients/{site.ClientId}", "/admin/audit" })
        {
            var body = (await admin.Get(path)).Body;
            Assert.DoesNotContain(site.Secret, body, StringComparison.Ordinal);
            Assert.DoesNotContain(hash!, body, StringComparison.Ordinal);
            Assert.DoesNotContain(box![..40], body, StringComparison.Ordinal);
        }
        Assert.DoesNotContain(box![..40], await site.Run("keys", "list", "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_to_a_foreign_token_is_that_to_an_unknown_one_to_the_last_header()
    {
        var (other, secret) = await site.AddClient("Other");
        async Task<string> Whole(string path, string token)
        {
            var (status, _, response) = await site.Post(path, new() { ["token"] = token }, OidcSite.Basic(other, secret));
            return $"{status} {await response.Content.ReadAsStringAsync()} {string.Join(',', response.Headers.Concat(response.Content.Headers).Where(h => h.Key != "Date").Select(h => $"{h.Key}={string.Join('|', h.Value)}").Order())}";
        }
        foreach (var path in new[] { "/introspect", "/revoke" })
            foreach (var token in new[] { access, refresh, id }) Assert.Equal(await Whole(path, "unknown"), await Whole(path, token));
        Assert.Equal(200, (await site.Userinfo(access)).Status);
    }

    [Fact]
    public async Task O32_pages_of_other_origins_cannot_read_introspection()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, site.Server.Origin + "/introspect") { Content = new FormUrlEncodedContent([new("token", access)]) };
        request.Headers.TryAddWithoutValidation("Authorization", OidcSite.Basic(site.ClientId, site.Secret));
        request.Headers.TryAddWithoutValidation("Origin", "https://app.example.com");
        Assert.False((await site.Send(request)).Response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_secret_is_not_enough_once_the_client_signs_with_a_key()
    {
        var key = SigningKey.Generate(JwsAlgorithm.ES256);
        await site.Server.Database.Write(sql => sql.Run("update clients set auth_method = @method, jwks = @jwks where id = @ClientId", new { method = AuthMethod.PrivateKey, jwks = $$"""{"keys":[{{key.PublicJwk}}]}""", site.ClientId }));
        Assert.Equal("oidc.client_auth_method", await site.CodeOf(OidcSite.ReferenceIn((await site.Refresh(refresh)).Json)));
    }
}
