using Gatehouse.Mail;
using Gatehouse.Mail.Smtp;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>The whole way through a real mail server, TLS by a private authority.</summary>
public class RealServerTests
{
    [Fact]
    public async Task A_real_mail_server_takes_mails_by_starttls_and_by_tls_and_keeps_the_id_we_noted()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost"]);
        await using var exim = await Exim.Start(certificate);
        await using var instance = await TestInstance.Start();
        var sender = instance.Services.GetRequiredService<MailSender>();
        var outbox = instance.Services.GetRequiredService<Outbox>();
        var ids = new List<string>();
        foreach (var (port, security, method) in new[] { (exim.StartTls, Security.StartTls, AuthMethods.Plain), (exim.Tls, Security.Tls, AuthMethods.Login) })
        {
            await SenderTests.Set(instance, new() { Host = "localhost", Port = port, Security = security, User = Exim.User, Method = method, From = "noreply@example.com", FromName = "Gätehouse", Authorities = authority.Pem }, Exim.Password);
            ids.Add(await instance.Database.Write(sql => outbox.Queue(sql, OutboxTests.Letter("real-" + security) with { Subject = "Grüße " + security, Text = ".dot\n\nÖffnen: https://id.example.com/link?t=abc\n" })));
            await sender.Run();
        }
        var entries = new List<LedgerEntry>();
        foreach (var id in ids) entries.Add((await instance.Database.Read(sql => Outbox.Find(sql, id)))!);
        Assert.All(entries, e => Assert.True(e is { State: MailStates.Accepted, QueueId.Length: >= 6 }, $"{e.State} {e.Reply} {e.Transcript}"));
        var mails = await exim.Delivered(2);
        foreach (var entry in entries)
        {
            var mail = Assert.Single(mails, m => m.Contains($"Message-ID: <{entry.MessageId}>", StringComparison.Ordinal));
            Assert.Contains($"id {entry.QueueId}", mail, StringComparison.Ordinal);
            Assert.Contains("\n.dot\n", mail.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        }

        // Its own words for what it does not take.
        async Task<LedgerEntry> Try(string cause, string to, MailSettings settings, string password)
        {
            await SenderTests.Set(instance, settings, password);
            instance.Clock.Advance(TimeSpan.FromMinutes(1));
            var id = await instance.Database.Write(sql => outbox.Queue(sql, OutboxTests.Letter(cause, to)));
            await sender.Run();
            return (await instance.Database.Read(sql => Outbox.Find(sql, id)))!;
        }
        var good = new MailSettings { Host = "localhost", Port = exim.StartTls, User = Exim.User, From = "noreply@example.com", Authorities = authority.Pem };
        Assert.Equal("mail.recipient_refused", (await Try("nobody", "nobody@example.com", good, Exim.Password)).Code);
        Assert.Equal("mail.auth_refused", (await Try("wrong", "ada@example.com", good, "wrong")).Code);
        Assert.Equal("mail.tls_unexpected", (await Try("mixed", "ada@example.com", good with { Security = Security.Tls }, Exim.Password)).Code);
        Assert.Equal("mail.certificate_untrusted", (await Try("system", "ada@example.com", good with { Authorities = "" }, Exim.Password)).Code);
    }
}
