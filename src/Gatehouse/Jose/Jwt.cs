using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Jose;

/// <summary>Why a token did not verify; for evidence, never for strangers.</summary>
public enum JwtFault
{
    None,
    TooLong,
    NotThreeParts,
    BadHeader,
    CriticalHeader,
    WrongType,
    UnknownKey,
    WrongAlgorithm,
    BadSignature,
    BadPayload,
}

/// <summary>Compact JWS with a JSON object inside (RFC 7515, RFC 7519, RFC 8725).</summary>
public static class Jwt
{
    /// <summary>Longest token that is looked at.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>Signs a payload that is already JSON.</summary>
    public static string Sign(SigningKey key, string typ, ReadOnlySpan<byte> utf8Payload)
    {
        if (typ.Length is 0 or > 64 || !typ.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.' or '/'))
            throw new ArgumentException("not a media type name", nameof(typ));
        var header = StrictBase64Url.Encode(Encoding.ASCII.GetBytes($$"""{"alg":"{{key.Algorithm}}","kid":"{{key.Kid}}","typ":"{{typ}}"}"""));
        var head = $"{header}.{StrictBase64Url.Encode(utf8Payload)}";
        return $"{head}.{StrictBase64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(head)))}";
    }

    /// <summary>Signs a payload.</summary>
    public static string Sign(SigningKey key, string typ, JsonObject payload) =>
        Sign(key, typ, JsonSerializer.SerializeToUtf8Bytes(payload));

    /// <summary>The payload of a good token, or null. The key decides the algorithm; times, issuer and audience are the caller's to check.</summary>
    /// <param name="keys">Finds a key by kid; an absent kid is asked for as the empty string.</param>
    public static JsonElement? Verify(string? compact, Func<string, VerificationKey?> keys, string expectedTyp) =>
        Verify(compact, keys, expectedTyp, out _);

    /// <inheritdoc cref="Verify(string?, Func{string, VerificationKey?}, string)"/>
    public static JsonElement? Verify(string? compact, Func<string, VerificationKey?> keys, string expectedTyp, out JwtFault fault) =>
        VerifyCore(compact, keys, expectedTyp, allowNoTyp: false, out fault);

    /// <summary>For tokens of other issuers, which may leave typ out (RFC 7519 section 5.1); one that is there must still match, in any case.</summary>
    public static JsonElement? VerifyForeign(string? compact, Func<string, VerificationKey?> keys, string expectedTyp, out JwtFault fault) =>
        VerifyCore(compact, keys, expectedTyp, allowNoTyp: true, out fault);

    private static JsonElement? VerifyCore(string? compact, Func<string, VerificationKey?> keys, string expectedTyp, bool allowNoTyp, out JwtFault fault)
    {
        JsonElement? Fail(JwtFault why, out JwtFault result)
        {
            result = why;
            return null;
        }

        if (string.IsNullOrEmpty(compact)) return Fail(JwtFault.NotThreeParts, out fault);
        if (compact.Length > MaxLength) return Fail(JwtFault.TooLong, out fault);
        var first = compact.IndexOf('.', StringComparison.Ordinal);
        var second = first < 0 ? -1 : compact.IndexOf('.', first + 1);
        if (second < 0 || compact.IndexOf('.', second + 1) >= 0) return Fail(JwtFault.NotThreeParts, out fault);

        if (!StrictBase64Url.TryDecode(compact.AsSpan(0, first), MaxLength, out var headerBytes)
            || !StrictJson.TryReadObject(headerBytes, MaxLength, out var header)
            || !StrictJson.TryString(header, "alg", out var alg))
            return Fail(JwtFault.BadHeader, out fault);
        if (StrictJson.Has(header, "crit") || StrictJson.Has(header, "b64")) return Fail(JwtFault.CriticalHeader, out fault);
        if (StrictJson.TryString(header, "typ", out var typ)
            ? !string.Equals(typ, expectedTyp, allowNoTyp ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)
            : !allowNoTyp || StrictJson.Has(header, "typ"))
            return Fail(JwtFault.WrongType, out fault);
        var kid = "";
        if (StrictJson.Has(header, "kid"))
        {
            if (!StrictJson.TryString(header, "kid", out var named) || named.Length is 0 or > 256) return Fail(JwtFault.BadHeader, out fault);
            kid = named;
        }
        if (keys(kid) is not { } key) return Fail(JwtFault.UnknownKey, out fault);
        // "none" and HS* fall here too: no key carries them.
        if (alg != key.Algorithm.Name()) return Fail(JwtFault.WrongAlgorithm, out fault);

        if (!StrictBase64Url.TryDecode(compact.AsSpan(second + 1), 1024, out var signature)
            || !Ascii.IsValid(compact.AsSpan(0, second))
            || !key.Verify(Encoding.ASCII.GetBytes(compact, 0, second), signature))
            return Fail(JwtFault.BadSignature, out fault);
        if (!StrictBase64Url.TryDecode(compact.AsSpan(first + 1, second - first - 1), MaxLength, out var payloadBytes)
            || !StrictJson.TryReadObject(payloadBytes, MaxLength, out var payload))
            return Fail(JwtFault.BadPayload, out fault);
        fault = JwtFault.None;
        return payload;
    }
}
