using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Jose;

/// <summary>A public key bound to one algorithm; what a token's header says does not change it. Safe to share between threads.</summary>
public sealed class VerificationKey
{
    private readonly KeyPool<ECDsa>? ec;
    private readonly KeyPool<RSA>? rsa;
    private readonly Ed25519.Handle? ed;
    private readonly int signatureSize;

    private VerificationKey(JwsAlgorithm algorithm, string kid, int signatureSize, KeyPool<ECDsa>? ec, KeyPool<RSA>? rsa, Ed25519.Handle? ed) =>
        (Algorithm, Kid, this.signatureSize, this.ec, this.rsa, this.ed) = (algorithm, kid, signatureSize, ec, rsa, ed);

    public JwsAlgorithm Algorithm { get; }

    /// <summary>The kid the key came with, or its RFC 7638 thumbprint.</summary>
    public string Kid { get; }

    /// <summary>Reads a public JWK. A key without "alg" gets the one of its curve; RSA gets <paramref name="rsaDefault"/>.</summary>
    public static bool TryFromJwk(string? jwk, [NotNullWhen(true)] out VerificationKey? key, JwsAlgorithm rsaDefault = JwsAlgorithm.RS256)
    {
        key = null;
        return jwk is { Length: <= 16 * 1024 }
            && StrictJson.TryReadObject(Encoding.UTF8.GetBytes(jwk), out var obj)
            && TryFromJwk(obj, out key, rsaDefault);
    }

    /// <inheritdoc cref="TryFromJwk(string?, out VerificationKey?, JwsAlgorithm)"/>
    public static bool TryFromJwk(JsonElement jwk, [NotNullWhen(true)] out VerificationKey? key, JwsAlgorithm rsaDefault = JwsAlgorithm.RS256)
    {
        key = null;
        if (!StrictJson.TryString(jwk, "kty", out var kty)) return false;
        if (StrictJson.Has(jwk, "use") && !(StrictJson.TryString(jwk, "use", out var use) && use == "sig")) return false;
        if (StrictJson.Has(jwk, "key_ops") && !(StrictJson.TryStrings(jwk, "key_ops", out var ops) && ops.Contains("verify", StringComparer.Ordinal))) return false;
        string? kid = null;
        if (StrictJson.Has(jwk, "kid") && !(StrictJson.TryString(jwk, "kid", out kid) && kid.Length is > 0 and <= 256)) return false;
        JwsAlgorithm? named = null;
        if (StrictJson.Has(jwk, "alg"))
        {
            if (!StrictJson.TryString(jwk, "alg", out var alg) || !JwsAlgorithms.TryParse(alg, out var parsed)) return false;
            named = parsed;
        }
        StrictJson.TryString(jwk, "crv", out var crv);
        byte[] x;
        switch (kty)
        {
            case "EC":
                var ofCurve = crv switch { "P-256" => JwsAlgorithm.ES256, "P-384" => JwsAlgorithm.ES384, _ => default };
                return ofCurve != default && (named ?? ofCurve) == ofCurve
                    && Bytes(jwk, "x", out x) && Bytes(jwk, "y", out var y)
                    && TryEc(ofCurve, x, y, out key, kid);
            case "RSA":
                var rsaAlgorithm = named ?? rsaDefault;
                return rsaAlgorithm.IsRsa() && Bytes(jwk, "n", out var n) && Bytes(jwk, "e", out var e)
                    && TryRsa(rsaAlgorithm, n, e, out key, kid);
            case "OKP":
                return crv == "Ed25519" && (named ?? JwsAlgorithm.EdDSA) == JwsAlgorithm.EdDSA
                    && Bytes(jwk, "x", out x) && TryEd25519(x, out key, kid);
            default:
                return false;
        }
    }

