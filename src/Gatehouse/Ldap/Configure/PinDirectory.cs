using Gatehouse.Data;

namespace Gatehouse.Ldap.Configure;

/// <summary>What LDAP_* variables say.</summary>
internal sealed class PinDirectory(SettingsStore store) : IPinnedSettings
{
    public Task<IReadOnlyList<string>> Apply() => store.ApplyPins();
}
