using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passwords;

/// <summary>The library that hashes passwords well is missing.</summary>
public sealed record Argon2Missing(bool Enabled) : Refusal<Argon2Missing>, IRefusal<Argon2Missing>
{
    public static RefusalEntry Entry { get; } = new("password.argon2_missing", "libargon2 is missing",
        Public: "Passwords are kept less well than they could be.", Fix: "Install the package libargon2-1 and restart. Hashes are renewed as people sign in.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static Argon2Missing Example => new(Enabled: true);
    public override string Evidence => $"libargon2.so.1 cannot be loaded; passwords are hashed by PBKDF2-SHA256 with {PasswordHash.Rounds} rounds{(Enabled ? "" : ", were they switched on")}.";
}

/// <summary>Says by what passwords are hashed.</summary>
internal sealed class HashingCheck(Settings settings) : IDoctorCheck
{
    public string Id => "signin.passwords";

    public async Task<Finding> Run(CancellationToken stop)
    {
        var enabled = (await PasswordSettings.Of(settings)).Enabled;
        if (Argon2.IsAvailable) return Finding.Pass(Id, enabled ? $"Passwords are hashed by Argon2id ({PasswordHash.Memory} KiB, {PasswordHash.Passes} passes) on {HashingGate.Threads} threads." : "Passwords are switched off.");
        return enabled ? Finding.Warn(Id, new Argon2Missing(enabled)) : Finding.Pass(Id, "Passwords are switched off; libargon2 would be missing for them.");
    }
}
