using System.Net;
using Gatehouse.Refusals;

namespace Gatehouse.Web;

/// <summary>What is known about the request at hand; one per request, filled by <see cref="Gate"/>.</summary>
public sealed class Visit(TimeProvider clock)
{
    private readonly List<Step> steps = [];

    public IPAddress Address { get; internal set; } = IPAddress.None;
    public string UserAgent { get; internal set; } = "";
    public string TraceId { get; internal set; } = "";

    /// <summary>Names this browser: a keyed hash of its pre-session cookie; "" on cookie-free routes.</summary>
    public string BrowserId { get; internal set; } = "";

    /// <summary>True when the browser brought its pre-session cookie along.</summary>
    public bool CookieReturned { get; internal set; }

    /// <summary>The antiforgery token for forms on this page.</summary>
    public string FormToken { get; internal set; } = "";

    /// <summary>The posted form, parsed once; empty for other requests.</summary>
    public StrictParameters Form { get; internal set; } = StrictParameters.Empty;

    /// <summary>The file that came with the form, on a route that takes one; null when none was chosen.</summary>
    public byte[]? File { get; internal set; }

    /// <summary>The query, parsed once; null when it is not well formed.</summary>
    public StrictParameters? Query { get; internal set; }

    /// <summary>Path of ours, with query.</summary>
    public string PathAndQuery { get; internal set; } = "/";

    /// <summary>Who is signed in, for the frame of the page; null for strangers.</summary>
    public SignedIn? SignedIn { get; set; }

    /// <summary>When this browser's break-glass session ends at the latest, Unix milliseconds; null when there is none. Every page says so.</summary>
    public long? BreakGlassUntil { get; set; }

    /// <summary>The address block that a stranger's requests count for; null when somebody is signed in.</summary>
    public string? Stranger => SignedIn is null ? ClientAddress.Block(Address) : null;

    /// <summary>The client this flow is for, once known.</summary>
    public string? ClientId { get; set; }

    /// <summary>The user concerned when nobody is signed in yet, once known.</summary>
    public string? UserId { get; set; }

    /// <summary>"light", "dark" or "" for the system's choice.</summary>
    public string Theme { get; internal set; } = "";

    /// <summary>Language tag of the texts.</summary>
    public string Language { get; internal set; } = "en";

    /// <summary>The person asks to stay signed in on this device; the policy has the last word.</summary>
    public bool StaysSignedIn
    {
        get => field || Form["stay"] == "on";
        set;
    }

    /// <summary>Set when a session begins in this request: how long the browser is to keep its cookie.</summary>
    public SessionCookie? SessionCookie { get; set; }

    /// <summary>Where the flow can be tried again.</summary>
    public string? RetryPath { get; set; }

    /// <summary>Notes a passed rule for the timeline of a later refusal.</summary>
    public void Passed(string step) => steps.Add(new(step, clock.GetUtcNow().ToUnixTimeMilliseconds()));

    public RefusalContext Context => new()
    {
        UserId = SignedIn?.UserId ?? UserId,
        ClientId = ClientId,
        Address = Address,
        UserAgent = UserAgent,
        TraceId = TraceId,
        LiveSession = SignedIn is not null,
        RetryPath = RetryPath,
        Steps = [.. steps],
    };
}

/// <param name="For">Null: until the browser is closed.</param>
/// <summary>How long a browser keeps the cookie of its session.</summary>
public sealed record SessionCookie(TimeSpan? For);

/// <summary>Who is signed in, as page frames show it.</summary>
public sealed record SignedIn(string UserId, string Name, string Email, bool IsViewer, bool IsAdmin, bool IsEnrolment);
