using System.Diagnostics;
using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Logout;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>Applications hear that somebody logged out, whoever ended the session; what does not arrive is retried and seen.</summary>
public class BackchannelTests(PostgresCluster postgres)
{
    private static Task Work(OidcSite site) => site.Server.Services.GetRequiredService<TellApplications>().Run();

    private static async Task<Page> Press(TestBrowser browser, string path)
    {
        await browser.Get("/apps");
        return await browser.Post(path);
    }

    private static async Task<JsonElement> Entered(OidcSite site, TestBrowser browser)
    {
        var (status, tokens, _) = await site.Token(("code", await site.Code(browser)));
        Assert.Equal(200, status);
        return tokens;
    }

    private static async Task<IReadOnlyList<LogoutNotice>> Notices(OidcSite site) => await site.Server.Database.Read(sql => LogoutNotices.Of(sql, site.ClientId));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Logging_out_tells_the_application_with_a_token_it_can_check(bool onPostgres)
    {
        await using var receiver = await LogoutReceiver.Start();
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--backchannel-logout-uri", receiver.Url);
        using var browser = await site.SignedIn();
        var tokens = await Entered(site, browser);
        var id = ClaimsTests.Payload(tokens.GetProperty("id_token").GetString()!);
        await Press(browser, "/sign-out");
        var token = await receiver.Next();

        var ring = await site.Server.Services.GetRequiredService<SigningKeys>().Ring();
        var claims = Jwt.Verify(token, ring.Find, "logout+jwt");
        Assert.NotNull(claims);
        var told = claims.Value;
        Assert.Equal(site.Server.Origin, told.GetProperty("iss").GetString());
        Assert.Equal(site.ClientId, told.GetProperty("aud").GetString());
        Assert.Equal(id.GetProperty("sub").GetString(), told.GetProperty("sub").GetString());
        Assert.Equal(id.GetProperty("sid").GetString(), told.GetProperty("sid").GetString());
        Assert.True(told.GetProperty("events").TryGetProperty("http://schemas.openid.net/event/backchannel-logout", out var data) && data.ValueKind == JsonValueKind.Object);
        Assert.False(told.TryGetProperty("nonce", out _));
        Assert.InRange(told.GetProperty("exp").GetInt64() - told.GetProperty("iat").GetInt64(), 1, 120);
        // It is none of our other tokens.
        Assert.Null(IdTokenHint.Read(ring, site.Server.Origin, token));
        Assert.Equal(401, (await site.Userinfo(token)).Status);
        // What hung on the session is dead.
        Assert.Equal(401, (await site.Userinfo(tokens.GetProperty("access_token").GetString()!)).Status);
        Assert.Equal(400, (await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Status);
        await Work(site);
        Assert.Equal(LogoutNotice.Told, Assert.Single(await Notices(site)).State);
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("everywhere")]
    [InlineData("by an admin")]
    public async Task Whoever_ends_the_session_the_application_hears_of_it(string how)
    {
        await using var receiver = await LogoutReceiver.Start();
        await using var site = await OidcSite.Start(null, "--backchannel-logout-uri", receiver.Url);
        using var browser = await site.SignedIn();
        await Entered(site, browser);
        if (how == "disabled") await site.Run("user", "disable", "ada@example.com");
        else if (how == "everywhere") await Press(browser, "/account/sessions/end-all");
        else
        {
            var id = await site.Server.Database.Read(sql => sql.One<string>("select public_id from sessions"));
            await site.Server.Services.GetRequiredService<EndSessions>().One(id!, "ended by grace@example.com");
        }
        await Work(site);
        await receiver.Next();
        Assert.Equal(LogoutNotice.Told, Assert.Single(await Notices(site)).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Removing_its_access_logs_the_person_out_of_that_application_alone_and_each_time_anew(bool onPostgres)
    {
        await using var receiver = await LogoutReceiver.Start();
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--backchannel-logout-uri", receiver.Url);
        await using var other = await LogoutReceiver.Start();
        var (wiki, _) = await site.AddClient("Wiki", "--backchannel-logout-uri", other.Url);
        using var browser = await site.SignedIn();
        using var phone = await site.SignedIn();
        await site.Code(browser, ("client_id", wiki));
        var sids = new[] { await Entered(site, browser), await Entered(site, phone) }
            .Select(t => ClaimsTests.Payload(t.GetProperty("id_token").GetString()!).GetProperty("sid").GetString()!).ToArray();

        Assert.Equal(303, (int)(await Press(browser, $"/apps/{site.ClientId}/remove-access")).Status);
        await Work(site);
        var told = new[] { await receiver.Next(), await receiver.Next() }.Select(t => ClaimsTests.Payload(t).GetProperty("sid").GetString()!);
        Assert.Equal(sids.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        Assert.Empty(other.Tokens);
        // Here both sessions go on, and entering again is heard of again when it ends.
        Assert.Equal(200, (int)(await phone.Get("/apps")).Status);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await Entered(site, browser);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await Press(browser, "/sign-out");
        await Press(phone, "/sign-out");
        await Work(site);
        Assert.Equal(sids[0], ClaimsTests.Payload(await receiver.Next()).GetProperty("sid").GetString());
        await other.Next();
        Assert.Empty(receiver.Tokens);
        Assert.All(await Notices(site), n => Assert.Equal(LogoutNotice.Told, n.State));

        // Somebody else's removal, and one of an application that was never entered, tell nobody.
        await site.Run("user", "add", "--email", "bob@example.com", "--name", "Bob");
        using var bob = await site.SignedIn("bob@example.com");
        await Press(bob, $"/apps/{site.ClientId}/remove-access");
        await Work(site);
        Assert.Empty(receiver.Tokens);
    }

    [Fact]
    public async Task An_application_that_was_not_entered_hears_nothing()
    {
        await using var receiver = await LogoutReceiver.Start();
        await using var site = await OidcSite.Start(null, "--backchannel-logout-uri", receiver.Url);
        using var browser = await site.SignedIn();
        await Press(browser, "/sign-out");
        await Work(site);
        Assert.Empty(receiver.Tokens);
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from ended_sessions")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task O29_what_fails_is_retried_shown_and_at_last_given_up_and_can_be_sent_again(bool onPostgres)
    {
        await using var receiver = await LogoutReceiver.Start();
        receiver.Status = 500;
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--backchannel-logout-uri", receiver.Url);
        using var browser = await site.SignedIn();
        await Entered(site, browser);
        await Press(browser, "/sign-out");
        await Work(site);
        var notice = Assert.Single(await Notices(site));
        Assert.Equal((LogoutNotice.Waiting, 1, "it answered 500"), (notice.State, notice.Attempts, notice.LastResult));
        await site.Server.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        Assert.Equal("oidc.backchannel_failed", await site.Server.Database.Read(sql => sql.One<string>("select code from problems where target = @ClientId and state = 'open'", new { site.ClientId })));

        foreach (var delay in LogoutNotices.Delays)
        {
            site.Server.Clock.Advance(delay + TimeSpan.FromSeconds(1));
            await Work(site);
        }
        notice = Assert.Single(await Notices(site));
        Assert.Equal((LogoutNotice.Failed, (long)LogoutNotices.Delays.Length + 1), (notice.State, notice.Attempts));

        receiver.Status = 200;
        Assert.True(await site.Server.Database.Write(sql => LogoutNotices.Again(sql, site.ClientId, notice.Id, site.Server.Clock.Now())));
        await Work(site);
        Assert.Equal(LogoutNotice.Told, Assert.Single(await Notices(site)).State);
    }

    [Fact]
    public async Task O29_down_hanging_and_redirecting_targets_do_not_hold_the_user_up()
    {
        await using var receiver = await LogoutReceiver.Start();
        await using var site = await OidcSite.Start(null, "--backchannel-logout-uri", receiver.Url);
        foreach (var (status, hangs, result) in new[] { (302, false, "it answered 302"), (200, true, "no answer within 5 seconds") })
        {
            (receiver.Status, receiver.Hangs) = (status, hangs);
            using var browser = await site.SignedIn();
            await Entered(site, browser);
            var before = Stopwatch.GetTimestamp();
            Assert.Equal(303, (int)(await Press(browser, "/sign-out")).Status);
            Assert.True(Stopwatch.GetElapsedTime(before) < TimeSpan.FromSeconds(3));
            await Work(site);
            Assert.Equal(result, (await Notices(site))[0].LastResult);
            site.Server.Clock.Advance(TimeSpan.FromMilliseconds(5));
        }
        await receiver.DisposeAsync();
        using var other = await site.SignedIn();
        await Entered(site, other);
        await Press(other, "/sign-out");
        await Work(site);
        Assert.StartsWith("the connection failed", (await Notices(site))[0].LastResult, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://169.254.169.254/logout")]
    [InlineData("https://[::ffff:169.254.169.254]/logout")]
    [InlineData("https://10.1.2.3/logout")]
    public async Task O29_the_egress_guard_applies(string url)
    {
        await using var site = await OidcSite.Start(null, "--backchannel-logout-uri", url);
        using var browser = await site.SignedIn();
        await Entered(site, browser);
        await Press(browser, "/sign-out");
        await Work(site);
        Assert.StartsWith("its address", Assert.Single(await Notices(site)).LastResult, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://app.example.com/")]
    [InlineData("https://user@app.example.com/")]
    [InlineData("https://app.example.com/#x")]
    [InlineData("app.example.com")]
    public async Task An_address_that_cannot_be_called_is_not_saved(string url)
    {
        await using var site = await OidcSite.Start();
        var (code, _, error) = await site.Server.Console("client", "add", "--name", "x", "--redirect-uri", OidcSite.Callback, "--backchannel-logout-uri", url);
        Assert.Equal(2, code);
        Assert.Contains("--backchannel-logout-uri", error, StringComparison.Ordinal);
    }
}
