using System.CommandLine;
using System.Net.Sockets;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse;

/// <summary>The command line: without arguments it serves; every other command works beside a running server.</summary>
public static class Commands
{
    public static async Task<int> Run(string[] args, IReadOnlyDictionary<string, string> environment, TextWriter? output = null, TextWriter? error = null)
    {
        output ??= Console.Out;
        error ??= Console.Error;
        var root = new RootCommand("Gatehouse: sign-in for people and applications. Without a command it serves.");
        root.SetAction((_, stop) => Serve(environment, error, stop));
        foreach (var command in CommandList.All(new ConsoleHost(environment, output, error))) root.Subcommands.Add(command);
        // The server finishes what it has begun; a command that is interrupted ends at once.
        var patience = TimeSpan.FromSeconds(args.Length == 0 ? 35 : 2);
        return await root.Parse(args).InvokeAsync(new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = patience }, CancellationToken.None);
    }

    private static async Task<int> Serve(IReadOnlyDictionary<string, string> environment, TextWriter error, CancellationToken stop)
    {
        var (configuration, faults) = ReadConfiguration.From(environment);
        var toMend = faults.Select(f => f.Evidence).ToList();
        if (RuntimeFloor.Fault is { } runtime) toMend.Add($"{runtime.Evidence} {runtime.Facts.Fix}");
        if (string.IsNullOrEmpty(environment.GetValueOrDefault("DB_CONNECTION_STRING")) && Instance.SqliteFault is { } sqlite) toMend.Add($"SQLite: {sqlite}. Install it with: apt-get install libsqlite3-0");
        if (configuration is { IsHttps: false, IsLocalhost: false }) await error.WriteLineAsync(PlainHttp(configuration));
        if (configuration is not null && CannotListen(configuration) is { } taken) toMend.Add(taken);
        if (configuration is null || toMend.Count > 0)
        {
            // One start tells all: also what is wrong with the data, as far as one can see it.
            if (Instance.SqliteFault is null && ReadConfiguration.DataOnly(environment) is { } data && await Instance.Obstacle(data, TimeProvider.System) is { } obstacle) toMend.Add(obstacle);
            await error.WriteLineAsync($"Gatehouse cannot start. {toMend.Count} thing{(toMend.Count == 1 ? "" : "s")} to mend:");
            foreach (var line in toMend) await error.WriteLineAsync("  - " + line);
            return 2;
        }
        try
        {
            await using var instance = await Instance.Open(configuration, create: true, TimeProvider.System);
            await using var app = await Server.Build(configuration, instance, TimeProvider.System);
            app.Services.GetRequiredService<Web.Departure>().Patience = TimeSpan.FromSeconds(3);
            await app.StartAsync(stop);
            var box = await StartUpBox.Draw(configuration, app.Services);
            try
            {
                await error.WriteLineAsync(box);
            }
            catch (IOException)
            {
                // The log is full or gone; people sign in all the same.
            }
            await app.WaitForShutdownAsync(stop);
            return 0;
        }
        catch (CannotOpenException e)
        {
            await error.WriteLineAsync($"Gatehouse cannot start. {e.Fault}.\n  {e.Cure}.\n  Data folder: {configuration.DataFolder}");
            return 2;
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await error.WriteLineAsync($"Gatehouse cannot start. Port {configuration.Port} is taken by another program.\n  Stop that program, or set PORT (and APP_URL) to another one.");
            return 2;
        }
    }

    /// <summary>Asks for the port before anything is opened or made; null when it can be had.</summary>
    private static string? CannotListen(ServerConfiguration configuration)
    {
        foreach (var address in configuration.Listen)
        {
            try
            {
                using var probe = new TcpListener(address, configuration.Port);
                probe.Start();
            }
            catch (SocketException e)
            {
                return e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => $"PORT: Port {configuration.Port} is taken by another program. Stop that program, or set PORT (and APP_URL) to another one.",
                    SocketError.AccessDenied => $"PORT: This user may not listen on port {configuration.Port}. Set PORT to 1024 or above and put a reverse proxy in front.",
                    SocketError.AddressNotAvailable => $"HOST: {address} is no address of this machine. Set HOST=localhost, HOST=0.0.0.0 or the address of one interface.",
                    _ => $"PORT: Cannot listen on {address} port {configuration.Port} ({e.SocketErrorCode}). Set HOST and PORT to what this machine offers.",
                };
            }
        }
        return null;
    }

    private static string PlainHttp(ServerConfiguration configuration)
    {
        string[] lines =
        [
            $"WARNING: APP_URL is {configuration.Origin}, plain http.",
            "Everything people send, links and cookies included, can be read and changed on the way.",
            "Browsers offer no passkeys here. Put TLS in front and set APP_URL=https://...",
        ];
        var width = lines.Max(l => l.Length);
        var edge = "+" + new string('-', width + 2) + "+";
        return string.Join('\n', [edge, .. lines.Select(l => $"| {l.PadRight(width)} |"), edge]);
    }
}
