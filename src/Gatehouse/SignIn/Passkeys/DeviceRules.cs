using System.Security.Cryptography;
using System.Text;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>The rules about authenticator data that both ceremonies share (WebAuthn section 7.1 steps 14-18, 7.2 steps 16-20).</summary>
internal static class DeviceRules
{
    /// <summary>The refusal, or null when all pass.</summary>
    public static Refusal? Judge(RelyingParty rp, AuthenticatorData data, bool requireUserVerification, Ceremony ceremony)
    {
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(rp.Id)), data.RpIdHash))
            return new PasskeyRpIdMismatch(ceremony, rp.Id);
        if (!data.UserPresent) return new PasskeyUserNotPresent(ceremony);
        if (requireUserVerification && !data.UserVerified) return new PasskeyUserNotVerified(ceremony);
        if (data.BackedUp && !data.BackupEligible) return new PasskeyBackupFlags(ceremony);
        return null;
    }
}
