using System.Text;
using Gatehouse.Mail;
using Gatehouse.Mail.Mime;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Mail;

/// <summary>Our signatures, judged by dkimpy.</summary>
public class DkimTests
{
    private const string Verify = """
        import sys, dkim
        record = sys.argv[1].encode()
        print("good" if dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda name, timeout=5: record if name.rstrip(b".") == b"s1._domainkey.example.com" else b"") else "bad")
        """;

    [Theory]
    [InlineData("rsa-sha256")]
    [InlineData("ed25519-sha256")]
    public async Task A_signature_verifies_and_a_changed_body_or_from_does_not(string algorithm)
    {
        var key = DkimKey.Generate("example.com", "s1", algorithm);
        Assert.True(Address.TryParse("noreply@example.com", out var from));
        Assert.True(Address.TryParse("ada@example.com", out var to));
        var letter = OutboxTests.Letter("dkim") with { Subject = "Grüße an alle, die eine sehr lange Betreffzeile lesen möchten, die gefaltet wird", Text = "line  \n.dot\n\ttab  end \n\n\n" };
        var message = DkimSigner.Sign(MimeMessage.Build(letter, from, "Gätehouse, \"Inc\"", to, "1@id.example.com", DateTimeOffset.UnixEpoch), key, DateTimeOffset.UtcNow);
        Assert.Equal("good", await Judge(message, key.Record));
        var text = Encoding.ASCII.GetString(message);
        Assert.Equal("bad", await Judge(Encoding.ASCII.GetBytes(text.Replace("tab", "tap", StringComparison.Ordinal)), key.Record));
        Assert.Equal("bad", await Judge(Encoding.ASCII.GetBytes("From: eve@example.com\r\n" + text), key.Record));
        Assert.Equal("bad", await Judge(message, DkimKey.Generate("example.com", "s1", algorithm).Record));
    }

    private static async Task<string> Judge(byte[] message, string record)
    {
        using var process = System.Diagnostics.Process.Start(Tool.Start("/usr/bin/python3", ["-c", Verify, record]))!;
        await process.StandardInput.BaseStream.WriteAsync(message, TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.Trim();
    }
}
