using System.Security.Cryptography;

namespace Gatehouse.Jose;

/// <summary>The signature algorithms we know (RFC 7518 section 3.1, RFC 8037). There is no "none" and no HMAC.</summary>
public enum JwsAlgorithm
{
    ES256 = 1,
    ES384,
    RS256,
    PS256,
    EdDSA,
}

/// <summary>What belongs to each algorithm.</summary>
public static class JwsAlgorithms
{
    /// <summary>The name in a JWS header and in metadata.</summary>
    public static string Name(this JwsAlgorithm algorithm) => algorithm switch
    {
        JwsAlgorithm.ES256 => "ES256",
        JwsAlgorithm.ES384 => "ES384",
        JwsAlgorithm.RS256 => "RS256",
        JwsAlgorithm.PS256 => "PS256",
        JwsAlgorithm.EdDSA => "EdDSA",
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };

    /// <summary>Reads exactly one of our names.</summary>
    public static bool TryParse(string? name, out JwsAlgorithm algorithm)
    {
        algorithm = name switch
        {
            "ES256" => JwsAlgorithm.ES256,
            "ES384" => JwsAlgorithm.ES384,
            "RS256" => JwsAlgorithm.RS256,
            "PS256" => JwsAlgorithm.PS256,
            "EdDSA" => JwsAlgorithm.EdDSA,
            _ => default,
        };
        return algorithm != default;
    }

    /// <summary>Every algorithm this machine can verify.</summary>
    public static IReadOnlyList<JwsAlgorithm> Available { get; } = Ed25519.IsAvailable
        ? [JwsAlgorithm.ES256, JwsAlgorithm.EdDSA, JwsAlgorithm.ES384, JwsAlgorithm.PS256, JwsAlgorithm.RS256]
        : [JwsAlgorithm.ES256, JwsAlgorithm.ES384, JwsAlgorithm.PS256, JwsAlgorithm.RS256];

    internal static bool IsEc(this JwsAlgorithm a) => a is JwsAlgorithm.ES256 or JwsAlgorithm.ES384;
    internal static bool IsRsa(this JwsAlgorithm a) => a is JwsAlgorithm.RS256 or JwsAlgorithm.PS256;
    internal static HashAlgorithmName Hash(this JwsAlgorithm a) => a == JwsAlgorithm.ES384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
    internal static ECCurve Curve(this JwsAlgorithm a) => a == JwsAlgorithm.ES384 ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256;
    internal static string CurveName(this JwsAlgorithm a) => a == JwsAlgorithm.ES384 ? "P-384" : "P-256";
    internal static int CoordinateSize(this JwsAlgorithm a) => a == JwsAlgorithm.ES384 ? 48 : 32;
    internal static RSASignaturePadding Padding(this JwsAlgorithm a) => a == JwsAlgorithm.PS256 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
}
