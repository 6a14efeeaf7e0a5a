using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Jose;

/// <summary>The public members of a key, in the order RFC 7638 section 3.2 hashes them.</summary>
internal static class Jwk
{
    public static string Ec(JwsAlgorithm algorithm, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y) =>
        $$"""{"crv":"{{algorithm.CurveName()}}","kty":"EC","x":"{{StrictBase64Url.Encode(x)}}","y":"{{StrictBase64Url.Encode(y)}}"}""";

    public static string Rsa(ReadOnlySpan<byte> n, ReadOnlySpan<byte> e) =>
        $$"""{"e":"{{StrictBase64Url.Encode(e)}}","kty":"RSA","n":"{{StrictBase64Url.Encode(n)}}"}""";

    public static string Okp(ReadOnlySpan<byte> x) =>
        $$"""{"crv":"Ed25519","kty":"OKP","x":"{{StrictBase64Url.Encode(x)}}"}""";

    public static string Thumbprint(string members) => StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(members)));

    /// <summary>The members with alg, kid and use added.</summary>
    public static string Complete(string members, JwsAlgorithm algorithm, string kid) =>
        $$"""{{members[..^1]}},"alg":"{{algorithm.Name()}}","kid":"{{kid}}","use":"sig"}""";
}
