using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Gatehouse.Mail.Dns;

/// <summary>Record types that are asked for (RFC 1035 section 3.2.2, RFC 3596).</summary>
public enum DnsType : ushort
{
    A = 1,
    Cname = 5,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
}

/// <summary>One record of an answer. Text: the name of CNAME, PTR and MX, the joined strings of TXT, the address of A and AAAA.</summary>
public sealed record DnsRecord(string Name, DnsType Type, string Text, int Preference = 0);

/// <summary>What a name server said: the code of the header, whether it was cut short, the records of the answer section.</summary>
internal sealed record DnsReply(int Code, bool Truncated, IReadOnlyList<DnsRecord> Answers)
{
    public const int NoError = 0, NameError = 3;
}

/// <summary>Writes queries and reads answers (RFC 1035 section 4). Pure: no network, no clock, and no answer makes it throw.</summary>
internal static class DnsMessage
{
    private const int HeaderSize = 12;
    private const int MaxRecords = 200;

    /// <summary>A recursive query for one name. Null when it is no name that DNS can carry.</summary>
    public static byte[]? Query(ushort id, string name, DnsType type)
    {
        var labels = name.TrimEnd('.').Split('.');
        if (name.Length is 0 or > 253 || labels.Any(l => l.Length is 0 or > 63 || l.AsSpan().ContainsAnyExceptInRange('!', '~'))) return null;
        var query = new List<byte>(HeaderSize + name.Length + 6) { (byte)(id >> 8), (byte)id, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in labels)
        {
            query.Add((byte)label.Length);
            query.AddRange(Encoding.ASCII.GetBytes(label));
        }
        query.AddRange([0, (byte)((ushort)type >> 8), (byte)type, 0, 1]);
        return [.. query];
    }

    /// <summary>The answer to exactly this query; null for anything else: another id, another question, a broken or winding packet.</summary>
    public static DnsReply? Read(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> query)
    {
        if (packet.Length < HeaderSize || !packet[..2].SequenceEqual(query[..2])) return null;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        // An answer, of the standard kind.
        if ((flags & 0x8000) == 0 || (flags & 0x7800) != 0) return null;
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) != 1) return null;
        var at = HeaderSize;
        var questionAt = HeaderSize;
        if (ReadName(packet, ref at) is not { } asked || ReadName(query, ref questionAt) is not { } ours) return null;
        if (!string.Equals(asked, ours, StringComparison.OrdinalIgnoreCase) || packet.Length < at + 4 || !packet.Slice(at, 4).SequenceEqual(query.Slice(questionAt, 4))) return null;
        at += 4;
        var answers = new List<DnsRecord>();
        var count = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        var truncated = (flags & 0x0200) != 0;
        for (var i = 0; i < Math.Min(count, (ushort)MaxRecords); i++)
        {
            if (ReadName(packet, ref at) is not { } name || packet.Length < at + 10) return truncated ? new(flags & 0xF, true, answers) : null;
            var type = BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            var inClass = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]) == 1;
            var length = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 8)..]);
            at += 10;
            if (packet.Length < at + length) return truncated ? new(flags & 0xF, true, answers) : null;
            if (inClass && ReadData(packet, at, length, name, (DnsType)type) is { } record) answers.Add(record);
            at += length;
        }
        return new(flags & 0xF, truncated, answers);
    }

    private static DnsRecord? ReadData(ReadOnlySpan<byte> packet, int at, int length, string name, DnsType type)
    {
        var data = packet.Slice(at, length);
        switch (type)
        {
            case DnsType.A when length == 4:
            case DnsType.Aaaa when length == 16:
                return new(name, type, new IPAddress(data).ToString());
            case DnsType.Cname or DnsType.Ptr:
                var end = at;
                return ReadName(packet, ref end) is { } target && end == at + length ? new(name, type, target) : null;
            case DnsType.Mx when length > 2:
                var behind = at + 2;
                return ReadName(packet, ref behind) is { } host && behind == at + length ? new(name, type, host, BinaryPrimitives.ReadUInt16BigEndian(data)) : null;
            case DnsType.Txt:
                var text = new StringBuilder();
                for (var i = 0; i < length;)
                {
                    var n = data[i++];
                    if (i + n > length) return null;
                    text.Append(Encoding.Latin1.GetString(data.Slice(i, n)));
                    i += n;
                }
                return new(name, type, text.ToString());
            default:
                return null;
        }
    }

    /// <summary>A name, lower case, without the last dot ("" for the root). A pointer must lead backwards, to before the place where this run of labels began, so that no packet can wind us up.</summary>
    private static string? ReadName(ReadOnlySpan<byte> packet, ref int at)
    {
        var name = new StringBuilder();
        var (position, begin, after) = (at, at, -1);
        while (true)
        {
            if (position >= packet.Length) return null;
            var length = packet[position];
            if (length == 0)
            {
                at = after >= 0 ? after : position + 1;
                return name.ToString();
            }
            if ((length & 0xC0) == 0xC0)
            {
                if (position + 1 >= packet.Length) return null;
                var target = (length & 0x3F) << 8 | packet[position + 1];
                if (after < 0) after = position + 2;
                if (target >= begin || target < HeaderSize) return null;
                (position, begin) = (target, target);
                continue;
            }
            if ((length & 0xC0) != 0 || position + 1 + length > packet.Length || name.Length + length + 1 > 254) return null;
            if (name.Length > 0) name.Append('.');
            foreach (var b in packet.Slice(position + 1, length))
            {
                // A dot or control character inside a label would read as another name.
                if (b is < (byte)'!' or > (byte)'~' or (byte)'.') return null;
                name.Append((char)(b is >= (byte)'A' and <= (byte)'Z' ? b + 32 : b));
            }
            position += 1 + length;
        }
    }
}
