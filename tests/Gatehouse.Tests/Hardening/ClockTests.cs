using System.Net;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Hardening;

/// <summary>Clocks that differ, jump and come back.</summary>
public class ClockTests(PostgresCluster postgres)
{
    private const string Session = "__Host-gatehouse";

    [Fact]
    public async Task F12_two_nodes_a_minute_and_a_half_apart_honour_each_others_tokens_once_and_the_doctor_warns()
    {
        await using var site = await OidcSite.Start(await postgres.NewDatabase());
        await using var ahead = await site.Server.AnotherNode();
        ahead.Clock.Advance(TimeSpan.FromSeconds(90));
        async Task<Page> Post(TestInstance node, params (string Name, string Value)[] form)
        {
            using var application = node.Browser();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/token") { Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))) };
            request.Headers.TryAddWithoutValidation("Authorization", OidcSite.Basic(site.ClientId, site.Secret));
            return await application.Send(request);
        }
        async Task<HttpStatusCode> Userinfo(TestInstance node, string token)
        {
            using var application = node.Browser();
            using var request = new HttpRequestMessage(HttpMethod.Get, "/userinfo");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            return (await application.Send(request)).Status;
        }
        static string Of(Page page, string name) => System.Text.Json.JsonDocument.Parse(page.Body).RootElement.GetProperty(name).GetString()!;

        using var ada = await site.SignedIn();
        foreach (var (first, other) in new[] { (site.Server, ahead), (ahead, site.Server) })
        {
            // A session of one works on the other.
            using var browser = first.Browser();
            browser.Cookies[Session] = ada.Cookies[Session];
            var answer = await browser.Get(site.AuthorizePath());
            var code = OidcSite.Answer(answer)["code"];
            var exchange = new[] { ("grant_type", "authorization_code"), ("redirect_uri", OidcSite.Callback), ("code_verifier", OidcSite.Verifier), ("code", code) };
            var tokens = await Post(first, exchange);
            Assert.Equal(HttpStatusCode.OK, tokens.Status);
            // What was spent on one is spent on the other; that attempt has revoked what came of it, so a fresh one follows.
            Assert.Equal(HttpStatusCode.BadRequest, (await Post(other, exchange)).Status);
            exchange[3] = ("code", OidcSite.Answer(await browser.Get(site.AuthorizePath()))["code"]);
            tokens = await Post(first, exchange);
            Assert.Equal(HttpStatusCode.OK, await Userinfo(other, Of(tokens, "access_token")));
            Assert.Equal(HttpStatusCode.OK, await Userinfo(first, Of(tokens, "access_token")));
            var refreshed = await Post(other, ("grant_type", "refresh_token"), ("refresh_token", Of(tokens, "refresh_token")));
            Assert.Equal(HttpStatusCode.OK, refreshed.Status);
            Assert.Equal(HttpStatusCode.OK, await Userinfo(first, Of(refreshed, "access_token")));
            var again = await Post(first, ("grant_type", "refresh_token"), ("refresh_token", Of(refreshed, "refresh_token")));
            Assert.Equal(HttpStatusCode.OK, again.Status);
        }
        Assert.Contains("ops.clocks_differ", await Finding(ahead), StringComparison.Ordinal);
        Assert.DoesNotContain("ops.clocks_differ", await Finding(site.Server), StringComparison.Ordinal);

        static async Task<string> Finding(TestInstance node)
        {
            var examination = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Gatehouse.Doctor.Examination>(node.Services);
            return string.Join(' ', (await examination.Run()).Findings.Select(f => f.Refusal?.Facts.Code));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F13_a_clock_that_jumps_far_and_comes_back_ends_what_is_over_and_leaves_nothing_stuck(bool restarting)
    {
        await using var site = await OidcSite.Start();
        using var ada = await TestPerson.User(site.Server, "bea@example.com", "Bea");
        var keys = await Keys();
        var refresh = (await site.Token(("code", await site.Code(ada.Browser)))).Json.GetProperty("refresh_token").GetString()!;
        var link = new Uri(await TestPerson.LoginLink(site.Server, "bea@example.com")).PathAndQuery;
        async Task Jump(TimeSpan by)
        {
            site.Server.Clock.Advance(by);
            if (restarting) await site.Server.Restart();
        }

        await Jump(TimeSpan.FromDays(400));
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location, StringComparison.Ordinal);
        Assert.Equal(400, (await site.Refresh(refresh)).Status);
        Assert.Equal(HttpStatusCode.Gone, (await ada.Browser.Get(link)).Status);
        await Works();
        // One successor at most, however many dates were passed.
        Assert.InRange(await Keys(), keys, keys + 2);

        await Jump(TimeSpan.FromDays(-400));
        await Works();
        await Jump(TimeSpan.FromDays(-1));
        await Works();
        await Jump(TimeSpan.FromDays(1));
        await Works();
        Assert.InRange(await Keys(), keys, keys + 2);

        async Task Works()
        {
            Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
            Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
            var (status, tokens, _) = await site.Token(("code", await site.Code(ada.Browser)));
            Assert.Equal(200, status);
            Assert.Equal(200, (await site.Userinfo(tokens.GetProperty("access_token").GetString()!)).Status);
            Assert.Equal(200, (await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Status);
        }

        Task<long> Keys() => site.Server.Database.Read(sql => sql.One<long>("select count(*) from signing_keys"));
    }
}
