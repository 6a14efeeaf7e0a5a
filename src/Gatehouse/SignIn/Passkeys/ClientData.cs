using System.Security.Cryptography;
using Gatehouse.Jose;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>What the browser says about a ceremony (WebAuthn section 5.8.1). The first rules of both ceremonies.</summary>
internal static class ClientData
{
    private const int MaxBytes = 16 * 1024;

    /// <summary>The hash that is signed, or the refusal.</summary>
    public static Outcome<byte[]> Judge(RelyingParty rp, byte[] expectedChallenge, string clientDataJson, Ceremony ceremony)
    {
        if (!StrictBase64Url.TryDecode(clientDataJson, MaxBytes, out var bytes) || !StrictJson.TryReadObject(bytes, MaxBytes, out var data)
            || !StrictJson.TryString(data, "type", out var type)
            || !StrictJson.TryString(data, "challenge", out var challengeText)
            || !StrictJson.TryString(data, "origin", out var origin))
            return new PasskeyMalformed(ceremony, "client data");
        if (type != (ceremony == Ceremony.Registration ? "webauthn.create" : "webauthn.get"))
            return new PasskeyWrongCeremony(ceremony, Shown.Text(type));
        if (!IsExpected(challengeText, expectedChallenge))
            return new PasskeyChallengeMismatch(ceremony);
        if (!string.Equals(origin, rp.Origin, StringComparison.Ordinal))
            return new PasskeyOriginMismatch(ceremony, Shown.Text(origin), rp.Origin);
        if (StrictJson.Has(data, "topOrigin") || (StrictJson.Has(data, "crossOrigin") && !(StrictJson.TryBool(data, "crossOrigin", out var cross) && !cross)))
            return new PasskeyCrossOrigin(ceremony);
        return SHA256.HashData(bytes);
    }

    private static bool IsExpected(string text, byte[] expected)
    {
        // A short challenge can only be our own mistake; two empty ones would be equal.
        if (expected.Length < 16) throw new ArgumentException("a challenge needs at least 16 bytes", nameof(expected));
        return StrictBase64Url.TryDecode(text, 256, out var sent) && CryptographicOperations.FixedTimeEquals(sent, expected);
    }
}

/// <summary>Texts of strangers, made fit for evidence.</summary>
internal static class Shown
{
    /// <summary>At most 200 printable ASCII characters; everything else becomes a question mark.</summary>
    public static string Text(string text) => string.Concat(text.Take(200).Select(c => c is >= ' ' and <= '~' ? c : '?'));

    /// <summary>Enough of a credential id to find it by.</summary>
    public static string Id(string id) => Text(id.Length <= 12 ? id : id[..12]);
}
