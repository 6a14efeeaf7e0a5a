using Gatehouse.Data;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Data;

/// <summary>What works once works once, however many try at the same moment and on however many nodes.</summary>
public class OneTimeTokensTests(PostgresCluster postgres)
{
    private static int Pairs => Repository.Full ? 10_000 : 500;

    private sealed record Cargo(string Note);

    [Theory]
    [InlineData(false, TokenType.AuthorizationCode)]
    [InlineData(false, TokenType.LoginLink)]
    [InlineData(true, TokenType.AuthorizationCode)]
    [InlineData(true, TokenType.LoginLink)]
    public async Task Of_racing_pairs_on_two_nodes_exactly_one_wins(bool onPostgres, string type)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var (one, two) = (await stores.Open(), await stores.Open());
        var (first, second) = (new OneTimeTokens(one.Secrets, stores.Clock), new OneTimeTokens(two.Secrets, stores.Clock));
        var values = await one.Database.Write(async sql =>
        {
            var all = new List<string>();
            for (var i = 0; i < Pairs; i++) all.Add(await first.Issue(sql, type, $"user-{i}", new Cargo("x"), TimeSpan.FromHours(1)));
            return all;
        });
        var wrong = 0;
        await Parallel.ForEachAsync(values, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (value, _) =>
        {
            async Task<Spent> Try(Instance node, OneTimeTokens tokens)
            {
                await Task.Yield();
                return await node.Database.Write(sql => tokens.Spend(sql, type, value));
            }
            var both = await Task.WhenAll(Try(one, first), Try(two, second));
            if (both.Count(s => s.Fault == TokenFault.None && s.Token is not null) != 1 || both.Count(s => s.Fault == TokenFault.Used) != 1) Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_token_is_of_its_type_and_ends_with_time_or_order(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var node = await stores.Open();
        var tokens = new OneTimeTokens(node.Secrets, stores.Clock);
        Task<string> Issue(string subject) => node.Database.Write(sql => tokens.Issue(sql, TokenType.LoginLink, subject, new Cargo("héllo"), TimeSpan.FromMinutes(15)));
        Task<Spent> Spend(string type, string value) => node.Database.Write(sql => tokens.Spend(sql, type, value));

        var (good, late, ended) = (await Issue("ada"), await Issue("late"), await Issue("ended"));
        Assert.Equal(TokenFault.Unknown, (await Spend(TokenType.SetupLink, good)).Fault);
        Assert.Equal(TokenFault.Unknown, (await Spend(TokenType.LoginLink, good + "A")).Fault);
        Assert.Equal("héllo", (await Spend(TokenType.LoginLink, good)).Token!.Read<Cargo>().Note);
        Assert.Equal(TokenFault.Used, (await Spend(TokenType.LoginLink, good)).Fault);
        Assert.Equal(1, await node.Database.Write(sql => tokens.End(sql, TokenType.LoginLink, "ended", "newer link")));
        Assert.Equal(TokenFault.Ended, (await Spend(TokenType.LoginLink, ended)).Fault);
        stores.Clock.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(TokenFault.Expired, (await Spend(TokenType.LoginLink, late)).Fault);
        stores.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(3, await node.Database.Write(tokens.Sweep));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_spending_stands_when_a_later_rule_refuses_and_not_when_it_throws(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var node = await stores.Open();
        var tokens = new OneTimeTokens(node.Secrets, stores.Clock);
        var value = await node.Database.Write(sql => tokens.Issue(sql, TokenType.LoginLink, "ada", new Cargo(""), TimeSpan.FromMinutes(15)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.Database.Write(async sql =>
        {
            await tokens.Spend(sql, TokenType.LoginLink, value);
            throw new InvalidOperationException("a bug");
        }));
        Assert.Equal(TokenFault.None, (await node.Database.Write(sql => tokens.Spend(sql, TokenType.LoginLink, value))).Fault);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_token_binds_to_the_first_browser(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var node = await stores.Open();
        var tokens = new OneTimeTokens(node.Secrets, stores.Clock);
        var value = await node.Database.Write(sql => tokens.Issue(sql, TokenType.LoginLink, "ada", new Cargo(""), TimeSpan.FromMinutes(15)));
        var hash = (await node.Database.Read(sql => tokens.Look(sql, TokenType.LoginLink, value))).Token!.Hash;
        Assert.True(await node.Database.Write(sql => tokens.Bind(sql, hash, "browser-1")));
        Assert.True(await node.Database.Write(sql => tokens.Bind(sql, hash, "browser-1")));
        Assert.False(await node.Database.Write(sql => tokens.Bind(sql, hash, "browser-2")));
    }
}
