using System.Text.Json;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>Custom claims, mapping, roles, the claims parameter, acr and amr.</summary>
public class ClaimsTests(PostgresCluster postgres)
{
    private sealed record Told(JsonElement Id, JsonElement Access, JsonElement Userinfo);

    private static async Task<Told> SignIn(OidcSite site, TestBrowser browser, params (string Name, string? Value)[] changes)
    {
        var (status, tokens, _) = await site.Token(("code", await site.Code(browser, changes)));
        Assert.Equal(200, status);
        var access = tokens.GetProperty("access_token").GetString()!;
        var (ok, userinfo, _) = await site.Userinfo(access);
        Assert.Equal(200, ok);
        return new(Payload(tokens.GetProperty("id_token").GetString()!), Payload(access), userinfo);
    }

    internal static JsonElement Payload(string token)
    {
        Assert.True(StrictBase64Url.TryDecode(token.Split('.')[1], 16_000, out var bytes));
        return JsonDocument.Parse(bytes).RootElement.Clone();
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText() : null;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Custom_claims_of_users_and_groups_reach_the_application_that_maps_them(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        foreach (var group in new[] { "ops", "staff" })
        {
            await site.Run("group", "add", group);
            await site.Run("group", "member", "add", group, "ada@example.com");
            await site.Run("group", "claim", "set", group, "site", $"{group}-site");
        }
        await site.Run("group", "claim", "set", "staff", "department", "Everybody");
        await site.Run("user", "claim", "set", "ada@example.com", "department", "Sales");
        await site.Run("user", "claim", "set", "ada@example.com", "quota", "20");
        await site.Run("user", "claim", "set", "ada@example.com", "vip", "yes");

        var plain = await SignIn(site, browser);
        Assert.Null(Text(plain.Id, "department"));
        foreach (var (claim, from, shape) in new[]
        {
            ("department", "custom:department", "auto"), ("sites", "custom:site", "list"), ("first_site", "custom:site", "text"), ("quota", "custom:quota", "number"),
            ("vip", "custom:vip", "yes_no"), ("tenant", "fixed:acme", "auto"), ("preferred_username", "email", "auto"), ("groups", "nothing", "auto"), ("teams", "groups", "auto"), ("absent", "custom:nowhere", "auto"),
        }) await site.MapClaims("claim", "set", site.ClientId, claim, "--from", from, "--as", shape, "--in-access-token");
        var told = await SignIn(site, browser);
        foreach (var json in new[] { told.Id, told.Userinfo, told.Access })
        {
            Assert.Equal("Sales", Text(json, "department"));
            Assert.Equal("""["ops-site","staff-site"]""", Text(json, "sites"));
            Assert.Equal("ops-site", Text(json, "first_site"));
            Assert.Equal(("20", "true", "acme"), (Text(json, "quota"), Text(json, "vip"), Text(json, "tenant")));
            Assert.Equal("ada@example.com", Text(json, "preferred_username"));
            Assert.Null(Text(json, "groups"));
            Assert.Equal("""["ops","staff"]""", Text(json, "teams"));
            Assert.Null(Text(json, "absent"));
        }
        // A standard name still needs its scope.
        Assert.Null(Text((await SignIn(site, browser, ("scope", "openid"))).Id, "preferred_username"));
        // Another application sees nothing of this mapping.
        var (other, secret) = await site.AddClient("Other");
        var (_, tokens, _) = await site.Post("/token", new() { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = await site.Code(browser, ("client_id", other)) }, OidcSite.Basic(other, secret));
        Assert.Null(Text(Payload(tokens.GetProperty("id_token").GetString()!), "department"));

        await site.MapClaims("claim", "remove", site.ClientId, "department");
        await site.Run("user", "claim", "remove", "ada@example.com", "quota");
        told = await SignIn(site, browser);
        Assert.Null(Text(told.Id, "department"));
        Assert.Null(Text(told.Id, "quota"));
    }

    [Fact]
    public async Task Roles_come_from_groups_per_application_and_can_be_renamed()
    {
        await using var site = await OidcSite.Start();
        using var browser = await site.SignedIn();
        await site.Run("group", "add", "ops");
        await site.MapClaims("role", "add", site.ClientId, "Admin", "ops");
        Assert.Equal("[]", Text((await SignIn(site, browser)).Id, "roles"));
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        Assert.Equal("""["Admin"]""", Text((await SignIn(site, browser)).Userinfo, "roles"));
        await site.MapClaims("claim", "set", site.ClientId, "grafana_role", "--from", "roles", "--as", "text");
        var told = await SignIn(site, browser);
        Assert.Equal((null, "Admin"), (Text(told.Id, "roles"), Text(told.Id, "grafana_role")));
        await site.MapClaims("role", "remove", site.ClientId, "Admin", "ops");
        Assert.Null(Text((await SignIn(site, browser)).Id, "grafana_role"));
    }

    [Theory]
    [InlineData("sub", "email", "text")]
    [InlineData("aud", "fixed:x", "text")]
    [InlineData("amr", "fixed:mfa", "text")]
    [InlineData("email_verified", "fixed:true", "yes_no")]
    [InlineData("scope", "fixed:admin", "text")]
    [InlineData("a b", "email", "text")]
    [InlineData("a", "nowhere", "text")]
    [InlineData("a", "custom:", "text")]
    [InlineData("a", "fixed:", "text")]
    [InlineData("a", "email", "picture")]
    public void A_mapping_cannot_lie_about_what_a_token_is(string claim, string source, string shape) => Assert.NotNull(ClaimRule.Fault(claim, source, shape));

    [Fact]
    public async Task An_address_from_elsewhere_is_not_called_verified()
    {
        await using var site = await OidcSite.Start();
        using var browser = await site.SignedIn();
        await site.Server.Database.Write(sql => sql.Run("update users set email_verified = true"));
        Assert.Equal("true", Text((await SignIn(site, browser)).Id, "email_verified"));
        await site.Run("user", "claim", "set", "ada@example.com", "other", "ceo@example.com");
        await site.MapClaims("claim", "set", site.ClientId, "email", "--from", "custom:other");
        var told = await SignIn(site, browser);
        Assert.Equal(("ceo@example.com", null), (Text(told.Id, "email"), Text(told.Id, "email_verified")));
    }

    [Fact]
    public async Task The_claims_parameter_brings_what_no_scope_asked_for_and_only_where_it_was_asked()
    {
        await using var site = await OidcSite.Start();
        using var browser = await site.SignedIn();
        var told = await SignIn(site, browser, ("scope", "openid"), ("claims", """{"userinfo":{"name":{"essential":true},"nonsense":null},"id_token":{"email":null,"auth_time":{"essential":true}},"other":1}"""));
        Assert.Equal(("Ada", null), (Text(told.Userinfo, "name"), Text(told.Id, "name")));
        Assert.Equal((null, "ada@example.com"), (Text(told.Userinfo, "email"), Text(told.Id, "email")));
        Assert.NotNull(Text(told.Id, "auth_time"));
        foreach (var bad in new[] { "{", "[]", "x", """{"userinfo":[]}""", """{"userinfo":{"name":1}}""", """{"userinfo":{"name":{"essential":"yes"}}}""", """{"id_token":{"acr":{"values":"phr"}}}""", """{"userinfo":{"a":null,"a":null}}""", """{"userinfo":{"\ud800":null}}""", """{"id_token":{"sub":{"value":"\ud800"}}}""" })
            Assert.Equal("invalid_request", OidcSite.Answer(await browser.Get(site.AuthorizePath(("claims", bad))))["error"]);
    }

    [Fact]
    public async Task The_claims_parameter_can_insist_on_a_person()
    {
        await using var site = await OidcSite.Start();
        using var browser = await site.SignedIn();
        var sub = Text((await SignIn(site, browser)).Id, "sub");
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("prompt", "none"), ("claims", "{\"id_token\":{\"sub\":{\"value\":\"" + sub + "\"}}}")))).Keys);
        Assert.Equal("login_required", OidcSite.Answer(await browser.Get(site.AuthorizePath(("prompt", "none"), ("claims", """{"id_token":{"sub":{"value":"somebody"}}}"""))))["error"]);
    }

    [Fact]
    public async Task An_essential_acr_is_reached_or_refused_and_a_wished_one_is_only_wished()
    {
        await using var site = await OidcSite.Start();
        using var browser = await site.SignedIn();
        static string Essential(string acr) => "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"" + acr + "\"]}}}";
        Assert.Equal(Assurance.PhishingResistant, Text((await SignIn(site, browser, ("claims", Essential("phr")))).Id, "acr"));
        Assert.Equal("unmet_authentication_requirements", OidcSite.Answer(await browser.Get(site.AuthorizePath(("claims", Essential("gold")))))["error"]);
        Assert.Equal(Assurance.PhishingResistant, Text((await SignIn(site, browser, ("acr_values", "gold silver"))).Id, "acr"));
        // A weaker session is asked to sign in again; when that brings no better, the application hears it.
        await site.Server.Database.Write(sql => sql.Run("update sessions set factors = @f", new { f = """[{"Method":"link","At":1,"CredentialId":null,"CredentialCreatedAt":null,"First":false}]""" }));
        Assert.Equal("login_required", OidcSite.Answer(await browser.Get(site.AuthorizePath(("claims", Essential("phr")), ("prompt", "none"))))["error"]);
        var page = await browser.Get(site.AuthorizePath(("claims", Essential("phr"))));
        Assert.StartsWith("/sign-in?continue=", page.Location, StringComparison.Ordinal);
        Assert.Equal("unmet_authentication_requirements", OidcSite.Answer(await browser.Get("/authorize?pending=" + page.Location!.Split("continue=")[1]))["error"]);
    }

    [Theory]
    [InlineData("hwk", "hwk mfa", "phr")]
    [InlineData("link swk", "link swk mfa", "phr")]
    [InlineData("pwd", "pwd", "urn:gatehouse:acr:sfa")]
    [InlineData("link", "link", "urn:gatehouse:acr:sfa")]
    [InlineData("pwd otp", "pwd otp mfa", "urn:gatehouse:acr:mfa")]
    [InlineData("link otp", "link otp", "urn:gatehouse:acr:sfa")]
    [InlineData("otp otp", "otp", "urn:gatehouse:acr:sfa")]
    [InlineData("pwd touch", "pwd hwk mfa", "phr")]
    [InlineData("link touch", "link hwk", "urn:gatehouse:acr:sfa")]
    [InlineData("link otp touch", "link otp hwk", "urn:gatehouse:acr:sfa")]
    [InlineData("hwk touch", "hwk mfa", "phr")]
    [InlineData("", "", "urn:gatehouse:acr:sfa")]
    public void Acr_and_amr_say_what_was_done_and_no_more(string used, string amr, string acr)
    {
        var told = Assurance.Methods(used.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(m => new Factor(m == "touch" ? "hwk" : m, 0, null, null, TouchOnly: m == "touch")));
        Assert.Equal((amr, acr), (told, Assurance.Acr(told)));
    }

    [Fact]
    public void Requested_claims_survive_the_grant()
    {
        Assert.True(RequestedClaims.TryParse("""{"userinfo":{"name":null},"id_token":{"email":null}}""", out var asked));
        var read = RequestedClaims.OfStored(asked.Stored);
        Assert.Equal(["name"], read.Userinfo);
        Assert.Equal(["email"], read.IdToken);
        Assert.Null(RequestedClaims.None.Stored);
    }
}
