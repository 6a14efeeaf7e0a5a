using Gatehouse.Refusals;

namespace Gatehouse.Configuration;

/// <summary>An environment variable that cannot be used as it stands.</summary>
/// <param name="Variable">Its name.</param>
/// <param name="Fault">What is wrong with it, without its value where that is secret.</param>
/// <param name="Cure">What to set instead.</param>
public sealed record ConfigurationInvalid(string Variable, string Fault, string Cure) : Refusal<ConfigurationInvalid>, IRefusal<ConfigurationInvalid>
{
    public static RefusalEntry Entry { get; } = new("ops.configuration_invalid", "A setting cannot be used",
        Public: "The server is not set up correctly.",
        Fix: "Set the variable as the message says and start again.",
        Causer: Causer.Operator);
    public static ConfigurationInvalid Example => new("APP_URL", "it has a path: /auth", "Leave only scheme, host and port: https://id.example.com");
    public override string Target => Variable;
    public override string Evidence => $"{Variable}: {Fault}. {Cure}";
}

/// <summary>The .NET runtime has a known hole, or is not the one this program was built for.</summary>
public sealed record RuntimeTooOld(string Found, string Needed) : Refusal<RuntimeTooOld>, IRefusal<RuntimeTooOld>
{
    public static RefusalEntry Entry { get; } = new("ops.runtime_too_old", "The .NET runtime is too old",
        Public: "The server is not set up correctly.",
        Fix: "Install the newest ASP.NET Core runtime of this major version and start again.",
        Causer: Causer.Operator);
    public static RuntimeTooOld Example => new("10.0.4", "10.0.7");
    public override string Evidence => $"ASP.NET Core {Found} is loaded; {Needed} is the oldest without a known hole in data protection (CVE-2026-40372).";
}
