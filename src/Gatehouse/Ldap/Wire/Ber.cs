using System.Text;

namespace Gatehouse.Ldap.Wire;

/// <summary>
/// Reads the BER of LDAP (RFC 4511 section 5.1): definite lengths, primitive strings, one-byte tags. Never throws and never allocates more than its input;
/// the framework's reader takes indefinite lengths, constructed strings and giant integers, which LDAP forbids.
/// </summary>
internal ref struct BerReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> rest = data;

    public readonly bool IsEmpty => rest.IsEmpty;

    /// <summary>The next tag, or -1 at the end.</summary>
    public readonly int Peek => rest.IsEmpty ? -1 : rest[0];

    /// <summary>One element of whatever tag; false when it does not lie whole in the data.</summary>
    public bool TryRead(out byte tag, out ReadOnlySpan<byte> value)
    {
        value = default;
        tag = 0;
        if (!TryHead(rest, out tag, out var head, out var length) || length > rest.Length - head) return false;
        value = rest.Slice(head, length);
        rest = rest[(head + length)..];
        return true;
    }

    /// <summary>One element of exactly this tag.</summary>
    public bool TryRead(byte tag, out ReadOnlySpan<byte> value)
    {
        value = default;
        return Peek == tag && TryRead(out _, out value);
    }

    /// <summary>A constructed element of this tag, as a reader of its content.</summary>
    public bool TryEnter(byte tag, out BerReader inner)
    {
        var read = TryRead(tag, out var value);
        inner = new(value);
        return read;
    }

    /// <summary>INTEGER or ENUMERATED of at most 32 bits.</summary>
    public bool TryInteger(byte tag, out int number)
    {
        number = 0;
        if (!TryRead(tag, out var value) || value.Length is 0 or > 4) return false;
        number = (sbyte)value[0];
        foreach (var b in value[1..]) number = number << 8 | b;
        return true;
    }

    /// <summary>An octet string that is strict UTF-8.</summary>
    public bool TryText(byte tag, out string text)
    {
        text = "";
        return TryRead(tag, out var value) && TryUtf8(value, out text);
    }

    /// <summary>Strict UTF-8; false for broken bytes instead of silent replacement.</summary>
    public static bool TryUtf8(ReadOnlySpan<byte> bytes, out string text)
    {
        text = "";
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) return false;
        text = Strict.GetString(bytes);
        return true;
    }

    /// <summary>The head of the first element: how many bytes tag and length take, and how long the value is. False when it is broken or not there yet.</summary>
    public static bool TryHead(ReadOnlySpan<byte> data, out byte tag, out int head, out int length)
    {
        (tag, head, length) = (0, 0, 0);
        if (data.Length < 2) return false;
        tag = data[0];
        if ((tag & 0x1f) == 0x1f) return false;
        if (data[1] < 0x80)
        {
            (head, length) = (2, data[1]);
            return true;
        }
        var count = data[1] & 0x7f;
        if (count is 0 or > 4 || data.Length < 2 + count) return false;
        long size = 0;
        foreach (var b in data.Slice(2, count)) size = size << 8 | b;
        if (size > int.MaxValue) return false;
        (head, length) = (2 + count, (int)size);
        return true;
    }

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
}
