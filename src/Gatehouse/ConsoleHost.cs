using Gatehouse.Configuration;
using Gatehouse.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse;

/// <summary>What a console command gets: the instance of the data folder, the same services as the server, and where to print.</summary>
public sealed class ConsoleHost(IReadOnlyDictionary<string, string> environment, TextWriter output, TextWriter error) : IConsoleHost
{
    public TextWriter Output => output;
    public TextWriter Error => error;

    /// <summary>Opens the instance (never creating one), runs the work with the server's services, and turns what stands in the way into exit code 2.</summary>
    public async Task<int> With(Func<IServiceProvider, Task<int>> work)
    {
        var (configuration, faults) = ReadConfiguration.From(environment);
        if (configuration is null)
        {
            foreach (var fault in faults) await error.WriteLineAsync(fault.Evidence);
            return 2;
        }
        try
        {
            await using var instance = await Instance.Open(configuration, create: false, TimeProvider.System);
            var services = new ServiceCollection();
            Server.AddRooms(services, configuration, instance, TimeProvider.System);
            await using var provider = services.BuildServiceProvider();
            return await work(provider);
        }
        catch (CannotOpenException e)
        {
            await error.WriteLineAsync($"{e.Fault}.\n  {e.Cure}.\n  Data folder: {configuration.DataFolder}");
            return 2;
        }
    }
}
