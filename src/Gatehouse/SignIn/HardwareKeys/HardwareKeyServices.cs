using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.HardwareKeys;

internal static class HardwareKeyServices
{
    public static void AddHardwareKeys(this IServiceCollection services)
    {
        services.AddSingleton<KeyFactor>();
        services.AddSingleton<ISecondFactor>(s => s.GetRequiredService<KeyFactor>());
        services.AddSingleton<GiveKey>();
        services.AddSingleton<KeepKeys>();
    }
}
