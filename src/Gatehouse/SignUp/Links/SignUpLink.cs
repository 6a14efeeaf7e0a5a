using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignUp.Links;

/// <summary>What a way to a new account is.</summary>
public static class LinkKind
{
    /// <summary>For whoever has it, as often as it says.</summary>
    public const string Link = "link";

    /// <summary>Made by an admin for one address, once.</summary>
    public const string Invitation = "invitation";

    /// <summary>Mailed to somebody who asked to sign up; proves the address, works once.</summary>
    public const string Request = "request";
}

/// <summary>Where it stands, for lists. The state of its mail is the ledger's.</summary>
public enum LinkState
{
    Open,
    Opened,
    Used,
    Expired,
    Revoked,
}

/// <summary>A sign-up link or invitation. Times in Unix milliseconds.</summary>
public sealed record SignUpLink
{
    internal const string Columns = """
        l.id as "Id", l.kind as "Kind", l.parent_id as "ParentId", l.label as "Label", l.email as "Email", l.display_name as "DisplayName", l.max_uses as "MaxUses", l.uses as "Uses",
        l.created_at as "CreatedAt", l.created_by as "CreatedBy", l.sent_at as "SentAt", l.expires_at as "ExpiresAt", l.revoked_at as "RevokedAt", l.revoked_by as "RevokedBy",
        l.scanned_at as "ScannedAt", l.opened_at as "OpenedAt", l.used_at as "UsedAt", l.user_id as "UserId", l.asked_again_at as "AskedAgainAt"
        """;

    public string Id { get; init; } = "";

    /// <summary>One of <see cref="LinkKind"/>.</summary>
    public string Kind { get; init; } = LinkKind.Link;
    public string? ParentId { get; init; }

    /// <summary>What the admin calls it.</summary>
    public string Label { get; init; } = "";

    /// <summary>The one address it was mailed to; null for a link that anybody may use.</summary>
    public string? Email { get; init; }
    public string? DisplayName { get; init; }
    public long MaxUses { get; init; }
    public long Uses { get; init; }
    public long CreatedAt { get; init; }
    public string CreatedBy { get; init; } = "";

    /// <summary>When it was mailed last; null when it was not.</summary>
    public long? SentAt { get; init; }
    public long ExpiresAt { get; init; }
    public long? RevokedAt { get; init; }
    public string? RevokedBy { get; init; }

    /// <summary>Its page was fetched by something that does not behave as a browser does: mail systems look at links before people do.</summary>
    public long? ScannedAt { get; init; }

    /// <summary>Its page was fetched by a browser.</summary>
    public long? OpenedAt { get; init; }
    public long? UsedAt { get; init; }

    /// <summary>The account it led to (the last, when there were several).</summary>
    public string? UserId { get; init; }

    /// <summary>Somebody with the expired link asked for a new one.</summary>
    public long? AskedAgainAt { get; init; }

    public string Name => Email ?? Label;
    public AuditTarget AuditTarget => new(Kind, Id, Name);

    public LinkState State(long now) => RevokedAt is not null ? LinkState.Revoked
        : Uses >= MaxUses ? LinkState.Used
        : ExpiresAt <= now ? LinkState.Expired
        : OpenedAt is not null ? LinkState.Opened : LinkState.Open;
}

/// <summary>SQL of sign-up links.</summary>
internal static class SignUpLinkStore
{
    public static Task<SignUpLink?> Find(Sql sql, string id) => sql.One<SignUpLink>($"select {SignUpLink.Columns} from signup_links l where l.id = @id", new { id });

    /// <summary>The link a token belongs to, and whether a newer token took its place.</summary>
    public static async Task<(SignUpLink? Link, bool Replaced)> FindByToken(Sql sql, string hash)
    {
        if (await sql.One<Token>("""select link_id as "LinkId", ended_at as "EndedAt" from signup_tokens where hash = @hash""", new { hash }) is not { } token) return (null, false);
        return (await Find(sql, token.LinkId), token.EndedAt is not null);
    }

    public static Task Insert(Sql sql, SignUpLink link, string? emailFolded) => sql.Run("""
        insert into signup_links (id, kind, parent_id, label, email, email_folded, display_name, max_uses, uses, created_at, created_by, expires_at)
        values (@Id, @Kind, @ParentId, @Label, @Email, @emailFolded, @DisplayName, @MaxUses, 0, @CreatedAt, @CreatedBy, @ExpiresAt)
        """, new { link.Id, link.Kind, link.ParentId, link.Label, link.Email, emailFolded, link.DisplayName, link.MaxUses, link.CreatedAt, link.CreatedBy, link.ExpiresAt });

    /// <summary>Holds the link (and its parent) still until the write ends, so that what is judged now is so when it is written.</summary>
    public static async Task<(SignUpLink? Link, SignUpLink? Parent)> Hold(Sql sql, string id)
    {
        var lockRow = sql.IsPostgres ? " for update" : "";
        var link = await Find(sql, id);
        if (link is null) return (null, null);
        // The parent first, always: two people who come by the same parent wait here and not for each other.
        var parent = link.ParentId is null ? null : await sql.One<SignUpLink>($"select {SignUpLink.Columns} from signup_links l where l.id = @id{lockRow}", new { id = link.ParentId });
        return (await sql.One<SignUpLink>($"select {SignUpLink.Columns} from signup_links l where l.id = @id{lockRow}", new { id }), parent);
    }

    /// <summary>True when the use was there to take.</summary>
    /// <param name="validAt">It must not have expired before then, Unix milliseconds.</param>
    public static async Task<bool> Use(Sql sql, string id, string userId, long now, long validAt) => await sql.Run("""
        update signup_links set uses = uses + 1, used_at = @now, user_id = @userId where id = @id and uses < max_uses and revoked_at is null and expires_at > @validAt
        """, new { id, userId, now, validAt }) == 1;

    public static Task<IReadOnlyList<GroupRef>> Groups(Sql sql, string id) => sql.List<GroupRef>("""
        select g.id as "Id", g.name as "Name" from signup_link_groups s join groups g on g.id = s.group_id where s.link_id = @id order by g.name_folded
        """, new { id });

    public static Task AddGroup(Sql sql, string id, string groupId) =>
        sql.Run("insert into signup_link_groups (link_id, group_id) select @id, g.id from groups g where g.id = @groupId on conflict do nothing", new { id, groupId });

    private sealed record Token
    {
        public string LinkId { get; init; } = "";
        public long? EndedAt { get; init; }
    }
}
