using System.Security.Cryptography;

namespace Gatehouse.Jose;

/// <summary>A private key bound to one algorithm. Safe to share between threads.</summary>
public sealed class SigningKey
{
    // RFC 8410 section 7: version 0, id-Ed25519, an OCTET STRING around the 32-byte seed.
    private static readonly byte[] Ed25519Frame = Convert.FromHexString("302e020100300506032b657004220420");

    private readonly KeyPool<ECDsa>? ec;
    private readonly KeyPool<RSA>? rsa;
    private readonly Ed25519.Handle? ed;
    private readonly byte[] pkcs8;

    private SigningKey(JwsAlgorithm algorithm, byte[] pkcs8)
    {
        Kind = algorithm;
        Algorithm = algorithm.Name();
        this.pkcs8 = pkcs8;
        string members;
        if (algorithm.IsEc())
        {
            ec = new(() =>
            {
                var key = ECDsa.Create();
                key.ImportPkcs8PrivateKey(pkcs8, out _);
                return key;
            });
            members = ec.Use(algorithm, static (key, a) =>
            {
                var p = key.ExportParameters(includePrivateParameters: false);
                if (!p.Curve.IsNamed || p.Curve.Oid.Value != a.Curve().Oid.Value)
                    throw new CryptographicException($"{a.Name()} needs a key on {a.CurveName()}");
                return Jwk.Ec(a, p.Q.X, p.Q.Y);
            });
        }
        else if (algorithm.IsRsa())
        {
            rsa = new(() =>
            {
                var key = RSA.Create();
                key.ImportPkcs8PrivateKey(pkcs8, out _);
                return key;
            });
            members = rsa.Use(0, static (key, _) =>
            {
                var p = key.ExportParameters(includePrivateParameters: false);
                if (!VerificationKey.IsAcceptableRsa(p.Modulus, p.Exponent))
                    throw new CryptographicException("an RSA key needs 2048 to 4096 bits and the exponent 65537");
                return Jwk.Rsa(p.Modulus, p.Exponent);
            });
        }
        else
        {
            if (pkcs8.Length != Ed25519Frame.Length + Ed25519.KeySize || !pkcs8.AsSpan().StartsWith(Ed25519Frame))
                throw new CryptographicException("not an Ed25519 private key");
            ed = Ed25519.PrivateHandle(pkcs8.AsSpan(Ed25519Frame.Length));
            members = Jwk.Okp(Ed25519.PublicKey(ed));
        }
        Kid = Jwk.Thumbprint(members);
        PublicJwk = Jwk.Complete(members, algorithm, Kid);
    }

    /// <summary>The RFC 7638 thumbprint.</summary>
    public string Kid { get; }

    /// <summary>The name for the JWS header.</summary>
    public string Algorithm { get; }

    public JwsAlgorithm Kind { get; }

    /// <summary>The public half as a JSON object with kid, alg and use.</summary>
    public string PublicJwk { get; }

    /// <summary>A fresh key; RSA keys have 2048 bits.</summary>
    public static SigningKey Generate(JwsAlgorithm algorithm)
    {
        if (algorithm.IsEc())
        {
            using var key = ECDsa.Create(algorithm.Curve());
            return new(algorithm, key.ExportPkcs8PrivateKey());
        }
        if (algorithm.IsRsa())
        {
            using var key = RSA.Create(2048);
            return new(algorithm, key.ExportPkcs8PrivateKey());
        }
        if (algorithm != JwsAlgorithm.EdDSA) throw new ArgumentOutOfRangeException(nameof(algorithm));
        if (!Ed25519.IsAvailable) throw new PlatformNotSupportedException("Ed25519 needs libcrypto.so.3");
        return new(algorithm, [.. Ed25519Frame, .. RandomNumberGenerator.GetBytes(Ed25519.KeySize)]);
    }

    /// <summary>A key read back from PKCS#8; throws <see cref="CryptographicException"/> when it does not fit the algorithm.</summary>
    public static SigningKey Import(JwsAlgorithm algorithm, ReadOnlySpan<byte> pkcs8) => new(algorithm, pkcs8.ToArray());

    /// <summary>The private key as PKCS#8 bytes, to be sealed before it is stored.</summary>
    public byte[] ExportPkcs8() => [.. pkcs8];

    /// <summary>The signature in JOSE form (ECDSA: r and s side by side).</summary>
    public byte[] Sign(ReadOnlySpan<byte> data) =>
        ec is not null ? ec.Use(new Input(data, Kind), static (key, i) => key.SignData(i.Data, i.Algorithm.Hash()))
        : rsa is not null ? rsa.Use(new Input(data, Kind), static (key, i) => key.SignData(i.Data, i.Algorithm.Hash(), i.Algorithm.Padding()))
        : Ed25519.Sign(ed!, data);

    /// <summary>The public half, ready to verify.</summary>
    public VerificationKey Verifier() => VerificationKey.TryFromJwk(PublicJwk, out var key) ? key : throw new CryptographicException("own key cannot be read back");

    public override string ToString() => $"{Algorithm} {Kid}";

    private readonly ref struct Input(ReadOnlySpan<byte> data, JwsAlgorithm algorithm)
    {
        public readonly ReadOnlySpan<byte> Data = data;
        public readonly JwsAlgorithm Algorithm = algorithm;
    }
}
