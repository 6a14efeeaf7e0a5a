using System.Net;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gatehouse.Tests.Audit;

/// <summary>A fresh database with a refusal log over it, without a server.</summary>
sealed class AuditStore : IAsyncDisposable
{
    private readonly string folder;

    private AuditStore(string folder, Database database) => (this.folder, Database, Log) = (folder, database, new(database, Clock, NullLogger<RefusalLog>.Instance));

    public SettableClock Clock { get; } = new();
    public Database Database { get; }
    public RefusalLog Log { get; }

    public static async Task<AuditStore> Open(bool postgres, PostgresCluster cluster)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-audit-").FullName;
        var database = postgres ? Database.OpenPostgres(await cluster.NewDatabase()) : Database.OpenSqlite(Path.Combine(folder, "gatehouse.db"));
        await Migrate.Up(database, null, TimeProvider.System);
        return new(folder, database);
    }

    public static Refusal Malformed(string path) => new FormMalformed(path, "the content type is no form");

    public static Refusal NotInGroup(string client) => UserNotInAllowedGroup.Example with { Client = new(client, "Grafana") };

    public static RefusalContext From(string address, string? user = null) => new() { Address = IPAddress.Parse(address), UserAgent = "Firefox", TraceId = "t", UserId = user, LiveSession = user is not null };

    public Task<long> Count(string what) => Database.Read(sql => sql.One<long>("select count(*) from " + what));

    public Task<string?> State(string target) => Database.Read(sql => sql.One<string?>("select state from problems where target = @target", new { target }));

    /// <summary>As a remedy does it.</summary>
    public Task MarkWaiting(string target) => Database.Write(async sql =>
        await CaseStore.MarkWaiting(sql, (await sql.One<string>("select id from problems where target = @target", new { target }))!, Clock.Now()));

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await Database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

/// <summary>Time that moves when the test says so.</summary>
sealed class SettableClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => now += by;
}
