using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Web;

namespace Gatehouse.Mail.Smtp;

/// <summary>A reply of one or more lines with one code (RFC 5321 section 4.2).</summary>
public sealed partial record SmtpReply(int Code, IReadOnlyList<string> Lines)
{
    public bool IsOk => Code is >= 200 and < 300;
    public bool IsTransient => Code is >= 400 and < 500;

    /// <summary>The server's own words, harmless and bounded: "550 5.1.1 no such user".</summary>
    public string Text => Printable.Cap($"{Code} {string.Join(" ", Lines)}".TrimEnd(), 500);

    /// <summary>The enhanced status code (RFC 3463) such as "5.7.1", or "".</summary>
    public string Enhanced => Lines.Count > 0 && EnhancedCode().Match(Lines[0]) is { Success: true } match ? match.Value : "";

    /// <summary>The id that a server's log knows a message by, read from its reply to the end of DATA; null where it names none.</summary>
    public string? QueueId()
    {
        var text = string.Join(" ", Lines);
        foreach (var pattern in new[] { QueuedAs(), Id(), InternalId(), MessageAccepted(), Bare() })
            if (pattern.Match(text) is { Success: true } match) return Printable.Cap(match.Groups[1].Value, 120);
        return null;
    }

    /// <summary>One line of a reply: code, whether more follow, text. Null when it is none.</summary>
    public static (int Code, bool More, string Text)? ParseLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 3 || line[0] is < (byte)'2' or > (byte)'5') return null;
        foreach (var b in line[..3])
            if (!char.IsAsciiDigit((char)b)) return null;
        if (line.Length > 3 && line[3] is not ((byte)' ' or (byte)'-')) return null;
        var code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        return (code, line.Length > 3 && line[3] == '-', line.Length > 4 ? Encoding.UTF8.GetString(line[4..]) : "");
    }

    [GeneratedRegex(@"^[245]\.\d{1,3}\.\d{1,3}(?= |$)")]
    private static partial Regex EnhancedCode();

    [GeneratedRegex(@"queued as <?([A-Za-z0-9._@+-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex QueuedAs();

    [GeneratedRegex(@"\bid=([A-Za-z0-9._-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Id();

    [GeneratedRegex(@"\[InternalId=([0-9]+)", RegexOptions.IgnoreCase)]
    private static partial Regex InternalId();

    [GeneratedRegex(@"(?:^|\s)([A-Za-z0-9._-]{6,}) Message accepted", RegexOptions.IgnoreCase)]
    private static partial Regex MessageAccepted();

    [GeneratedRegex(@"^(?:2\.\d\.\d )?ok:?\s+(?:\d{9,11}\s+)?([A-Za-z0-9._-]*\d[A-Za-z0-9._-]{5,})", RegexOptions.IgnoreCase)]
    private static partial Regex Bare();
}

/// <summary>The bytes that came are no SMTP reply, or too many.</summary>
internal sealed class ReplyFault(string began) : Exception("no SMTP reply")
{
    /// <summary>How it began, harmless.</summary>
    public string Began { get; } = Printable.Cap(began, 80);
}

/// <summary>Reads replies and writes lines on one stream; a new one is made after STARTTLS, so nothing said before TLS is believed after it.</summary>
internal sealed class SmtpLines(Stream stream)
{
    private const int MaxLine = 4096;
    private const int MaxReplyLines = 128;
    private readonly byte[] buffer = new byte[8192];
    private int start;
    private int end;

    /// <summary>Bytes that came unasked.</summary>
    public int Pending => end - start;

    public async Task<SmtpReply> Read(CancellationToken stop)
    {
        var lines = new List<string>();
        var code = 0;
        while (true)
        {
            var line = await ReadLine(stop);
            if (SmtpReply.ParseLine(line) is not var (its, more, text)) throw new ReplyFault(Encoding.Latin1.GetString(line));
            if (lines.Count > 0 && its != code) throw new ReplyFault($"{its} within a reply of {code}");
            code = its;
            lines.Add(text);
            if (!more) return new(code, lines);
            if (lines.Count == MaxReplyLines) throw new ReplyFault($"more than {MaxReplyLines} lines");
        }
    }

    /// <summary>Writes one command. A line break inside would be a second command, so there is none.</summary>
    public async Task Write(string line, CancellationToken stop)
    {
        if (line.AsSpan().ContainsAnyExceptInRange(' ', '~')) throw new ArgumentException("not one printable ASCII line", nameof(line));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), stop);
        await stream.FlushAsync(stop);
    }

    public async Task WriteBytes(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        await stream.WriteAsync(bytes, stop);
        await stream.FlushAsync(stop);
    }

    private async Task<byte[]> ReadLine(CancellationToken stop)
    {
        var line = new List<byte>();
        while (true)
        {
            while (start < end)
            {
                var b = buffer[start++];
                if (b == '\n')
                {
                    if (line.Count > 0 && line[^1] == '\r') line.RemoveAt(line.Count - 1);
                    return [.. line];
                }
                if (line.Count == MaxLine) throw new ReplyFault(Encoding.Latin1.GetString([.. line]));
                line.Add(b);
            }
            (start, end) = (0, await stream.ReadAsync(buffer, stop));
            if (end == 0)
            {
                if (line.Count > 0) throw new ReplyFault(Encoding.Latin1.GetString([.. line]));
                throw new EndOfStreamException();
            }
        }
    }
}
