using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Gatehouse.Jose;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>A credential public key (RFC 9052 section 7, WebAuthn section 6.5.1.1).</summary>
internal static class CoseKey
{
    /// <summary>What is wrong with a key.</summary>
    public enum Fault
    {
        None,
        Malformed,
        Algorithm,
        Key,
    }

    /// <summary>Reads exactly one key. <paramref name="number"/> is its COSE algorithm, also where that is not offered.</summary>
    public static Fault TryRead(byte[] cose, out int number, out VerificationKey? key)
    {
        (number, key) = (0, null);
        if (!CborScan.TryLength(cose, out var length) || length != cose.Length) return Fault.Malformed;
        long? kty = null, alg = null, crv = null;
        byte[]? b1 = null, b2 = null, b3 = null;
        try
        {
            var reader = new CborReader(cose, CborConformanceMode.Ctap2Canonical);
            var count = reader.ReadStartMap();
            for (var i = 0; i < count; i++)
            {
                switch (reader.ReadInt64())
                {
                    case 1: kty = reader.ReadInt64(); break;
                    case 3: alg = reader.ReadInt64(); break;
                    case -1 when kty == 3: b1 = reader.ReadByteString(); break;
                    case -1: crv = reader.ReadInt64(); break;
                    case -2: b2 = reader.ReadByteString(); break;
                    case -3: b3 = reader.ReadByteString(); break;
                    default: return Fault.Malformed; // no other parameter is allowed
                }
            }
            reader.ReadEndMap();
            if (reader.BytesRemaining != 0) return Fault.Malformed;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return Fault.Malformed;
        }
        if (alg is null or < int.MinValue or > int.MaxValue) return Fault.Malformed;
        number = (int)alg.Value;
        if (!CoseAlgorithm.TryRead(number, out var algorithm)) return Fault.Algorithm;
        // Key type and curve follow from the algorithm (RFC 9053 section 7.1, WebAuthn section 5.8.5).
        var good = algorithm switch
        {
            JwsAlgorithm.ES256 => kty == 2 && crv == 1 && b2 is not null && b3 is not null && VerificationKey.TryEc(algorithm, b2, b3, out key),
            JwsAlgorithm.ES384 => kty == 2 && crv == 2 && b2 is not null && b3 is not null && VerificationKey.TryEc(algorithm, b2, b3, out key),
            JwsAlgorithm.EdDSA => kty == 1 && crv == 6 && b2 is not null && b3 is null && VerificationKey.TryEd25519(b2, out key),
            _ => kty == 3 && b1 is not null && b2 is not null && b3 is null && VerificationKey.TryRsa(algorithm, b1, b2, out key),
        };
        return good ? Fault.None : Fault.Key;
    }
}
