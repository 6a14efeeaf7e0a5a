using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Data;
using Gatehouse.Tests.Parts;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Hardening;

/// <summary>Disks that are full, lie or lose their power, and a database that somebody else holds.</summary>
public class StorageTests(PostgresCluster postgres)
{
    private static string[] Sudo => Environment.IsPrivilegedProcess ? [] : ["sudo", "-n"];

    private static Task<string> AsRoot(params string[] command) => Sudo is [var sudo, .. var more] ? Tool.Run(sudo, [.. more, .. command]) : Tool.Run(command[0], command[1..]);

    private static async Task<string> Console(Dictionary<string, string> environment, int expected, params string[] command)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.Run(command, environment, output, error);
        Assert.True(code == expected, $"{string.Join(' ', command)} ended with {code}: {output}{error}");
        return output.ToString();
    }

    /// <summary>Somebody who is the first admin of a server in a process of its own.</summary>
    private static async Task<TestPerson> FirstAdmin(Dictionary<string, string> environment)
    {
        var person = new TestPerson(environment["APP_URL"]);
        var token = (await Console(environment, 0, "setup-link")).Trim().Split("?t=")[1];
        Assert.Equal(HttpStatusCode.OK, (await person.Setup(token, "ada@example.com", "Ada")).Status);
        return person;
    }

    private static async Task<(string Integrity, string[] Users)> Stored(Dictionary<string, string> environment)
    {
        await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
        return await instance.Database.Read(async sql => ((await sql.One<string>("pragma integrity_check"))!, (await sql.List<string>("select email from users")).ToArray()));
    }

    private static void SaysWhy(Page page)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Contains("cannot store anything at the moment", page.Body, StringComparison.Ordinal);
        Assert.NotNull(page.Reference);
        Assert.True(page.Headers.ContainsKey("Retry-After"));
    }

    [Fact]
    public async Task F04_a_full_disk_refuses_writes_in_words_keeps_reading_and_goes_on_when_there_is_room()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-full-").FullName;
        await AsRoot("mount", "-t", "tmpfs", "-o", $"size=12m,mode=0700,uid={await Id("-u")},gid={await Id("-g")}", "tmpfs", folder);
        try
        {
            var environment = ServerProcess.EnvironmentFor(Path.Combine(folder, "data"));
            string[] kept;
            await using (var server = await ServerProcess.Start(environment))
            {
                using var ada = await FirstAdmin(environment);
                var filler = Path.Combine(folder, "filler");
                await Fill(filler);
                // A log file that was begun before leaves a little room; then every write is refused, and none by a fault of ours.
                var (page, made) = (default(Page)!, new List<string>());
                for (var i = 0; i < 3_000; i++)
                {
                    await ada.Browser.Get("/admin/users/new");
                    page = await ada.Browser.Post("/admin/users/new", ("email", $"user{i}@example.com"), ("display_name", "Somebody"));
                    if (page.Status != HttpStatusCode.SeeOther) break;
                    made.Add($"user{i}@example.com");
                }
                SaysWhy(page);
                SaysWhy(await ada.SignIn());
                using var stranger = new TestBrowser(environment["APP_URL"]);
                Assert.Equal(HttpStatusCode.OK, (await stranger.Get("/sign-in")).Status);
                Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/admin/users")).Status);
                Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/healthz")).Status);
                using (var rotating = ServerProcess.Command(environment, "encryption-key", "rotate"))
                {
                    await rotating.WaitForExitAsync();
                    Assert.NotEqual(0, rotating.ExitCode);
                }

                File.Delete(filler);
                // By itself: nobody starts anything again.
                Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
                await ada.Browser.Get("/admin/users/new");
                Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post("/admin/users/new", ("email", "later@example.com"), ("display_name", "Later"))).Status);
                kept = [.. made, "later@example.com"];
                await server.Kill();
            }
            var (integrity, users) = await Stored(environment);
            Assert.Equal("ok", integrity);
            Assert.Empty(kept.Except(users));
        }
        finally
        {
            await AsRoot("umount", folder);
            Directory.Delete(folder, recursive: true);
        }

        static async Task<string> Id(string what) => (await Tool.Run("id", [what])).Trim();
    }

    private static async Task Fill(string file)
    {
        var block = new byte[4096];
        RandomNumberGenerator.Fill(block);
        await using var filler = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true) await filler.WriteAsync(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    [Fact]
    public async Task F05_once_the_disk_has_failed_to_keep_a_write_nothing_is_acknowledged_until_the_next_start()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-eio-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            var made = new List<string>();
            await using (var server = await ServerProcess.Start(environment))
            {
                using var ada = await FirstAdmin(environment);
                async Task<Page> Add(string email)
                {
                    await ada.Browser.Get("/admin/users/new");
                    var page = await ada.Browser.Post("/admin/users/new", ("email", email), ("display_name", "Somebody"));
                    if (page.Status == HttpStatusCode.SeeOther) made.Add(email);
                    return page;
                }
                Assert.Equal(HttpStatusCode.SeeOther, (await Add("before@example.com")).Status);
                Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/healthz")).Status);
                using (var strace = await Inject(server.Id, "fdatasync,fsync:error=EIO"))
                {
                    SaysWhy(await Add("lost@example.com"));
                    await Let(strace);
                }
                // The disk says yes again, and is not believed.
                for (var i = 0; i < 3; i++) SaysWhy(await Add($"after{i}@example.com"));
                var health = await ada.Browser.Get("/healthz");
                Assert.Equal(HttpStatusCode.ServiceUnavailable, health.Status);
                Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/admin/users")).Status);
                var doctor = await ada.Browser.Get("/admin/doctor");
                Assert.Contains("this process writes no more", doctor.Body, StringComparison.Ordinal);
                await server.Kill();
            }
            Assert.Equal(["before@example.com"], made);
            await using (var server = await ServerProcess.Start(environment))
            {
                using var http = new TestBrowser(environment["APP_URL"]);
                Assert.Equal(HttpStatusCode.OK, (await http.Get("/healthz")).Status);
                await Console(environment, 0, "user", "add", "--email", "again@example.com", "--name", "Again");
            }
            var (integrity, users) = await Stored(environment);
            Assert.Equal("ok", integrity);
            Assert.Superset(new HashSet<string>(["before@example.com", "again@example.com"]), users.ToHashSet());
            Assert.DoesNotContain(users, u => u.StartsWith("after", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Lets system calls of a running process fail; returns when that has begun.</summary>
    private static async Task<Process> Inject(int process, string what)
    {
        var strace = Process.Start(Tool.Start("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "trace=" + what.Split(':')[0], "-e", "inject=" + what, "-p", process.ToString(CultureInfo.InvariantCulture)]))!;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var began = Stopwatch.GetTimestamp();
        while (Directory.GetFiles($"/proc/{process}/task", "status", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }).Any(f => !Traced(f)))
        {
            Assert.False(strace.HasExited, "strace ended: " + (strace.HasExited ? await strace.StandardError.ReadToEndAsync() : ""));
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "strace did not attach");
            await timer.WaitForNextTickAsync();
        }
        return strace;

        static bool Traced(string file)
        {
            try
            {
                return File.ReadLines(file).Any(l => l.StartsWith("TracerPid:", StringComparison.Ordinal) && !l.EndsWith("\t0", StringComparison.Ordinal));
            }
            catch (IOException)
            {
                // That thread has ended meanwhile.
                return true;
            }
        }
    }

    private static async Task Let(Process strace)
    {
        await Tool.Run("/bin/kill", ["-INT", strace.Id.ToString(CultureInfo.InvariantCulture)]);
        await strace.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task F06_a_database_that_somebody_else_holds_is_waited_for_and_after_a_while_said_to_be_busy()
    {
        await using var server = await TestInstance.Start();
        using var browser = server.Browser();
        Assert.Equal(HttpStatusCode.OK, (await browser.PostJson("/passkeys/assertion/options", "{}")).Status);
        await using (var other = new SqliteConnection($"Data Source={Path.Combine(server.DataFolder, "gatehouse.db")};Pooling=False"))
        {
            await other.OpenAsync();
            await using var hold = other.CreateCommand();
            hold.CommandText = "begin immediate";
            await hold.ExecuteNonQueryAsync();
            var waiting = browser.PostJson("/passkeys/assertion/options", "{}");
            await Assert.ThrowsAsync<TimeoutException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(1)));
            hold.CommandText = "rollback";
            await hold.ExecuteNonQueryAsync();
            Assert.Equal(HttpStatusCode.OK, (await waiting).Status);

            hold.CommandText = "begin immediate";
            await hold.ExecuteNonQueryAsync();
            var busy = await browser.PostJson("/passkeys/assertion/options", "{}");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, busy.Status);
            Assert.Contains("We are busy right now", busy.Body, StringComparison.Ordinal);
            Assert.NotNull(busy.Reference);
            Assert.Equal(HttpStatusCode.OK, (await browser.Get("/sign-in")).Status);
        }
        Assert.Equal(HttpStatusCode.OK, (await browser.PostJson("/passkeys/assertion/options", "{}")).Status);
    }

    [Fact]
    public async Task F18_a_power_cut_that_drops_what_was_not_synced_loses_nothing_that_was_acknowledged()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        var database = (await stores.Open()).Database;
        var file = Path.Combine(stores.Folder, "gatehouse.db");
        // How long the log was when each write was acknowledged: that much was on disk.
        var synced = new List<long>();
        while (synced.Count < 120)
        {
            var i = synced.Count;
            await database.Write(sql => sql.Run("insert into settings (name, value, updated_at) values (@name, @value, 0)", new { name = $"n{i:d3}", value = new string('v', i * 7) }));
            synced.Add(new FileInfo(file + "-wal").Length);
        }
        Assert.Equal(synced.Order(), synced);
        var (db, wal) = (await ReadShared(file), await ReadShared(file + "-wal"));
        var cuts = Repository.Full ? 500 : 60;
        var folder = Directory.CreateTempSubdirectory("gatehouse-cut-").FullName;
        try
        {
            foreach (var small in Directory.GetFiles(stores.Folder).Where(f => !f.Contains("gatehouse.db", StringComparison.Ordinal))) File.Copy(small, Path.Combine(folder, Path.GetFileName(small)));
            var configuration = ReadConfiguration.From(new Dictionary<string, string>(stores.Environment) { ["DATA_DIR"] = folder }).Configuration!;
            for (var cut = 0; cut < cuts; cut++)
            {
                var at = RandomNumberGenerator.GetInt32((int)synced[0], wal.Length + 1);
                await File.WriteAllBytesAsync(Path.Combine(folder, "gatehouse.db"), db);
                await File.WriteAllBytesAsync(Path.Combine(folder, "gatehouse.db-wal"), wal[..at]);
                File.Delete(Path.Combine(folder, "gatehouse.db-shm"));
                await using var instance = await Instance.Open(configuration, create: false, TimeProvider.System);
                var (integrity, names) = await instance.Database.Read(async sql => (await sql.One<string>("pragma integrity_check"), await sql.List<string>("select name from settings where name like 'n%' order by name")));
                Assert.Equal("ok", integrity);
                var acknowledged = synced.Count(length => length <= at);
                Assert.Equal(Enumerable.Range(0, acknowledged).Select(i => $"n{i:d3}"), names.Take(acknowledged));
                Assert.InRange(names.Count, acknowledged, acknowledged + 1);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static async Task<byte[]> ReadShared(string path)
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes);
            return bytes;
        }
    }

    [Fact]
    public async Task F19_a_node_that_is_asked_to_stop_under_load_ends_in_time_and_no_request_fails_behind_a_balancer()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-term-").FullName;
        try
        {
            var first = ServerProcess.EnvironmentFor(folder);
            first["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
            var second = new Dictionary<string, string>(first) { ["PORT"] = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture) };
            await using var one = await ServerProcess.Start(first);
            await using var other = await ServerProcess.Start(second);
            var ports = new[] { int.Parse(first["PORT"], CultureInfo.InvariantCulture), int.Parse(second["PORT"], CultureInfo.InvariantCulture) };
            using var enough = new CancellationTokenSource();
            var health = new Health(ports);
            var watch = health.Watch(enough.Token);
            var good = 0;
            var load = Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
            {
                using var nodes = new Balanced(first["APP_URL"], ports, health);
                while (!enough.IsCancellationRequested)
                {
                    Assert.Equal(HttpStatusCode.OK, (await nodes.Ask(worker % 2 == 0)).Status);
                    Interlocked.Increment(ref good);
                }
            })));
            while (Volatile.Read(ref good) < 400 && !load.IsFaulted) await Task.Yield();
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(0, await one.Terminate(TimeSpan.FromSeconds(30)));
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30));
            var then = Volatile.Read(ref good);
            while (Volatile.Read(ref good) < then + 400 && !load.IsFaulted) await Task.Yield();
            await enough.CancelAsync();
            await load;
            await watch;
            Assert.True(health.Said503, "the node that stopped did not say so");
            Assert.False(health.Up[0]);
            Assert.True(health.Up[1]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>How a balancer knows which nodes to ask: /healthz, five times a second.</summary>
    private sealed class Health(int[] ports)
    {
        public bool[] Up { get; } = [.. ports.Select(_ => true)];
        public bool Said503 { get; private set; }

        public async Task Watch(CancellationToken enough)
        {
            using var client = new HttpClient();
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            try
            {
                while (await timer.WaitForNextTickAsync(enough))
                {
                    for (var i = 0; i < ports.Length; i++)
                    {
                        try
                        {
                            using var answer = await client.GetAsync(new Uri($"http://localhost:{ports[i]}/healthz"), enough);
                            Said503 |= answer.StatusCode == HttpStatusCode.ServiceUnavailable;
                            Up[i] = answer.StatusCode == HttpStatusCode.OK;
                        }
                        catch (HttpRequestException)
                        {
                            Up[i] = false;
                        }
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }
    }

    /// <summary>What a balancer does: asks the nodes that are well in turn, and the next when one cannot be reached.</summary>
    private sealed class Balanced(string origin, int[] ports, Health health) : IDisposable
    {
        private readonly TestBrowser[] nodes = [.. ports.Select(p => new TestBrowser(origin, p))];
        private int turn;

        public async Task<Page> Ask(bool write)
        {
            for (var tries = 1; ; tries++)
            {
                var next = turn++ % nodes.Length;
                if (!health.Up[next]) next = turn++ % nodes.Length;
                try
                {
                    return write ? await nodes[next].PostJson("/passkeys/assertion/options", "{}") : await nodes[next].Get("/sign-in");
                }
                catch (HttpRequestException e) when (tries < 3 && e.HttpRequestError == HttpRequestError.ConnectionError)
                {
                    // Nobody listens there any more: no connection came about, and nothing was sent.
                }
            }
        }

        public void Dispose()
        {
            foreach (var node in nodes) node.Dispose();
        }
    }

    [Theory]
    [InlineData("nobody reads it")]
    [InlineData("its disk is full")]
    public async Task F21_a_log_that_goes_nowhere_stops_nobody_from_signing_in_and_the_audit_is_kept(string how)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-log-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            environment["LOG_LEVEL"] = "information";
            await using (var server = await ServerProcess.Start(environment, unread: true, how == "nobody reads it" ? null : "exec {0} > /dev/full 2> /dev/full"))
            {
                using var ada = await FirstAdmin(environment);
                // Each of these is a line; together they fill the pipe and the queue behind it many times over.
                await Parallel.ForEachAsync(Enumerable.Range(0, 6_000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
                {
                    using var answer = await Http.GetAsync($"{environment["APP_URL"]}/authorize?client_id=nobody{i}&response_type=code");
                    Assert.InRange((int)answer.StatusCode, 400, 429);
                });
                var began = Stopwatch.GetTimestamp();
                await ada.Browser.Post("/sign-out");
                Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
                Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5));
                if (how == "nobody reads it")
                {
                    // Once somebody reads again it goes on, and the other stream says how much is missing.
                    using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
                    var seen = 0;
                    for (var lines = 0; seen < 2; lines++)
                    {
                        if (lines % 100 == 0) (await Http.PostAsync($"{environment["APP_URL"]}/token", new StringContent("no form"), patience.Token)).Dispose();
                        if ((await server.Log.ReadLineAsync(patience.Token))!.Contains("browser.form_malformed", StringComparison.Ordinal)) seen++;
                    }
                    await server.Kill();
                    Assert.Contains("dropped because of queue size", await server.Said(), StringComparison.Ordinal);
                }
                else await server.Kill();
            }
            await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
            Assert.True(await instance.Database.Read(sql => sql.One<long>("select count(*) from sign_ins")) > 0);
            Assert.True(await instance.Database.Read(sql => sql.One<long>("select count(*) from audit")) > 0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
}
