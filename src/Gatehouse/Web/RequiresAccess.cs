namespace Gatehouse.Web;

/// <summary>Who may enter a route. Every route names one; a route without is not served.</summary>
public enum Access
{
    /// <summary>Anybody, signed in or not.</summary>
    Anyone,

    /// <summary>Any live session, also one that a login link opened for enrolment.</summary>
    Enrolment,

    /// <summary>A session with a full factor.</summary>
    User,

    /// <summary>Reads cases, problems, doctor; changes nothing.</summary>
    Viewer,

    Admin,
}

/// <summary>Route metadata: the access level, and whether a passkey assertion at most ten minutes old is needed too (step-up).</summary>
public sealed record RequiresAccess(Access Level, bool Recent = false);

/// <summary>Route metadata: a protocol endpoint that never reads a cookie, so no cross-site check applies. The one list of exemptions is whoever carries this.</summary>
public sealed record CookieFree;

/// <summary>Route metadata: says the same under every Host header (stylesheets, scripts, the health check of a container or proxy).</summary>
public sealed record AnswersAnyHost;

/// <summary>Route metadata: may be posted to from other sites (authorize by POST); it stores what came and answers 303.</summary>
public sealed record AllowsCrossSitePost;

/// <summary>Route metadata: takes one uploaded file (multipart/form-data, RFC 7578) beside the fields of its form.</summary>
public sealed record TakesFile(int MaxBytes);

public static class AccessMetadata
{
    public static TBuilder For<TBuilder>(this TBuilder builder, Access level, bool recent = false) where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new RequiresAccess(level, recent));

    /// <summary>A protocol endpoint: open to anybody, deaf to cookies.</summary>
    public static TBuilder ForProtocol<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new RequiresAccess(Access.Anyone), new CookieFree());
}
