using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Accounts;

/// <summary>The pages of this room behind the real gate, with a door that takes every visitor for the admin Ada.</summary>
internal sealed class PagesWithOpenDoor : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gatehouse-test-").FullName;
    private Instance? instance;
    private WebApplication? app;

    public string Origin { get; private set; } = "";
    public User Ada { get; private set; } = new();
    public Database Database => instance!.Database;

    public static async Task<PagesWithOpenDoor> Start()
    {
        var pages = new PagesWithOpenDoor();
        var port = LoopbackPort.Free();
        pages.Origin = $"http://localhost:{port}";
        var (configuration, _) = ReadConfiguration.From(new Dictionary<string, string>
        {
            ["DATA_DIR"] = pages.folder,
            ["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["APP_URL"] = pages.Origin,
            ["LOG_LEVEL"] = "error",
        });
        pages.instance = await Instance.Open(configuration!, create: true, TimeProvider.System);
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "gatehouse" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        builder.Services.AddRoutingCore();
        Server.AddRooms(builder.Services, configuration!, pages.instance, TimeProvider.System);
        builder.Services.AddSingleton<ISessionDoor>(new OpenDoor(pages));
        pages.app = builder.Build();
        pages.app.UseWeb();
        pages.app.MapWeb();
        pages.app.MapAccounts();
        pages.Ada = (await pages.Get<CreateUser>().Run(new("ada@example.com", DisplayName: "Ada Lovelace", Role: Role.Admin), Actor.Console)).Value;
        await pages.app.StartAsync();
        return pages;
    }

    public T Get<T>() where T : notnull => app!.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
        if (instance is not null) await instance.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private sealed class OpenDoor(PagesWithOpenDoor pages) : ISessionDoor
    {
        public Task Recognise(HttpContext http, Visit visit)
        {
            visit.SignedIn = new(pages.Ada.Id, pages.Ada.DisplayName, pages.Ada.Email, IsViewer: true, IsAdmin: true, IsEnrolment: false);
            return Task.CompletedTask;
        }

        public Task<IResult?> Judge(HttpContext http, Visit visit, RequiresAccess requires) => Task.FromResult<IResult?>(null);
    }
}