    /// <summary>An EC key; false unless both coordinates have the curve's exact length and the point lies on it.</summary>
    public static bool TryEc(JwsAlgorithm algorithm, byte[] x, byte[] y, [NotNullWhen(true)] out VerificationKey? key, string? kid = null)
    {
        key = null;
        if (!algorithm.IsEc() || x.Length != algorithm.CoordinateSize() || y.Length != x.Length) return false;
        var parameters = new ECParameters { Curve = algorithm.Curve(), Q = new() { X = x, Y = y } };
        var pool = new KeyPool<ECDsa>(() => ECDsa.Create(parameters));
        try
        {
            pool.Use(0, static (_, _) => 0);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
        key = new(algorithm, kid ?? Jwk.Thumbprint(Jwk.Ec(algorithm, x, y)), 2 * x.Length, pool, null, null);
        return true;
    }

    /// <summary>An RSA key; false unless the modulus has 2048 to 4096 bits and the exponent is 65537.</summary>
    public static bool TryRsa(JwsAlgorithm algorithm, byte[] n, byte[] e, [NotNullWhen(true)] out VerificationKey? key, string? kid = null)
    {
        key = null;
        if (!algorithm.IsRsa() || !IsAcceptableRsa(n, e)) return false;
        var parameters = new RSAParameters { Modulus = n, Exponent = e };
        var pool = new KeyPool<RSA>(() => RSA.Create(parameters));
        try
        {
            pool.Use(0, static (_, _) => 0);
        }
        catch (Exception x) when (x is CryptographicException or ArgumentException)
        {
            return false;
        }
        key = new(algorithm, kid ?? Jwk.Thumbprint(Jwk.Rsa(n, e)), n.Length, null, pool, null);
        return true;
    }

    /// <summary>An Ed25519 key; false where the library is missing, and for low-order points.</summary>
    public static bool TryEd25519(byte[] x, [NotNullWhen(true)] out VerificationKey? key, string? kid = null)
    {
        key = null;
        if (!Ed25519.IsAvailable || !Ed25519.TryPublicHandle(x, out var handle)) return false;
        key = new(JwsAlgorithm.EdDSA, kid ?? Jwk.Thumbprint(Jwk.Okp(x)), Ed25519.SignatureSize, null, null, handle);
        return true;
    }

    /// <summary>True when a JOSE signature (ECDSA: r and s side by side) is good. Never throws.</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        signature.Length == signatureSize && Verify(data, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>True when a WebAuthn signature (ECDSA: DER) is good. Never throws.</summary>
    public bool VerifyDer(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        (ec is null ? signature.Length == signatureSize : signature.Length is >= 8 and <= 110)
        && Verify(data, signature, DSASignatureFormat.Rfc3279DerSequence);

    internal static bool IsAcceptableRsa([NotNullWhen(true)] byte[]? n, [NotNullWhen(true)] byte[]? e) =>
        n is { Length: >= 256 and <= 512 } && (n[0] & 0x80) != 0 && (n[^1] & 1) == 1 && e is [1, 0, 1];

    private bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, DSASignatureFormat format)
    {
        try
        {
            var input = new Input(data, signature, Algorithm, format);
            return ec is not null ? ec.Use(input, static (key, i) => key.VerifyData(i.Data, i.Signature, i.Algorithm.Hash(), i.Format))
                : rsa is not null ? rsa.Use(input, static (key, i) => key.VerifyData(i.Data, i.Signature, i.Algorithm.Hash(), i.Algorithm.Padding()))
                : ed is not null && Ed25519.Verify(ed, data, signature);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool Bytes(JsonElement jwk, string name, out byte[] bytes)
    {
        bytes = [];
        return StrictJson.TryString(jwk, name, out var text) && StrictBase64Url.TryDecode(text, 1024, out bytes);
    }

    private readonly ref struct Input(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, JwsAlgorithm algorithm, DSASignatureFormat format)
    {
        public readonly ReadOnlySpan<byte> Data = data;
        public readonly ReadOnlySpan<byte> Signature = signature;
        public readonly JwsAlgorithm Algorithm = algorithm;
        public readonly DSASignatureFormat Format = format;
    }
}
