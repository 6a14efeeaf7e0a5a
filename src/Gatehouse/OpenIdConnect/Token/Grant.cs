using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>One authorization of one person for one client; every token names it.</summary>
public sealed record Grant
{
    public string Id { get; init; } = "";
    public string ClientId { get; init; } = "";
    public string UserId { get; init; } = "";
    public string? SessionPublicId { get; init; }
    public long UserEpoch { get; init; }
    public string Scope { get; init; } = "";
    public long AuthTime { get; init; }

    /// <summary>Methods of RFC 8176, separated by spaces.</summary>
    public string Amr { get; init; } = "";
    public string? Nonce { get; init; }

    /// <summary>What the claims parameter asked for, as <see cref="Authorize.RequestedClaims"/> stores it.</summary>
    public string? RequestedClaims { get; init; }
    public long CreatedAt { get; init; }
    public long? RedeemedAt { get; init; }
    public long? RevokedAt { get; init; }
    public string? RevokedBecause { get; init; }
    public string? RefreshSalt { get; init; }
    public long RefreshGeneration { get; init; }
    public long? RefreshRotatedAt { get; init; }
    public bool RefreshRetried { get; init; }
    public long? RefreshExpiresAt { get; init; }

    /// <summary>What the client proved itself with at the last rotation.</summary>
    public string? RefreshCredential { get; init; }

    /// <summary>The API the person's tokens are for; null for ourselves alone.</summary>
    public string? ApiId { get; init; }
}

/// <summary>A grant with everything the gate must see, as it stands now.</summary>
public sealed record StandingGrant(Grant Grant, User User, IReadOnlyList<GroupRef> Groups, ClientAccess Client, long? SessionEndedAt, string? SessionEndedBecause, bool SessionGone);

/// <summary>SQL of grants.</summary>
internal static class GrantStore
{
    public static Task Insert(Sql sql, Grant grant) => sql.Run("""
        insert into grants (id, client_id, user_id, session_public_id, user_epoch, scope, auth_time, amr, nonce, requested_claims, created_at, refresh_generation, refresh_retried, api_id)
        values (@Id, @ClientId, @UserId, @SessionPublicId, @UserEpoch, @Scope, @AuthTime, @Amr, @Nonce, @RequestedClaims, @CreatedAt, 0, false, @ApiId)
        """, grant);

    /// <summary>Grant, user, session, client and both sides' groups in one query; whatever their state.</summary>
    public static async Task<StandingGrant?> Load(Sql sql, string id)
    {
        var rows = await sql.List<Row>("""
            select r.id as "GrantId", r.client_id as "ClientId", r.user_id as "UserId", r.session_public_id as "SessionPublicId", r.user_epoch as "UserEpoch",
                r.scope as "Scope", r.auth_time as "AuthTime", r.amr as "Amr", r.nonce as "Nonce", r.requested_claims as "RequestedClaims", r.redeemed_at as "RedeemedAt", r.created_at as "GrantCreatedAt", r.revoked_at as "RevokedAt",
                r.revoked_because as "RevokedBecause", r.refresh_salt as "RefreshSalt", r.refresh_generation as "RefreshGeneration",
                r.refresh_rotated_at as "RefreshRotatedAt", r.refresh_retried as "RefreshRetried", r.refresh_expires_at as "RefreshExpiresAt",
                r.refresh_credential as "RefreshCredential", r.api_id as "ApiId",
                u.user_name as "UserName", u.email as "Email", u.email_verified as "EmailVerified", u.display_name as "DisplayName", u.given_name as "GivenName",
                u.family_name as "FamilyName", u.source as "Source", u.role as "Role", u.epoch as "Epoch", u.created_at as "UserCreatedAt", u.updated_at as "UpdatedAt",
                u.last_sign_in_at as "LastSignInAt", u.disabled_at as "DisabledAt", u.disabled_by as "DisabledBy", u.disabled_because as "DisabledBecause",
                u.deleted_at as "UserDeletedAt", u.row_version as "RowVersion",
                c.name as "ClientName", c.enabled as "ClientEnabled", c.deleted_at as "ClientDeletedAt", c.restricted as "Restricted",
                s.public_id as "SessionFound", s.ended_at as "SessionEndedAt", s.ended_because as "SessionEndedBecause",
                g.side as "Side", g.id as "GroupId", g.name as "GroupName"
            from grants r
            join users u on u.id = r.user_id
            join clients c on c.id = r.client_id
            left join sessions s on s.public_id = r.session_public_id
            left join (
                select 'has' as side, o.id as id, o.name as name from grants r join group_members m on m.user_id = r.user_id join groups o on o.id = m.group_id where r.id = @id
                union all
                select 'allows', o.id, o.name from grants r join client_groups a on a.client_id = r.client_id join groups o on o.id = a.group_id where r.id = @id
            ) g on true
            where r.id = @id
            """, new { id });
        if (rows.Count == 0) return null;
        var first = rows[0];
        IReadOnlyList<GroupRef> Side(string side) => [.. rows.Where(r => r.Side == side).Select(r => new GroupRef(r.GroupId!, r.GroupName!)).OrderBy(g => g.Name, StringComparer.OrdinalIgnoreCase)];
        return new(first.ToGrant(), first.ToUser(), Side("has"),
            new(new(first.ClientId, first.ClientName), first.ClientEnabled && first.ClientDeletedAt is null, first.Restricted, Side("allows")),
            first.SessionEndedAt, first.SessionEndedBecause, first.SessionPublicId is not null && first.SessionFound is null);
    }

