using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail.Dns;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>Looks whether mail would go and arrive: a conversation up to the sender, without sending anything, and what DNS says. Keeps what it found.</summary>
public sealed class LookAtMail(MailSettingsStore store, AccessTokens tokens, MailFindings findings, TestMail ports, Database database, ServerConfiguration configuration, TimeProvider clock)
{
    /// <summary>Other name servers than those of this machine, for tests.</summary>
    internal DnsResolver Resolver { get; set; } = new();
    internal Patience Patience { get; set; } = Patience.OnScreen;

    public async Task<MailReport> Run(CancellationToken stop)
    {
        var settings = await database.Read(MailSettingsStore.Read);
        var key = store.Dkim(settings);
        var report = new MailReport(clock.Now(), settings.Version, !settings.IsSet ? [] :
        [
            await Conversation(settings, stop),
            .. await new Deliverability(Resolver, configuration).Look(settings, key is null ? null : ($"{key.Selector}._domainkey.{key.Domain}", key.Record), stop),
        ]);
        await database.Write(sql => findings.Keep(sql, report));
        return report;
    }

    private async Task<Finding> Conversation(MailSettings settings, CancellationToken stop)
    {
        const string id = "mail.conversation";
        if (!(await tokens.Target(settings, Patience, stop)).Passed(out var target, out var unfit)) return Finding.Fail(id, unfit);
        if (!Address.TryParse(settings.From, out var from)) return Finding.Fail(id, new AddressMalformed(Web.Printable.Cap(settings.From, 100)));
        await using var conversation = new SmtpConversation(target);
        var refusal = await conversation.Open(stop) ?? await conversation.TrySender(from, stop);
        if (refusal is ConnectTimedOut or ConnectRefused && await ports.TryOtherPorts(settings, stop) is { Count: > 0 } open)
            refusal = new PortBlocked(target.Server, refusal is ConnectTimedOut ? "no answer, as behind a firewall" : "nothing listens there", [.. open.Select(p => p.Text)]);
        return refusal is null ? Finding.Pass(id, $"{target.Server} lets us in and takes {from} as sender.") : Finding.Fail(id, refusal);
    }
}

/// <summary>Looks two minutes after a start or a change, and once a day.</summary>
internal sealed partial class MailWatch(LookAtMail look, MailFindings findings, MailSettingsStore store, TimeProvider clock, ILogger<MailWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Settle = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Daily = TimeSpan.FromHours(24);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Settle, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    var (settings, last) = (await store.Read(), await findings.Last());
                    if (settings.IsSet && (last is null || last.Version != settings.Version || clock.Now() - last.At > Daily.TotalMilliseconds)) await look.Run(stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    CouldNot(logger, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the daily look at mail broke; the next one follows")]
    private static partial void CouldNot(ILogger logger, Exception e);
}
