using System.Collections.Concurrent;
using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Hardening;

/// <summary>kill -9 at random moments, while people and the console write.</summary>
public class KillTests(PostgresCluster postgres)
{
    private static int Rounds => Repository.Full ? 200 : 10;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F01_F02_nothing_acknowledged_is_lost_by_kill_9_and_the_next_start_needs_no_hand(bool onPostgres)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-kill-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            if (onPostgres) environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
            var users = new ConcurrentBag<string>();
            var challenges = 0L;
            var starts = new List<TimeSpan>();
            for (var round = 0; round < Rounds; round++)
            {
                await using var server = await ServerProcess.Start(environment);
                starts.Add(server.Started);
                var left = RandomNumberGenerator.GetInt32(3, 60);
                using var enough = new CancellationTokenSource();
                void Acknowledged()
                {
                    if (Interlocked.Decrement(ref left) == 0) enough.Cancel();
                }
                var load = Task.WhenAll([
                    .. Enumerable.Range(0, 4).Select(_ => Task.Run(async () => Interlocked.Add(ref challenges, await AskForChallenges(environment["APP_URL"], Acknowledged, enough.Token)))),
                    .. Enumerable.Range(0, 2).Select(w => Task.Run(() => AddUsers(environment, $"r{round}-w{w}", users, Acknowledged, enough.Token))),
                ]);
                using var killedToo = ServerProcess.Command(environment, "user", "add", "--email", $"killed{round}@example.com", "--name", "Killed");
                var at = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await using (enough.Token.Register(() => at.TrySetResult()))
                    await at.Task.WaitAsync(TimeSpan.FromSeconds(60));
                if (!killedToo.HasExited) killedToo.Kill();
                await server.Kill();
                await load;
                await killedToo.WaitForExitAsync();
                await AllThere(environment, users, Interlocked.Read(ref challenges), round);
            }
            // The median: a single start may stand in line behind other tests.
            Assert.True(starts.Order().ElementAt(starts.Count / 2) < TimeSpan.FromSeconds(5), $"the starts took {string.Join(", ", starts)}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Each answer of 200 stands for one stored challenge.</summary>
    private static async Task<long> AskForChallenges(string origin, Action acknowledged, CancellationToken stop)
    {
        var count = 0L;
        using var browser = new TestBrowser(origin);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                if ((await browser.PostJson("/passkeys/assertion/options", "{}")).Status != System.Net.HttpStatusCode.OK) continue;
                count++;
                acknowledged();
            }
            // Answers that were on their way when the kill came count as well.
            while ((await browser.PostJson("/passkeys/assertion/options", "{}")).Status == System.Net.HttpStatusCode.OK) count++;
        }
        catch (HttpRequestException)
        {
        }
        return count;
    }

    private static async Task AddUsers(Dictionary<string, string> environment, string prefix, ConcurrentBag<string> users, Action acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var email = $"{prefix}-{i}@example.com";
            using var output = new StringWriter();
            using var error = new StringWriter();
            if (await Commands.Run(["user", "add", "--email", email, "--name", "Somebody"], environment, output, error) != 0) continue;
            users.Add(email);
            acknowledged();
        }
    }

    private static async Task AllThere(Dictionary<string, string> environment, IEnumerable<string> users, long challenges, int round)
    {
        await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
        var (integrity, stored, count) = await instance.Database.Read(async sql => (
            environment.ContainsKey("DB_CONNECTION_STRING") ? "ok" : await sql.One<string>("pragma integrity_check"),
            await sql.List<string>("select email from users"),
            await sql.One<long>("select count(*) from one_time_tokens where type = @type", new { type = TokenType.AssertionChallenge })));
        Assert.Equal("ok", integrity);
        Assert.Empty(users.Except(stored));
        Assert.True(count >= challenges, $"round {round}: {challenges} challenges were acknowledged, {count} are stored");
    }
}
