using Gatehouse.Data;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Data;

/// <summary>The one write door, the caches behind it, and the schema.</summary>
public class DatabaseTests(PostgresCluster postgres)
{
    private static Task Put(Sql sql, string name, string value) =>
        sql.Run("insert into settings (name, value, updated_at) values (@name, @value, 0)", new { name, value });

    private static Task<long> Count(Database database) => database.Read(sql => sql.One<long>("select count(*) from settings"));

    [Fact]
    public async Task Ids_sort_in_the_order_in_which_they_were_drawn_also_within_one_millisecond()
    {
        var still = new StillClock(DateTimeOffset.UnixEpoch.AddYears(56));
        var drawn = Enumerable.Range(0, 10_000).Select(_ => still.NewId()).ToArray();
        Assert.Equal(drawn.Order(StringComparer.Ordinal), drawn);
        Assert.Equal(drawn.Length, drawn.Distinct().Count());
        Assert.All(drawn, id => Assert.Matches("^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$", id));
        // A clock that was set back is followed, and so is one that goes on.
        still.At -= TimeSpan.FromDays(1);
        var earlier = still.NewId();
        Assert.True(string.CompareOrdinal(earlier, drawn[0]) < 0);
        still.At += TimeSpan.FromDays(2);
        Assert.True(string.CompareOrdinal(still.NewId(), drawn[^1]) > 0);
        var at = Convert.ToInt64(earlier[..12], 16);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddYears(56).AddDays(-1).ToUnixTimeMilliseconds(), at);
        // Many at once never draw the same.
        var many = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 2_000).Select(_ => still.NewId()).ToArray())));
        Assert.All(many, m => Assert.Equal(m.Order(StringComparer.Ordinal), m));
        Assert.Equal(16_000, many.SelectMany(m => m).Distinct().Count());
    }

    private sealed class StillClock(DateTimeOffset at) : TimeProvider
    {
        public DateTimeOffset At { get; set; } = at;
        public override DateTimeOffset GetUtcNow() => At;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_that_throws_takes_no_other_with_it(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var database = (await stores.Open()).Database;
        var told = await Task.WhenAll(Enumerable.Range(0, 400).Select(async i =>
        {
            await Task.Yield();
            try
            {
                await database.Write(async sql =>
                {
                    await Put(sql, $"n{i}", "v");
                    if (i % 3 == 0) throw new InvalidOperationException("no");
                    if (i % 7 == 0) await Put(sql, $"n{i}", "twice");
                });
                return $"n{i}";
            }
            catch (InvalidOperationException)
            {
                Assert.Equal(0, i % 3);
                return null;
            }
            catch (Exception e) when (Database.IsUniqueViolation(e))
            {
                Assert.Equal(0, i % 7);
                return null;
            }
        }));
        var stored = await database.Read(sql => sql.List<string>("select name from settings"));
        Assert.Equal(told.OfType<string>().Order(StringComparer.Ordinal), stored.Order(StringComparer.Ordinal));
        await stores.CloseAll();
        Assert.Equal(stored.Count, await Count((await stores.Open()).Database));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_waits_for_the_commit_happens_after_it_and_never_for_a_failed_write(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var database = (await stores.Open()).Database;
        var seen = new List<string>();
        await database.Write(async sql =>
        {
            await Put(sql, "a", "1");
            sql.AfterCommit(() => seen.Add("a"));
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.Write(sql =>
        {
            sql.AfterCommit(() => seen.Add("b"));
            throw new InvalidOperationException();
        }));
        Assert.Equal(["a"], seen);
    }

    [Fact]
    public async Task F01_a_crash_of_PostgreSQL_loses_no_acknowledged_write()
    {
        // A cluster of its own: the shared one serves other tests at this moment.
        await using var cluster = new PostgresCluster();
        await using var stores = await Stores.New(cluster, onPostgres: true);
        var database = (await stores.Open()).Database;
        await Parallel.ForEachAsync(Enumerable.Range(0, 50), async (i, _) => await database.Write(sql => Put(sql, $"n{i}", "v")));
        await cluster.CrashAndRestart();
        // Pooled connections died with the server: asking again is what the client is told to do.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Assert.Equal(50, await Count(database));
                return;
            }
            catch (DatabaseBusyException) when (attempt < 40)
            {
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cache_follows_a_second_node_within_a_second_and_its_own_writes_at_once(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var (one, two) = (await stores.Open(), await stores.Open());
        var (here, there) = (new Settings(one.Database, stores.Clock), new Settings(two.Database, stores.Clock));
        Assert.Null(await here.Get("x"));
        Assert.Null(await there.Get("x"));
        for (var i = 0; i < 3; i++)
        {
            var value = $"v{i}";
            await two.Database.Write(sql => there.Set(sql, "x", value));
            Assert.Equal(value, await there.Get("x"));
            var began = TimeProvider.System.GetTimestamp();
            while (await here.Get("x") != value)
                Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(1), "the other node's change took longer than a second");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nodes_that_start_at_once_make_one_instance_and_migrate_once(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        stores.Environment["ENCRYPTION_KEY"] = Convert.ToHexString(new byte[32]);
        var nodes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => stores.Open())));
        Assert.Single(nodes.Select(n => n.Id).Distinct());
        Assert.Equal(1, await nodes[0].Database.Read(sql => sql.One<long>("select count(*) from instance")));
        await Migrate.Up(nodes[1].Database, null, stores.Clock);
        Assert.Equal(Migrate.Newest, await nodes[2].Database.Read(sql => sql.One<long>("select count(*) from schema_migrations")));
    }
}
