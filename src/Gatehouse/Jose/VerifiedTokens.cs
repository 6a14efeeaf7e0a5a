using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Jose;

/// <summary>
/// Remembers the signatures that were checked lately, so that an application which shows the same access token again costs no second check.
/// It answers for the signature alone: times, audience and what stands behind the token stay the caller's to judge, each time.
/// An entry holds only while the very key object that verified it is still handed out, so a revoked key ends it at once.
/// </summary>
/// <param name="capacity">Tokens per generation; there are two, and a full one pushes the older out.</param>
public sealed class VerifiedTokens(int capacity = 1024)
{
    private sealed record Entry(string Typ, string Kid, VerificationKey Key, JsonElement Payload);

    private ConcurrentDictionary<UInt128, Entry> young = new();
    private ConcurrentDictionary<UInt128, Entry> old = new();

    /// <summary>How many tokens are kept now, at most twice the capacity.</summary>
    public int Remembered => young.Count + old.Count;

    /// <inheritdoc cref="Jwt.Verify(string?, Func{string, VerificationKey?}, string)"/>
    public JsonElement? Verify(string? compact, Func<string, VerificationKey?> keys, string expectedTyp, out JwtFault fault)
    {
        if (compact is null || compact.Length > Jwt.MaxLength || !Ascii.IsValid(compact)) return Jwt.Verify(compact, keys, expectedTyp, out fault);
        var name = Name(compact);
        if ((young.TryGetValue(name, out var known) || old.TryGetValue(name, out known))
            && known.Typ == expectedTyp && ReferenceEquals(keys(known.Kid), known.Key))
        {
            fault = JwtFault.None;
            return known.Payload;
        }
        var (kid, key) = ("", (VerificationKey?)null);
        var payload = Jwt.Verify(compact, asked => key = keys(kid = asked), expectedTyp, out fault);
        if (payload is { } good && key is not null) Keep(name, new(expectedTyp, kid, key, good));
        return payload;
    }

    private void Keep(UInt128 name, Entry entry)
    {
        if (young.Count >= capacity)
        {
            old = young;
            young = new();
        }
        young[name] = entry;
    }

    // 128 bits of SHA-256: nobody can make a token that shares them with a good one, which would take a second pre-image.
    private static UInt128 Name(string compact)
    {
        Span<byte> ascii = stackalloc byte[2048];
        if (compact.Length > ascii.Length) ascii = new byte[compact.Length];
        var length = Encoding.ASCII.GetBytes(compact, ascii);
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(ascii[..length], digest);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
