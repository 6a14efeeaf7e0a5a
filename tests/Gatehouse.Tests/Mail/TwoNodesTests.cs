using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Mail;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>The outbox under two nodes at once.</summary>
public class TwoNodesTests(PostgresCluster postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_letter_goes_out_once_and_each_bounce_is_noted_once_whoever_claims_it(bool onPostgres)
    {
        const int letters = 60;
        await using var server = new ScriptedSmtp();
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        await using var second = onPostgres ? await instance.AnotherNode() : null;
        var nodes = second is null ? [instance] : new[] { instance, second };
        using var admin = await Somebody.With(instance, Role.Admin);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(MailPaths.Settings, ("version", "0"), ("host", "localhost"), ("port", $"{server.Port}"), ("security", "none"), ("user", ""), ("method", "auto"), ("from", "noreply@example.com"))).Status);
        var ids = await instance.Database.Write(async sql =>
        {
            var all = new List<string>();
            for (var i = 0; i < letters; i++) all.Add(await instance.Services.GetRequiredService<Outbox>().Queue(sql, OutboxTests.Letter($"n{i}")));
            return all;
        });
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        do await Task.WhenAll(nodes.SelectMany(n => new[] { n, n }).Select(n => Task.Run(() => n.Services.GetRequiredService<MailSender>().Run())));
        while (await instance.Database.Read(sql => sql.One<long>("select count(*) from mails where state <> 'accepted'")) > 0 && await pause.WaitForNextTickAsync());
        Assert.Equal(letters, server.Messages.Count);
        Assert.Equal(letters, server.Messages.Select(m => m.Header("Message-ID")).Distinct().Count());

        foreach (var id in ids.Take(10))
        {
            var mail = (await instance.Database.Read(sql => Outbox.Find(sql, id)))!;
            var noted = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => nodes[i % nodes.Length].Services.GetRequiredService<NoteBounce>().Run(new(mail.MessageId, "550 unknown")))));
            Assert.Single(noted, n => n.Passed(out _, out _));
        }
    }
}
