using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Jose;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>The attestation formats we know: none, and packed with or without a certificate (WebAuthn sections 8.2 and 8.7).</summary>
internal static class AttestationStatement
{
    // id-fido-gen-ce-aaguid (WebAuthn section 8.2.1).
    private const string AaguidExtension = "1.3.6.1.4.1.45724.1.1.4";

    /// <summary>The kind to record: "none", "self" or "packed".</summary>
    public static Outcome<string> Judge(
        string format, byte[] statement, byte[] signed, Guid aaguid, int algorithm, VerificationKey key, AttestationPolicy policy, DateTimeOffset now)
    {
        switch (format)
        {
            case "none":
                // 0xA0 is the empty map, the only statement there may be.
                return statement is [0xA0] ? "none" : new PasskeyAttestationInvalid("none", "a statement where there must be none");
            case "packed":
                if (!TryReadPacked(statement, out var statedAlgorithm, out var signature, out var certificates))
                    return new PasskeyAttestationInvalid("packed", "its statement cannot be read");
                if (certificates is null)
                {
                    if (statedAlgorithm != algorithm) return new PasskeyAttestationInvalid("packed", "its algorithm is not the key's");
                    return key.VerifyDer(signed, signature) ? "self" : new PasskeyAttestationInvalid("packed", "its signature does not fit the key");
                }
                if (policy != AttestationPolicy.Direct) return new PasskeyAttestationNotAccepted("packed with a certificate");
                return Certificate(certificates[0], statedAlgorithm, signature, signed, aaguid, now) is { } fault
                    ? new PasskeyAttestationInvalid("packed", fault)
                    : "packed";
            default:
                return new PasskeyAttestationNotAccepted(Shown.Text(format.Length > 40 ? format[..40] : format));
        }
    }

    private static bool TryReadPacked(byte[] statement, out long algorithm, out byte[] signature, out List<byte[]>? certificates)
    {
        (algorithm, signature, certificates) = (0, [], null);
        var seen = 0;
        try
        {
            var reader = new CborReader(statement, CborConformanceMode.Ctap2Canonical);
            var count = reader.ReadStartMap();
            for (var i = 0; i < count; i++)
            {
                switch (reader.ReadTextString())
                {
                    case "alg": algorithm = reader.ReadInt64(); seen++; break;
                    case "sig": signature = reader.ReadByteString(); seen++; break;
                    case "x5c":
                        certificates = [];
                        var length = reader.ReadStartArray();
                        if (length is null or < 1 or > 8) return false;
                        for (var c = 0; c < length; c++) certificates.Add(reader.ReadByteString());
                        reader.ReadEndArray();
                        break;
                    default: return false;
                }
            }
            reader.ReadEndMap();
            return seen == 2 && reader.BytesRemaining == 0;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }

    // No X509Chain: building one on a foreign certificate makes outbound requests.
    private static string? Certificate(byte[] der, long statedAlgorithm, byte[] signature, byte[] signed, Guid aaguid, DateTimeOffset now)
    {
        if (!CoseAlgorithm.TryRead(statedAlgorithm, out var algorithm)) return "its algorithm is not offered";
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            if (certificate.RawData.Length != der.Length || certificate.Version != 3) return "its certificate has the wrong form";
            if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime() || now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
                return "its certificate is expired or not yet valid";
            foreach (var extension in certificate.Extensions)
            {
                if (extension is X509BasicConstraintsExtension { CertificateAuthority: true }) return "its certificate belongs to an authority";
                if (extension.Oid?.Value == AaguidExtension
                    && new Guid(AsnDecoder.ReadOctetString(extension.RawData, AsnEncodingRules.DER, out _), bigEndian: true) != aaguid)
                    return "its certificate is for another model";
            }
            VerificationKey? key = null;
            switch (algorithm)
            {
                case JwsAlgorithm.ES256 or JwsAlgorithm.ES384:
                    using (var ec = certificate.GetECDsaPublicKey())
                    {
                        if (ec is null) break;
                        var p = ec.ExportParameters(includePrivateParameters: false);
                        if (p.Curve.IsNamed && p.Curve.Oid.Value == (algorithm == JwsAlgorithm.ES256 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384).Oid.Value)
                            VerificationKey.TryEc(algorithm, p.Q.X!, p.Q.Y!, out key);
                    }
                    break;
                case JwsAlgorithm.RS256 or JwsAlgorithm.PS256:
                    using (var rsa = certificate.GetRSAPublicKey())
                    {
                        if (rsa is null) break;
                        var p = rsa.ExportParameters(includePrivateParameters: false);
                        VerificationKey.TryRsa(algorithm, p.Modulus!, p.Exponent!, out key);
                    }
                    break;
            }
            if (key is null) return "its certificate's key does not fit its algorithm";
            return key.VerifyDer(signed, signature) ? null : "its signature does not fit its certificate";
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException)
        {
            return "its certificate cannot be read";
        }
    }
}
