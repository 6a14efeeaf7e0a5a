using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Data;

/// <summary>An instance without a server, on either database; several may be opened on the same data, as nodes are.</summary>
sealed class Stores : IAsyncDisposable
{
    private readonly List<Instance> open = [];

    private Stores(Dictionary<string, string> environment) => Environment = environment;

    public Dictionary<string, string> Environment { get; }
    public string Folder => Environment["DATA_DIR"];
    public TestClock Clock { get; } = new();

    /// <summary>A new, empty place for data.</summary>
    public static async Task<Stores> New(PostgresCluster postgres, bool onPostgres)
    {
        var environment = new Dictionary<string, string> { ["DATA_DIR"] = Directory.CreateTempSubdirectory("gatehouse-data-").FullName };
        if (onPostgres) environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
        return new(environment);
    }

    public ServerConfiguration Configuration
    {
        get
        {
            var (configuration, faults) = ReadConfiguration.From(Environment);
            return configuration ?? throw new InvalidOperationException(string.Join("; ", faults.Select(f => f.Evidence)));
        }
    }

    /// <summary>One more node on it.</summary>
    public async Task<Instance> Open(bool create = true)
    {
        var instance = await Instance.Open(Configuration, create, Clock);
        lock (open) open.Add(instance);
        return instance;
    }

    public async Task CloseAll()
    {
        foreach (var instance in open) await instance.DisposeAsync();
        open.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAll();
        Directory.Delete(Folder, recursive: true);
    }
}
