using Gatehouse.Jose;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

public class RaceTests(PostgresCluster postgres)
{
    private static int Pairs => Repository.Full ? 10_000 : 500;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task O10_of_racing_pairs_on_a_code_never_two_win(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        var (winners, losers, dead) = (0, 0, 0);
        var other = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Pairs), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            var code = await site.Code(browser);
            var both = await Task.WhenAll(site.Token(("code", code)), site.Token(("code", code)));
            Interlocked.Add(ref winners, both.Count(b => b.Status == 200));
            Interlocked.Add(ref losers, both.Count(b => b.Status == 400));
            foreach (var answer in both.Where(b => b.Status is not (200 or 400))) other.Add($"{answer.Status} {answer.Json}");
            // Whoever lost has shown that the code is known twice: what the winner got is revoked.
            foreach (var won in both.Where(b => b.Status == 200))
                if ((await site.Userinfo(won.Json.GetProperty("access_token").GetString()!)).Status == 401) Interlocked.Increment(ref dead);
        });
        Assert.Empty(other);
        Assert.Equal((Pairs, Pairs, Pairs), (winners, losers, dead));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task O16_of_racing_pairs_on_a_refresh_token_one_lineage_lives(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        var wrong = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (_, _) =>
        {
            var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
            var current = tokens.GetProperty("refresh_token").GetString()!;
            for (var i = 0; i < (Pairs + 7) / 8; i++)
            {
                var both = await Task.WhenAll(site.Refresh(current), site.Refresh(current));
                // The second is the one retry: it hears the same successor, so there are never two.
                var given = both.Where(b => b.Status == 200).Select(b => b.Json.GetProperty("refresh_token").GetString()!).Distinct().ToArray();
                if (given.Length != 1 || given[0] == current) Interlocked.Increment(ref wrong);
                current = given[0];
            }
        });
        Assert.Equal(0, wrong);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task O15_of_racing_pairs_on_one_assertion_one_gets_in(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var key = SigningKey.Generate(JwsAlgorithm.ES256);
        var file = Path.Combine(site.Server.DataFolder, "jwks.json");
        await File.WriteAllTextAsync(file, $$"""{"keys":[{{key.PublicJwk}}]}""");
        var (id, _) = await site.AddClient("Robot", "--grant-type", "client_credentials", "--jwks", file);
        var (winners, losers) = (0, 0);
        await Parallel.ForEachAsync(Enumerable.Range(0, Pairs), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            var now = site.Server.Clock.GetUtcNow().ToUnixTimeSeconds();
            var assertion = Jwt.Sign(key, "JWT", new System.Text.Json.Nodes.JsonObject { ["iss"] = id, ["sub"] = id, ["aud"] = site.Server.Origin, ["exp"] = now + 60, ["jti"] = Guid.NewGuid().ToString() });
            var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", ["client_assertion"] = assertion };
            var both = await Task.WhenAll(site.Post("/token", form, null), site.Post("/token", form, null));
            Interlocked.Add(ref winners, both.Count(b => b.Status == 200));
            Interlocked.Add(ref losers, both.Count(b => b.Status == 401));
        });
        Assert.Equal((Pairs, Pairs), (winners, losers));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CVE_2026_1035_fifty_refreshes_of_one_token_at_once_give_one_lineage_or_none(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var first = tokens.GetProperty("refresh_token").GetString()!;
        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => site.Refresh(first)));
        // One use, one retry; the third is reuse and ends the family, what was handed out included.
        Assert.Equal(2, all.Count(a => a.Status == 200));
        var successor = Assert.Single(all.Where(a => a.Status == 200).Select(a => a.Json.GetProperty("refresh_token").GetString()!).Distinct());
        Assert.Equal(400, (await site.Refresh(successor)).Status);
    }
}
