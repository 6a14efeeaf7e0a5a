using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Gatehouse.Jose;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>The public keys of a client (RFC 7517 section 5), ready to verify what it signs.</summary>
public sealed class ClientKeySet
{
    public const int MaxKeys = 20;
    private readonly List<(VerificationKey Key, VerificationKey? Pss)> keys;

    private ClientKeySet(List<(VerificationKey, VerificationKey?)> keys) => this.keys = keys;

    public int Count => keys.Count;

    /// <summary>True when a key has this id; an absent one fits only the single key of a set.</summary>
    public bool Has(string kid) => kid.Length == 0 ? keys.Count == 1 : keys.Exists(k => k.Key.Kid == kid);

    /// <summary>The payload of a JWT that one of these keys signed; typ may be absent.</summary>
    public JsonElement? Verify(string jwt, IEnumerable<string> types, out JwtFault fault)
    {
        fault = JwtFault.UnknownKey;
        foreach (var type in types)
        {
            if (Jwt.VerifyForeign(jwt, kid => Find(kid, pss: false), type, out fault) is { } payload) return payload;
            // An RSA key that names no algorithm serves both paddings; the key set decides that, not the token.
            if (fault == JwtFault.WrongAlgorithm && Jwt.VerifyForeign(jwt, kid => Find(kid, pss: true), type, out var again) is { } padded)
            {
                fault = again;
                return padded;
            }
            if (fault != JwtFault.WrongType) return null;
        }
        return null;
    }

    /// <summary>Reads a key set. Keys for encryption or of kinds we do not know are passed over; a private half or a kid twice makes the whole set unusable.</summary>
    public static bool TryRead(string json, [NotNullWhen(true)] out ClientKeySet? set, out string fault) => TryRead(Encoding.UTF8.GetBytes(json), out set, out fault);

    /// <inheritdoc cref="TryRead(string, out ClientKeySet?, out string)"/>
    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out ClientKeySet? set, out string fault)
    {
        set = null;
        fault = "it is no JSON object with an array \"keys\"";
        if (!StrictJson.TryReadObject(json, out var root) || !StrictJson.TryMember(root, "keys", out var array) || array.ValueKind != JsonValueKind.Array) return false;
        fault = $"it has more than {MaxKeys} keys";
        if (array.GetArrayLength() > MaxKeys) return false;
        var read = new List<(VerificationKey Key, VerificationKey? Pss)>();
        foreach (var jwk in array.EnumerateArray())
        {
            fault = "a key carries its private half: remove it and make a new key, for this one has been shown";
            if (StrictJson.Has(jwk, "d") || StrictJson.Has(jwk, "p") || StrictJson.Has(jwk, "k")) return false;
            if (!VerificationKey.TryFromJwk(jwk, out var key)) continue;
            fault = "two keys have the same kid";
            if (read.Exists(k => k.Key.Kid == key.Kid)) return false;
            VerificationKey? pss = null;
            if (key.Algorithm == JwsAlgorithm.RS256 && !StrictJson.Has(jwk, "alg")) VerificationKey.TryFromJwk(jwk, out pss, JwsAlgorithm.PS256);
            read.Add((key, pss));
        }
        fault = "it has no key that can verify signatures with ES256, ES384, RS256, PS256 or EdDSA";
        if (read.Count == 0) return false;
        fault = "";
        set = new(read);
        return true;
    }

    /// <summary>Its keys in a line, for people.</summary>
    public static string Describe(string json) =>
        TryRead(json, out var set, out var fault) ? string.Join(", ", set.keys.Select(k => $"{k.Key.Algorithm.Name()} {k.Key.Kid}")) : fault;

    private VerificationKey? Find(string kid, bool pss)
    {
        var found = kid.Length == 0 ? keys.Count == 1 ? keys[0] : default : keys.Find(k => k.Key.Kid == kid);
        return pss ? found.Pss : found.Key;
    }
}
