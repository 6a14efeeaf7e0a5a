using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Mail.Mime;

/// <summary>A picture that travels inside a message.</summary>
/// <param name="ContentId">Without angle brackets; the HTML names it as cid:.</param>
internal sealed record InlinePicture(string ContentId, string Type, byte[] Content);

/// <summary>
/// Writes a message (RFC 5322) with a text and an HTML part (RFC 2046 section 5.1.4), UTF-8 in quoted-printable, 7 bits and lines of at most 76 characters on the wire.
/// A header value is one line whatever it was given: line breaks and control characters become spaces, everything outside ASCII an encoded word (RFC 2047).
/// </summary>
internal static class MimeMessage
{
    public static byte[] Build(Letter letter, Address from, string fromName, Address to, string messageId, DateTimeOffset date, InlinePicture? picture = null)
    {
        var boundary = "=_gatehouse_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        var m = new StringBuilder(letter.Text.Length + letter.Html.Length + 1024);
        Header(m, "From", fromName.Length == 0 ? from.Text : $"{Phrase(fromName)} <{from}>");
        Header(m, "To", to.Text);
        Header(m, "Subject", Words(letter.Subject));
        Header(m, "Date", date.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Header(m, "Message-ID", $"<{messageId}>");
        Header(m, "MIME-Version", "1.0");
        // No out-of-office answers, please (RFC 3834 section 5; the second is Exchange's).
        Header(m, "Auto-Submitted", "auto-generated");
        Header(m, "X-Auto-Response-Suppress", "All");
        Header(m, "Content-Type", $"multipart/alternative; boundary=\"{boundary}\"");
        m.Append("\r\n");
        Part(m, boundary, "text/plain", letter.Text);
        if (picture is null) Part(m, boundary, "text/html", letter.Html);
        else Related(m, boundary, letter.Html, picture);
        m.Append("--").Append(boundary).Append("--\r\n");
        return Encoding.ASCII.GetBytes(m.ToString());
    }

    /// <summary>The HTML part together with the picture that it shows (RFC 2387).</summary>
    private static void Related(StringBuilder m, string outer, string html, InlinePicture picture)
    {
        var boundary = outer + "_r";
        m.Append("--").Append(outer).Append("\r\nContent-Type: multipart/related; type=\"text/html\"; boundary=\"").Append(boundary).Append("\"\r\n\r\n");
        Part(m, boundary, "text/html", html);
        m.Append("--").Append(boundary).Append("\r\nContent-Type: ").Append(picture.Type).Append("\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <").Append(picture.ContentId)
            .Append(">\r\nContent-Disposition: inline; filename=\"logo.").Append(picture.Type == "image/png" ? "png" : "jpg").Append("\"\r\n\r\n");
        var text = Convert.ToBase64String(picture.Content);
        for (var at = 0; at < text.Length; at += 76) m.Append(text, at, Math.Min(76, text.Length - at)).Append("\r\n");
        m.Append("--").Append(boundary).Append("--\r\n\r\n");
    }

    private static void Header(StringBuilder m, string name, string value)
    {
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~')) throw new ArgumentException($"header {name} is not one printable ASCII line");
        var column = name.Length + 2;
        m.Append(name).Append(": ");
        // Folded at spaces only (RFC 5322 section 2.2.3).
        var words = value.Split(' ');
        for (var i = 0; i < words.Length; i++)
        {
            if (i > 0 && column + 1 + words[i].Length > 76 && words[i].Length > 0)
            {
                m.Append("\r\n ");
                column = 1;
            }
            else if (i > 0)
            {
                m.Append(' ');
                column++;
            }
            m.Append(words[i]);
            column += words[i].Length;
        }
        m.Append("\r\n");
    }

    private static void Part(StringBuilder m, string boundary, string type, string text)
    {
        m.Append("--").Append(boundary).Append("\r\nContent-Type: ").Append(type).Append("; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
        QuotedPrintable(m, text);
        m.Append("\r\n");
    }

    /// <summary>A display name: a quoted string in ASCII, else encoded words.</summary>
    internal static string Phrase(string name)
    {
        var line = OneLine(name);
        return Ascii.IsValid(line) && !line.Contains("=?", StringComparison.Ordinal) ? $"\"{line.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : EncodedWords(line);
    }

    /// <summary>Free text in a header.</summary>
    internal static string Words(string text)
    {
        var line = OneLine(text);
        return Ascii.IsValid(line) && !line.Contains("=?", StringComparison.Ordinal) ? line : EncodedWords(line);
    }

    private static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) line.Append(' ');
            else line.Append(rune.ToString());
        }
        return line.ToString().Trim();
    }

    /// <summary>Base64 words of at most 75 characters that never cut a character in two.</summary>
    private static string EncodedWords(string line)
    {
        var words = new List<string>();
        var chunk = new List<byte>();
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in line.EnumerateRunes())
        {
            var n = rune.EncodeToUtf8(utf8);
            if (chunk.Count + n > 45) Flush();
            chunk.AddRange(utf8[..n]);
        }
        Flush();
        return string.Join(' ', words);

        void Flush()
        {
            if (chunk.Count > 0) words.Add($"=?utf-8?B?{Convert.ToBase64String([.. chunk])}?=");
            chunk.Clear();
        }
    }

    /// <summary>RFC 2045 section 6.7; any line end becomes CRLF, a bare CR or LF never leaves.</summary>
    internal static void QuotedPrintable(StringBuilder m, string text)
    {
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            var bytes = Encoding.UTF8.GetBytes(line);
            var column = 0;
            for (var i = 0; i < bytes.Length; i++)
            {
                var b = bytes[i];
                var plain = b is >= 33 and <= 126 and not (byte)'=' || b is (byte)' ' or (byte)'\t' && i < bytes.Length - 1;
                var width = plain ? 1 : 3;
                if (column + width > 75)
                {
                    m.Append("=\r\n");
                    column = 0;
                }
                if (plain) m.Append((char)b);
                else m.Append('=').Append(b.ToString("X2", CultureInfo.InvariantCulture));
                column += width;
            }
            m.Append("\r\n");
        }
    }
}
