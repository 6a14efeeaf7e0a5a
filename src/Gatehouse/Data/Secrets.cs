using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Data;

/// <summary>Keys derived from the one root key, and what is done with them: keyed hashes of what we only verify, encryption of what we must read again.</summary>
public sealed class Secrets
{
    private const byte Version = 1;
    private readonly byte[] hashKey;
    private readonly byte[] fieldKey;
    private readonly byte[] root;

    public Secrets(byte[] root)
    {
        if (root.Length != 32) throw new ArgumentException("the root key has 32 bytes", nameof(root));
        this.root = root;
        hashKey = Derive("token-hash");
        fieldKey = Derive("field");
    }

    /// <summary>A key for one purpose (HKDF-SHA256, RFC 5869), 32 bytes.</summary>
    public byte[] Derive(string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, salt: [], info: Encoding.UTF8.GetBytes("gatehouse/" + purpose));

    /// <summary>Proves later that the same root key is in use, and tells nothing about it.</summary>
    public string KeyCheck => Hash("key-check", "gatehouse");

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

    /// <summary>AES-256-GCM, bound to the place where it is stored; base64url of version, nonce, tag and ciphertext.</summary>
    /// <param name="place">Table, column, row and (for credentials) the endpoint they were entered for.</param>
    public string Protect(string place, ReadOnlySpan<byte> plain)
    {
        var box = new byte[1 + 12 + 16 + plain.Length];
        box[0] = Version;
        RandomNumberGenerator.Fill(box.AsSpan(1, 12));
        using var aes = new AesGcm(fieldKey, 16);
        aes.Encrypt(box.AsSpan(1, 12), plain, box.AsSpan(29), box.AsSpan(13, 16), Encoding.UTF8.GetBytes(place));
        return Base64Url.EncodeToString(box);
    }

    /// <summary>The plaintext, or null when the box is damaged, moved or from another key.</summary>
    public byte[]? Reveal(string place, string stored)
    {
        try
        {
            var box = Base64Url.DecodeFromChars(stored);
            if (box.Length < 29 || box[0] != Version) return null;
            var plain = new byte[box.Length - 29];
            using var aes = new AesGcm(fieldKey, 16);
            aes.Decrypt(box.AsSpan(1, 12), box.AsSpan(29), box.AsSpan(13, 16), plain, Encoding.UTF8.GetBytes(place));
            return plain;
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
    }
}
