using System.Reflection;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignUp.Setup;

namespace Gatehouse;

/// <summary>The one boxed block at start: version, data folder, address, and whether set-up is open, with its one-time link.</summary>
internal static class StartUpBox
{
    public static async Task<string> Draw(ServerConfiguration configuration, IServiceProvider services)
    {
        var link = await services.GetRequiredService<Database>().Write(services.GetRequiredService<SetupLink>().Issue);
        string[] lines =
        [
            $"Gatehouse {Version}",
            $"Address      {configuration.Origin}",
            $"Data folder  {configuration.DataFolder}",
            $"Database     {(configuration.PostgresUrl is null ? "SQLite" : "PostgreSQL")}",
            link is null ? "Set-up       closed" : "Set-up       OPEN. Create the first administrator within 60 minutes:",
            .. link is null ? Array.Empty<string>() : [link],
            .. await services.GetRequiredService<PasskeyAddresses>().Lost() is { } lost ? ["WARNING      " + lost.Evidence, "             " + lost.Facts.Fix] : Array.Empty<string>(),
        ];
        var width = lines.Max(l => l.Length);
        var edge = "+" + new string('-', width + 2) + "+";
        return string.Join('\n', [edge, .. lines.Select(l => $"| {l.PadRight(width)} |"), edge]);
    }

    private static string Version => Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
