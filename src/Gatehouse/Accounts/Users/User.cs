using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Users;

/// <summary>What a user may do in the product itself.</summary>
public static class Role
{
    public const string User = "user";
    public const string Viewer = "viewer";
    public const string Admin = "admin";
}

/// <summary>One account. Times in Unix milliseconds.</summary>
public sealed record User
{
    public string Id { get; init; } = "";
    public string UserName { get; init; } = "";
    public string Email { get; init; } = "";
    public bool EmailVerified { get; init; }
    public string DisplayName { get; init; } = "";
    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }

    /// <summary>"local", or later a directory or identity provider.</summary>
    public string Source { get; init; } = "local";
    public string Role { get; init; } = Users.Role.User;

    /// <summary>Rises on disable, factor change and "sign out everywhere"; whatever was born under an older one is dead.</summary>
    public long Epoch { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? LastSignInAt { get; init; }
    public long? DisabledAt { get; init; }
    public string? DisabledBy { get; init; }
    public string? DisabledBecause { get; init; }

    /// <summary>Set while a deletion can still be undone.</summary>
    public long? DeletedAt { get; init; }

    /// <summary>When a deleted account is removed for good.</summary>
    public long? PurgeAt { get; init; }
    public long RowVersion { get; init; }

    public UserRef Ref => new(Id, DisplayName);
    public Audit.AuditTarget AuditTarget => new("user", Id, Email);
    public bool IsActive => DisabledAt is null && DeletedAt is null;
    public bool IsAdmin => Role == Users.Role.Admin;
    public bool IsViewer => Role is Users.Role.Viewer or Users.Role.Admin;
}
