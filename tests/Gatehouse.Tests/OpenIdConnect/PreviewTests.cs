using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>The preview says what the real flow does, because it is the real flow.</summary>
public class PreviewTests
{
    private static readonly string[] Moving = ["exp", "iat", "auth_time", "jti", "gid", "sid", "at_hash", "nonce", "updated_at"];

    private static async Task<(OidcSite Site, TestBrowser Admin)> Start()
    {
        var site = await OidcSite.Start(null, "--ask");
        await site.Run("user", "add", "--email", "grace@example.com", "--name", "Grace");
        await site.Run("user", "promote", "grace@example.com");
        return (site, await site.SignedIn("grace@example.com"));
    }

    private static JsonElement Shown(Page page, string id)
    {
        Assert.Equal(200, (int)page.Status);
        var match = Regex.Match(page.Body, $"<pre id=\"{id}\"[^>]*>(.*?)</pre>", RegexOptions.Singleline);
        Assert.True(match.Success, page.Body);
        return JsonDocument.Parse(WebUtility.HtmlDecode(match.Groups[1].Value)).RootElement;
    }

    private static SortedDictionary<string, string> Steady(JsonElement json) =>
        new(json.EnumerateObject().Where(p => !Moving.Contains(p.Name)).ToDictionary(p => p.Name, p => JsonSerializer.Serialize(p.Value)), StringComparer.Ordinal);

    [Fact]
    public async Task The_preview_shows_exactly_what_the_real_flow_then_gives()
    {
        var (site, admin) = await Start();
        await using var _ = site;
        using var __ = admin;
        await site.Run("group", "add", "ops");
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        await site.Run("user", "claim", "set", "ada@example.com", "department", "R\u00e9&D <b>");
        await site.MapClaims("claim", "set", site.ClientId, "department", "--from", "custom:department", "--in-access-token");
        await site.MapClaims("role", "add", site.ClientId, "Editor", "ops");
        const string scope = "openid profile email groups";
        var page = await admin.Get($"/admin/preview?client={site.ClientId}&user=ada%40example.com&scope={Uri.EscapeDataString(scope)}&method=hwk");
        Assert.Contains("asked for consent first", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("D <b>", page.Body, StringComparison.Ordinal);

        using var ada = await site.SignedIn();
        await site.Server.Database.Write(sql => sql.Run("insert into consents (user_id, client_id, items, given_at, changed_at) select id, @ClientId, 'name given_name family_name preferred_username email groups department roles', 1, 1 from users", new { site.ClientId }));
        var (status, tokens, _) = await site.Token(("code", await site.Code(ada, ("scope", scope))));
        Assert.Equal(200, status);
        var access = tokens.GetProperty("access_token").GetString()!;
        Assert.Equal(Steady(ClaimsTests.Payload(tokens.GetProperty("id_token").GetString()!)), Steady(Shown(page, "id-token")));
        Assert.Equal(Steady(ClaimsTests.Payload(access)), Steady(Shown(page, "access-token")));
        Assert.Equal(Steady((await site.Userinfo(access)).Json), Steady(Shown(page, "userinfo")));
        Assert.Equal("JWT", Shown(page, "id-token-header").GetProperty("typ").GetString());
        // No token, and nothing signed, is in the page.
        Assert.DoesNotContain("eyJ", page.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rule_that_decides_is_named_and_nothing_is_stored_or_closed()
    {
        var (site, admin) = await Start();
        await using var _ = site;
        using var __ = admin;
        await site.Run("group", "add", "ops");
        var (restricted, _) = await site.AddClient("Wiki", "--group", "ops");
        async Task<string> Verdict(string client, string user) => WebUtility.HtmlDecode((await admin.Get($"/admin/preview?client={client}&user={user}")).Body);

        Assert.Contains("oidc.access_denied.group", await Verdict(restricted, "ada"), StringComparison.Ordinal);
        await site.Server.Database.Write(sql => sql.Run("insert into problems (id, code, target, ring, state, occurrences, first_at, last_at, last_reference, state_changed_at) values ('p', 'oidc.access_denied.group', @restricted, 'user', 'waiting', 1, 1, 1, 'r', 1)", new { restricted }));
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        Assert.Contains("gets into Wiki", await Verdict(restricted, "ada"), StringComparison.Ordinal);
        await site.Server.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        Assert.Equal("waiting", await site.Server.Database.Read(sql => sql.One<string>("select state from problems where id = 'p'")));
        await site.Run("user", "disable", "ada@example.com");
        Assert.Contains("account.disabled", await Verdict(restricted, "ada"), StringComparison.Ordinal);
        await site.Run("client", "disable", restricted);
        Assert.Contains("oidc.client_disabled", await Verdict(restricted, "grace"), StringComparison.Ordinal);
        Assert.Contains("There is no such application or person", await Verdict(restricted, "nobody"), StringComparison.Ordinal);
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from grants")));
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from cases")));
    }
}
