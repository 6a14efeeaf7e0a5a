using System.Text.Json;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>Service accounts, APIs, introspection and revocation, through the front door.</summary>
public class MachineTests : IAsyncLifetime
{
    private const string Orders = "https://orders.example.com";
    private OidcSite site = null!;
    private string robot = "";
    private string secret = "";

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        (robot, secret) = await site.AddClient("Robot", "--grant-type", "client_credentials");
        await Api("add", "--identifier", Orders, "--name", "Orders", "--scope", "orders:read See orders", "--scope", "orders:write");
        await Api("grant", Orders, "orders:read", "--client", robot);
    }

    public async ValueTask DisposeAsync()
    {
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<(int Status, JsonElement Json, HttpResponseMessage Response)> Ask(params (string Name, string Value)[] more) => As(robot, secret, more);

    private Task<(int Status, JsonElement Json, HttpResponseMessage Response)> As(string id, string password, params (string Name, string Value)[] more) =>
        site.Post("/token", new([new("grant_type", "client_credentials"), .. more.Select(m => new KeyValuePair<string, string>(m.Name, m.Value))]), OidcSite.Basic(id, password));

    private async Task<JsonElement> Introspect(string token, string? id = null, string? password = null)
    {
        var (status, json, response) = await site.Post("/introspect", new() { ["token"] = token }, OidcSite.Basic(id ?? robot, password ?? secret));
        Assert.Equal(200, status);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return json;
    }

    /// <summary>Runs a console command and lets the server see it at once; by itself it sees it within a second.</summary>
    private async Task Api(params string[] command)
    {
        await site.Run(["api", .. command]);
        await site.Server.Database.Write(sql => sql.Bump("apis"));
    }

    private async Task<bool> IsActive(string token, string? id = null, string? password = null) => (await Introspect(token, id, password)).GetProperty("active").GetBoolean();

    private async Task Revoke(string token, string? id = null, string? password = null)
    {
        var (status, _, response) = await site.Post("/revoke", new() { ["token"] = token }, OidcSite.Basic(id ?? robot, password ?? secret));
        Assert.Equal((200, ""), (status, await response.Content.ReadAsStringAsync()));
    }

    private async Task Refused(string error, string code, Task<(int Status, JsonElement Json, HttpResponseMessage Response)> call)
    {
        var (_, json, response) = await call;
        Assert.Equal(error, json.GetProperty("error").GetString());
        Assert.Equal(code, await site.CodeOf(OidcSite.ReferenceIn(json)));
        Assert.Equal(OidcSite.ReferenceIn(json), Assert.Single(response.Headers.GetValues("Gatehouse-Reference")));
    }

    private async Task<JsonElement> Claims(string token)
    {
        var ring = await site.Server.Services.GetRequiredService<SigningKeys>().Ring();
        return Jwt.Verify(token, ring.Find, "at+jwt", out _)!.Value;
    }

    private static string Access((int Status, JsonElement Json, HttpResponseMessage Response) answer)
    {
        Assert.True(answer.Status == 200, answer.Json.ToString());
        return answer.Json.GetProperty("access_token").GetString()!;
    }

    [Fact]
    public async Task A_service_account_gets_a_token_for_what_it_was_granted_and_nothing_is_stored()
    {
        Access(await Ask());
        async Task<long[]> Rows() => [.. await site.Server.Database.Read(async sql => new[] { await sql.One<long>("select count(*) from grants"), await sql.One<long>("select count(*) from one_time_tokens"), await sql.One<long>("select count(*) from spent_ids"), await sql.One<long>("select count(*) from audit"), await sql.One<long>("select count(*) from sign_ins") })];
        var before = await Rows();
        var answer = await Ask(("resource", Orders), ("scope", "orders:read"));
        Assert.Equal(("Bearer", 300, "orders:read"), (answer.Json.GetProperty("token_type").GetString(), answer.Json.GetProperty("expires_in").GetInt32(), answer.Json.GetProperty("scope").GetString()));
        Assert.False(answer.Json.TryGetProperty("refresh_token", out _));
        Assert.Equal("no-store", answer.Response.Headers.CacheControl!.ToString());
        var claims = await Claims(Access(answer));
        Assert.Equal((Orders, robot, robot, "orders:read", site.Server.Origin), (claims.GetProperty("aud").GetString(), claims.GetProperty("sub").GetString(), claims.GetProperty("client_id").GetString(), claims.GetProperty("scope").GetString(), claims.GetProperty("iss").GetString()));
        Assert.Equal(before, await Rows());
    }

    [Fact]
    public async Task Without_resource_the_one_api_is_meant_and_with_several_one_must_be_named()
    {
        Assert.Equal(Orders, (await Claims(Access(await Ask()))).GetProperty("aud").GetString());
        await Api("add", "--identifier", "urn:stock", "--name", "Stock", "--scope", "stock:read");
        await Api("grant", "urn:stock", "stock:read", "--client", "Robot");
        await Refused("invalid_target", "oidc.resource", Ask());
        Assert.Equal("urn:stock", (await Claims(Access(await Ask(("scope", "stock:read"))))).GetProperty("aud").GetString());
        var (bare, password) = await site.AddClient("Bare", "--grant-type", "client_credentials");
        var own = Access(await As(bare, password));
        Assert.Equal(site.Server.Origin, (await Claims(own)).GetProperty("aud").GetString());
        Assert.Equal(401, (await site.Userinfo(own)).Status);
    }

    [Fact]
    public async Task What_a_service_account_may_not_have_is_refused_with_its_cause()
    {
        await Refused("invalid_scope", "oidc.scope_not_granted", Ask(("scope", "orders:write")));
        await Refused("invalid_scope", "oidc.scope_unknown", Ask(("scope", "order:read")));
        await Refused("invalid_scope", "oidc.scope_unknown", Ask(("scope", "openid")));
        await Refused("invalid_target", "oidc.resource", Ask(("resource", Orders + "/")));
        await Refused("invalid_target", "oidc.resource", Ask(("resource", "")));
        await Refused("unauthorized_client", "oidc.grant_type_not_allowed", As(site.ClientId, site.Secret));
        await Refused("unauthorized_client", "oidc.grant_type_not_allowed", site.Post("/token", new() { ["grant_type"] = "authorization_code", ["code"] = "x" }, OidcSite.Basic(robot, secret)));
        using var twice = new HttpRequestMessage(HttpMethod.Post, site.Server.Origin + "/token") { Content = new StringContent($"grant_type=client_credentials&resource={Orders}&resource=urn:stock", System.Text.Encoding.ASCII, "application/x-www-form-urlencoded") };
        twice.Headers.TryAddWithoutValidation("Authorization", OidcSite.Basic(robot, secret));
        await Refused("invalid_target", "oidc.resource_twice", site.Send(twice));
        var reference = OidcSite.ReferenceIn((await Ask(("scope", "order:read"))).Json);
        await site.CodeOf(reference);
        Assert.Contains("orders:read", await site.Run("why", reference), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Withdrawing_a_scope_counts_for_the_next_token()
    {
        Access(await Ask(("scope", "orders:read")));
        await Api("withdraw", Orders, "orders:read", "--client", robot);
        await Refused("invalid_target", "oidc.resource", Ask(("resource", Orders)));
    }

    [Fact]
    public async Task O27_introspection_tells_owner_and_api_and_nobody_else()
    {
        var (reader, readerSecret) = await site.AddClient("Orders API", "--grant-type", "client_credentials");
        var (other, otherSecret) = await site.AddClient("Other");
        var token = Access(await Ask());
        var told = await Introspect(token);
        Assert.Equal((true, robot, "orders:read", Orders, "Bearer"), (told.GetProperty("active").GetBoolean(), told.GetProperty("client_id").GetString(), told.GetProperty("scope").GetString(), told.GetProperty("aud").GetString(), told.GetProperty("token_type").GetString()));
        const string no = """{"active":false}""";
        Assert.Equal(no, (await Introspect(token, other, otherSecret)).ToString());
        Assert.Equal(no, (await Introspect("nonsense")).ToString());
        for (var n = 1; n <= 8; n++) Assert.Equal(no, (await Introspect(token[..^n])).ToString());
        Assert.Equal(no, (await Introspect(token, reader, readerSecret)).ToString());
        await site.Server.Database.Write(async sql =>
        {
            await sql.Run("update apis set introspector_id = @reader", new { reader });
            await sql.Bump("apis");
        });
        Assert.True(await IsActive(token, reader, readerSecret));
        await site.Run("client", "disable", robot);
        Assert.Equal(no, (await Introspect(token, reader, readerSecret)).ToString());
        await site.Run("client", "enable", robot);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal(no, (await Introspect(token)).ToString());
        Assert.Contains("oidc.token_other_client", await site.Server.Database.Read(sql => sql.List<string>("select code from cases")));
    }

    [Fact]
    public async Task O27_introspection_and_revocation_ask_who_is_there()
    {
        foreach (var path in new[] { "/introspect", "/revoke" })
        {
            await Refused("invalid_client", "oidc.client_credentials_missing", site.Post(path, new() { ["token"] = "x" }, null));
            await Refused("invalid_client", "oidc.client_secret_wrong", site.Post(path, new() { ["token"] = "x" }, OidcSite.Basic(robot, "wrong")));
            await Refused("invalid_request", "oidc.token_request", site.Post(path, [], OidcSite.Basic(robot, secret)));
        }
        var (open, _) = await site.AddClient("Single page", "--public");
        await Refused("invalid_client", "oidc.introspection_public", site.Post("/introspect", new() { ["token"] = "x", ["client_id"] = open }, null));
        Assert.Equal(200, (await site.Post("/revoke", new() { ["token"] = "x", ["client_id"] = open }, null)).Status);
    }

    [Fact]
    public async Task O27_a_revoked_token_of_a_client_is_dead_and_only_its_owner_can_do_that()
    {
        var (other, otherSecret) = await site.AddClient("Other");
        var (token, second) = (Access(await Ask()), Access(await Ask()));
        await Revoke(token, other, otherSecret);
        Assert.True(await IsActive(token));
        await Revoke("unknown");
        await Revoke(token);
        Assert.False(await IsActive(token));
        Assert.True(await IsActive(second));
        await Revoke(token);
        Assert.Equal(1, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from spent_ids")));
    }

    [Theory]
    [InlineData("access_token"), InlineData("refresh_token")]
    public async Task Either_token_of_a_person_given_back_ends_the_whole_sign_in(string which)
    {
        using var browser = await site.SignedIn();
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var (access, refresh) = (tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!);
        var told = await Introspect(access, site.ClientId, site.Secret);
        Assert.Equal((true, "ada"), (told.GetProperty("active").GetBoolean(), told.GetProperty("username").GetString()));
        Assert.True(await IsActive(refresh, site.ClientId, site.Secret));
        Assert.False(await IsActive(refresh));
        Assert.False(await IsActive(tokens.GetProperty("id_token").GetString()!, site.ClientId, site.Secret));
        await Revoke(tokens.GetProperty(which).GetString()!, site.ClientId, site.Secret);
        Assert.False(await IsActive(access, site.ClientId, site.Secret));
        Assert.False(await IsActive(refresh, site.ClientId, site.Secret));
        Assert.Equal(401, (await site.Userinfo(access)).Status);
        await Refused("invalid_grant", "oidc.grant_ended", site.Refresh(refresh));
        Assert.Contains("client.token_revoked", await site.Server.Database.Read(sql => sql.List<string>("select action from audit")));
    }

    [Theory]
    [InlineData("update users set epoch = epoch + 1")]
    [InlineData("update users set disabled_at = 1")]
    [InlineData("update sessions set ended_at = 1")]
    [InlineData("update clients set restricted = true")]
    public async Task What_ends_a_sign_in_makes_introspection_say_no_at_once(string change)
    {
        using var browser = await site.SignedIn();
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var token = tokens.GetProperty("access_token").GetString()!;
        Assert.True(await IsActive(token, site.ClientId, site.Secret));
        await site.Server.Database.Write(sql => sql.Run(change));
        Assert.False(await IsActive(token, site.ClientId, site.Secret));
        Assert.False(await IsActive(tokens.GetProperty("refresh_token").GetString()!, site.ClientId, site.Secret));
    }

    [Fact]
    public async Task A_person_gets_the_scopes_that_client_and_person_both_hold()
    {
        using var browser = await site.SignedIn();
        await Api("grant", Orders, "orders:read", "orders:write", "--client", site.ClientId);
        (string, string?)[] wanted = [("scope", "openid offline_access orders:read orders:write"), ("resource", Orders)];
        Assert.Equal("oidc.scope_not_held", await site.CodeOf((await browser.Get(site.AuthorizePath(wanted))).Reference!));
        await site.Run("group", "add", "buyers");
        await site.Run("group", "member", "add", "buyers", "ada@example.com");
        await Api("grant", Orders, "orders:read", "--group", "buyers");
        await Api("grant", Orders, "orders:write", "--role", "admin");
        var (status, tokens, _) = await site.Token(("code", await site.Code(browser, wanted)), ("resource", Orders));
        Assert.Equal((200, "orders:read"), (status, tokens.GetProperty("scope").GetString()));
        var access = tokens.GetProperty("access_token").GetString()!;
        Assert.Equal(Orders, (await Claims(access)).GetProperty("aud").GetString());
        Assert.Equal(401, (await site.Userinfo(access)).Status);

        // The issuer is a resource too: the same sign-in gives a token for userinfo.
        var (_, own, _) = await site.Refresh(tokens.GetProperty("refresh_token").GetString()!, ("resource", site.Server.Origin));
        Assert.Equal(200, (await site.Userinfo(own.GetProperty("access_token").GetString()!)).Status);
        await Refused("invalid_target", "oidc.resource", site.Refresh(own.GetProperty("refresh_token").GetString()!, ("resource", "urn:stock")));

        await site.Server.Database.Write(sql => sql.Run("delete from group_members"));
        Assert.False(await IsActive(access, site.ClientId, site.Secret));
        await Refused("invalid_grant", "oidc.grant_not_allowed", site.Refresh(own.GetProperty("refresh_token").GetString()!));
    }

    [Theory]
    [InlineData("https://orders.example.com", "orders:wrong", "oidc.scope_unknown")]
    [InlineData("https://orders.example.com", "orders:write", "oidc.scope_not_granted")]
    [InlineData("https://orders.example.com/", "orders:read", "oidc.resource")]
    [InlineData("https://nowhere.example.com", "orders:read", "oidc.resource")]
    public async Task An_authorize_request_for_an_api_is_refused_by_redirect(string resource, string scope, string code)
    {
        using var browser = await site.SignedIn();
        await Api("grant", Orders, "orders:read", "--client", site.ClientId);
        var answer = OidcSite.Answer(await browser.Get(site.AuthorizePath(("resource", resource), ("scope", "openid " + scope))));
        Assert.Equal(code.StartsWith("oidc.scope", StringComparison.Ordinal) ? "invalid_scope" : "invalid_target", answer["error"]);
        Assert.Equal("st", answer["state"]);
        Assert.Equal(code, await site.CodeOf(System.Text.RegularExpressions.Regex.Match(answer["error_description"], "GH-[0-9A-Z]{4}-[0-9A-Z]{4}").Value));
    }

    [Fact]
    public async Task Opaque_tokens_say_nothing_and_every_changed_one_is_refused()
    {
        await Api("add", "--identifier", "https://vault.example.com", "--name", "Vault", "--scope", "open", "--token-format", "opaque", "--minutes", "60");
        await Api("grant", "https://vault.example.com", "open", "--client", robot);
        var answer = await Ask(("resource", "https://vault.example.com"));
        var token = Access(answer);
        Assert.Equal(3600, answer.Json.GetProperty("expires_in").GetInt32());
        Assert.DoesNotContain('.', token);
        Assert.NotEqual(token, Access(await Ask(("resource", "https://vault.example.com"))));
        Assert.True(await IsActive(token));
        for (var n = 1; n <= 8; n++) Assert.False(await IsActive(token[..^n]));
        for (var i = 4; i < token.Length; i += 7) Assert.False(await IsActive(token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..]));
        await Revoke(token);
        Assert.False(await IsActive(token));
    }

    [Fact]
    public async Task A_switched_off_api_is_closed_at_once()
    {
        var token = Access(await Ask());
        await site.Server.Database.Write(async sql =>
        {
            await sql.Run("update apis set enabled = false");
            await sql.Bump("apis");
        });
        Assert.False(await IsActive(token));
        await Refused("invalid_target", "oidc.resource", Ask(("resource", Orders)));
    }

    [Theory]
    [InlineData("--identifier", "/orders"), InlineData("--identifier", "https://a b"), InlineData("--identifier", "https://a.example/#x"), InlineData("--identifier", "orders"), InlineData("--identifier", Orders)]
    [InlineData("--scope", "openid"), InlineData("--scope", "a\"b"), InlineData("--minutes", "61"), InlineData("--minutes", "0"), InlineData("--alg", "HS256"), InlineData("--token-format", "xml"), InlineData("--introspector", "nobody")]
    public async Task An_api_that_could_be_misread_cannot_be_saved(string option, string value)
    {
        string[] good = ["--identifier", "https://new.example.com", "--name", "New", "--scope", "read"];
        var command = good.Contains(option) ? [.. good.Select((g, i) => i > 0 && good[i - 1] == option ? value : g)] : good.Append(option).Append(value).ToArray();
        var (exit, _, error) = await site.Server.Console(["api", "add", .. command]);
        Assert.Equal(2, exit);
        Assert.Contains("(oidc.api_", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Discovery_names_what_there_is()
    {
        var json = JsonDocument.Parse(await site.Http.GetStringAsync(site.Server.Origin + "/.well-known/openid-configuration")).RootElement;
        Assert.Equal((site.Server.Origin + "/introspect", site.Server.Origin + "/revoke"), (json.GetProperty("introspection_endpoint").GetString(), json.GetProperty("revocation_endpoint").GetString()));
        Assert.Contains("client_credentials", json.GetProperty("grant_types_supported").EnumerateArray().Select(e => e.GetString()));
        Assert.Contains("private_key_jwt", json.GetProperty("token_endpoint_auth_methods_supported").EnumerateArray().Select(e => e.GetString()));
        Assert.DoesNotContain("none", json.GetProperty("introspection_endpoint_auth_methods_supported").EnumerateArray().Select(e => e.GetString()));
        Assert.DoesNotContain(json.GetProperty("token_endpoint_auth_signing_alg_values_supported").EnumerateArray().Select(e => e.GetString()!), a => a == "none" || a.StartsWith("HS", StringComparison.Ordinal));
    }
}
