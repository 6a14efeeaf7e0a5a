using System.Globalization;
using System.Net;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Data;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>What strangers can make us keep is bounded, and they cannot wash out what others need.</summary>
public class BoundsTests(PostgresCluster postgres)
{
    private sealed record Cargo(string Text);

    [Fact]
    public async Task V04_a_network_that_asks_too_often_waits_and_nobody_else_does()
    {
        await using var site = await OidcSite.Start();
        using var stranger = site.Server.Browser();
        using var ada = await site.SignedIn();
        await stranger.Get("/sign-in");
        var rates = site.Server.Services.GetRequiredService<StrangerRates>();
        rates.Refill = 0;
        foreach (var loopback in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
            while (rates.Allow(ClientAddress.Block(loopback))) { }
        Assert.True(rates.Allow("203.0.113.9"));

        var rows = await Rows(site.Server);
        foreach (var page in new[]
        {
            await stranger.PostJson("/passkeys/assertion/options", "{}"),
            await stranger.PostJson("/passkeys/assertion", "{}"),
            await stranger.Get(site.AuthorizePath()),
            await stranger.Send(new(HttpMethod.Post, "/authorize") { Content = new FormUrlEncodedContent(site.AuthorizeParameters()) }),
            await stranger.Get("/setup?t=x"),
        })
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, page.Status);
            Assert.Equal("60", page.Headers["Retry-After"]);
            Assert.NotNull(page.Reference);
        }
        Assert.Equal(rows, await Rows(site.Server));
        Assert.Equal(200, (int)(await stranger.Get("/sign-in")).Status);
        Assert.Contains("code=", (await ada.Get(site.AuthorizePath())).Location, StringComparison.Ordinal);
        rates.Refill = StrangerRates.PerSecond;
        site.Server.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(200, (int)(await stranger.PostJson("/passkeys/assertion/options", "{}")).Status);
    }

    [Fact]
    public void V04_the_counters_themselves_are_bounded_and_a_clock_that_jumps_gives_nothing_away()
    {
        var clock = new TestClock();
        var rates = new StrangerRates(clock);
        for (var i = 0; i < StrangerRates.MaxBlocks * 3; i++) rates.Allow(string.Create(CultureInfo.InvariantCulture, $"2001:db8:{i / 65536:x}:{i % 65536:x}::/64"));
        Assert.InRange(rates.Blocks, 1, StrangerRates.MaxBlocks + 1);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(rates.Allow("203.0.113.9"));

        while (rates.Allow("203.0.113.9")) { }
        clock.Advance(TimeSpan.FromHours(-1));
        Assert.False(rates.Allow("203.0.113.9"));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(Enumerable.Range(0, 1000).TakeWhile(_ => rates.Allow("203.0.113.9")).Count(), 1, StrangerRates.PerSecond * 3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task V04_starts_that_are_never_finished_are_bounded_and_the_greediest_network_loses_its_oldest(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var node = await stores.Open();
        var tokens = new OneTimeTokens(node.Secrets, stores.Clock) { StrangersMay = 1_000 };
        Task<string> Issue(Sql sql, string? stranger, int size = 10) =>
            tokens.Issue(sql, TokenType.PendingAuthorization, "c", new Cargo(new string('x', size)), TimeSpan.FromMinutes(20), stranger: stranger);
        var (quiet, signedIn, flood) = (new List<string>(), new List<string>(), new List<string>());
        for (var round = 0; round < 40; round++)
        {
            await node.Database.Write(async sql =>
            {
                quiet.Add(await Issue(sql, "198.51.100.7"));
                signedIn.Add(await Issue(sql, null));
                for (var i = 0; i < 100; i++) flood.Add(await Issue(sql, "203.0.113.9", i % 10 == 0 ? 8_000 : 10));
            });
            stores.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        var kept = await node.Database.Read(sql => sql.One<long>("select sum(weight) from one_time_tokens where made_by is not null"));
        Assert.InRange(kept, 500, 1_000 + OneTimeTokens.TrimEvery * 9);
        foreach (var value in quiet.Concat(signedIn).Append(flood[^1])) Assert.Equal(TokenFault.None, (await node.Database.Read(sql => tokens.Look(sql, TokenType.PendingAuthorization, value))).Fault);
        Assert.Equal(TokenFault.Unknown, (await node.Database.Read(sql => tokens.Look(sql, TokenType.PendingAuthorization, flood[0]))).Fault);

        stores.Clock.Advance(TimeSpan.FromMinutes(21));
        for (var i = 0; i <= OneTimeTokens.TrimEvery; i++) await node.Database.Write(sql => Issue(sql, "203.0.113.9", 8_000));
        Assert.InRange(await node.Database.Read(sql => sql.One<long>("select count(*) from one_time_tokens where made_by is not null")), 1, OneTimeTokens.TrimEvery + 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task X05_a_flood_of_refusals_leaves_the_case_that_was_there_and_sign_in_works(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var ada = await site.SignedIn();
        var mine = (await ada.Get(site.AuthorizePath(("redirect_uri", "https://app.example.com/cb/")))).Reference!;
        await Parallel.ForEachAsync(Enumerable.Range(0, 3_000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            using var stranger = site.Server.Browser();
            var page = await stranger.Get(site.AuthorizePath(("redirect_uri", $"https://evil{i}.example/{new string('a', 1500)}"), ("state", new string('s', 4000))));
            Assert.Equal(400, (int)page.Status);
            Assert.NotNull(page.Reference);
        });
        var log = site.Server.Services.GetRequiredService<RefusalLog>();
        await log.Flush();
        var (cases, problems, bytes) = await site.Server.Database.Read(async sql => (
            await sql.One<long>("select count(*) from cases"), await sql.One<long>("select count(*) from problems"), await sql.One<long>("select sum(length(data)) from cases")));
        Assert.InRange(cases, 20, 500);
        Assert.InRange(problems, 1, 10);
        Assert.InRange(bytes, 1, 500 * 8192);
        Assert.Equal("oidc.redirect_uri_mismatch", await site.CodeOf(mine));
        Assert.Contains("code=", (await ada.Get(site.AuthorizePath())).Location, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Grants_that_nothing_can_use_any_more_are_swept_and_the_others_stay(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        var kept = (await site.Token(("code", await site.Code(browser)))).Json.GetProperty("refresh_token").GetString()!;
        var revoked = await site.Code(browser);
        await site.Token(("code", revoked));
        await site.Token(("code", revoked));
        await site.Code(browser, ("scope", "openid"));
        Assert.Equal(3, await Grants());
        var sweep = site.Server.Services.GetRequiredService<SweepGrants>();
        await sweep.Run();
        Assert.Equal(3, await Grants());
        site.Server.Clock.Advance(SweepSignIn.KeepEnded + TimeSpan.FromMinutes(1));
        await sweep.Run();
        Assert.Equal(1, await Grants());
        Assert.Equal(200, (await site.Refresh(kept)).Status);
        site.Server.Clock.Advance(TimeSpan.FromDays(40));
        await sweep.Run();
        Assert.Equal(0, await Grants());

        Task<long> Grants() => site.Server.Database.Read(sql => sql.One<long>("select count(*) from grants"));
    }

    private static Task<long> Rows(TestInstance server) => server.Database.Read(sql => sql.One<long>("select count(*) from one_time_tokens"));
}
