using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>Time-based one-time passwords (RFC 6238) as every authenticator app makes them: HMAC-SHA-1, six digits, steps of 30 seconds.</summary>
public static class Totp
{
    public const int StepSeconds = 30;

    /// <summary>160 bits, as RFC 4226 section 4 (R6) recommends.</summary>
    public const int SeedBytes = 20;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The step a moment lies in.</summary>
    /// <param name="now">Unix milliseconds.</param>
    public static long StepAt(long now) => now / 1000 / StepSeconds;

    /// <summary>Six digits.</summary>
    public static string Code(ReadOnlySpan<byte> seed, long step)
    {
        Span<byte> counter = stackalloc byte[8], mac = stackalloc byte[20];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        // RFC 6238 with SHA-1: collisions do not matter to HMAC, and most apps know nothing else.
        HMACSHA1.HashData(seed, counter, mac);
        var offset = mac[19] & 0xf;
        var number = BinaryPrimitives.ReadInt32BigEndian(mac[offset..]) & 0x7fffffff;
        return (number % 1_000_000).ToString("d6", CultureInfo.InvariantCulture);
    }

    /// <summary>The step among <paramref name="from"/>..<paramref name="to"/> whose code this is, or null; always looks at all of them. The newest wins.</summary>
    public static long? Find(ReadOnlySpan<byte> seed, string code, long from, long to)
    {
        if (code.Length != 6) return null;
        long? found = null;
        var typed = Encoding.ASCII.GetBytes(code);
        for (var step = from; step <= to; step++)
            if (CryptographicOperations.FixedTimeEquals(typed, Encoding.ASCII.GetBytes(Code(seed, step)))) found = step;
        return found;
    }

    /// <summary>Digits as people type them: spaces and dashes are left out, digits of any script become ASCII. Null when there is anything else.</summary>
    public static string? Normal(string typed)
    {
        if (typed.Length > 40) return null;
        var digits = new StringBuilder();
        foreach (var c in typed)
        {
            if (char.IsWhiteSpace(c) || c is '-' or '\u2013') continue;
            if (!char.IsDigit(c)) return null;
            digits.Append((char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)));
        }
        return digits.Length == 6 ? digits.ToString() : null;
    }

    /// <summary>RFC 4648 base32 without padding, as apps take it.</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var (buffer, bits) = (0, 0);
        foreach (var b in bytes)
        {
            buffer = (buffer << 8 | b) & 0xffff;
            bits += 8;
            while (bits >= 5) text.Append(Alphabet[buffer >> (bits -= 5) & 31]);
        }
        if (bits > 0) text.Append(Alphabet[buffer << 5 - bits & 31]);
        return text.ToString();
    }

    /// <summary>The address that a QR code holds. A colon parts issuer and account, so neither may have one of its own.</summary>
    public static string Address(ReadOnlySpan<byte> seed, string issuer, string account)
    {
        static string Part(string text) => Uri.EscapeDataString(text.Replace(':', ' '));
        return $"otpauth://totp/{Part(issuer)}:{Part(account)}?secret={Base32(seed)}&issuer={Part(issuer)}&algorithm=SHA1&digits=6&period={StepSeconds}";
    }
}
