using System.Net;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Audit;

/// <summary>The audit pages behind the real gate, with a door that lets in whom the test names and one remedy handler of its own.</summary>
sealed class AuditServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Instance instance;
    private readonly Dictionary<string, string> environment;

    private AuditServer(WebApplication app, Instance instance, Dictionary<string, string> environment, Door door) =>
        (this.app, this.instance, this.environment, At) = (app, instance, environment, door);

    /// <summary>Who stands before the door.</summary>
    public Door At { get; }
    public Database Database => instance.Database;
    public RefusalLog Log => app.Services.GetRequiredService<RefusalLog>();
    public TestBrowser Browser() => new(environment["APP_URL"]);

    public static async Task<AuditServer> Start(string? postgres = null)
    {
        var port = LoopbackPort.Free();
        var environment = new Dictionary<string, string>
        {
            ["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["APP_URL"] = $"http://localhost:{port}",
            ["DATA_DIR"] = Directory.CreateTempSubdirectory("gatehouse-audit-").FullName,
            ["LOG_LEVEL"] = "error",
        };
        if (postgres is not null) environment["DB_CONNECTION_STRING"] = postgres;
        var configuration = ReadConfiguration.From(environment).Item1!;
        var instance = await Instance.Open(configuration, create: true, TimeProvider.System);
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "gatehouse" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddRoutingCore();
        Server.AddRooms(builder.Services, configuration, instance, TimeProvider.System);
        var door = new Door();
        builder.Services.AddSingleton<ISessionDoor>(door);
        builder.Services.AddSingleton<IRemedyHandler<LiftGroupRestriction>, LiftOnPaper>();
        var app = builder.Build();
        app.UseWeb();
        app.MapWeb();
        app.MapAudit();
        await app.StartAsync();
        await instance.Database.Write(sql => sql.Run("insert into settings (name, value, updated_at) values ('paper', 'restricted', 0)"));
        return new(app, instance, environment, door);
    }

    public async Task<(int Code, string Output, string Error)> Console(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.Run(args, environment, output, error);
        return (code, output.ToString(), error.ToString());
    }

    public Task<string?> Paper() => Database.Read(sql => sql.One<string?>("select value from settings where name = 'paper'"));

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await instance.DisposeAsync();
        Directory.Delete(environment["DATA_DIR"], recursive: true);
    }

    public sealed class Door : ISessionDoor
    {
        public string Role { get; set; } = "admin";

        public Task Recognise(HttpContext http, Visit visit)
        {
            if (Role != "stranger") visit.SignedIn = new("u-admin", "Grace", "grace@example.com", Role is "viewer" or "admin", Role == "admin", false);
            return Task.CompletedTask;
        }

        public Task<IResult?> Judge(HttpContext http, Visit visit, RequiresAccess requires) => Task.FromResult<IResult?>(requires.Level switch
        {
            Access.Anyone => null,
            Access.Viewer when Role is "viewer" or "admin" => null,
            Access.Admin when Role == "admin" => null,
            _ => Results.StatusCode(403),
        });
    }

    /// <summary>Lifts a restriction that stands in one row of settings.</summary>
    private sealed class LiftOnPaper(AuditLog audit) : IRemedyHandler<LiftGroupRestriction>
    {
        public async Task<RemedyOffer> Offer(Sql sql, LiftGroupRestriction remedy, RemedyCase origin)
        {
            var restricted = await sql.One<string>("select value from settings where name = 'paper'") == "restricted";
            return new(restricted, true, restricted ? "" : "Everybody may open it already.", ["Ada may open <Grafana>"], "/admin/clients/c1");
        }

        public async Task<Outcome<string?>> Apply(Sql sql, LiftGroupRestriction remedy, RemedyCase origin, Actor actor)
        {
            if (await sql.Run("update settings set value = 'lifted' where name = 'paper' and value = 'restricted'") == 0) return (string?)null;
            await audit.Write(sql, actor, "client.restriction_lifted", new("client", remedy.Client.Id, remedy.Client.Name), "restricted", "lifted", origin.Reference);
            return "lifted";
        }

        public async Task<bool> Undo(Sql sql, LiftGroupRestriction remedy, string undo, Actor actor) =>
            await sql.Run("update settings set value = 'restricted' where name = 'paper' and value = @undo", new { undo }) == 1;
    }
}
