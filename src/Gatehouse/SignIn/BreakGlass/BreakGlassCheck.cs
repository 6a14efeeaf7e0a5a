using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>Says whether the last way in is there, was rehearsed, and is shut.</summary>
internal sealed class BreakGlassCheck(Database database, TimeProvider clock) : IDoctorCheck
{
    public string Id => "signin.break_glass";

    public async Task<Finding> Run(CancellationToken stop)
    {
        var now = clock.Now();
        var (present, openings, had, admins) = await database.Read(async sql => (await BreakGlassStore.Sealed(sql, now), await BreakGlassStore.Newest(sql), await sql.One<bool>("select exists (select 1 from break_glass_credentials where kind = 'sealed')"), await UserStore.ActiveAdmins(sql)));
        if (openings.FirstOrDefault(o => o.IsOpen(now)) is { } open) return Finding.Warn(Id, new BreakGlassOpenNow(open.Label, open.OpenedAt, open.ExpiresAt, open.Address));
        if (present is null && admins.Count == 0 && !had) return Finding.Pass(Id, "Nobody administers this instance yet, so there is nothing to break the glass for.");
        if (present is null) return Finding.Warn(Id, new BreakGlassMissing(had));
        if (present.DrilledAt is not { } drilled || now - drilled > (long)GlassLimits.DrillEvery.TotalMilliseconds) return Finding.Warn(Id, new BreakGlassNotRehearsed(present.MadeAt, present.DrilledAt));
        return Finding.Pass(Id, $"A break-glass credential is sealed since {BreakGlassRefused.At(present.MadeAt)} and was rehearsed at {BreakGlassRefused.At(drilled)}.");
    }
}
