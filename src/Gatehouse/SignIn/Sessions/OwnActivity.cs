using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Sessions;

/// <summary>One line of a person's own activity.</summary>
public sealed record ActivityLine(long At, bool Refused, string Sentence, string? App, string Address, string? Reference);

/// <summary>A person's own sign-ins and refusals. Refusals by their public sentence only, and only those after proof (security.md section 3).</summary>
public sealed class OwnActivity(Database database)
{
    private const int Limit = 100;

    private sealed record Entry
    {
        public long At { get; init; }
        public string Method { get; init; } = "";
        public string? App { get; init; }
        public string Address { get; init; } = "";
    }

    public Task<IReadOnlyList<ActivityLine>> Of(string userId) => database.Read(async sql =>
    {
        var entered = await sql.List<Entry>($"""
            select s.at as "At", s.method as "Method", c.name as "App", s.address as "Address"
            from sign_ins s left join clients c on c.id = s.client_id where s.user_id = @userId order by s.at desc limit {Limit}
            """, new { userId });
        var refused = await Cases.OfUser(sql, userId, Limit);
        return (IReadOnlyList<ActivityLine>)
        [
            .. entered.Select(e => new ActivityLine(e.At, false, e.Method switch { "link" => "By a login link", "pwd" => "By a password", "otp" => "By a second factor", "pwd otp" => "By a password and a code", "pwd hwk" => "By a password and a hardware key", "link otp" => "By a login link and a code", "link hwk" => "By a login link and a hardware key", _ => "By a passkey" }, e.App, e.Address, null))
                .Concat(refused.Where(c => c.Entry is { Audience: Audience.AfterProof })
                    .Select(c => new ActivityLine(c.At, true, c.Entry!.Public, c.ClientName, c.Address, c.Reference)))
                .OrderByDescending(l => l.At).Take(Limit),
        ];
    });
}
