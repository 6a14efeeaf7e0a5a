using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>RP-initiated logout as an open redirect, as a way to log others out, and with hints of all kinds.</summary>
public sealed class LogoutAttackTests : IAsyncLifetime
{
    private const string Bye = "https://app.example.com/bye";
    private const string ByeQuery = "https://app.example.com/bye?from=gatehouse";
    private OidcSite site = null!;
    private TestBrowser ada = null!;
    private string id = "", hint = "";

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        ada = await site.SignedIn();
        (id, var secret) = await site.AddClient("Wiki", "--redirect-uri", OidcSite.Callback, "--post-logout-redirect-uri", Bye, "--post-logout-redirect-uri", ByeQuery);
        var code = await site.Code(ada, ("client_id", id));
        var (_, tokens, _) = await site.Post("/token", new() { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = code }, OidcSite.Basic(id, secret));
        hint = tokens.GetProperty("id_token").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        ada.Dispose();
        await site.DisposeAsync();
    }

    private static string Query(params (string Name, string Value)[] fields) => "/logout?" + string.Join('&', fields.Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value)}"));

    private async Task StillIn() => Assert.Equal(200, (int)(await ada.Get("/apps")).Status);

    [Theory]
    [InlineData("https://app.example.com/Bye")]
    [InlineData("https://app.example.com/bye#x")]
    [InlineData("https://app.example.com/bye%2f")]
    [InlineData("https://app.example.com:443/bye")]
    [InlineData("https://app.example.com/bye?from=gatehouse&to=https://evil.example")]
    [InlineData("https://app.example.com@evil.example/bye")]
    [InlineData("https://evil.example/https://app.example.com/bye")]
    [InlineData("//evil.example/bye")]
    [InlineData("/\\evil.example")]
    [InlineData("/apps")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData(" https://app.example.com/bye")]
    [InlineData("https://app.example.com/bye\r\nSet-Cookie: x=y")]
    [InlineData("https://app.example.com/cb")]
    public async Task O28_no_other_address_is_gone_to_and_nobody_is_logged_out(string to)
    {
        foreach (var fields in new (string, string)[][] { [("id_token_hint", hint)], [("client_id", id)], [("id_token_hint", hint), ("client_id", id)], [] })
        {
            var page = await ada.Get(Query([.. fields, ("post_logout_redirect_uri", to), ("state", "x")]));
            Assert.Equal(400, (int)page.Status);
            Assert.Null(page.Location);
            // The page knows its own address (to come back after a change of theme), but leads there from nowhere.
            Assert.DoesNotMatch("(href|action|url|content)=\"[^\"]*evil", page.Body);
            await StillIn();
        }
        using var stranger = site.Server.Browser();
        Assert.Equal(400, (int)(await stranger.Get(Query(("client_id", id), ("post_logout_redirect_uri", to)))).Status);
        Assert.Equal(400, (int)(await ada.Post("/logout/confirm", ("client_id", id), ("post_logout_redirect_uri", to))).Status);
        await StillIn();
    }

    [Fact]
    public async Task O28_two_addresses_an_unknown_client_and_a_switched_off_client_lead_nowhere()
    {
        Assert.Equal(400, (int)(await ada.Get(Query(("client_id", id), ("post_logout_redirect_uri", Bye), ("post_logout_redirect_uri", "https://evil.example/")))).Status);
        Assert.Equal(400, (int)(await ada.Get(Query(("client_id", "nobody"), ("post_logout_redirect_uri", Bye)))).Status);
        Assert.Equal(400, (int)(await ada.Get(Query(("post_logout_redirect_uri", Bye)))).Status);
        Assert.Equal(400, (int)(await ada.Get(Query(("client_id", site.ClientId), ("id_token_hint", hint), ("post_logout_redirect_uri", Bye)))).Status);
        Assert.Equal(400, (int)(await ada.Get("/logout?id_token_hint=%zz")).Status);
        await site.Run("client", "disable", "Wiki");
        Assert.Equal(400, (int)(await ada.Get(Query(("client_id", id), ("id_token_hint", hint), ("post_logout_redirect_uri", Bye)))).Status);
        await StillIn();
    }

    [Fact]
    public async Task Very_long_values_are_answered_and_not_a_fault()
    {
        var braces = new string('{', 1450);
        using var stranger = site.Server.Browser();
        Assert.Equal(303, (int)(await stranger.Get("/account?x=" + braces)).Status);
        var post = await stranger.Send(new(HttpMethod.Post, "/logout") { Content = new FormUrlEncodedContent([new("client_id", braces + braces), new("post_logout_redirect_uri", braces), new("id_token_hint", braces)]) });
        Assert.Equal(303, (int)post.Status);
        Assert.Equal(400, (int)(await stranger.Get(post.Location!)).Status);
    }

    [Fact]
    public async Task O28_only_an_ID_token_of_ours_is_a_hint_whoever_it_is_sent_by()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(ada)));
        var parts = hint.Split('.');
        string[] bad =
        [
            tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!, $"{parts[0]}.{parts[1]}.", $"eyJhbGciOiJub25lIn0.{parts[1]}.", hint[..^2] + "AA",
            hint + "=", hint + ".x", parts[0], "", new string('a', 20_000), new string('.', 9_000), $"{parts[0]}.{parts[1]}.{parts[1]}",
        ];
        foreach (var value in bad.Where(b => b.Length is > 0 and < 15_000))
            Assert.Equal(400, (int)(await ada.Get(Query(("id_token_hint", value), ("post_logout_redirect_uri", Bye)))).Status);
        await StillIn();
        // Expired is fine: people log out late.
        site.Server.Clock.Advance(TimeSpan.FromHours(5));
        var gone = await ada.Get(Query(("id_token_hint", hint), ("post_logout_redirect_uri", ByeQuery), ("state", "a&b=c#d\u00e9")));
        Assert.Equal(ByeQuery + "&state=a%26b%3Dc%23d%C3%A9", gone.Location);
        Assert.StartsWith("/sign-in", (await ada.Get("/apps")).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task O28_somebody_elses_hint_and_no_hint_ask_before_anybody_is_logged_out()
    {
        await site.Run("user", "add", "--email", "bob@example.com", "--name", "Bob");
        using var bob = await site.SignedIn("bob@example.com");
        foreach (var path in new[] { Query(("id_token_hint", hint), ("post_logout_redirect_uri", Bye)), Query(("client_id", id)), "/logout" })
        {
            var page = await bob.Get(path);
            Assert.Contains("Log out?", page.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("name=\"id_token_hint\"", page.Body, StringComparison.Ordinal);
            Assert.Equal(200, (int)(await bob.Get("/apps")).Status);
        }
        // From another site the question cannot be answered.
        var forged = new HttpRequestMessage(HttpMethod.Post, "/logout/confirm") { Content = new FormUrlEncodedContent([new("_token", bob.Token)]) };
        forged.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.Equal(403, (int)(await bob.Send(forged)).Status);
        Assert.Equal(200, (int)(await bob.Get("/apps")).Status);
        // A POST of an application brings no session; the GET after it does.
        var posted = await bob.Send(new(HttpMethod.Post, "/logout") { Content = new FormUrlEncodedContent([new("client_id", id), new("post_logout_redirect_uri", Bye), new("state", "\"><script>")]) });
        Assert.Equal(303, (int)posted.Status);
        var asked = await bob.Get(posted.Location!);
        Assert.Contains("Wiki asks to log you out", asked.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", asked.Body.Replace("<script src", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var left = await bob.Post("/logout/confirm", ("client_id", id), ("post_logout_redirect_uri", Bye), ("state", "s"));
        Assert.Contains(Bye + "?state=s", left.Body, StringComparison.Ordinal);
        Assert.StartsWith("/sign-in", (await bob.Get("/apps")).Location, StringComparison.Ordinal);
    }
}
