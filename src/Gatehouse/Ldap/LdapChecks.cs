using System.Security.Cryptography.X509Certificates;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Sync;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap;

/// <summary>What the doctor sees of the directory without asking it: settings, the stored password, the certificate authority.</summary>
internal sealed class SettingsCheck(SettingsStore store, TimeProvider clock) : IDoctorCheck
{
    public string Id => "ldap.settings";

    public async Task<Finding> Run(CancellationToken stop)
    {
        var settings = await store.Get();
        if (settings.Urls.Count == 0) return Finding.Pass(Id, "No directory is set up.");
        if (CheckSettings.Run(settings) is [var fault, ..]) return Finding.Fail(Id, fault.Refusal);
        if (store.Password(settings).Refusal is { } refusal) return Finding.Fail(Id, refusal);
        foreach (var certificate in settings.Authorities() ?? new X509Certificate2Collection())
        {
            var left = (new DateTimeOffset(certificate.NotAfter) - clock.GetUtcNow()).TotalDays;
            if (left < 30) return Finding.Warn(Id, new AuthorityEnds(Web.Printable.Cap(certificate.Subject, 200), new DateTimeOffset(certificate.NotAfter).ToUnixTimeMilliseconds()));
        }
        return Finding.Pass(Id, $"{string.Join(", ", settings.Urls)}, {(settings.Enabled ? "in use" : "switched off")}; users {settings.UserFilter} below {string.Join(" | ", settings.UserBases)}.");
    }
}

/// <summary>How the last sync went.</summary>
internal sealed class SyncCheck(Database database, SettingsStore store, TimeProvider clock) : IDoctorCheck
{
    public string Id => "ldap.sync";

    public async Task<Finding> Run(CancellationToken stop)
    {
        var settings = await store.Get();
        if (!settings.Enabled) return Finding.Pass(Id, "The directory is not in use.");
        if (settings.Paused.Length > 0) return Finding.Warn(Id, new SyncPaused(settings.Paused));
        var last = await database.Read(RunStore.LastSync);
        if (last is null) return Finding.Pass(Id, "No sync has run yet.");
        if (last.Outcome is RunOutcome.Failed or RunOutcome.Braked && last.Refusal is { } refusal) return Finding.Fail(Id, refusal);
        var late = settings.IntervalMinutes > 0 && clock.Now() - last.StartedAt > 3L * settings.IntervalMinutes * 60_000 + 600_000;
        if (late) return Finding.Warn(Id, new SyncLate(last.StartedAt, settings.IntervalMinutes));
        return Finding.Pass(Id, $"Last sync {OnOurSide.Day(last.StartedAt)}: {RunLdapSync.Summary(last)}. The filter {settings.UserFilter} fitted {last.People} entries.");
    }
}

/// <summary>The certificate authority of the directory is about to end.</summary>
public sealed record AuthorityEnds(string Subject, long NotAfter) : Refusal<AuthorityEnds>, IRefusal<AuthorityEnds>
{
    public static RefusalEntry Entry { get; } = new("ldap.authority_ends", "The directory's certificate authority ends soon",
        Public: "A certificate of this server's set-up ends soon.", Fix: "Paste the new authority beside the old one in the LDAP settings before that day.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static AuthorityEnds Example => new("CN=Corp CA", 1_732_000_000_000);
    public override string Evidence => $"{Subject} is good until {OnOurSide.Day(NotAfter)}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the settings", OnOurSide.Page)];
}

/// <summary>The background sync waits for an admin.</summary>
public sealed record SyncPaused(string Because) : Refusal<SyncPaused>, IRefusal<SyncPaused>
{
    public static RefusalEntry Entry { get; } = new("ldap.sync_paused", "The background sync waits",
        Public: "The background sync waits for an admin.", Fix: "Mend what made you take the run back, look at a trial sync, then press Let it go on.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SyncPaused Example => new("a run was taken back by ada@example.com");
    public override string Evidence => $"The background sync waits: {Because}. Who leaves the directory keeps access until it goes on.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the syncs", SyncPages.Path)];
}

/// <summary>No sync has run for long.</summary>
public sealed record SyncLate(long LastAt, int Minutes) : Refusal<SyncLate>, IRefusal<SyncLate>
{
    public static RefusalEntry Entry { get; } = new("ldap.sync_late", "The directory sync is overdue",
        Public: "The directory sync is overdue.", Fix: "Look into the server's log for the sync; restart the server if nothing is there.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SyncLate Example => new(1_732_000_000_000, 60);
    public override string Evidence => $"The last sync began {OnOurSide.Day(LastAt)}; the interval is {Minutes} minutes.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the syncs", SyncPages.Path)];
}
