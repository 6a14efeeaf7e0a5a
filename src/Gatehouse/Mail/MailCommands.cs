using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Mail.Smtp;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>The same test and log from the host's shell.</summary>
public static class MailCommands
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Make(IConsoleHost host) => new("mail", "Test the mail server, look at what was sent") { Test(host), Log(host), Retry(host) };

    private static Command Test(IConsoleHost host)
    {
        var to = new Argument<string>("TO") { Description = "Where the test mail goes" };
        var test = new Command("test", "Send a test mail with the stored settings and show each step") { to };
        test.SetAction((parsed, stop) => host.With(async services =>
        {
            if (!Address.TryParse(parsed.GetValue(to), out var address))
            {
                await host.Error.WriteLineAsync("That is not one e-mail address.");
                return 2;
            }
            var settings = await services.GetRequiredService<MailSettingsStore>().Read();
            var result = await services.GetRequiredService<TestMail>().Run(settings, address, Actor.Console, stop);
            foreach (var step in result.Steps)
            {
                await host.Output.WriteLineAsync($"{(step.Passed ? "ok  " : "FAIL")} {step.Name,-9} {step.Milliseconds.ToString(CultureInfo.InvariantCulture),6} ms");
                foreach (var line in step.Lines) await host.Output.WriteLineAsync("       " + Printable.Cap(line, 500));
            }
            if (result.Refusal is not { } refusal)
            {
                await host.Output.WriteLineAsync($"The mail server took it: {Printable.Cap(result.Handed!.Reply, 500)}\nMessage-ID: {result.MessageId}");
                return 0;
            }
            await host.Output.WriteLineAsync($"{refusal.Facts.Title} ({refusal.Facts.Code}, {result.Reference})\n{Printable.Cap(refusal.Evidence, 1000)}\nWhat mends it: {refusal.Facts.Fix}");
            if (Providers.Of(settings.Host) is { } provider) await host.Output.WriteLineAsync($"{provider.Name}: {provider.Advice}");
            return 1;
        }));
        return test;
    }

    private static Command Log(IConsoleHost host)
    {
        var to = new Option<string>("--to") { Description = "Part of an address or subject, a Message-ID, queue id or reference" };
        var state = new Option<string>("--state") { Description = "queued, accepted, deferred, failed, bounced or cancelled" };
        state.AcceptOnlyFromAmong(MailStates.Queued, MailStates.Accepted, MailStates.Deferred, MailStates.Failed, MailStates.Bounced, MailStates.Cancelled);
        var limit = new Option<int>("--limit") { DefaultValueFactory = _ => 50 };
        var json = new Option<bool>("--json") { Description = "One JSON array" };
        var log = new Command("log", "What was mailed and what became of it") { to, state, limit, json };
        log.SetAction((parsed, _) => host.With(async services =>
        {
            var size = Math.Clamp(parsed.GetValue(limit), 1, 10_000);
            var (entries, total) = await services.GetRequiredService<Database>().Read(sql => MailLog.Read(sql, parsed.GetValue(to) ?? "", parsed.GetValue(state) ?? "", 1, size));
            if (parsed.GetValue(json))
            {
                await host.Output.WriteLineAsync(JsonSerializer.Serialize(entries.Select(e => new { e.Id, e.To, e.Kind, e.Subject, e.State, e.CreatedAt, e.SettledAt, e.NextAttemptAt, e.Attempts, e.Server, e.Reply, e.QueueId, e.MessageId, e.Code, e.Reference }), Json));
                return 0;
            }
            foreach (var e in entries)
            {
                await host.Output.WriteLineAsync($"{Time(e.SettledAt ?? e.CreatedAt)} {e.State,-9} {Printable.Cap(e.To, 254)}  {Printable.Cap(e.Subject, 100)}");
                if (e.Reply is { Length: > 0 }) await host.Output.WriteLineAsync("    " + Printable.Cap(e.Reply, 500));
                await host.Output.WriteLineAsync($"    Message-ID {e.MessageId}{(e.QueueId is null ? "" : $"  queue id {Printable.Cap(e.QueueId, 120)}")}{(e.Reference is null ? "" : $"  {e.Code} {e.Reference}")}");
            }
            await host.Output.WriteLineAsync($"{total} mail{(total == 1 ? "" : "s")}");
            return 0;
        }));
        return log;
    }

    private static Command Retry(IConsoleHost host)
    {
        var retry = new Command("retry", "Let the server try everything again that is deferred or failed and still has its content");
        retry.SetAction((_, _) => host.With(async services =>
        {
            var outbox = services.GetRequiredService<Outbox>();
            var tried = await services.GetRequiredService<Database>().Write(async sql =>
            {
                var count = 0;
                foreach (var id in await sql.List<string>("select id from mails where state in ('deferred', 'failed') and content is not null"))
                    if (await outbox.Retry(sql, id)) count++;
                return count;
            });
            await host.Output.WriteLineAsync($"{tried} mail{(tried == 1 ? "" : "s")} will be tried again; the running server sends them within seconds.");
            return 0;
        }));
        return retry;
    }

    private static string Time(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
