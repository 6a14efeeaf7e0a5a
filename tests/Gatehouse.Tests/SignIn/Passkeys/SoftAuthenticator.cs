using System.Buffers.Binary;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Jose;
using Gatehouse.SignIn.Passkeys;

namespace Gatehouse.Tests.SignIn.Passkeys;

/// <summary>An authenticator and browser in one; every part of what it says can be bent.</summary>
public sealed class SoftAuthenticator
{
    public const byte Present = 0x01, Verified = 0x04, Eligible = 0x08, BackedUp = 0x10, WithCredential = 0x40, WithExtensions = 0x80;

    private readonly ECDsa? ec;
    private readonly RSA? rsa;
    private readonly byte[] seed = RandomNumberGenerator.GetBytes(32);

    public SoftAuthenticator(int algorithm)
    {
        Algorithm = algorithm;
        switch (algorithm)
        {
            case -7: ec = ECDsa.Create(ECCurve.NamedCurves.nistP256); break;
            case -35: ec = ECDsa.Create(ECCurve.NamedCurves.nistP384); break;
            case -37 or -257: rsa = RSA.Create(2048); break;
        }
        CoseKey = Cose();
    }

    public int Algorithm { get; }
    public byte[] CredentialId { get; set; } = RandomNumberGenerator.GetBytes(32);
    public byte[] UserHandle { get; set; } = RandomNumberGenerator.GetBytes(32);
    public byte[] CoseKey { get; set; }
    public byte Flags { get; set; } = Present | Verified | Eligible | BackedUp;
    public uint Counter { get; set; }
    public string RpId { get; set; } = "id.example.com";
    public string Origin { get; set; } = "https://id.example.com";
    public Guid Aaguid { get; set; } = new("fdb141b2-5d84-443e-8a35-4698c205a502");
    public byte[] Extensions { get; set; } = [];
    public byte[] Tail { get; set; } = [];
    public string Id => StrictBase64Url.Encode(CredentialId);

    public byte[] ClientData(string type, byte[] challenge, string more = "") => Encoding.UTF8.GetBytes(
        $$"""{"type":"{{type}}","challenge":"{{StrictBase64Url.Encode(challenge)}}","origin":"{{Origin}}","crossOrigin":false{{more}}}""");

    public byte[] AuthData(bool withCredential)
    {
        var flags = (byte)(Flags | (withCredential ? WithCredential : 0) | (Extensions.Length > 0 ? WithExtensions : 0));
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counter);
        byte[] credential = [];
        if (withCredential)
        {
            var length = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)CredentialId.Length);
            credential = [.. Aaguid.ToByteArray(bigEndian: true), .. length, .. CredentialId, .. CoseKey];
        }
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId)), flags, .. counter, .. credential, .. Extensions, .. Tail];
    }

    public byte[] Sign(byte[] data) => Algorithm switch
    {
        -7 => ec!.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
        -35 => ec!.SignData(data, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence),
        -37 => rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        -257 => rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        _ => Ed25519.Sign(seed, data),
    };

    public AttestationResponse Register(byte[] challenge, string format = "none", Action<CborWriter, byte[]>? statement = null, byte[]? clientData = null)
    {
        clientData ??= ClientData("webauthn.create", challenge);
        var authData = AuthData(withCredential: true);
        byte[] signed = [.. authData, .. SHA256.HashData(clientData)];
        var writer = new CborWriter();
        writer.WriteStartMap(3);
        writer.WriteTextString("fmt");
        writer.WriteTextString(format);
        writer.WriteTextString("attStmt");
        if (statement is null)
        {
            writer.WriteStartMap(0);
            writer.WriteEndMap();
        }
        else
        {
            statement(writer, signed);
        }
        writer.WriteTextString("authData");
        writer.WriteByteString(authData);
        writer.WriteEndMap();
        return new(Id, StrictBase64Url.Encode(clientData), StrictBase64Url.Encode(writer.Encode()), ["internal", "hybrid", "made-up"]);
    }

    public AssertionResponse Assert(byte[] challenge, byte[]? clientData = null)
    {
        clientData ??= ClientData("webauthn.get", challenge);
        var authData = AuthData(withCredential: false);
        return new(Id, StrictBase64Url.Encode(clientData), StrictBase64Url.Encode(authData),
            StrictBase64Url.Encode(Sign([.. authData, .. SHA256.HashData(clientData)])), StrictBase64Url.Encode(UserHandle));
    }

    public StoredCredential Stored(uint counter = 0) =>
        new(StrictBase64Url.Encode(UserHandle), Id, CoseKey, Algorithm, counter, BackupEligible: true);

    /// <summary>Writes a COSE map of numbers and byte strings.</summary>
    public static byte[] Map(params (int Label, object Value)[] members)
    {
        var writer = new CborWriter();
        writer.WriteStartMap(members.Length);
        foreach (var (label, value) in members)
        {
            writer.WriteInt32(label);
            if (value is byte[] bytes) writer.WriteByteString(bytes);
            else writer.WriteInt32((int)value);
        }
        writer.WriteEndMap();
        return writer.Encode();
    }

    public (byte[] X, byte[] Y) Point()
    {
        var q = ec!.ExportParameters(false).Q;
        return (q.X!, q.Y!);
    }

    private byte[] Cose()
    {
        if (ec is not null)
        {
            var (x, y) = Point();
            return Map((1, 2), (3, Algorithm), (-1, Algorithm == -7 ? 1 : 2), (-2, x), (-3, y));
        }
        if (rsa is not null)
        {
            var p = rsa.ExportParameters(false);
            return Map((1, 3), (3, Algorithm), (-1, p.Modulus!), (-2, p.Exponent!));
        }
        return Map((1, 1), (3, Algorithm), (-1, 6), (-2, Ed25519.PublicKey(seed)));
    }
}
