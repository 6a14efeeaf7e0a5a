using System.Globalization;
using System.Security.Cryptography;
using Gatehouse.Tests.Parts;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace Gatehouse.Tests.Parts;

/// <summary>
/// A throw-away PostgreSQL cluster, one for the whole test run, made at first use and deleted at the end.
/// Take it as a constructor parameter of a test class. GATEHOUSE_TESTS_FSYNC=off trades durability for speed.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly string password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private string? folder;
    private int port;
    private int databases;

    /// <summary>A new empty database as <c>postgres://user:pw@127.0.0.1:port/name</c>.</summary>
    public async Task<string> NewDatabase()
    {
        await EnsureStarted();
        var name = string.Create(CultureInfo.InvariantCulture, $"gatehouse_{Interlocked.Increment(ref databases)}");
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        return string.Create(CultureInfo.InvariantCulture, $"postgres://gatehouse:{password}@127.0.0.1:{port}/{name}");
    }

    /// <summary>What Npgsql wants for a database of this cluster.</summary>
    public string ConnectionString(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Username=gatehouse;Password={password};Database={database};Pooling=false");

    /// <summary>Ends the cluster as a power cut would and starts it again on the same data; open connections die.</summary>
    public async Task CrashAndRestart()
    {
        await EnsureStarted();
        await PgCtl("stop", "-m", "immediate");
        await PgCtl("start", "-l", Path.Combine(folder!, "log"));
    }

    private async Task EnsureStarted()
    {
        await one.WaitAsync();
        try
        {
            if (port == 0) await Start();
        }
        finally
        {
            one.Release();
        }
    }

    private async Task Start()
    {
        // A short path: a Unix socket's may have 107 bytes at most.
        folder = Directory.CreateTempSubdirectory("ghpg-").FullName;
        var passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, password);
        // PostgreSQL refuses to run as root.
        if (Environment.IsPrivilegedProcess) await Tool.Run("chown", ["-R", "postgres", folder]);
        await AsServer(Binary("initdb"), "-D", Data, "-U", "gatehouse", "--pwfile", passwordFile, "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C", "--no-sync");
        for (var attempt = 1; ; attempt++)
        {
            var candidate = LoopbackPort.Free();
            await File.WriteAllTextAsync(Path.Combine(Data, "postgresql.auto.conf"), string.Create(CultureInfo.InvariantCulture, $"""
                listen_addresses = '127.0.0.1'
                port = {candidate}
                unix_socket_directories = '{folder}'
                fsync = {Fsync}
                max_connections = 200
                shared_buffers = '32MB'
                autovacuum = off

                """));
            try
            {
                await PgCtl("start", "-l", Path.Combine(folder, "log"));
                port = candidate;
                return;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // Somebody else took the port in between.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        one.Dispose();
        if (folder is null) return;
        NpgsqlConnection.ClearAllPools();
        try
        {
            if (port != 0) await PgCtl("stop", "-m", "immediate");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private string Data => Path.Combine(folder!, "data");

    private static string Fsync => Environment.GetEnvironmentVariable("GATEHOUSE_TESTS_FSYNC") == "off" ? "off" : "on";

    // The server writes into its own log: with our pipes as its output, pg_ctl would never seem to end.
    private Task PgCtl(params string[] arguments) => AsServer(Binary("pg_ctl"), ["-D", Data, "-w", "-t", "60", .. arguments]);

    private Task AsServer(string file, params string[] arguments) => Environment.IsPrivilegedProcess
        ? Tool.Run("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", file, .. arguments], folder)
        : Tool.Run(file, arguments, folder);

    private static string Binary(string name)
    {
        var roots = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return roots.OrderByDescending(r => int.TryParse(Path.GetFileName(r), NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : 0)
            .Select(r => Path.Combine(r, "bin", name)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"PostgreSQL's {name} is not installed: ./check installs it (Debian package postgresql).");
    }
}
