using System.Buffers;
using System.Buffers.Text;

namespace Gatehouse.Jose;

/// <summary>Base64url without padding (RFC 7515 section 2) with exactly one spelling for each byte string.</summary>
public static class StrictBase64Url
{
    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>False for null, padding, white space, the standard alphabet, leftover bits, or more than <paramref name="maxBytes"/>. Empty text is zero bytes.</summary>
    public static bool TryDecode(string? text, int maxBytes, out byte[] bytes)
    {
        bytes = [];
        return text is not null && TryDecode(text.AsSpan(), maxBytes, out bytes);
    }

    /// <inheritdoc cref="TryDecode(string?, int, out byte[])"/>
    public static bool TryDecode(ReadOnlySpan<char> text, int maxBytes, out byte[] bytes)
    {
        bytes = [];
        if (text.Length % 4 == 1 || (long)text.Length * 3 / 4 > maxBytes) return false;
        if (text.ContainsAnyExcept(Alphabet)) return false;
        var result = new byte[(int)((long)text.Length * 3 / 4)];
        // Not TryDecodeFromChars: that one throws for some leftover bits.
        if (Base64Url.DecodeFromChars(text, result, out _, out var written) != OperationStatus.Done || written != result.Length) return false;
        // Elsewhere it ignores non-zero leftover bits; only the last group can carry them.
        var tail = text.Length % 4;
        if (tail != 0)
        {
            Span<char> again = stackalloc char[4];
            var n = Base64Url.EncodeToChars(result.AsSpan(result.Length - (tail - 1)), again);
            if (!text[^tail..].SequenceEqual(again[..n])) return false;
        }
        bytes = result;
        return true;
    }
}
