using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Jose;

namespace Gatehouse.Tests.Jose;

public class JwtTests
{
    private static readonly SigningKey[] Keys = [.. JwsAlgorithms.Available.Select(SigningKey.Generate)];

    public static TheoryData<JwsAlgorithm> Algorithms => [.. JwsAlgorithms.Available];

    private static SigningKey Key(JwsAlgorithm a) => Keys.Single(k => k.Kind == a);

    private static VerificationKey? Find(string kid) => Keys.FirstOrDefault(k => k.Kid == kid)?.Verifier();

    private static string Part(string json) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(json));

    private static string Signed(SigningKey key, string header, string payload = "{}")
    {
        var head = $"{Part(header)}.{Part(payload)}";
        return $"{head}.{StrictBase64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(head)))}";
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void A_signed_token_verifies_with_the_public_key_and_after_storing_the_private_one(JwsAlgorithm algorithm)
    {
        var again = SigningKey.Import(algorithm, Key(algorithm).ExportPkcs8());
        Assert.Equal(Key(algorithm).Kid, again.Kid);
        var token = Jwt.Sign(again, "at+jwt", new JsonObject { ["sub"] = "anna" });
        var payload = Jwt.Verify(token, Find, "at+jwt", out var fault);
        Assert.Equal(JwtFault.None, fault);
        Assert.Equal("anna", payload!.Value.GetProperty("sub").GetString());
        var jwk = JsonNode.Parse(again.PublicJwk)!;
        Assert.Equal(("sig", again.Kid, again.Algorithm), ((string)jwk["use"]!, (string)jwk["kid"]!, (string)jwk["alg"]!));
        Assert.Null(jwk["d"]);
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void No_mutated_token_verifies_and_none_throws(JwsAlgorithm algorithm)
    {
        var key = Key(algorithm);
        var verifier = key.Verifier();
        var token = Jwt.Sign(key, "JWT", """{"sub":"anna","n":12345}"""u8);
        var random = new Random(1);
        for (var i = 0; i < token.Length; i++)
        {
            Assert.Null(Jwt.Verify(token.Remove(i, 1), _ => verifier, "JWT"));
            Assert.Null(Jwt.Verify(token[..i], _ => verifier, "JWT"));
            foreach (var c in (char[])['A', '.', '=', ' ', 'é', (char)random.Next(1, 0xFFFF)])
            {
                var replaced = token.Remove(i, 1).Insert(i, c.ToString());
                if (replaced != token) Assert.Null(Jwt.Verify(replaced, _ => verifier, "JWT"));
                Assert.Null(Jwt.Verify(token.Insert(i, c.ToString()), _ => verifier, "JWT"));
            }
        }
    }

    [Fact]
    public void The_headers_attackers_write_are_refused()
    {
        var key = Key(JwsAlgorithm.ES256);
        void Refused(string header, JwtFault expected)
        {
            Assert.Null(Jwt.Verify(Signed(key, header), k => k == key.Kid ? key.Verifier() : null, "JWT", out var fault));
            Assert.Equal(expected, fault);
        }

        var kid = key.Kid;
        Refused($$"""{"alg":"none","kid":"{{kid}}","typ":"JWT"}""", JwtFault.WrongAlgorithm);
        Refused($$"""{"alg":"HS256","kid":"{{kid}}","typ":"JWT"}""", JwtFault.WrongAlgorithm);
        Refused($$"""{"alg":"RS256","kid":"{{kid}}","typ":"JWT"}""", JwtFault.WrongAlgorithm);
        Refused($$"""{"alg":"es256","kid":"{{kid}}","typ":"JWT"}""", JwtFault.WrongAlgorithm);
        Refused($$"""{"alg":"ES256","kid":"{{kid}}","typ":"JWT","crit":["exp"]}""", JwtFault.CriticalHeader);
        Refused($$"""{"alg":"ES256","kid":"{{kid}}","typ":"JWT","b64":false}""", JwtFault.CriticalHeader);
        Refused($$"""{"alg":"ES256","kid":"{{kid}}","typ":"at+jwt"}""", JwtFault.WrongType);
        Refused($$"""{"alg":"ES256","kid":"{{kid}}","typ":"jwt"}""", JwtFault.WrongType);
        Refused($$"""{"alg":"ES256","kid":"{{kid}}"}""", JwtFault.WrongType);
        Refused($$"""{"alg":"ES256","kid":"{{kid}}","typ":1}""", JwtFault.WrongType);
        Refused("""{"alg":"ES256","kid":"other","typ":"JWT"}""", JwtFault.UnknownKey);
        Refused("""{"alg":"ES256","kid":1,"typ":"JWT"}""", JwtFault.BadHeader);
        Refused($$"""{"alg":"ES256","typ":"JWT","jwk":{{key.PublicJwk}}}""", JwtFault.UnknownKey);
        Refused($$"""{"alg":"ES256","alg":"ES256","kid":"{{kid}}","typ":"JWT"}""", JwtFault.BadHeader);
        Refused($$"""{"kid":"{{kid}}","typ":"JWT"}""", JwtFault.BadHeader);
        Assert.NotNull(Jwt.Verify(Signed(key, $$"""{"alg":"ES256","kid":"{{kid}}","typ":"JWT"}"""), _ => key.Verifier(), "JWT"));
    }

    [Fact]
    public void A_token_keyed_with_the_public_key_as_secret_is_refused()
    {
        var key = Key(JwsAlgorithm.RS256);
        var head = $"{Part($$"""{"alg":"HS256","kid":"{{key.Kid}}","typ":"JWT"}""")}.{Part("{}")}";
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.PublicJwk), Encoding.ASCII.GetBytes(head));
        Assert.Null(Jwt.Verify($"{head}.{StrictBase64Url.Encode(mac)}", _ => key.Verifier(), "JWT"));
    }

    [Fact]
    public void Odd_shapes_are_refused()
    {
        var key = Key(JwsAlgorithm.ES256);
        VerificationKey? Any(string _) => key.Verifier();
        var good = Jwt.Sign(key, "JWT", "{}"u8);
        foreach (var bad in (string?[])[null, "", ".", "..", "...", good + ".", "." + good, good + ".x", good + " ", good[..good.LastIndexOf('.')] + ".", new string('a', 20_000)])
            Assert.Null(Jwt.Verify(bad, Any, "JWT"));
        Assert.Null(Jwt.Verify(Signed(key, $$"""{"alg":"ES256","kid":"{{key.Kid}}","typ":"JWT"}""", "[]"), Any, "JWT", out var fault));
        Assert.Equal(JwtFault.BadPayload, fault);
        Assert.Null(Jwt.Verify(Signed(key, $$"""{"alg":"ES256","kid":"{{key.Kid}}","typ":"JWT"}""", """{"a":1,"a":2}"""), Any, "JWT"));
        // DER is not JOSE.
        var parts = good.Split('.');
        using var ec = ECDsa.Create();
        ec.ImportPkcs8PrivateKey(key.ExportPkcs8(), out _);
        var der = ec.SignData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        Assert.Null(Jwt.Verify($"{parts[0]}.{parts[1]}.{StrictBase64Url.Encode(der)}", Any, "JWT"));
    }

    [Fact]
    public void A_foreign_token_may_leave_its_type_out()
    {
        var key = Key(JwsAlgorithm.ES256);
        Assert.NotNull(Jwt.VerifyForeign(Signed(key, $$"""{"alg":"ES256","kid":"{{key.Kid}}"}"""), Find, "JWT", out _));
        Assert.Null(Jwt.VerifyForeign(Signed(key, $$"""{"alg":"ES256","kid":"{{key.Kid}}","typ":"at+jwt"}"""), Find, "JWT", out _));
    }

    [Fact]
    public void The_thumbprint_is_the_one_of_RFC_7638()
    {
        // RFC 7638 section 3.1.
        const string jwk = """{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256"}""";
        Assert.True(VerificationKey.TryFromJwk(jwk, out var key));
        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", key.Kid);
    }

    [Fact]
    public void Weak_and_mismatched_public_keys_are_not_read()
    {
        var good = JsonNode.Parse(Key(JwsAlgorithm.ES256).PublicJwk)!.AsObject();
        void Refused(Action<JsonObject> change, JsonObject? from = null)
        {
            var jwk = (from ?? good).DeepClone().AsObject();
            change(jwk);
            Assert.False(VerificationKey.TryFromJwk(jwk.ToJsonString(), out _), jwk.ToJsonString());
        }

        Refused(j => j["alg"] = "RS256");
        Refused(j => j["alg"] = "HS256");
        Refused(j => j["crv"] = "secp256k1");
        Refused(j => j["crv"] = "P-384");
        Refused(j => j["use"] = "enc");
        Refused(j => j["kty"] = "oct");
        Refused(j => j["x"] = j["y"]!.DeepClone());
        Refused(j => j["x"] = "AA" + (string)j["x"]!);
        Refused(j => j["x"] = StrictBase64Url.Encode(new byte[32]));
        Refused(j => j.Remove("y"));
        var rsa = JsonNode.Parse(Key(JwsAlgorithm.RS256).PublicJwk)!.AsObject();
        Refused(j => j["e"] = "Aw", rsa);
        Refused(j => j["e"] = "AQ", rsa);
        Refused(j => j["alg"] = "ES256", rsa);
        using var small = RSA.Create(1024);
        Refused(j => j["n"] = StrictBase64Url.Encode(small.ExportParameters(false).Modulus), rsa);
        Assert.False(VerificationKey.TryFromJwk("{}", out _));
        Assert.False(VerificationKey.TryFromJwk(null as string, out _));
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void One_key_serves_many_threads(JwsAlgorithm algorithm)
    {
        var key = SigningKey.Import(algorithm, Key(algorithm).ExportPkcs8());
        var verifier = key.Verifier();
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var data = BitConverter.GetBytes(i);
            Assert.True(verifier.Verify(data, key.Sign(data)));
        });
    }

    [Fact]
    public void A_key_of_another_kind_is_not_imported()
    {
        var ec = Key(JwsAlgorithm.ES256).ExportPkcs8();
        Assert.Throws<CryptographicException>(() => SigningKey.Import(JwsAlgorithm.ES384, ec));
        Assert.ThrowsAny<CryptographicException>(() => SigningKey.Import(JwsAlgorithm.RS256, ec));
        Assert.Throws<CryptographicException>(() => SigningKey.Import(JwsAlgorithm.EdDSA, ec));
    }
}
