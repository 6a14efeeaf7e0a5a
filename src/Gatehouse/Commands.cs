using System.CommandLine;
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
        return await root.Parse(args).InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, CancellationToken.None);
    }

    private static async Task<int> Serve(IReadOnlyDictionary<string, string> environment, TextWriter error, CancellationToken stop)
    {
        var (configuration, faults) = ReadConfiguration.From(environment);
        if (configuration is null)
        {
            await error.WriteLineAsync($"Gatehouse cannot start. {faults.Count} setting{(faults.Count == 1 ? "" : "s")} to mend:");
            foreach (var fault in faults) await error.WriteLineAsync("  - " + fault.Evidence);
            return 2;
        }
        try
        {
            await using var instance = await Instance.Open(configuration, create: true, TimeProvider.System);
            await using var app = await Server.Build(configuration, instance, TimeProvider.System);
            await app.StartAsync(stop);
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
}
