using Gatehouse.Data;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.Doctor;

/// <summary>The figures of the overview.</summary>
public sealed record Counts
{
    public long Users { get; init; }
    public long Disabled { get; init; }
    public long Clients { get; init; }
    public long Sessions { get; init; }
    public long Problems { get; init; }

    /// <summary>Sign-ins that worked, last 24 hours.</summary>
    public long SignIns { get; init; }

    /// <summary>Refusals, last 24 hours.</summary>
    public long Refused { get; init; }

    internal static async Task<Counts> Load(Database database, Settings settings, TimeProvider clock)
    {
        var now = clock.Now();
        var policy = await SessionPolicy.Of(settings);
        return await database.Read(async sql => (await sql.One<Counts>("""
            select (select count(*) from users where deleted_at is null) as "Users",
              (select count(*) from users where deleted_at is null and disabled_at is not null) as "Disabled",
              (select count(*) from clients where deleted_at is null and enabled = @yes) as "Clients",
              (select count(*) from problems where state = 'open') as "Problems",
              (select count(*) from sign_ins where at > @since) as "SignIns",
              (select count(*) from cases where at > @since) as "Refused"
            """, new { yes = true, now, since = now - 86_400_000 }))! with { Sessions = (await SessionStore.Compare(sql, policy, policy, now)).Live });
    }
}
