using System.Reflection;
using Microsoft.AspNetCore.DataProtection;

namespace Gatehouse.Configuration;

/// <summary>The oldest runtime this program serves on. Judged by the assembly that is loaded, not by what the runtime says of itself.</summary>
public static class RuntimeFloor
{
    private static readonly Version Floor = new(10, 0, 7);

    /// <summary>What is loaded, e.g. 10.0.12.</summary>
    public static string Loaded { get; } =
        (typeof(DataProtectionOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+')[0];

    /// <summary>Null when it is new enough.</summary>
    public static RuntimeTooOld? Fault => Judge(Loaded);

    internal static RuntimeTooOld? Judge(string version) =>
        Version.TryParse(version.Split('-')[0], out var found) && found >= Floor ? null : new(version, Floor.ToString());
}
