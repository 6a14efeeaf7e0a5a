using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Doctor;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Accounts;

namespace Gatehouse;

/// <summary>Every console command; each room brings its own.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> All(ConsoleHost host) =>
    [
        .. AuditCommands.All(host),
        ClientCommands.Make(host),
        .. AccountCommands.All(host),
        DoctorCommands.Make(host),
    ];
}
