using System.CommandLine;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Accounts;

namespace Gatehouse;

/// <summary>Every console command; each room brings its own.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> All(ConsoleHost host) =>
    [
        ClientCommands.Make(host),
        .. AccountCommands.All(host),
    ];
}
