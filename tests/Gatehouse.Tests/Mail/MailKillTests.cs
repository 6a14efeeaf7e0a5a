using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Tests.Hardening;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>kill -9 while mails are on their way.</summary>
public class MailKillTests
{
    [Fact]
    public async Task A_thousand_queued_mails_survive_kill_9_and_each_arrives()
    {
        const int count = 1000;
        using var authority = new TestAuthority();
        await using var smtp = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        var folder = Directory.CreateTempSubdirectory("gatehouse-mail-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            await Write(environment, smtp.Port, authority.Pem, count);
            var kills = 0;
            foreach (var at in new[] { 120, 400, 700, count })
            {
                await using var server = await ServerProcess.Start(environment);
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
                var began = TimeProvider.System.GetTimestamp();
                while (Distinct(smtp) < at || at == count && await Accepted(environment) < count)
                {
                    Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(90), $"{Distinct(smtp)} of {at} arrived");
                    await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
                }
                if (at == count) break;
                await server.Kill();
                kills++;
            }
            // Each once, except what was handed over at the very moment of a kill: one connection, so at most one for each, and it says so.
            var twice = smtp.Messages.Count - count;
            Assert.Equal(count, Distinct(smtp));
            Assert.InRange(twice, 0, kills);
            await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
            var doubtful = await instance.Database.Read(sql => sql.One<long>("select coalesce(sum(doubtful), 0) from mails"));
            Assert.True(twice <= doubtful, $"{twice} arrived twice, {doubtful} were in doubt");
            TestContext.Current.SendDiagnosticMessage($"{kills} kills: {twice} arrived twice, {doubtful} were in doubt");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_kill_between_the_last_dot_and_the_reply_is_noticed_and_the_mail_goes_again_under_the_same_id()
    {
        using var authority = new TestAuthority();
        await using var smtp = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        var folder = Directory.CreateTempSubdirectory("gatehouse-mail-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            await Write(environment, smtp.Port, authority.Pem, 1);
            var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var reply = new TaskCompletionSource();
            smtp.OnMessage = _ =>
            {
                taken.TrySetResult();
                return reply.Task;
            };
            await using (var server = await ServerProcess.Start(environment))
            {
                await taken.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
                await server.Kill();
            }
            reply.SetResult();
            await using (await ServerProcess.Start(environment))
            {
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
                for (var i = 0; i < 600 && await Accepted(environment) == 0; i++) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
            Assert.Equal(2, smtp.Messages.Count);
            Assert.Equal(1, Distinct(smtp));
            await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
            Assert.Equal(("accepted", 1L), await instance.Database.Read(async sql => (await sql.One<string>("select state from mails"), await sql.One<long>("select doubtful from mails"))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Distinct(ScriptedSmtp smtp) => smtp.Messages.Select(m => m.Header("Message-ID")).Distinct().Count();

    private static async Task<long> Accepted(Dictionary<string, string> environment)
    {
        await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
        return await instance.Database.Read(sql => sql.One<long>("select count(*) from mails where state = 'accepted'"));
    }

    private static async Task Write(Dictionary<string, string> environment, int port, string authorities, int count)
    {
        var configuration = ReadConfiguration.From(environment).Configuration!;
        await using var instance = await Instance.Open(configuration, create: true, TimeProvider.System);
        var services = new ServiceCollection();
        Server.AddRooms(services, configuration, instance, TimeProvider.System);
        await using var provider = services.BuildServiceProvider();
        var outbox = provider.GetRequiredService<Outbox>();
        var store = provider.GetRequiredService<MailSettingsStore>();
        await instance.Database.Write(sql => store.Write(sql, new() { Host = "localhost", Port = port, From = "noreply@example.com", Authorities = authorities }));
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => instance.Database.Write(sql => outbox.Queue(sql, OutboxTests.Letter($"kill{i}", $"u{i}@example.com")))));
    }
}
