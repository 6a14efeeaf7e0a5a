using System.Diagnostics;
using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Jose;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passkeys;

namespace Gatehouse.Tests.SignIn.Passkeys;

public class PasskeyTests
{
    private static readonly RelyingParty Rp = new("id.example.com", "https://id.example.com", "Example");
    private static readonly byte[] Challenge = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<int> Algorithms => [.. CoseAlgorithm.Offered];

    private static Outcome<NewCredential> Register(AttestationResponse response, AttestationPolicy policy = AttestationPolicy.None) =>
        VerifyAttestation.Judge(Rp, Challenge, response, policy, Now);

    private static Outcome<VerifiedAssertion> Assert_(StoredCredential stored, AssertionResponse response, bool uv = true) =>
        VerifyAssertion.Judge(Rp, Challenge, stored, response, uv);

    private static void Refused<T>(string code, Outcome<T> outcome) => Assert.Equal(code, outcome.Refusal?.Facts.Code);

    private static string B64(string text) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(text));

    /// <summary>Bends one thing for both ceremonies and expects the same refusal from both.</summary>
    private static void BothRefused(string code, Action<SoftAuthenticator> bend)
    {
        var soft = new SoftAuthenticator(-7);
        var stored = soft.Stored();
        bend(soft);
        Refused(code, Register(soft.Register(Challenge)));
        Refused(code, Assert_(stored, soft.Assert(Challenge)));
    }

    private static void BothClientDataRefused(string code, Func<byte[], byte[]> bend)
    {
        var soft = new SoftAuthenticator(-7);
        Refused(code, Register(soft.Register(Challenge, clientData: bend(soft.ClientData("webauthn.create", Challenge)))));
        Refused(code, Assert_(soft.Stored(), soft.Assert(Challenge, bend(soft.ClientData("webauthn.get", Challenge)))));
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void K18_every_offered_algorithm_registers_and_signs_in(int algorithm)
    {
        var soft = new SoftAuthenticator(algorithm) { Counter = 5 };
        var made = Register(soft.Register(Challenge)).Value;
        Assert.Equal((soft.Id, algorithm, 5u, soft.Aaguid, true, true, true, "none"),
            (made.CredentialId, made.Algorithm, made.SignCount, made.Aaguid, made.BackupEligible, made.BackedUp, made.UserVerified, made.Attestation));
        Assert.Equal(["hybrid", "internal"], made.Transports);
        Assert.Equal("KeePassXC", AuthenticatorNames.Find(made.Aaguid));

        soft.Counter = 6;
        var stored = new StoredCredential(StrictBase64Url.Encode(soft.UserHandle), made.CredentialId, made.PublicKey, made.Algorithm, made.SignCount, made.BackupEligible);
        Assert.Equal(new VerifiedAssertion(6, true, true), Assert_(stored, soft.Assert(Challenge)).Value);
        Assert.Equal(6u, Assert_(stored, soft.Assert(Challenge) with { UserHandle = null }).Value.NewSignCount);
        soft.Extensions = [0xA1, 0x61, (byte)'x', 0xF5];
        Assert.Equal(6u, Assert_(stored, soft.Assert(Challenge)).Value.NewSignCount);
        Assert.True(Register(soft.Register(Challenge)).Passed(out _, out _));
    }

    [Fact]
    public void K18_an_unknown_algorithm_is_refused_by_its_number()
    {
        var soft = new SoftAuthenticator(-7);
        var (x, y) = soft.Point();
        soft.CoseKey = SoftAuthenticator.Map((1, 2), (3, -999), (-1, 1), (-2, x), (-3, y));
        var refusal = Register(soft.Register(Challenge)).Refusal!;
        Assert.Equal("passkey.algorithm_not_offered", refusal.Facts.Code);
        Assert.Contains("-999", refusal.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void K01_another_challenge_or_ceremony_is_refused()
    {
        var soft = new SoftAuthenticator(-7);
        var other = RandomNumberGenerator.GetBytes(32);
        Refused("passkey.challenge_mismatch", Register(soft.Register(other)));
        Refused("passkey.challenge_mismatch", Assert_(soft.Stored(), soft.Assert(other)));
        Refused("passkey.challenge_mismatch", Assert_(soft.Stored(), soft.Assert([])));
        Refused("passkey.challenge_mismatch", Assert_(soft.Stored(), soft.Assert(Challenge[..31])));
        Refused("passkey.wrong_ceremony", Register(soft.Register(Challenge, clientData: soft.ClientData("webauthn.get", Challenge))));
        Refused("passkey.wrong_ceremony", Assert_(soft.Stored(), soft.Assert(Challenge, soft.ClientData("webauthn.create", Challenge))));
        Refused("passkey.wrong_ceremony", Assert_(soft.Stored(), soft.Assert(Challenge, soft.ClientData("payment.get", Challenge))));
    }

    [Theory]
    [InlineData("http://id.example.com")]
    [InlineData("https://id.example.com:8443")]
    [InlineData("https://id.example.com:443")]
    [InlineData("https://id.example.com/")]
    [InlineData("https://ID.example.com")]
    [InlineData("https://evil.id.example.com")]
    [InlineData("https://example.com")]
    [InlineData("https://id.example.com.evil.net")]
    [InlineData("https://user@id.example.com")]
    [InlineData("null")]
    [InlineData("")]
    public void K02_another_origin_is_refused_with_both_shown(string origin)
    {
        BothRefused("passkey.origin_mismatch", s => s.Origin = origin);
        var soft = new SoftAuthenticator(-7) { Origin = origin };
        var difference = Assert_(soft.Stored(), soft.Assert(Challenge)).Refusal!.Difference!;
        Assert.Equal((origin, Rp.Origin), (difference.Sent, difference.Expected));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("\"false\"")]
    [InlineData("null")]
    [InlineData("0")]
    public void K02_a_cross_origin_frame_is_refused(string value) => BothClientDataRefused("passkey.cross_origin",
        b => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(b).Replace("\"crossOrigin\":false", $"\"crossOrigin\":{value}", StringComparison.Ordinal)));

    [Fact]
    public void K02_a_top_origin_is_refused() => BothClientDataRefused("passkey.cross_origin",
        b => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(b).Replace("}", ",\"topOrigin\":\"https://evil.example\"}", StringComparison.Ordinal)));

    [Fact]
    public void K03_wrong_rp_or_missing_presence_or_verification_is_refused()
    {
        BothRefused("passkey.rp_id_mismatch", s => s.RpId = "example.com");
        BothRefused("passkey.user_not_present", s => s.Flags &= 0xFF ^ SoftAuthenticator.Present);
        BothRefused("passkey.user_not_verified", s => s.Flags &= 0xFF ^ SoftAuthenticator.Verified);
        var soft = new SoftAuthenticator(-7);
        soft.Flags &= 0xFF ^ SoftAuthenticator.Verified;
        Assert.False(Assert_(soft.Stored(), soft.Assert(Challenge), uv: false).Value.UserVerified);
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void K04_wrong_signatures_are_refused(int algorithm)
    {
        var soft = new SoftAuthenticator(algorithm);
        var good = soft.Assert(Challenge);
        Assert.True(StrictBase64Url.TryDecode(good.Signature, 1024, out var signature));
        void Bad(byte[] s) => Refused("passkey.signature_invalid", Assert_(soft.Stored(), good with { Signature = StrictBase64Url.Encode(s) }));
        Bad([]);
        Bad([.. signature, 0]);
        Bad(signature[..^1]);
        Bad(new byte[signature.Length]);
        Bad([.. Enumerable.Repeat((byte)0xFF, signature.Length)]);
        Bad(new SoftAuthenticator(algorithm).Sign([1, 2, 3]));
        // Signed the wrong way round: hash first, then data.
        Assert.True(StrictBase64Url.TryDecode(good.AuthenticatorData, 1024, out var authData));
        Assert.True(StrictBase64Url.TryDecode(good.ClientDataJson, 1024, out var clientData));
        Bad(soft.Sign([.. SHA256.HashData(clientData), .. authData]));
        Bad(soft.Sign([.. authData, .. clientData]));
        Refused("passkey.signature_invalid", Assert_(soft.Stored(), good with { Signature = good.Signature + "=" }));
        // The same key under another algorithm's number is not the stored key.
        Refused("passkey.stored_key_unreadable", Assert_(soft.Stored() with { Algorithm = algorithm == -7 ? -257 : -7 }, good));
    }

    [Fact]
    public void K04_an_ecdsa_signature_has_one_frame_only()
    {
        var soft = new SoftAuthenticator(-7);
        var good = soft.Assert(Challenge);
        Assert.True(StrictBase64Url.TryDecode(good.Signature, 1024, out var der));
        void Bad(byte[] s) => Refused("passkey.signature_invalid", Assert_(soft.Stored(), good with { Signature = StrictBase64Url.Encode(s) }));
        Bad([0x30, (byte)(der[1] + 2), .. der[2..], 0x05, 0x00]);
        Bad([0x30, 0x81, .. der[1..]]);
        Bad([0x30, 0x80, .. der[2..], 0, 0]);
        Bad([0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]);
        var reader = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        var (r, s) = (reader.ReadInteger().ToByteArray(true, true), reader.ReadInteger().ToByteArray(true, true));
        Bad([.. new byte[32 - r.Length], .. r, .. new byte[32 - s.Length], .. s]);
    }

    [Fact]
    public void K04_keys_that_are_no_safe_keys_are_refused()
    {
        var soft = new SoftAuthenticator(-7);
        var (x, y) = soft.Point();
        void Bad(params (int, object)[] key)
        {
            soft.CoseKey = SoftAuthenticator.Map(key);
            var code = Register(soft.Register(Challenge)).Refusal?.Facts.Code;
            Assert.True(code is "passkey.key_invalid" or "passkey.malformed", code);
            Refused("passkey.stored_key_unreadable", Assert_(soft.Stored(), soft.Assert(Challenge)));
        }

        Bad((1, 2), (3, -7), (-1, 1), (-2, x), (-3, x));
        Bad((1, 2), (3, -7), (-1, 1), (-2, new byte[32]), (-3, new byte[32]));
        Bad((1, 2), (3, -7), (-1, 1), (-2, (byte[])[0, .. x]), (-3, (byte[])[0, .. y]));
        Bad((1, 2), (3, -7), (-1, 2), (-2, x), (-3, y));
        Bad((1, 2), (3, -7), (-1, 8), (-2, x), (-3, y));
        Bad((1, 2), (3, -35), (-1, 2), (-2, x), (-3, y));
        Bad((1, 2), (3, -35), (-1, 1), (-2, x), (-3, y));
        Bad((1, 1), (3, -7), (-1, 1), (-2, x), (-3, y));
        Bad((1, 2), (3, -257), (-1, 1), (-2, x), (-3, y));
        Bad((1, 2), (3, -7), (-1, 1), (-2, x));
        Bad((1, 2), (3, -7));
        Bad((1, 3), (3, -257), (-1, new byte[256]), (-2, (byte[])[1, 0, 1]));
        var n = new SoftAuthenticator(-257).CoseKey;
        var modulus = n[^261..^5];
        Bad((1, 3), (3, -257), (-1, modulus), (-2, (byte[])[1]));
        Bad((1, 3), (3, -257), (-1, modulus), (-2, (byte[])[3]));
        Bad((1, 3), (3, -257), (-1, (byte[])[.. modulus[..127], 1]), (-2, (byte[])[1, 0, 1]));
        Bad((1, 1), (3, -8), (-1, 6), (-2, (byte[])[1, .. new byte[31]]));
        Bad((1, 1), (3, -8), (-1, 6), (-2, new byte[31]));
    }

    [Fact]
    public void K06_a_counter_that_goes_back_or_stands_still_is_refused_after_proof()
    {
        var soft = new SoftAuthenticator(-7) { Counter = 9 };
        Assert.True(Assert_(soft.Stored(8), soft.Assert(Challenge)).Passed(out _, out _));
        foreach (var stored in (uint[])[9, 10, uint.MaxValue])
        {
            var outcome = Assert_(soft.Stored(stored), soft.Assert(Challenge));
            Refused("passkey.counter_went_back", outcome);
            Assert.Equal(Audience.AfterProof, outcome.Refusal!.Facts.Audience);
        }
        soft.Counter = 0;
        Refused("passkey.counter_went_back", Assert_(soft.Stored(1), soft.Assert(Challenge)));
        Assert.Equal(0u, Assert_(soft.Stored(0), soft.Assert(Challenge)).Value.NewSignCount);
        // A forged signature learns nothing about the counter.
        Refused("passkey.signature_invalid", Assert_(soft.Stored(1), soft.Assert(Challenge) with { Signature = "AAAA" }));
    }

    [Fact]
    public void K07_a_registration_is_for_the_id_the_browser_names()
    {
        var soft = new SoftAuthenticator(-7);
        Refused("passkey.credential_id_invalid", Register(soft.Register(Challenge) with { Id = new SoftAuthenticator(-7).Id }));
        soft.CredentialId = new byte[8];
        Refused("passkey.credential_id_invalid", Register(soft.Register(Challenge)));
        soft.CredentialId = new byte[1024];
        Refused("passkey.malformed", Register(soft.Register(Challenge)));
        Assert.Equal("AAAAAAAAAAAA", PasskeyAlreadyRegistered.Of(new string('A', 40)).CredentialId);
    }

    [Fact]
    public void K08_client_data_that_is_not_one_clean_object_is_refused()
    {
        void Bad(Func<string, string> bend) => BothClientDataRefused("passkey.malformed", b => Encoding.UTF8.GetBytes(bend(Encoding.UTF8.GetString(b))));
        Bad(s => "\uFEFF" + s);
        Bad(s => s.Replace("{", "{\"origin\":\"https://evil.example\",", StringComparison.Ordinal));
        Bad(s => s.Replace("{", "{\"or\\u0069gin\":\"https://evil.example\",", StringComparison.Ordinal));
        Bad(s => s + s);
        Bad(s => s + "x");
        Bad(s => $"[{s}]");
        Bad(s => s.Replace("}", $",\"x\":\"{new string('x', 1 << 20)}\"}}", StringComparison.Ordinal));
        Bad(s => s.Replace("\"type\"", "\"Type\"", StringComparison.Ordinal));
        Bad(s => s.Replace("\"type\":", "\"type\":1,\"t\":", StringComparison.Ordinal));
        Bad(_ => "");
        Bad(s => s.Replace("https", "https\\ud800", StringComparison.Ordinal));
        BothClientDataRefused("passkey.malformed", b => [.. b[..5], 0xFF, .. b[5..]]);
    }

    [Fact]
    public void K08_extra_members_are_fine()
    {
        var soft = new SoftAuthenticator(-7);
        const string more = ",\"other_keys_can_be_added_here\":\"do not compare\",\"nested\":{\"a\":[1,2]}";
        Assert.True(Register(soft.Register(Challenge, clientData: soft.ClientData("webauthn.create", Challenge, more))).Passed(out _, out _));
        Assert.True(Assert_(soft.Stored(), soft.Assert(Challenge, soft.ClientData("webauthn.get", Challenge, more))).Passed(out _, out _));
    }

    [Fact]
    public void K09_a_challenge_in_another_spelling_is_refused_the_same_way()
    {
        var text = StrictBase64Url.Encode(Challenge);
        foreach (var spelling in (string[])[text + "=", text + " ", text[..^1] + "B", Convert.ToBase64String(Challenge), text.Replace('A', '+'), "%41" + text, ""])
            BothClientDataRefused("passkey.challenge_mismatch",
                b => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(b).Replace(text, spelling, StringComparison.Ordinal)));
        var soft = new SoftAuthenticator(-7);
        var good = soft.Assert(Challenge);
        Refused("passkey.malformed", Assert_(soft.Stored(), good with { ClientDataJson = good.ClientDataJson + "=" }));
        Refused("passkey.malformed", Assert_(soft.Stored(), good with { AuthenticatorData = "!" + good.AuthenticatorData }));
    }

    public static TheoryData<string> HostileCbor => new(
        "bf63666d74646e6f6e65ff", // indefinite map
        "9fff", "5f41004100ff", "7f6161ff", "ff", "", "00", "a0", "a3", "f6",
        "bb00000001000000006161", "5b0000000100000000", "9b0000000100000000", "9bffffffffffffffff", "5bffffffffffffffff", "bbffffffffffffffff", "7bffffffffffffffff",
        "a363666d74646e6f6e6563666d74646e6f6e656761747453746d74a0", // duplicate keys
        "c0a0", "d9d9f7a0", "1c", "fc", "1d00",
        string.Concat(Enumerable.Repeat("81", 1000)) + "00",
        string.Concat(Enumerable.Repeat("a100", 1000)) + "00",
        string.Concat(Enumerable.Repeat("9f", 1000)),
        string.Concat(Enumerable.Repeat("d9d9f7", 1000)) + "00",
        "99c000" + string.Concat(Enumerable.Repeat("00", 0xC000)),
        string.Concat(Enumerable.Repeat("81", 40_000)));

    [Theory, MemberData(nameof(HostileCbor))]
    public void K10_hostile_cbor_is_refused_quickly_and_cheaply(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        var soft = new SoftAuthenticator(-7);
        var good = soft.Register(Challenge);
        void All()
        {
            Refused("passkey.malformed", Register(good with { AttestationObject = StrictBase64Url.Encode(bytes) }));
            soft.CoseKey = bytes;
            Assert.NotNull(Register(soft.Register(Challenge)).Refusal);
            Assert.NotNull(Assert_(soft.Stored(), soft.Assert(Challenge)).Refusal);
            soft.CoseKey = new SoftAuthenticator(-7).CoseKey;
            soft.Flags |= SoftAuthenticator.WithExtensions;
            soft.Tail = bytes;
            if (hex != "a0") Refused("passkey.malformed", Assert_(soft.Stored(), soft.Assert(Challenge)));
            soft.Tail = [];
            soft.Flags &= 0xFF ^ SoftAuthenticator.WithExtensions;
        }

        All();
        var text = StrictBase64Url.Encode(bytes);
        var bent = good with { AttestationObject = text };
        Register(bent);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.GetTimestamp();
        Register(bent);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        Assert.True(Stopwatch.GetElapsedTime(clock) < TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public void K10_trailing_bytes_are_refused()
    {
        BothRefused("passkey.malformed", s => s.Tail = [0]);
        BothRefused("passkey.malformed", s => (s.Extensions, s.Tail) = ([0xA0], [0]));
        BothRefused("passkey.malformed", s => s.Extensions = [0x80]);
        var soft = new SoftAuthenticator(-7);
        var good = soft.Register(Challenge);
        Assert.True(StrictBase64Url.TryDecode(good.AttestationObject, 65536, out var bytes));
        Refused("passkey.malformed", Register(good with { AttestationObject = StrictBase64Url.Encode([.. bytes, 0]) }));
        Refused("passkey.malformed", Register(good with { AttestationObject = StrictBase64Url.Encode(bytes[..^1]) }));
        // An assertion carries no credential.
        soft.Flags |= SoftAuthenticator.WithCredential;
        Refused("passkey.malformed", Assert_(soft.Stored(), soft.Assert(Challenge)));
    }

    private static Action<CborWriter, byte[]> Packed(int algorithm, Func<byte[], byte[]> sign, byte[]? certificate = null) => (writer, signed) =>
    {
        writer.WriteStartMap(certificate is null ? 2 : 3);
        writer.WriteTextString("alg");
        writer.WriteInt32(algorithm);
        writer.WriteTextString("sig");
        writer.WriteByteString(sign(signed));
        if (certificate is not null)
        {
            writer.WriteTextString("x5c");
            writer.WriteStartArray(1);
            writer.WriteByteString(certificate);
            writer.WriteEndArray();
        }
        writer.WriteEndMap();
    };

    [Theory, MemberData(nameof(Algorithms))]
    public void K11_self_attestation_is_accepted_when_it_is_good(int algorithm)
    {
        var soft = new SoftAuthenticator(algorithm);
        Assert.Equal("self", Register(soft.Register(Challenge, "packed", Packed(algorithm, soft.Sign))).Value.Attestation);
        Refused("passkey.attestation_invalid", Register(soft.Register(Challenge, "packed", Packed(algorithm, _ => soft.Sign([1])))));
        Refused("passkey.attestation_invalid", Register(soft.Register(Challenge, "packed", Packed(-999, soft.Sign))));
        Refused("passkey.attestation_invalid", Register(soft.Register(Challenge, "packed")));
        Refused("passkey.attestation_invalid", Register(soft.Register(Challenge, "none", Packed(algorithm, soft.Sign))));
    }

    [Theory]
    [InlineData("android-safetynet")]
    [InlineData("tpm")]
    [InlineData("PACKED")]
    [InlineData("")]
    [InlineData("<script>")]
    public void K11_an_unknown_format_is_refused_by_name(string format)
    {
        var refusal = Register(new SoftAuthenticator(-7).Register(Challenge, format), AttestationPolicy.Direct).Refusal!;
        Assert.Equal("passkey.attestation_not_accepted", refusal.Facts.Code);
        Assert.Contains($"\"{format}\"", refusal.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void K11_an_attestation_certificate_is_recorded_where_the_policy_asks_for_it()
    {
        var soft = new SoftAuthenticator(-7);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] Certificate(DateTimeOffset until, bool authority = false, Guid? model = null)
        {
            var request = new CertificateRequest("C=SE,O=Example,OU=Authenticator Attestation,CN=Example", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
            request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.45724.1.1.4", [0x04, 0x10, .. (model ?? soft.Aaguid).ToByteArray(bigEndian: true)], false));
            using var made = request.CreateSelfSigned(Now.AddYears(-5), until);
            return made.RawData;
        }

        byte[] Sign(byte[] d) => key.SignData(d, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        AttestationResponse Response(byte[] certificate, Func<byte[], byte[]>? sign = null) => soft.Register(Challenge, "packed", Packed(-7, sign ?? Sign, certificate));

        var good = Certificate(Now.AddYears(1));
        Refused("passkey.attestation_not_accepted", Register(Response(good)));
        Assert.Equal("packed", Register(Response(good), AttestationPolicy.Direct).Value.Attestation);
        void Bad(AttestationResponse r) => Refused("passkey.attestation_invalid", Register(r, AttestationPolicy.Direct));
        Bad(Response(Certificate(Now.AddDays(-1))));
        Bad(Response(Certificate(Now.AddYears(1), authority: true)));
        Bad(Response(Certificate(Now.AddYears(1), model: Guid.NewGuid())));
        Bad(Response(good, soft.Sign));
        Bad(Response([]));
        Bad(Response([0x30, 0x00]));
        Bad(Response([.. good, 0]));
        Bad(Response(good[..^20]));
    }

    [Fact]
    public void K12_contradictory_backup_flags_are_refused()
    {
        BothRefused("passkey.backup_flags", s => s.Flags &= 0xFF ^ SoftAuthenticator.Eligible);
        var soft = new SoftAuthenticator(-7);
        Refused("passkey.backup_eligibility_changed", Assert_(soft.Stored() with { BackupEligible = false }, soft.Assert(Challenge)));
        soft.Flags &= 0xFF ^ SoftAuthenticator.BackedUp;
        Assert.False(Assert_(soft.Stored(), soft.Assert(Challenge)).Value.BackedUp);
    }

    [Fact]
    public void K19_another_credential_or_owner_than_the_expected_one_is_refused()
    {
        var (soft, other) = (new SoftAuthenticator(-7), new SoftAuthenticator(-7));
        Refused("passkey.other_credential", Assert_(soft.Stored(), other.Assert(Challenge)));
        Refused("passkey.signature_invalid", Assert_(soft.Stored(), other.Assert(Challenge) with { Id = soft.Id, UserHandle = null }));
        Refused("passkey.user_handle_mismatch", Assert_(soft.Stored(), soft.Assert(Challenge) with { UserHandle = B64("somebody else, really") }));
    }

    [Fact]
    public void Refusals_before_the_signature_look_the_same_outside()
    {
        var shared = RefusalCatalogue.All.Where(i => i.Type.Namespace == "Gatehouse.SignIn.Passkeys" && i.Entry.Audience == Audience.ToAnyone
            && i.Type != typeof(PasskeyCeremonyFailed)).ToList();
        Assert.NotEmpty(shared);
        Assert.Single(shared.Select(i => (i.Entry.Public, i.Entry.Wire, i.Entry.Status, i.Entry.CodeForStrangers)).Distinct());
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void No_random_mutation_verifies_and_none_throws(int algorithm)
    {
        var random = new Random(algorithm);
        var soft = new SoftAuthenticator(algorithm);
        var assertion = soft.Assert(Challenge) with { UserHandle = null };
        var registration = soft.Register(Challenge, "packed", Packed(algorithm, soft.Sign));
        for (var i = 0; i < 3000; i++)
        {
            var bent = random.Next(3) switch
            {
                0 => assertion with { ClientDataJson = Mutate(assertion.ClientDataJson) },
                1 => assertion with { AuthenticatorData = Mutate(assertion.AuthenticatorData) },
                _ => assertion with { Signature = Mutate(assertion.Signature) },
            };
            if (bent != assertion) Assert.NotNull(Assert_(soft.Stored(), bent).Refusal);
            var bentKey = soft.Stored() with { PublicKey = MutateBytes(soft.CoseKey) };
            if (!bentKey.PublicKey.AsSpan().SequenceEqual(soft.CoseKey)) Assert.NotNull(Assert_(bentKey, assertion).Refusal);
            // Self attestation signs all of a registration.
            var object_ = Mutate(registration.AttestationObject);
            if (object_ != registration.AttestationObject) Assert.NotNull(Register(registration with { AttestationObject = object_ }).Refusal);
        }

        string Mutate(string text)
        {
            StrictBase64Url.TryDecode(text, 65536, out var bytes);
            return StrictBase64Url.Encode(MutateBytes(bytes));
        }

        byte[] MutateBytes(byte[] bytes)
        {
            var list = bytes.ToList();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(list.Count);
                switch (random.Next(5))
                {
                    case 0: list[at] ^= (byte)(1 << random.Next(8)); break;
                    case 1: list[at] = (byte)random.Next(256); break;
                    case 2: list.Insert(at, (byte)random.Next(256)); break;
                    case 3: list.RemoveAt(at); break;
                    default: list.RemoveRange(at, Math.Min(list.Count - at - 1, random.Next(20))); break;
                }
                if (list.Count == 0) list.Add(0);
            }
            return [.. list];
        }
    }

    [Fact]
    public void What_the_browser_posts_is_read_strictly()
    {
        var soft = new SoftAuthenticator(-7);
        var a = soft.Assert(Challenge);
        string Json(string id, string type = "public-key", string handle = "null") =>
            $$"""{"id":"{{id}}","rawId":"{{id}}","type":"{{type}}","response":{"clientDataJSON":"{{a.ClientDataJson}}","authenticatorData":"{{a.AuthenticatorData}}","signature":"{{a.Signature}}","userHandle":{{handle}} },"clientExtensionResults":{} }""";
        Assert.True(AssertionResponse.TryRead(Encoding.UTF8.GetBytes(Json(soft.Id)), out var read));
        Assert.Equal(a with { UserHandle = null }, read);
        Assert.True(AssertionResponse.TryRead(Encoding.UTF8.GetBytes(Json(soft.Id, handle: $"\"{a.UserHandle}\"")), out read));
        Assert.Equal(a, read);
        foreach (var bad in (string[])["", "{}", "null", Json(""), Json("a+b="), Json(soft.Id, "password"), Json(soft.Id, handle: "1"), Json(soft.Id) + "x"])
            Assert.False(AssertionResponse.TryRead(Encoding.UTF8.GetBytes(bad), out _));
        var r = soft.Register(Challenge);
        Assert.True(AttestationResponse.TryRead(Encoding.UTF8.GetBytes(
            $$"""{"id":"{{soft.Id}}","type":"public-key","response":{"clientDataJSON":"{{r.ClientDataJson}}","attestationObject":"{{r.AttestationObject}}","transports":["usb"]} }"""), out var made));
        Assert.True(Register(made).Passed(out var credential, out _) && credential.Transports is ["usb"]);
    }

    [Fact]
    public void Options_ask_for_a_discoverable_verified_passkey()
    {
        var options = RegistrationOptions.Build(Rp, Challenge, new byte[32], "anna", "Anna", [new("AAAA", ["usb"])], AttestationPolicy.None, TimeSpan.FromMinutes(5));
        Assert.Equal("required", (string)options["authenticatorSelection"]!["residentKey"]!);
        Assert.Equal("required", (string)options["authenticatorSelection"]!["userVerification"]!);
        Assert.Equal("none", (string)options["attestation"]!);
        Assert.Equal(CoseAlgorithm.Offered, options["pubKeyCredParams"]!.AsArray().Select(p => (int)p!["alg"]!));
        Assert.Equal("AAAA", (string)options["excludeCredentials"]![0]!["id"]!);
        var get = AssertionOptions.Build(Rp, Challenge, [], TimeSpan.FromMinutes(5));
        Assert.Equal((Rp.Id, StrictBase64Url.Encode(Challenge), "required"), ((string)get["rpId"]!, (string)get["challenge"]!, (string)get["userVerification"]!));
        Assert.Empty(get["allowCredentials"]!.AsArray());
    }
}
