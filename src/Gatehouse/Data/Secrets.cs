using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Data;

/// <summary>
/// Keys derived from the root key, and what is done with them: keyed hashes of what we only verify, encryption of what we must read again.
/// After a change of the root key (<see cref="KeyRotation"/>) hashes go on under the first one, which is kept sealed under the present one;
/// encryption is always under the present one, and each box names its key.
/// </summary>
public sealed class Secrets
{
    private const byte Version = 2;
    private const int Head = 1 + 4 + 12 + 16;
    private readonly byte[] first;
    private readonly byte[] hashKey;
    private readonly Func<byte[]?>? reload;
    private volatile Sealing[] sealings;

    public Secrets(byte[] root) : this(root, []) { }

    /// <param name="root">The present root key.</param>
    /// <param name="older">Those before it, the first one first.</param>
    /// <param name="reload">Reads the root key again where it comes from; asked when a box names a key that is not known, because it was changed beside us.</param>
    internal Secrets(byte[] root, IReadOnlyList<byte[]> older, Func<byte[]?>? reload = null)
    {
        if (root.Length != 32 || older.Any(o => o.Length != 32)) throw new ArgumentException("a root key has 32 bytes", nameof(root));
        first = older.Count > 0 ? older[0] : root;
        hashKey = Derive("token-hash");
        this.reload = reload;
        sealings = [new(root), .. older.Reverse().Select(o => new Sealing(o))];
    }

    /// <summary>All root keys, the first one first and the present one last.</summary>
    internal IReadOnlyList<byte[]> Roots => [.. sealings.Reverse().Select(s => s.Root)];

    /// <summary>A key for one purpose (HKDF-SHA256, RFC 5869), 32 bytes; the same for the life of the instance.</summary>
    public byte[] Derive(string purpose) => Derive(first, purpose);

    /// <summary>Proves later that the same root key is in use, and tells nothing about it.</summary>
    public string KeyCheck => sealings[0].Check;

    /// <summary>From now on things are sealed under this root key.</summary>
    internal void Adopt(byte[] root)
    {
        if (!CryptographicOperations.FixedTimeEquals(sealings[0].Root, root)) sealings = [new(root), .. sealings];
    }

    /// <summary>A fresh value of 256 random bits, base64url, 43 characters.</summary>
    public static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>HMAC-SHA256 of type and value as received, base64url. What is stored instead of links, session ids, codes and client secrets.</summary>
    public string Hash(string type, string value)
    {
        var text = $"{type}\0{value}";
        Span<byte> digest = stackalloc byte[32];
        var length = Encoding.UTF8.GetByteCount(text);
        if (length <= 512)
        {
            Span<byte> bytes = stackalloc byte[length];
            Encoding.UTF8.GetBytes(text, bytes);
            HMACSHA256.HashData(hashKey, bytes, digest);
        }
        else HMACSHA256.HashData(hashKey, Encoding.UTF8.GetBytes(text), digest);
        return Base64Url.EncodeToString(digest);
    }

    /// <summary>AES-256-GCM, bound to the place where it is stored; base64url of version, key id, nonce, tag and ciphertext.</summary>
    /// <param name="place">Table, column, row and (for credentials) the endpoint they were entered for.</param>
    public string Protect(string place, ReadOnlySpan<byte> plain)
    {
        var sealing = sealings[0];
        var box = new byte[Head + plain.Length];
        box[0] = Version;
        sealing.Id.CopyTo(box, 1);
        RandomNumberGenerator.Fill(box.AsSpan(5, 12));
        using var aes = new AesGcm(sealing.Key, 16);
        aes.Encrypt(box.AsSpan(5, 12), plain, box.AsSpan(Head), box.AsSpan(17, 16), Encoding.UTF8.GetBytes(place));
        return Base64Url.EncodeToString(box);
    }

    /// <summary>The plaintext, or null when the box is damaged, moved or from another key.</summary>
    public byte[]? Reveal(string place, string stored)
    {
        try
        {
            var box = Base64Url.DecodeFromChars(stored);
            if (box.Length < Head || box[0] != Version || Find(box.AsSpan(1, 4)) is not { } sealing) return null;
            var plain = new byte[box.Length - Head];
            using var aes = new AesGcm(sealing.Key, 16);
            aes.Decrypt(box.AsSpan(5, 12), box.AsSpan(Head), box.AsSpan(17, 16), plain, Encoding.UTF8.GetBytes(place));
            return plain;
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>True when the box was sealed under the present root key.</summary>
    internal bool IsPresent(string stored)
    {
        try
        {
            var box = Base64Url.DecodeFromChars(stored);
            return box.Length >= Head && box.AsSpan(1, 4).SequenceEqual(sealings[0].Id);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private Sealing? Find(ReadOnlySpan<byte> id)
    {
        foreach (var known in sealings)
            if (id.SequenceEqual(known.Id)) return known;
        if (reload?.Invoke() is not { } root || new Sealing(root) is var fresh && !id.SequenceEqual(fresh.Id)) return null;
        Adopt(root);
        return sealings[0];
    }

    private static byte[] Derive(byte[] root, string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, salt: [], info: Encoding.UTF8.GetBytes("gatehouse/" + purpose));

    /// <summary>What one root key gives for sealing.</summary>
    private sealed class Sealing(byte[] root)
    {
        public byte[] Root { get; } = root;
        public byte[] Id { get; } = Derive(root, "key-id")[..4];
        public byte[] Key { get; } = Derive(root, "field");
        public string Check { get; } = Base64Url.EncodeToString(HMACSHA256.HashData(Derive(root, "token-hash"), "key-check\0gatehouse"u8));
    }
}
