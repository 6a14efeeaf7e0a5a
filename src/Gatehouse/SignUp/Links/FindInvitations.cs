using Gatehouse.Data;

namespace Gatehouse.SignUp.Links;

/// <summary>A line of the list: the link and where its newest mail stands.</summary>
public sealed record InvitationLine(SignUpLink Link, string? MailState, string? UserName);

/// <summary>Lists links and invitations, newest first.</summary>
public sealed class FindInvitations(Database database, TimeProvider clock)
{
    public const int PageSize = 50;

    /// <summary>"open" (may still be used), "asked" (somebody asks for a new one), "used", "ended" or "" for all.</summary>
    public static readonly string[] States = ["", "open", "asked", "used", "ended"];

    public Task<(IReadOnlyList<InvitationLine> Lines, long Total)> Run(string search, string state, int page) => database.Read(async sql =>
    {
        var conditions = new List<string>();
        if (search.Length > 0) conditions.Add("(l.email_folded like @pattern escape '!' or lower(l.label) like @pattern escape '!')");
        if (state switch
        {
            "open" => "l.revoked_at is null and l.uses < l.max_uses and l.expires_at > @now",
            "asked" => "l.asked_again_at is not null and l.revoked_at is null and l.uses < l.max_uses",
            "used" => "l.uses > 0",
            "ended" => "(l.revoked_at is not null or l.expires_at <= @now and l.uses < l.max_uses)",
            _ => null,
        } is { } condition) conditions.Add(condition);
        var where = conditions.Count == 0 ? "" : "where " + string.Join(" and ", conditions);
        var folded = Accounts.Users.UserStore.Fold(search).Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);
        var args = new { pattern = $"%{folded}%", now = clock.Now(), limit = PageSize, offset = (long)(page - 1) * PageSize };
        var total = await sql.One<long>($"select count(*) from signup_links l {where}", args);
        var rows = await sql.List<SignUpLink>($"select {SignUpLink.Columns} from signup_links l {where} order by l.created_at desc, l.id desc limit @limit offset @offset", args);
        var (inLinks, links) = sql.In("m.about_id", rows.Select(r => r.Id));
        var mails = (await sql.List<Mailed>($"""
            select m.about_id as "Id", m.state as "State", m.created_at as "At" from mails m where {inLinks} and m.about_kind in ('invitation', 'request') and m.kind in ('invitation', 'sign_up') order by m.created_at, m.id
            """, links)).GroupBy(m => m.Id).ToDictionary(g => g.Key, g => g.Last().State, StringComparer.Ordinal);
        var (inUsers, users) = sql.In("u.id", rows.Select(r => r.UserId).OfType<string>());
        var names = (await sql.List<Named>($"""select u.id as "Id", u.display_name as "Name" from users u where {inUsers}""", users)).ToDictionary(n => n.Id, n => n.Name, StringComparer.Ordinal);
        return ((IReadOnlyList<InvitationLine>)[.. rows.Select(r => new InvitationLine(r, mails.GetValueOrDefault(r.Id), r.UserId is null ? null : names.GetValueOrDefault(r.UserId)))], total);
    });

    private sealed record Mailed
    {
        public string Id { get; init; } = "";
        public string State { get; init; } = "";
        public long At { get; init; }
    }

    private sealed record Named
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
    }
}
