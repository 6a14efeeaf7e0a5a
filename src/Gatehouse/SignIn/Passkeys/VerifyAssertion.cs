using Gatehouse.Jose;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Judges an assertion against the credential of the user who is expected (WebAuthn section 7.2).</summary>
public static class VerifyAssertion
{
    public static Outcome<VerifiedAssertion> Judge(
        RelyingParty rp, byte[] expectedChallenge, StoredCredential expected, AssertionResponse response, bool requireUserVerification = true)
    {
        const Ceremony ceremony = Ceremony.SignIn;
        if (!string.Equals(response.Id, expected.CredentialId, StringComparison.Ordinal))
            return new PasskeyOtherCredential(Shown.Id(response.Id), Shown.Id(expected.CredentialId));
        // Some browsers send an empty handle where the authenticator gave none.
        if (!string.IsNullOrEmpty(response.UserHandle) && !string.Equals(response.UserHandle, expected.UserHandle, StringComparison.Ordinal))
            return new PasskeyUserHandleMismatch(Shown.Id(expected.CredentialId));
        if (!ClientData.Judge(rp, expectedChallenge, response.ClientDataJson, ceremony).Passed(out var clientDataHash, out var refusal))
            return refusal;
        if (!StrictBase64Url.TryDecode(response.AuthenticatorData, CborScan.MaxBytes, out var authenticatorBytes)
            || !AuthenticatorData.TryRead(authenticatorBytes, withCredential: false, out var data))
            return new PasskeyMalformed(ceremony, "authenticator data");
        if (DeviceRules.Judge(rp, data, requireUserVerification, ceremony) is { } device) return device;
        if (data.BackupEligible != expected.BackupEligible)
            return new PasskeyBackupEligibilityChanged(Shown.Id(expected.CredentialId), data.BackupEligible);

        // The algorithm is the stored one; a key that says another is not a key of ours.
        if (CoseKey.TryRead(expected.PublicKey, out var number, out var key) != CoseKey.Fault.None || number != expected.Algorithm)
            return new PasskeyStoredKeyUnreadable(Shown.Id(expected.CredentialId), expected.Algorithm);
        if (!StrictBase64Url.TryDecode(response.Signature, 1024, out var signature)
            || !key!.VerifyDer([.. authenticatorBytes, .. clientDataHash], signature))
            return new PasskeySignatureInvalid(Shown.Id(expected.CredentialId));

        // Step 22: synced passkeys stay at zero; once a counter has moved it has to rise.
        if ((data.SignCount != 0 || expected.SignCount != 0) && data.SignCount <= expected.SignCount)
            return new PasskeyCounterWentBack(Shown.Id(expected.CredentialId), data.SignCount, expected.SignCount);
        return new VerifiedAssertion(data.SignCount, data.BackedUp, data.UserVerified);
    }
}
