using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>What an authenticator says and signs (WebAuthn section 6.1).</summary>
internal sealed record AuthenticatorData(byte[] RpIdHash, byte Flags, uint SignCount, Guid Aaguid, byte[]? CredentialId, byte[]? PublicKey)
{
    public bool UserPresent => (Flags & 0x01) != 0;
    public bool UserVerified => (Flags & 0x04) != 0;
    public bool BackupEligible => (Flags & 0x08) != 0;
    public bool BackedUp => (Flags & 0x10) != 0;

    /// <summary>Reads all bytes; a credential must be there exactly when <paramref name="withCredential"/> says so.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, bool withCredential, [NotNullWhen(true)] out AuthenticatorData? data)
    {
        data = null;
        if (bytes.Length is < 37 or > CborScan.MaxBytes) return false;
        var flags = bytes[32];
        if ((flags & 0x40) != 0 != withCredential) return false;
        var rest = bytes[37..];
        var aaguid = Guid.Empty;
        byte[]? id = null, key = null;
        if (withCredential)
        {
            if (rest.Length < 18) return false;
            aaguid = new Guid(rest[..16], bigEndian: true);
            int idLength = BinaryPrimitives.ReadUInt16BigEndian(rest[16..]);
            rest = rest[18..];
            if (idLength is 0 or > 1023 || rest.Length < idLength) return false;
            id = rest[..idLength].ToArray();
            rest = rest[idLength..];
            if (!CborScan.TryLength(rest, out var keyLength)) return false;
            key = rest[..keyLength].ToArray();
            rest = rest[keyLength..];
        }
        if ((flags & 0x80) != 0)
        {
            if (!IsMap(rest)) return false;
        }
        else if (!rest.IsEmpty)
        {
            return false;
        }
        data = new(bytes[..32].ToArray(), flags, BinaryPrimitives.ReadUInt32BigEndian(bytes[33..]), aaguid, id, key);
        return true;
    }

    // Extensions are not used; they only have to be one well-formed map that ends where the data ends.
    private static bool IsMap(ReadOnlySpan<byte> bytes)
    {
        if (!CborScan.TryLength(bytes, out var length) || length != bytes.Length || bytes[0] >> 5 != 5) return false;
        try
        {
            var reader = new CborReader(bytes.ToArray(), CborConformanceMode.Ctap2Canonical);
            reader.SkipValue();
            return reader.BytesRemaining == 0;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }
}
