using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Deletion;

/// <summary>Somebody has asked for their account to be deleted and nobody decides.</summary>
public sealed record DeletionWaits(long People, long Days) : Refusal<DeletionWaits>, IRefusal<DeletionWaits>
{
    public static RefusalEntry Entry { get; } = new("account.deletion_waits", "A wish for deletion waits for a decision",
        Public: "Your wish is waiting for an administrator.", Fix: "Open Users, choose \"Ask to be deleted\", and approve or decline. In many places the law gives you a month.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static DeletionWaits Example => new(2, 16);
    public override string Evidence => $"{People} {(People == 1 ? "person asks" : "people ask")} for their account to be deleted, the first for {Days} days.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open those who ask", "/admin/users?state=deletion-asked")];
}

/// <summary>Says when such a wish is left lying.</summary>
internal sealed class WishesCheck(Database database, TimeProvider clock) : IDoctorCheck
{
    /// <summary>So long an admin may take without the doctor speaking of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(14);

    public string Id => "account.deletion";

    public async Task<Finding> Run(CancellationToken stop)
    {
        var waiting = await database.Read(sql => sql.List<long>("select asked_at from deletion_requests where declined_at is null order by asked_at"));
        if (waiting.Count == 0) return Finding.Pass(Id, "Nobody waits for their account to be deleted.");
        var waited = TimeSpan.FromMilliseconds(clock.Now() - waiting[0]);
        return waited > Patience ? Finding.Warn(Id, new DeletionWaits(waiting.Count, (long)waited.TotalDays)) : Finding.Pass(Id, $"{waiting.Count} asked for deletion within the last {Patience.TotalDays:0} days and wait for you.");
    }
}
