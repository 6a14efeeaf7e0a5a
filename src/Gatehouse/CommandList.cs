using System.CommandLine;

namespace Gatehouse;

/// <summary>Every console command; each room brings its own.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> All(ConsoleHost host) =>
    [
    ];
}
