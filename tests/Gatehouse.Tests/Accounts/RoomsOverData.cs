using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Accounts;

/// <summary>The services of every room over a fresh database, without a listening server.</summary>
internal sealed class RoomsOverData : IAsyncDisposable
{
    public static readonly Actor Ada = new("ada@example.com", "192.0.2.1");
    private readonly string folder = Directory.CreateTempSubdirectory("gatehouse-test-").FullName;
    private Instance? instance;
    private ServiceProvider? services;

    public TestClock Clock { get; } = new();
    public Database Database => instance!.Database;

    /// <param name="postgres">Null means SQLite.</param>
    public static async Task<RoomsOverData> Open(PostgresCluster? postgres = null)
    {
        var rooms = new RoomsOverData();
        var environment = new Dictionary<string, string> { ["DATA_DIR"] = rooms.folder, ["LOG_LEVEL"] = "error" };
        if (postgres is not null) environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
        var (configuration, faults) = ReadConfiguration.From(environment);
        if (configuration is null) throw new InvalidOperationException(string.Join("; ", faults.Select(f => f.Evidence)));
        rooms.instance = await Instance.Open(configuration, create: true, rooms.Clock);
        var services = new ServiceCollection();
        Server.AddRooms(services, configuration, rooms.instance, rooms.Clock);
        rooms.services = services.BuildServiceProvider();
        return rooms;
    }

    public T Get<T>() where T : notnull => services!.GetRequiredService<T>();

    public Task<IReadOnlyList<string>> Audited() => Database.Read(sql => sql.List<string>("select action from audit order by id"));

    public async ValueTask DisposeAsync()
    {
        if (services is not null) await services.DisposeAsync();
        if (instance is not null) await instance.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
