using System.Buffers.Binary;

namespace Gatehouse.Mail.Templates;

/// <summary>A picture that can be shown and mailed as it is.</summary>
/// <param name="Type">"image/png" or "image/jpeg".</param>
public sealed record Picture(string Type, int Width, int Height)
{
    public string Extension => Type == "image/png" ? "png" : "jpg";
}

/// <summary>
/// Reads what an uploaded file is, from its own bytes and to its very end: PNG and JPEG only. No SVG, which can hold scripts; no file that is two
/// things at once; nothing behind the picture's end.
/// </summary>
public static class PictureFile
{
    public const int MaxBytes = 128 * 1024;
    public const int MaxSide = 1024, MinSide = 16;

    /// <summary>The picture, or what is wrong with the file, as a sentence for whoever uploaded it.</summary>
    public static (Picture? Picture, string Fault) Read(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty) return (null, "Choose a file first.");
        if (file.Length > MaxBytes) return (null, "The file is larger than 128 kB.");
        var picture = file.StartsWith(PngSignature) ? Png(file) : file.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]) ? Jpeg(file) : null;
        if (picture is null) return (null, "This is no whole PNG or JPEG picture.");
        return picture.Width is < MinSide or > MaxSide || picture.Height is < MinSide or > MaxSide ? (null, "The picture must be 16 to 1024 pixels wide and high.") : (picture, "");
    }

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>PNG (third edition) section 5.3: chunks of length, type, data and CRC, the first IHDR, the last IEND.</summary>
    private static Picture? Png(ReadOnlySpan<byte> file)
    {
        Picture? picture = null;
        for (var at = 8; file.Length - at >= 12;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > MaxBytes || file.Length - at - 12 < length) return null;
            var type = file.Slice(at + 4, 4);
            var data = file.Slice(at + 8, (int)length);
            if (BinaryPrimitives.ReadUInt32BigEndian(file[(at + 8 + (int)length)..]) != Crc(file.Slice(at + 4, 4 + (int)length))) return null;
            at += 12 + (int)length;
            if (picture is null)
            {
                if (!type.SequenceEqual("IHDR"u8) || length != 13) return null;
                var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(data), BinaryPrimitives.ReadUInt32BigEndian(data[4..]));
                if (width > int.MaxValue || height > int.MaxValue) return null;
                picture = new("image/png", (int)width, (int)height);
            }
            else if (type.SequenceEqual("IEND"u8)) return at == file.Length ? picture : null;
            // No moving pictures: nobody would see more than that they move.
            else if (type.SequenceEqual("acTL"u8)) return null;
        }
        return null;
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        return ~crc;
    }

    /// <summary>ITU-T T.81 annex B: marker segments up to the scan, then entropy-coded data up to EOI, which ends the file.</summary>
    private static Picture? Jpeg(ReadOnlySpan<byte> file)
    {
        if (file is not [.., 0xff, 0xd9]) return null;
        Picture? picture = null;
        for (var at = 2; at + 4 <= file.Length;)
        {
            if (file[at] != 0xff) return null;
            var marker = file[at + 1];
            if (marker is 0xff or 0x00 or 0x01 or (>= 0xd0 and <= 0xd9)) return null;
            var length = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (length < 2 || at + 2 + length > file.Length) return null;
            var data = file.Slice(at + 4, length - 2);
            at += 2 + length;
            // SOF0, SOF1 and SOF2: the kinds that every reader knows.
            if (marker is 0xc0 or 0xc1 or 0xc2)
            {
                if (data.Length < 6 || picture is not null) return null;
                picture = new("image/jpeg", BinaryPrimitives.ReadUInt16BigEndian(data[3..]), BinaryPrimitives.ReadUInt16BigEndian(data[1..]));
            }
            else if (marker is 0xc3 or (>= 0xc5 and <= 0xc7) or (>= 0xc9 and <= 0xcb) or (>= 0xcd and <= 0xcf)) return null;
            else if (marker == 0xda) return picture is not null && EndsOnce(file, at) ? picture : null;
        }
        return null;
    }

    /// <summary>The first end marker after the scan began is the end of the file.</summary>
    private static bool EndsOnce(ReadOnlySpan<byte> file, int at)
    {
        for (; at + 1 < file.Length; at++)
            if (file[at] == 0xff && file[at + 1] == 0xd9) return at + 2 == file.Length;
        return false;
    }
}
