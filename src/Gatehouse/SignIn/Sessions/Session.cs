using System.Text.Json;

namespace Gatehouse.SignIn.Sessions;

/// <summary>How a session was opened.</summary>
public static class SessionKind
{
    public const string Full = "full";

    /// <summary>By a login link: may register a passkey, sign out, and continue to the waiting application; nothing else.</summary>
    public const string Enrolment = "enrolment";

    /// <summary>By break-glass: administers, belongs to no account, and is kept apart from the sessions of people.</summary>
    public const string BreakGlass = "break_glass";
}

/// <summary>One factor given in a session.</summary>
/// <param name="Method">amr value of RFC 8176 or ours: "hwk", "swk", "pwd", "link".</param>
/// <param name="At">Unix milliseconds.</param>
/// <param name="CredentialId">Id of the row of the passkey, app, key or set of codes; null when it confirms nothing.</param>
/// <param name="CredentialCreatedAt">When that credential was registered; one made within this session does not count for step-up.</param>
/// <param name="Alone">A password typed again by somebody who has nothing stronger: it confirms what concerns the own account, never an act of administration.</param>
/// <param name="First">The very first credential of an account, made within its own enrolment: it counts, for there was nothing to step up with.</param>
/// <param name="TouchOnly">A key that was touched and asked for no PIN or fingerprint: something held, and nothing else.</param>
public sealed record Factor(string Method, long At, string? CredentialId, long? CredentialCreatedAt, bool First = false, bool Alone = false, bool TouchOnly = false);

/// <summary>A signed-in browser, kept on the server.</summary>
public sealed record Session
{
    public string Hash { get; init; } = "";
    public string PublicId { get; init; } = "";
    public string UserId { get; init; } = "";
    public long Epoch { get; init; }
    public string Kind { get; init; } = SessionKind.Full;
    public string FactorsJson { get; init; } = "[]";
    public long BeganAt { get; init; }

    /// <summary>When the person last proved who they are (auth_time).</summary>
    public long AuthTime { get; init; }
    public long LastSeenAt { get; init; }
    public long ExpiresAt { get; init; }
    public long? EndedAt { get; init; }
    public string? EndedBecause { get; init; }
    public string Address { get; init; } = "";
    public string UserAgent { get; init; } = "";

    /// <summary>The person chose to stay signed in on this device: the cookie outlives the browser, and the longer limits hold.</summary>
    public bool Remembered { get; init; }

    /// <summary>The first sign-in with this browser, and not the first of the account.</summary>
    public bool NewBrowser { get; init; }

    public IReadOnlyList<Factor> Factors => JsonSerializer.Deserialize<List<Factor>>(FactorsJson) ?? [];
}