    public static Task<int> Revoke(Sql sql, string id, string because, long now) =>
        sql.Run("update grants set revoked_at = @now, revoked_because = @because where id = @id and revoked_at is null", new { id, because, now });

    public static Task Redeemed(Sql sql, string id, long now) => sql.Run("update grants set redeemed_at = @now where id = @id", new { id, now });

    public static Task BeginRefresh(Sql sql, string id, string salt, long expires) =>
        sql.Run("update grants set refresh_salt = @salt, refresh_generation = 1, refresh_expires_at = @expires where id = @id", new { id, salt, expires });

    /// <summary>The one conditional UPDATE that spends a refresh token: true for exactly one caller per generation.</summary>
    public static async Task<bool> Rotate(Sql sql, string id, long generation, string credential, long now, long expires) => await sql.Run("""
        update grants set refresh_generation = @next, refresh_rotated_at = @now, refresh_retried = false, refresh_expires_at = @expires, refresh_credential = @credential
        where id = @id and refresh_generation = @generation and revoked_at is null
        """, new { id, generation, next = generation + 1, credential, now, expires }) == 1;

    /// <summary>Honours the one retry of the generation before; true once.</summary>
    public static async Task<bool> Retry(Sql sql, string id, long current, string credential, long notBefore) => await sql.Run("""
        update grants set refresh_retried = true
        where id = @id and refresh_generation = @current and refresh_retried = false and refresh_rotated_at >= @notBefore and refresh_credential = @credential and revoked_at is null
        """, new { id, current, credential, notBefore }) == 1;

    private sealed record Row
    {
        public string GrantId { get; init; } = "";
        public string ClientId { get; init; } = "";
        public string UserId { get; init; } = "";
        public string? SessionPublicId { get; init; }
        public long UserEpoch { get; init; }
        public string Scope { get; init; } = "";
        public long AuthTime { get; init; }
        public string Amr { get; init; } = "";
        public string? Nonce { get; init; }
        public string? RequestedClaims { get; init; }
        public long? RedeemedAt { get; init; }
        public long GrantCreatedAt { get; init; }
        public long? RevokedAt { get; init; }
        public string? RevokedBecause { get; init; }
        public string? RefreshSalt { get; init; }
        public long RefreshGeneration { get; init; }
        public long? RefreshRotatedAt { get; init; }
        public bool RefreshRetried { get; init; }
        public long? RefreshExpiresAt { get; init; }
        public string? RefreshCredential { get; init; }
        public string? ApiId { get; init; }
        public string UserName { get; init; } = "";
        public string Email { get; init; } = "";
        public bool EmailVerified { get; init; }
        public string DisplayName { get; init; } = "";
        public string? GivenName { get; init; }
        public string? FamilyName { get; init; }
        public string Source { get; init; } = "";
        public string Role { get; init; } = "";
        public long Epoch { get; init; }
        public long UserCreatedAt { get; init; }
        public long UpdatedAt { get; init; }
        public long? LastSignInAt { get; init; }
        public long? DisabledAt { get; init; }
        public string? DisabledBy { get; init; }
        public string? DisabledBecause { get; init; }
        public long? UserDeletedAt { get; init; }
        public long RowVersion { get; init; }
        public string ClientName { get; init; } = "";
        public bool ClientEnabled { get; init; }
        public long? ClientDeletedAt { get; init; }
        public bool Restricted { get; init; }
        public string? SessionFound { get; init; }
        public long? SessionEndedAt { get; init; }
        public string? SessionEndedBecause { get; init; }
        public string? Side { get; init; }
        public string? GroupId { get; init; }
        public string? GroupName { get; init; }

        public Grant ToGrant() => new()
        {
            Id = GrantId,
            ClientId = ClientId,
            UserId = UserId,
            SessionPublicId = SessionPublicId,
            UserEpoch = UserEpoch,
            Scope = Scope,
            AuthTime = AuthTime,
            Amr = Amr,
            Nonce = Nonce,
            RequestedClaims = RequestedClaims,
            RedeemedAt = RedeemedAt,
            CreatedAt = GrantCreatedAt,
            RevokedAt = RevokedAt,
            RevokedBecause = RevokedBecause,
            RefreshSalt = RefreshSalt,
            RefreshGeneration = RefreshGeneration,
            RefreshRotatedAt = RefreshRotatedAt,
            RefreshRetried = RefreshRetried,
            RefreshExpiresAt = RefreshExpiresAt,
            RefreshCredential = RefreshCredential,
            ApiId = ApiId,
        };

        public User ToUser() => new()
        {
            Id = UserId,
            UserName = UserName,
            Email = Email,
            EmailVerified = EmailVerified,
            DisplayName = DisplayName,
            GivenName = GivenName,
            FamilyName = FamilyName,
            Source = Source,
            Role = Role,
            Epoch = Epoch,
            CreatedAt = UserCreatedAt,
            UpdatedAt = UpdatedAt,
            LastSignInAt = LastSignInAt,
            DisabledAt = DisabledAt,
            DisabledBy = DisabledBy,
            DisabledBecause = DisabledBecause,
            DeletedAt = UserDeletedAt,
            RowVersion = RowVersion,
        };
    }
}
