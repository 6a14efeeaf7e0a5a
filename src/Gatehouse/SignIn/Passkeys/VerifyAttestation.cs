using System.Formats.Cbor;
using Gatehouse.Jose;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Judges a registration (WebAuthn section 7.1). It returns a credential and looks up nobody: that the id is new, and whose it becomes, is the caller's.</summary>
public static class VerifyAttestation
{
    private static readonly string[] KnownTransports = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

    /// <param name="now">For the validity of an attestation certificate.</param>
    public static Outcome<NewCredential> Judge(
        RelyingParty rp, byte[] expectedChallenge, AttestationResponse response, AttestationPolicy policy, DateTimeOffset now, bool requireUserVerification = true)
    {
        const Ceremony ceremony = Ceremony.Registration;
        if (!ClientData.Judge(rp, expectedChallenge, response.ClientDataJson, ceremony).Passed(out var clientDataHash, out var refusal))
            return refusal;
        if (!StrictBase64Url.TryDecode(response.AttestationObject, CborScan.MaxBytes, out var bytes) || !TryReadObject(bytes, out var format, out var statement, out var authenticatorBytes))
            return new PasskeyMalformed(ceremony, "attestation object");
        if (!AuthenticatorData.TryRead(authenticatorBytes, withCredential: true, out var data))
            return new PasskeyMalformed(ceremony, "authenticator data");
        if (DeviceRules.Judge(rp, data, requireUserVerification, ceremony) is { } device) return device;

        var id = StrictBase64Url.Encode(data.CredentialId);
        if (!string.Equals(id, response.Id, StringComparison.Ordinal) || data.CredentialId!.Length < 16)
            return new PasskeyCredentialIdInvalid(data.CredentialId!.Length);
        switch (CoseKey.TryRead(data.PublicKey!, out var number, out var key))
        {
            case CoseKey.Fault.Malformed: return new PasskeyMalformed(ceremony, "public key");
            case CoseKey.Fault.Algorithm: return new PasskeyAlgorithmNotOffered(number);
            case CoseKey.Fault.Key: return new PasskeyKeyInvalid(number);
        }
        byte[] signed = [.. authenticatorBytes, .. clientDataHash];
        if (!AttestationStatement.Judge(format, statement, signed, data.Aaguid, number, key!, policy, now).Passed(out var attestation, out refusal))
            return refusal;
        string[] transports = [.. KnownTransports.Where(t => response.Transports.Contains(t, StringComparer.Ordinal))];
        return new NewCredential(id, data.PublicKey!, number, data.SignCount, data.Aaguid, data.BackupEligible, data.BackedUp, data.UserVerified, attestation, transports);
    }

    private static bool TryReadObject(byte[] bytes, out string format, out byte[] statement, out byte[] authenticatorData)
    {
        (format, statement, authenticatorData) = ("", [], []);
        if (!CborScan.TryLength(bytes, out var length) || length != bytes.Length) return false;
        try
        {
            var reader = new CborReader(bytes, CborConformanceMode.Ctap2Canonical);
            if (reader.ReadStartMap() != 3) return false;
            for (var i = 0; i < 3; i++)
            {
                switch (reader.ReadTextString())
                {
                    case "fmt": format = reader.ReadTextString(); break;
                    case "attStmt": statement = reader.ReadEncodedValue().ToArray(); break;
                    case "authData": authenticatorData = reader.ReadByteString(); break;
                    default: return false;
                }
            }
            reader.ReadEndMap();
            return reader.BytesRemaining == 0;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }
}
