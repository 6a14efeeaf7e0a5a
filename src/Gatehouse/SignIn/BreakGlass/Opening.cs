using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>The two things that open break-glass.</summary>
public static class GlassKind
{
    /// <summary>On paper in a safe, good until it is used, replaced or withdrawn.</summary>
    public const string Sealed = "sealed";

    /// <summary>From the host's shell, good for minutes.</summary>
    public const string Console = "console";
}

/// <summary>How long things of break-glass last.</summary>
public static class GlassLimits
{
    /// <summary>A session, from its beginning, whatever is done in it.</summary>
    public static readonly TimeSpan Session = TimeSpan.FromMinutes(30);

    /// <summary>A code of the console until it is used.</summary>
    public static readonly TimeSpan Code = TimeSpan.FromMinutes(15);

    /// <summary>After this long without a drill the doctor warns.</summary>
    public static readonly TimeSpan DrillEvery = TimeSpan.FromDays(180);

    /// <summary>Guesses judged per address (IPv6: /64) and quarter of an hour. There is no other counter: nobody elsewhere can use them up.</summary>
    public const int PerAddress = 10;

    /// <summary>How far a clock may go back before a session is taken for one of the future.</summary>
    internal static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);
}

/// <summary>A credential as stored: never the value.</summary>
public sealed record GlassCredential
{
    public string Id { get; init; } = "";
    public string Kind { get; init; } = "";
    public long MadeAt { get; init; }
    public string MadeBy { get; init; } = "";
    public long? ExpiresAt { get; init; }
    public long? UsedAt { get; init; }
    public long? EndedAt { get; init; }
    public string? EndedBecause { get; init; }

    /// <summary>When somebody last proved to hold it without opening anything.</summary>
    public long? DrilledAt { get; init; }
}

/// <summary>One break-glass session: nobody's account, an administrator by possession of the credential.</summary>
public sealed record Opening
{
    /// <summary>Stands where a user's id would; no account has it.</summary>
    public const string UserId = "break-glass";

    public string Id { get; init; } = "";

    /// <summary>Names it in the audit log, in mails and on pages: "BG-7F3KQX".</summary>
    public string Label { get; init; } = "";
    public string CredentialId { get; init; } = "";
    public string Kind { get; init; } = "";
    public string SessionHash { get; init; } = "";
    public long OpenedAt { get; init; }
    public long ExpiresAt { get; init; }

    /// <summary>When the credential, or a fresh code of the console, was last given in it.</summary>
    public long ConfirmedAt { get; init; }
    public long? EndedAt { get; init; }
    public string? EndedBecause { get; init; }
    public string Address { get; init; } = "";
    public string UserAgent { get; init; } = "";

    /// <summary>The case that was recorded when it began.</summary>
    public string? Reference { get; init; }

    /// <summary>As the audit log names whoever acts in it.</summary>
    public string ActorName => $"{UserId}:{Label}";

    /// <summary>By the stored times alone: no timer and no memory of this process has a say.</summary>
    public bool IsOpen(long now) => EndedAt is null && now < Math.Min(ExpiresAt, OpenedAt + (long)GlassLimits.Session.TotalMilliseconds) && now > OpenedAt - (long)GlassLimits.Skew.TotalMilliseconds;

    internal User AsUser() => new() { Id = UserId, UserName = UserId, Email = ActorName, DisplayName = "Break-glass", Source = UserId, Role = Role.Admin };

    internal Session AsSession() => new()
    {
        Hash = SessionHash,
        PublicId = Id,
        UserId = UserId,
        Kind = SessionKind.BreakGlass,
        FactorsJson = JsonSerializer.Serialize(new[] { new Factor(SessionKind.BreakGlass, ConfirmedAt, CredentialId, null) }),
        BeganAt = OpenedAt,
        AuthTime = ConfirmedAt,
        LastSeenAt = ConfirmedAt,
        ExpiresAt = ExpiresAt,
        Address = Address,
        UserAgent = UserAgent,
    };
}

/// <summary>The break-glass session whose cookie came with a request; <paramref name="Over"/> says why it is none any more.</summary>
internal sealed record OpeningOfRequest(Opening Opening, Refusals.Refusal? Over);
