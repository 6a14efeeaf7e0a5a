namespace Gatehouse.Web;

/// <summary>303 See Other (RFC 9110 section 15.4.4): how every form of ours ends.</summary>
public static class SeeOther
{
    /// <summary>To a path of ours. The path is written by us or was checked by <see cref="LocalPath"/>; anything else is a bug.</summary>
    public static IResult To(string path) =>
        LocalPath.HasShape(path) ? new Answer(path) : throw new ArgumentException("not a path of ours", nameof(path));

    private sealed class Answer(string location) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = location;
            return Task.CompletedTask;
        }
    }
}

/// <summary>Paths that a browser handed back to us, before we send it there.</summary>
public static class LocalPath
{
    /// <summary>
    /// A path with query on this origin: printable ASCII, one slash in front, and no backslash, which browsers read as a slash
    /// (WHATWG URL, "relative slash state").
    /// </summary>
    public static bool IsOne(string? path) =>
        path is { Length: <= 4096 } && HasShape(path);

    /// <summary>The same for a path that we wrote ourselves, of whatever length: what somebody sent grows when it is escaped.</summary>
    internal static bool HasShape(string path) =>
        path.Length > 0 && path[0] == '/' && (path.Length == 1 || path[1] != '/')
        && !path.AsSpan().ContainsAnyExceptInRange('!', '~') && !path.Contains('\\', StringComparison.Ordinal);

    /// <summary>The path when it is one of ours, else the other.</summary>
    public static string Or(string? path, string otherwise) => IsOne(path) ? path! : otherwise;
}
