using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Smtp;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>The outbox against a mail server that fails in every way.</summary>
public sealed class SenderTests(PostgresCluster postgres) : IDisposable
{
    private static readonly Patience Short = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    private readonly TestAuthority authority = new();

    public void Dispose() => authority.Dispose();

    internal static async Task Set(TestInstance instance, MailSettings settings, string password = "")
    {
        var store = instance.Services.GetRequiredService<MailSettingsStore>();
        await instance.Database.Write(async sql => await store.Write(sql, store.WithPassword(settings, password) with { Version = (await MailSettingsStore.Read(sql)).Version }));
    }

    private async Task<(TestInstance Instance, ScriptedSmtp Server, MailSender Sender)> Start(bool onPostgres = false)
    {
        var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        var server = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        await Set(instance, new() { Host = "localhost", Port = server.Port, From = "noreply@example.com", FromName = "Gatehouse", Authorities = authority.Pem });
        var sender = instance.Services.GetRequiredService<MailSender>();
        sender.Patience = Short;
        return (instance, server, sender);
    }

    private static Task<string> Queue(TestInstance instance, Letter letter) =>
        instance.Database.Write(sql => instance.Services.GetRequiredService<Outbox>().Queue(sql, letter));

    private static async Task<LedgerEntry> Entry(TestInstance instance, string id) => (await instance.Database.Read(sql => Outbox.Find(sql, id)))!;

