using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Parts;

/// <summary>
/// The real server on a loopback port, over a temporary data folder and SQLite or the PostgreSQL database whose URL is given.
/// Console commands run against the same data as a second process would.
/// </summary>
public sealed class TestInstance : IAsyncDisposable
{
    private readonly Dictionary<string, string> environment;
    private Instance? instance;
    private bool isSecond;
    private WebApplication? app;

    private TestInstance(Dictionary<string, string> environment, TestClock clock) => (this.environment, Clock) = (environment, clock);

    public TestClock Clock { get; }
    public string Origin => environment["APP_URL"];
    public string DataFolder => environment["DATA_DIR"];
    public IServiceProvider Services => app!.Services;
    public Database Database => instance!.Database;

    /// <param name="postgresUrl">From <see cref="PostgresCluster.NewDatabase"/>; null means SQLite.</param>
    public static async Task<TestInstance> Start(string? postgresUrl = null, params (string Name, string Value)[] settings)
    {
        var port = LoopbackPort.Free();
        var environment = new Dictionary<string, string>
        {
            ["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["APP_URL"] = $"http://localhost:{port}",
            ["DATA_DIR"] = Directory.CreateTempSubdirectory("gatehouse-test-").FullName,
            ["LOG_LEVEL"] = "error",
        };
        if (postgresUrl is not null) environment["DB_CONNECTION_STRING"] = postgresUrl;
        foreach (var (name, value) in settings) environment[name] = value;
        var test = new TestInstance(environment, new TestClock());
        await test.Up();
        return test;
    }

    /// <summary>A second server on the same data, as behind a balancer, with a clock of its own; it must be PostgreSQL. Dispose it before the first.</summary>
    public async Task<TestInstance> AnotherNode()
    {
        var node = new TestInstance(new(environment) { ["PORT"] = LoopbackPort.Free().ToString(System.Globalization.CultureInfo.InvariantCulture) }, new TestClock()) { isSecond = true };
        await node.Up();
        return node;
    }

    /// <summary>Stops the server and starts it again on the same data.</summary>
    public async Task Restart()
    {
        await Down();
        await Up();
    }

    /// <summary>Runs a console command beside the server: exit code, standard output, standard error.</summary>
    public async Task<(int Code, string Output, string Error)> Console(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.Run(args, environment, output, error);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>A browser with its own cookies.</summary>
    public TestBrowser Browser() => new(Origin, isSecond ? int.Parse(environment["PORT"], System.Globalization.CultureInfo.InvariantCulture) : null);

    /// <summary>The mails written so far whose content is still there (nothing is sent while no mail server is set), oldest first; of one recipient when given.</summary>
    public async Task<IReadOnlyList<Letter>> Mails(string? to = null)
    {
        var outbox = Services.GetRequiredService<Outbox>();
        var ids = await Database.Read(sql => sql.List<string>("select id from mails where content is not null order by created_at, id"));
        var letters = new List<Letter>();
        foreach (var id in ids)
            if (await Database.Read(sql => outbox.Read(sql, id)) is { } letter && (to is null || letter.To == to)) letters.Add(letter);
        return letters;
    }

    /// <summary>The one link to this server in a mail's text, as path and query.</summary>
    public string LinkIn(Letter letter)
    {
        var start = letter.Text.IndexOf(Origin + "/", StringComparison.Ordinal);
        Assert.True(start >= 0, $"no link to {Origin} in: {letter.Text}");
        return letter.Text[(start + Origin.Length)..].Split([' ', '\r', '\n'])[0];
    }

    private async Task Up()
    {
        var (configuration, faults) = ReadConfiguration.From(environment);
        if (configuration is null) throw new InvalidOperationException(string.Join("; ", faults.Select(f => f.Evidence)));
        instance = await Instance.Open(configuration, create: true, Clock);
        app = await Server.Build(configuration, instance, Clock);
        await app.StartAsync();
    }

    private async Task Down()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
        if (instance is not null) await instance.DisposeAsync();
        (app, instance) = (null, null);
    }

    public async ValueTask DisposeAsync()
    {
        await Down();
        if (!isSecond) Directory.Delete(DataFolder, recursive: true);
    }
}
