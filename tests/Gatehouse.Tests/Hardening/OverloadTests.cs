using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Hardening;

/// <summary>People and programs that ask too slowly, too much or too often.</summary>
public class OverloadTests(PostgresCluster postgres)
{
    private static async Task<Socket> Connect(TestInstance server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Origin).Port);
        return socket;
    }

    /// <summary>Writes a byte a second until the other side has had enough; how long that took.</summary>
    private static async Task<TimeSpan> Drip(TestInstance server, string first, byte drop)
    {
        using var socket = await Connect(server);
        var began = Stopwatch.GetTimestamp();
        await socket.SendAsync(Encoding.ASCII.GetBytes(first));
        var closed = Ended(socket);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (!closed.IsCompleted && await timer.WaitForNextTickAsync()) await socket.SendAsync(new[] { drop });
        }
        catch (SocketException)
        {
            // Closed for both directions.
        }
        await closed;
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Reads until the other side closes.</summary>
    private static async Task Ended(Socket socket)
    {
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) > 0) { }
        }
        catch (SocketException)
        {
            // A reset is an end as well.
        }
    }

    /// <summary>Asks for page after page and reads nothing, until nothing more can be sent.</summary>
    private static async Task<TimeSpan> NeverReads(TestInstance server)
    {
        using var socket = await Connect(server);
        socket.ReceiveBufferSize = 4096;
        var began = Stopwatch.GetTimestamp();
        var asks = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"GET /sign-in/help HTTP/1.1\r\nHost: {new Uri(server.Origin).Authority}\r\n\r\n", 50)));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            while (true) await socket.SendAsync(asks, patience.Token);
        }
        catch (SocketException)
        {
            return Stopwatch.GetElapsedTime(began);
        }
    }

    [Fact]
    public async Task V02_whoever_speaks_or_reads_too_slowly_or_not_at_all_is_gone_in_thirty_seconds_and_nobody_else_notices()
    {
        await using var server = await TestInstance.Start();
        var host = new Uri(server.Origin).Authority;
        var idle = new List<(Task Ended, long Began)>();
        var sockets = new List<Socket>();
        for (var i = 0; i < (Repository.Full ? 5_000 : 1_000); i++)
        {
            var socket = await Connect(server);
            sockets.Add(socket);
            idle.Add((Ended(socket), Stopwatch.GetTimestamp()));
        }
        var slow = new[]
        {
            Drip(server, $"GET /sign-in HTTP/1.1\r\nHost: {host}\r\nX-Slow: ", (byte)'a'),
            Drip(server, $"POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n", (byte)'a'),
            NeverReads(server),
        };
        var all = Task.WhenAll(Task.WhenAll(slow), Task.WhenAll(idle.Select(i => i.Ended)));
        using var person = server.Browser();
        var times = new List<TimeSpan>();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!all.IsCompleted)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(HttpStatusCode.OK, (await person.Get("/sign-in")).Status);
            times.Add(Stopwatch.GetElapsedTime(began));
            await pause.WaitForNextTickAsync();
        }
        await all;
        Assert.All(idle, i => Assert.True(Stopwatch.GetElapsedTime(i.Began) < TimeSpan.FromSeconds(45)));
        foreach (var how in slow) Assert.InRange(await how, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(32));
        Assert.InRange(times.Order().ElementAt(times.Count / 2), TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
        foreach (var socket in sockets) socket.Dispose();
    }

    /// <summary>Sends what is too much until the server has had enough; the status of its answer.</summary>
    private static async Task<string> Send(TestInstance server, string head, Func<int, byte[]?> body)
    {
        using var socket = await Connect(server);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var answer = new byte[64];
        var read = socket.ReceiveAsync(answer, patience.Token);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(head), patience.Token);
            for (var i = 0; body(i) is { } part; i++)
            {
                await socket.SendAsync(part, patience.Token);
                if (read.IsCompleted) break;
            }
        }
        catch (SocketException)
        {
            // It closed while we were still sending.
        }
        try
        {
            return Encoding.ASCII.GetString(answer, 0, await read) is { Length: > 12 } line ? line[9..12] : "closed";
        }
        catch (SocketException)
        {
            return "closed";
        }
    }

    [Fact]
    public async Task V03_what_is_too_large_too_many_or_too_deep_is_refused_early_and_cheaply()
    {
        await using var server = await TestInstance.Start();
        using var browser = server.Browser();
        await browser.Get("/sign-in");
        var host = new Uri(server.Origin).Authority;
        string Post(string path, string more) => $"POST {path} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-origin\r\n{more}\r\n\r\n";
        const string form = "Content-Type: application/x-www-form-urlencoded\r\n", json = "Content-Type: application/json\r\n";
        var block = Encoding.ASCII.GetBytes(new string('a', 16_384));
        var chunk = Encoding.ASCII.GetBytes("4000\r\n" + new string('a', 16_384) + "\r\n");
        byte[]? Gigabyte(int i) => i < 65_536 ? block : null;
        byte[]? Endless(int i) => i < 65_536 ? chunk : null;

        // Once before, so that what is measured is not the first time.
        foreach (var path in new[] { "/sign-in/password", "/token", "/passkeys/assertion" }) await Send(server, Post(path, form + "Content-Length: 1000000000"), Gigabyte);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var path in new[] { "/sign-in/password", "/token", "/passkeys/assertion", "/authorize", "/introspect", "/mail/bounces" })
        {
            foreach (var type in new[] { form, json, "" })
            {
                Assert.Contains(await Send(server, Post(path, type + "Content-Length: 1000000000"), Gigabyte), new[] { "400", "401", "403", "413", "closed" });
                Assert.Contains(await Send(server, Post(path, type + "Transfer-Encoding: chunked"), Endless), new[] { "400", "401", "403", "413", "closed" });
            }
            // Ten thousand keys, all of one hash in a careless table or not.
            var keys = string.Join('&', Enumerable.Range(0, 10_000).Select(i => i.ToString("x4", CultureInfo.InvariantCulture) + "="));
            Assert.Equal("400", await Send(server, Post(path, form + $"Content-Length: {keys.Length}"), i => i == 0 ? Encoding.ASCII.GetBytes(keys) : null));
            var deep = string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000);
            Assert.Contains(await Send(server, Post(path, json + $"Content-Length: {deep.Length}"), i => i == 0 ? Encoding.ASCII.GetBytes(deep) : null), new[] { "400", "401", "403" });
        }
        Assert.Contains(await Send(server, $"GET /sign-in HTTP/1.1\r\nHost: {host}\r\nX-Large: ", i => i < 64 ? block : null), new[] { "431", "closed" });
        Assert.Contains(await Send(server, $"GET /sign-in HTTP/1.1\r\nHost: {host}\r\n" + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"X-{i}: a\r\n")), _ => null), new[] { "431", "closed" });
        Assert.Contains(await Send(server, "GET /" + new string('a', 100_000), _ => null), new[] { "414", "closed" });
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 20_000_000);
        Assert.Equal(HttpStatusCode.OK, (await browser.Get("/sign-in")).Status);
    }

    [Fact]
    public async Task V07_only_HTTP_1_1_is_spoken_and_what_belongs_to_HTTP_2_is_refused()
    {
        await using var server = await TestInstance.Start();
        var answer = await Send(server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _ => null);
        // A GOAWAY frame (RFC 9113 section 6.8) that says HTTP/1.1 is required, and nothing after it.
        Assert.Contains(answer, new[] { "400", "505", "closed", "\0\0\0" });
        using var http = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(server.Origin + "/sign-in"));
    }

    [Fact]
    public async Task V10_discovery_and_keys_come_from_memory_however_often_they_are_asked_for()
    {
        await using var site = await OidcSite.Start(await postgres.NewDatabase());
        var database = await site.Server.Database.Read(sql => sql.One<string>("select current_database()"));
        var statements = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Tags.Any(t => t.Value == database)) Interlocked.Increment(ref statements);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await site.Server.Database.Read(sql => sql.One<long>("select 1"));
        Assert.InRange(statements, 1, 1000);

        foreach (var path in new[] { "/.well-known/openid-configuration", "/jwks" }) await site.Http.GetAsync(site.Server.Origin + path);
        var (before, began) = (Volatile.Read(ref statements), Stopwatch.GetTimestamp());
        var count = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (n, _) =>
        {
            for (var i = 0; i < 500; i++)
            {
                using var answer = await site.Http.GetAsync(site.Server.Origin + (i % 2 == 0 ? "/jwks" : "/.well-known/openid-configuration"));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Interlocked.Increment(ref count);
            }
        });
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.Equal(4_000, count);
        // What remains is the one look a few times a second whether anything has changed, and what else the server does by itself.
        Assert.InRange(Volatile.Read(ref statements) - before, 0, (int)(40 * (seconds + 1)));
    }
}
