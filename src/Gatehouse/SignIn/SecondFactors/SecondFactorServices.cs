using Gatehouse.Data;
using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.SecondFactors;

internal static class SecondFactorServices
{
    public static void AddSecondFactors(this IServiceCollection services)
    {
        services.AddSingleton<AuthenticatorApps>();
        services.AddSingleton<ISecondFactor>(s => s.GetRequiredService<AuthenticatorApps>());
        services.AddSingleton<ISealed>(s => s.GetRequiredService<AuthenticatorApps>());
        services.AddSingleton<BackupCodes>();
        services.AddSingleton<ISecondFactor>(s => s.GetRequiredService<BackupCodes>());
        services.AddSingleton<AccessPasses>();
        services.AddSingleton<ISecondFactor>(s => s.GetRequiredService<AccessPasses>());
        services.AddSingleton<RememberedDevices>();
        services.AddSingleton<ISecondFactorPolicy, FactorPolicy>();
        services.AddSingleton<FactorLetters>();
        services.AddSingleton<GiveCode>();
        services.AddSingleton<KeepFactors>();
        services.AddSingleton<ResetFactors>();
        services.AddSingleton<Accounts.IUserCard>(new Accounts.UserCard(typeof(UserFactorsCard), 16));
    }
}
