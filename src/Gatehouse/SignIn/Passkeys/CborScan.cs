using System.Buffers.Binary;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>
/// Finds the end of one CBOR item without allocating, before the framework's reader sees it: that one pays for nesting and for promised lengths.
/// Only what CTAP2 allows passes: definite lengths, no tags, little nesting (CTAP 2.1 section 8).
/// </summary>
internal static class CborScan
{
    public const int MaxBytes = 64 * 1024;
    private const int MaxDepth = 6;

    public static bool TryLength(ReadOnlySpan<byte> data, out int length)
    {
        length = 0;
        return data.Length <= MaxBytes && Skip(data, ref length, 0);
    }

    private static bool Skip(ReadOnlySpan<byte> data, ref int at, int depth)
    {
        if (depth > MaxDepth || at >= data.Length) return false;
        var initial = data[at++];
        var info = initial & 0x1F;
        ulong argument;
        if (info < 24) argument = (ulong)info;
        else
        {
            if (info > 27) return false; // reserved, or indefinite length
            var size = 1 << (info - 24);
            if (data.Length - at < size) return false;
            var bytes = data.Slice(at, size);
            argument = size switch
            {
                1 => bytes[0],
                2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
                4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
                _ => BinaryPrimitives.ReadUInt64BigEndian(bytes),
            };
            at += size;
        }
        var left = (ulong)(data.Length - at);
        switch (initial >> 5)
        {
            case 0 or 1 or 7:
                return true;
            case 2 or 3:
                if (argument > left) return false;
                at += (int)argument;
                return true;
            case 4:
                // Every item takes at least one byte, so a promised count is bounded by what is there.
                if (argument > left) return false;
                for (var i = 0UL; i < argument; i++)
                    if (!Skip(data, ref at, depth + 1)) return false;
                return true;
            case 5:
                if (argument > left / 2) return false;
                for (var i = 0UL; i < 2 * argument; i++)
                    if (!Skip(data, ref at, depth + 1)) return false;
                return true;
            default:
                return false;
        }
    }
}
