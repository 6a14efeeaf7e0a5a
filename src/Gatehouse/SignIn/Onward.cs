using Gatehouse.Web;

namespace Gatehouse.SignIn;

/// <summary>Where a sign-in leads.</summary>
public sealed record Destination(string Path, Continuation? Continuation);

/// <summary>Finds out where to go after signing in: the waiting application, or the page that was asked for.</summary>
public sealed class Onward(ReturnPath returnPath, IEnumerable<IContinuation> continuations)
{
    public async Task<Destination> Find(StrictParameters? query)
    {
        if (query?["continue"] is { Length: > 0 and <= 200 } token)
        {
            foreach (var room in continuations)
                if (await room.Find(token) is { } continuation) return new(continuation.Path, continuation);
        }
        return new(returnPath.Read(query), null);
    }

    /// <summary>The part of a query that names the destination, to carry it along.</summary>
    public static string Keep(StrictParameters query) => string.Join('&', query.All
        .Where(p => p.Key is "continue" or "return" or "seal")
        .Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
}
