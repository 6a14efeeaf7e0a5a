using Gatehouse.Mail;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>A mail server that hangs is no matter of those who sign in. bench/mail-hang runs it long and prints the figures.</summary>
public class HangTests
{
    private static int Rounds => Repository.Full ? 10 : 3;
    private static TimeSpan RoundTime => TimeSpan.FromSeconds(Repository.Full ? 6 : 1.5);

    [Fact]
    public async Task V12_signing_in_is_as_fast_while_the_mail_server_hangs_and_a_thousand_mails_wait()
    {
        using var authority = new TestAuthority();
        await using var hanging = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        hanging.Replies["EHLO"] = null;
        await using var calm = await TestInstance.Start();
        await using var stuck = await TestInstance.Start();
        // The patience of the background: a minute for each step, as it is in production.
        await SenderTests.Set(stuck, new() { Host = "localhost", Port = hanging.Port, From = "noreply@example.com", Authorities = authority.Pem });
        var outbox = stuck.Services.GetRequiredService<Outbox>();
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => stuck.Database.Write(sql => outbox.Queue(sql, OutboxTests.Letter($"hang{i}")))));
        using var atCalm = await TestPerson.FirstAdmin(calm);
        using var atStuck = await TestPerson.FirstAdmin(stuck);
        await Round(atCalm);
        await Round(atStuck);
        var (calmTimes, stuckTimes) = (new List<double>(), new List<double>());
        for (var i = 0; i < Rounds; i++)
        {
            calmTimes.AddRange(await Round(atCalm));
            stuckTimes.AddRange(await Round(atStuck));
        }
        Assert.True(hanging.Connections > 0 && hanging.Messages.IsEmpty);
        var told = $"sign-ins without and with a hanging mail server: {calmTimes.Count} and {stuckTimes.Count} in the same time, median {At(calmTimes, .5):0.0} and {At(stuckTimes, .5):0.0} ms, p99 {At(calmTimes, .99):0.0} and {At(stuckTimes, .99):0.0} ms";
        TestContext.Current.SendDiagnosticMessage(told);
        // Generous, as other tests share the machine; a sign-in that waited for mail would take seconds.
        Assert.True(At(stuckTimes, .5) < At(calmTimes, .5) * 1.5 + 10, told);
        Assert.True(stuckTimes.Count > calmTimes.Count * 0.6, told);
    }

    private static double At(List<double> times, double share) => times.Order().ElementAt((int)(share * (times.Count - 1)));

    private static async Task<List<double>> Round(TestPerson person)
    {
        var times = new List<double>();
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < RoundTime)
        {
            var one = TimeProvider.System.GetTimestamp();
            Assert.Equal(200, (int)(await person.SignIn()).Status);
            times.Add(TimeProvider.System.GetElapsedTime(one).TotalMilliseconds);
        }
        return times;
    }
}
