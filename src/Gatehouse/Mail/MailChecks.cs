using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>Mails that did not leave or came back.</summary>
public sealed record MailsStuck(long Deferred, long Failed, long Bounced, string Last) : Refusal<MailsStuck>, IRefusal<MailsStuck>
{
    public static RefusalEntry Entry { get; } = new("mail.stuck", "Mails wait, failed or came back",
        Public: "Mail from this server is late.",
        Fix: "Open the mail log; each mail shows the mail server's own words. Test the settings on the Email page.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static MailsStuck Example => new(3, 1, 0, "mail.connection_refused");
    public override string Evidence => $"Of the mails of the last three days {Deferred} wait for another try, {Failed} failed and {Bounced} came back; the last cause: {Last}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the mail log", MailPaths.Log)];
}

/// <summary>The doctor's view of mail: what the daily look found, and what lies in the outbox. Asks no other host itself.</summary>
internal sealed class MailCheck(string id, string notYet, MailFindings findings, MailSettingsStore store) : IDoctorCheck
{
    /// <summary>Every check that the daily look fills; "mail.deliverability" comes before the single ones in the list by its name.</summary>
    public static readonly (string Id, string NotYet)[] All =
    [
        ("mail.conversation", "The mail server was not spoken to yet; that happens two minutes after a start or a change."),
        ("mail.from_domain", "The From domain was not looked up yet."),
        ("mail.spf", "SPF was not looked up yet."),
        ("mail.dkim", "DKIM was not looked up yet."),
        ("mail.dmarc", "DMARC was not looked up yet."),
        ("mail.ptr", "The reverse name was not looked up yet."),
        ("mail.link_host", "From and links were not compared yet."),
        ("mail.block_lists", "No block list is asked: none is named on the Email page."),
    ];

    public string Id => id;

    public async Task<Finding> Run(CancellationToken stop)
    {
        if (!(await store.Read()).IsSet) return Finding.Pass(id, "No mail server is set; links are handed over by copying them.");
        return (await findings.Last())?.Findings.FirstOrDefault(f => f.Id == id) ?? Finding.Pass(id, notYet);
    }
}

/// <summary>Mails that wait, failed or came back in the last three days.</summary>
internal sealed class OutboxCheck(Database database, MailSettingsStore store, TimeProvider clock) : IDoctorCheck
{
    public string Id => "mail.outbox";

    public async Task<Finding> Run(CancellationToken stop)
    {
        var since = clock.GetUtcNow().AddDays(-3).ToUnixTimeMilliseconds();
        var states = (await database.Read(sql => sql.List<StateCount>("""select state as "State", count(*) as "Count" from mails where created_at > @since and kind <> 'test' group by state""", new { since }))).ToDictionary(s => s.State, s => s.Count);
        long Of(string state) => states.GetValueOrDefault(state);
        if (!(await store.Read()).IsSet) return Of(MailStates.Queued) + Of(MailStates.Deferred) > 0 ? Finding.Warn(Id, new MailNotSetUp()) : Finding.Pass(Id, "Nothing waits to be mailed.");
        var (deferred, failed, bounced) = (Of(MailStates.Deferred), Of(MailStates.Failed), Of(MailStates.Bounced));
        if (deferred + failed + bounced == 0) return Finding.Pass(Id, $"{Of(MailStates.Accepted)} mails of the last three days were accepted, none waits.");
        var last = await database.Read(sql => sql.One<string?>("select code from mails where created_at > @since and code is not null order by coalesce(settled_at, created_at) desc, id desc limit 1", new { since }));
        return Finding.Warn(Id, new MailsStuck(deferred, failed, bounced, Printable.Cap(last ?? "unknown", 60)));
    }

    private sealed record StateCount
    {
        public string State { get; init; } = "";
        public long Count { get; init; }
    }
}
