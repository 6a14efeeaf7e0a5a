using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>What this room keeps about a person.</summary>
internal static class PersonalAudit
{
    // The log names people by the address they had at the time: those of a person stand as the name of the target in what was done to their account.
    public static readonly PersonalData[] All =
    [
        new("sign_ins", "Sign-ins: when, how, where from, to which application", "90 days.", ["sign_ins"], """
            select s.at as signed_in_at, s.kind as kind, s.method as method, c.name as application, s.address as address, s.user_agent as browser
            from sign_ins s left join clients c on c.id = s.client_id where s.user_id = @userId order by s.at desc
            """, "delete from sign_ins where user_id = @userId"),
        new("refusals", "Times you were refused, in the words that you were told", "90 days.", ["cases"], null, "delete from problems where target = @userId; delete from cases where user_id = @userId or data like '%' || @userId || '%'") { Told = Refusals },
        new("changes", "Changes to your account, and what you changed here", "For good, as the record of who changed what; when the account is removed, your name and address are taken out of it.", ["audit"], """
            select a.at as done_at, a.action as action, case when a.target_id = @userId then 'your account' else a.target_kind end as about,
                case when a.actor = @email or a.actor in (select target_name from audit where target_kind = 'user' and target_id = @userId) then 'you'
                    when a.actor like 'console:%' then 'the operator of the server' when a.actor like 'client:%' then 'an application'
                    when a.actor like '%@%' or a.actor like 'break-glass%' then 'an administrator' else 'the server' end as done_by
            from audit a where a.target_kind = 'user' and a.target_id = @userId or a.actor = @email and a.at >= (select created_at from users where id = @userId) order by a.at desc
            """, """
            update audit set actor = @userId where actor in (select target_name from audit where target_kind = 'user' and target_id = @userId) and not exists (select 1 from users u where u.email = audit.actor);
            update audit set target_name = @userId, before = null, after = null where target_kind = 'user' and target_id = @userId;
            update audit set actor = @userId where actor = @email;
            update audit set before = @userId where before in (@email, @name);
            update audit set after = @userId where after in (@email, @name);
            update audit set target_name = @userId where target_name = @email
            """),
    ];

    /// <summary>Only what was refused after proof, and only its public sentence: the rest is not known to be theirs.</summary>
    private static async Task<IReadOnlyList<IReadOnlyDictionary<string, object?>>> Refusals(Sql sql, DataSubject subject) =>
    [
        .. (await Cases.OfUser(sql, subject.UserId, 10_000)).Where(c => c.Entry is { Audience: Audience.AfterProof }).Select(c => new Dictionary<string, object?>
        {
            ["refused_at"] = PersonalData.Shown("refused_at", c.At),
            ["reference"] = c.Reference,
            ["sentence"] = c.Entry!.Public,
            ["application"] = c.ClientName,
            ["address"] = c.Address,
            ["browser"] = c.UserAgent,
        }),
    ];
}