    /// <summary>The background sender may have taken it already; this returns when it has come to an end.</summary>
    private static async Task<LedgerEntry> Settled(TestInstance instance, MailSender sender, string id)
    {
        await sender.Run();
        return await Entry(instance, id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C084_an_accepted_mail_keeps_message_id_time_reply_and_queue_id_and_its_content_is_gone(bool onPostgres)
    {
        var (instance, server, sender) = await Start(onPostgres);
        await using var _ = instance;
        await using var __ = server;
        var id = await Queue(instance, OutboxTests.Letter("c084") with { Subject = "Grüße", Text = "Öffnen: https://id.example.com/link?t=abc" });
        var entry = await Settled(instance, sender, id);
        Assert.Equal((MailStates.Accepted, "Q000001", "250 2.0.0 Ok: queued as Q000001", false), (entry.State, entry.QueueId, entry.Reply, entry.HasContent));
        Assert.NotNull(entry.SettledAt);
        var message = Assert.Single(server.Messages);
        Assert.Equal("MAIL FROM:<noreply@example.com>", message.From.Split(" SIZE")[0]);
        Assert.Equal("RCPT TO:<ada@example.com>", message.To);
        Assert.Equal($"<{entry.MessageId}>", message.Header("Message-ID"));
        Assert.Equal("auto-generated", message.Header("Auto-Submitted"));
        Assert.Equal("\"Gatehouse\" <noreply@example.com>", message.Header("From"));
        Assert.Equal("=?utf-8?B?R3LDvMOfZQ==?=", message.Header("Subject"));
        Assert.StartsWith("multipart/alternative", message.Header("Content-Type"), StringComparison.Ordinal);
        Assert.Contains("=C3=96ffnen: https://id.example.com/link?t=3Dabc", message.Data, StringComparison.Ordinal);
        Assert.Contains("text/html", message.Data, StringComparison.Ordinal);
        Assert.All(message.Data.Split("\r\n"), l => Assert.True(l.Length <= 78 && l.All(char.IsAscii), l));
        var bounced = (await instance.Services.GetRequiredService<NoteBounce>().Run(new(entry.MessageId, "552 full"))).Value;
        Assert.Equal(MailStates.Bounced, bounced.State);
        // Nobody finds the link in the ledger.
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from mails where content is not null or transcript like '%link?t=%'")));
    }

    [Fact]
    public async Task E12_a_4xx_is_tried_again_and_arrives_once()
    {
        var (instance, server, sender) = await Start();
        await using var _ = instance;
        await using var __ = server;
        server.Replies["RCPT"] = "451 4.7.1 greylisted, try again later";
        var id = await Queue(instance, OutboxTests.Letter("grey"));
        var entry = await Settled(instance, sender, id);
        Assert.Equal((MailStates.Deferred, "mail.deferred", 1L), (entry.State, entry.Code, entry.Attempts));
        Assert.Contains("451 4.7.1 greylisted, try again later", entry.Reply, StringComparison.Ordinal);
        Assert.InRange(entry.NextAttemptAt - instance.Clock.Now(), 20_000, 40_000);
        var why = await instance.Console("why", entry.Reference!);
        Assert.Contains("451 4.7.1 greylisted", why.Output, StringComparison.Ordinal);
        Assert.Equal(0, await sender.Run());
        server.Replies.Clear();
        instance.Clock.Advance(TimeSpan.FromMinutes(1));
        entry = await Settled(instance, sender, id);
        Assert.Equal(MailStates.Accepted, entry.State);
        Assert.Single(server.Messages);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task E12_a_5xx_fails_at_once_and_can_be_sent_again_when_mended(bool onPostgres)
    {
        var (instance, server, sender) = await Start(onPostgres);
        await using var _ = instance;
        await using var __ = server;
        server.Replies["MAIL"] = "553 5.7.1 sender address rejected: not owned by user";
        var id = await Queue(instance, OutboxTests.Letter("refused"));
        var entry = await Settled(instance, sender, id);
        Assert.Equal((MailStates.Failed, "mail.from_rejected", true), (entry.State, entry.Code, entry.HasContent));
        instance.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, await sender.Run());
        server.Replies.Clear();
        Assert.True(await instance.Database.Write(sql => instance.Services.GetRequiredService<Outbox>().Retry(sql, id)));
        Assert.Equal(MailStates.Accepted, (await Settled(instance, sender, id)).State);
        Assert.False(await instance.Database.Write(sql => instance.Services.GetRequiredService<Outbox>().Retry(sql, id)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task E12_a_server_that_is_down_defers_everything_with_one_case_and_loses_nothing(bool onPostgres)
    {
        var (instance, server, sender) = await Start(onPostgres);
        await using var _ = instance;
        await server.DisposeAsync();
        var ids = new List<string>();
        await instance.Database.Write(async sql =>
        {
            for (var i = 0; i < 50; i++) ids.Add(await instance.Services.GetRequiredService<Outbox>().Queue(sql, OutboxTests.Letter($"down{i}")));
        });
        await sender.Run();
        var entries = await Task.WhenAll(ids.Select(id => Entry(instance, id)));
        Assert.All(entries, e => Assert.Equal((MailStates.Deferred, "mail.connection_refused"), (e.State, e.Code)));
        Assert.Single(entries.Select(e => e.Reference).Distinct());
        // The log finds them, and the doctor speaks of them.
        Assert.Equal(50, (await instance.Database.Read(sql => MailLog.Read(sql, "ada@", MailStates.Deferred, 1))).Total);
        Assert.Equal(0, (await instance.Database.Read(sql => MailLog.Read(sql, "%", "", 1))).Total);
        Assert.Contains("50 wait for another try", (await instance.Console("doctor")).Output, StringComparison.Ordinal);
        await using var again = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        await Set(instance, new() { Host = "localhost", Port = again.Port, From = "noreply@example.com", Authorities = authority.Pem });
        instance.Clock.Advance(TimeSpan.FromMinutes(2));
        await sender.Run();
        Assert.Equal(50, again.Messages.Select(m => m.Header("Message-ID")).Distinct().Count());
        Assert.Equal(50, again.Messages.Count);
    }

    [Fact]
    public async Task E12_a_server_that_takes_the_mail_and_drops_gets_it_again_under_the_same_message_id()
    {
        var (instance, server, sender) = await Start();
        await using var _ = instance;
        await using var __ = server;
        var seen = new List<string>();
        server.OnMessage = m =>
        {
            seen.Add(m.Header("Message-ID"));
            return Task.CompletedTask;
        };
        server.Replies["."] = "";
        var id = await Queue(instance, OutboxTests.Letter("dropped"));
        var entry = await Settled(instance, sender, id);
        Assert.Equal((MailStates.Deferred, "mail.dropped_after_data", 1L), (entry.State, entry.Code, entry.Doubtful));
        server.Replies.Clear();
        instance.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(MailStates.Accepted, (await Settled(instance, sender, id)).State);
        Assert.Equal(2, seen.Count);
        Assert.Single(seen.Distinct());
    }

    [Fact]
    public async Task E12_a_name_that_does_not_fit_the_certificate_is_shown_with_both_names()
    {
        var (instance, server, sender) = await Start();
        await using var _ = instance;
        await using var __ = server;
        server.Certificate = authority.Issue(["mail.example.net"]);
        var entry = await Settled(instance, sender, await Queue(instance, OutboxTests.Letter("name")));
        Assert.Equal((MailStates.Deferred, "mail.certificate_name"), (entry.State, entry.Code));
        Assert.Contains("mail.example.net", entry.Reply, StringComparison.Ordinal);
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task E12_a_server_that_hangs_is_named_with_the_step_and_the_mail_waits()
    {
        var (instance, server, sender) = await Start();
        await using var _ = instance;
        await using var __ = server;
        server.Replies["EHLO"] = null;
        var entry = await Settled(instance, sender, await Queue(instance, OutboxTests.Letter("hang")));
        Assert.Equal((MailStates.Deferred, "mail.hangs"), (entry.State, entry.Code));
        Assert.Contains("ehlo", entry.Reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_mail_whose_link_has_ended_is_not_sent_any_more(bool onPostgres)
    {
        var (instance, server, sender) = await Start(onPostgres);
        await using var _ = instance;
        await using var __ = server;
        server.Replies["GREETING"] = "421 later";
        var id = await Queue(instance, OutboxTests.Letter("late", expires: instance.Clock.Now() + 900_000));
        Assert.Equal(MailStates.Deferred, (await Settled(instance, sender, id)).State);
        server.Replies.Clear();
        instance.Clock.Advance(TimeSpan.FromMinutes(16));
        var entry = await Settled(instance, sender, id);
        Assert.Equal((MailStates.Failed, "mail.ended_unsent", false), (entry.State, entry.Code, entry.HasContent));
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task D15_a_password_is_sent_only_to_the_server_it_was_entered_for()
    {
        var (instance, server, sender) = await Start();
        await using var _ = instance;
        await using var __ = server;
        var store = instance.Services.GetRequiredService<MailSettingsStore>();
        var mine = store.WithPassword(new() { Host = "smtp.example.com", Port = server.Port, User = "gatehouse", From = "noreply@example.com", Authorities = authority.Pem }, "s3cret");
        Assert.Equal("s3cret", store.Password(mine));
        foreach (var moved in new[] { mine with { Host = "localhost" }, mine with { Port = 465 }, mine with { Security = Security.None }, mine with { User = "other" }, mine with { Authorities = "" } })
            Assert.Null(store.Password(moved));
        await instance.Database.Write(sql => store.Write(sql, mine with { Host = "localhost" }));
        var entry = await Settled(instance, sender, await Queue(instance, OutboxTests.Letter("d15")));
        Assert.Equal((MailStates.Deferred, "mail.password_other_server"), (entry.State, entry.Code));
        Assert.Equal(0, server.Connections);
        Assert.DoesNotContain("s3cret", await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'mail'")), StringComparison.Ordinal);
    }

    [Fact]
    public void Pauses_double_up_to_four_hours()
    {
        Assert.InRange(MailSender.Backoff(1).TotalSeconds, 26, 34);
        Assert.InRange(MailSender.Backoff(5).TotalSeconds, 430, 530);
        Assert.InRange(MailSender.Backoff(60).TotalHours, 3.5, 4.5);
    }
}
