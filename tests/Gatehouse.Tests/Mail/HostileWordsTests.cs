using System.Text;
using Gatehouse.Mail;
using Gatehouse.Mail.Mime;
using Gatehouse.Mail.Smtp;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Mail;

/// <summary>What foreign servers, reports and forms say never breaks a reader and never leaves as something else.</summary>
public class HostileWordsTests
{
    private static readonly string[] Seeds =
    [
        "250-mail.test\r\n250 ok", "554 5.7.1 <ada@example.com>: rejected", "Message-ID: <a@b>\r\nDiagnostic-Code: smtp; 550 x\r\n y\r\n", "DKIM-Signature: v=1; d=example.com; s=s1;\r\n b=x",
        "Authentication-Results: mx; spf=pass dkim=fail dmarc=pass", "{\"event-data\":{\"event\":\"failed\",\"message\":{\"headers\":{\"message-id\":\"a@b\"}}}}", "{\"detail\":{\"detail\":{}}}", "v=spf1 include:a.b ip4:1.2.3.4/24 -all",
    ];

    [Fact]
    public void X06_no_words_make_a_reader_throw_or_hang()
    {
        var random = new Random(4711);
        for (var i = 0; i < (Repository.Full ? 1_000_000 : 30_000); i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Seeds[i % Seeds.Length]);
            for (var n = random.Next(0, 6); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var text = Encoding.UTF8.GetString(i % 5 == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes);
            SmtpReply.ParseLine(bytes);
            var reply = new SmtpReply(250, [text]);
            _ = (reply.Text, reply.Enhanced, reply.QueueId());
            Assert.DoesNotContain(reply.Text, c => char.IsControl(c));
            BounceReport.FromText(text, "b");
            if (BounceReport.Parse(text) is { } json) BounceReport.FromJson(json);
            ReceivedHeaders.Read(text);
            Address.TryParse(text, out _);
            Transcript.Read(text);
        }
        BounceReport.FromText(string.Concat(Enumerable.Repeat("Message-ID: <", 200_000)), "b");
        ReceivedHeaders.Read("DKIM-Signature:" + new string(' ', 90_000) + "d=");
    }

    [Fact]
    public void E17_a_header_is_one_line_whatever_it_was_given()
    {
        Assert.True(Address.TryParse("noreply@example.com", out var from));
        var random = new Random(4711);
        for (var i = 0; i < 3000; i++)
        {
            var odd = string.Concat(Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(8) switch { 0 => "\r", 1 => "\n", 2 => "\r\n", 3 => "\0", 4 => " ", 5 => "\u2028", 6 => "=?utf-8?Q?a?=", _ => char.ConvertFromUtf32(random.Next(0x20, 0xD7FF)) }));
            var message = Encoding.Latin1.GetString(MimeMessage.Build(OutboxTests.Letter("odd") with { Subject = odd, Text = odd, Html = odd }, from, odd, from, "1@x", DateTimeOffset.UnixEpoch));
            var head = message[..message.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
            var names = head.Split("\r\n").Where(l => l[0] != ' ').Select(l => l.Split(':')[0]).ToArray();
            Assert.Equal(["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Type"], names);
            Assert.DoesNotContain(message.Replace("\r\n", "", StringComparison.Ordinal), c => c is '\r' or '\n' or '\0' or > '~');
            Assert.All(message.Split("\r\n"), l => Assert.True(l.Length <= 998));
        }
    }

    [Theory]
    [InlineData("250 2.0.0 Ok: queued as 4XyZ12abc", "4XyZ12abc")]
    [InlineData("250 OK id=1xUorT-00077b-1j", "1xUorT-00077b-1j")]
    [InlineData("250 2.0.0 6b8f1a2c Message accepted for delivery", "6b8f1a2c")]
    [InlineData("250 2.0.0 OK  1700000000 abc12-20020a05.6 - gsmtp", "abc12-20020a05.6")]
    [InlineData("250 Ok 0100018c5f2b-aaaa-000000", "0100018c5f2b-aaaa-000000")]
    [InlineData("250 2.6.0 <1@x> [InternalId=123456789, Hostname=EX] Queued mail for delivery", "123456789")]
    [InlineData("250 Great success", null)]
    public void C084_the_queue_id_is_read_from_what_mail_servers_say(string line, string? id) => Assert.Equal(id, new SmtpReply(250, [line[4..]]).QueueId());
}
