namespace Gatehouse.Ldap.Configure;

/// <summary>Applies LDAP_* variables before anything else of this room starts.</summary>
internal sealed class PinDirectory(SettingsStore store) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => store.ApplyPins();

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
