namespace Gatehouse.Web;

/// <summary>
/// Whoever does not take an answer away in time loses the connection. The server's own least speed counts everything it ever sent on a connection
/// as credit, so somebody who asked much and then reads nothing could hold it for a long time.
/// </summary>
internal sealed class SlowReaders(RequestDelegate next)
{
    /// <summary>From the first byte of an answer to its last. The longest answers are some hundred kilobytes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    public Task Invoke(HttpContext http)
    {
        http.Response.OnStarting(Begin, http);
        return next(http);
    }

    private static Task Begin(object state)
    {
        var http = (HttpContext)state;
        var late = new CancellationTokenSource(Patience);
        late.Token.UnsafeRegister(static h => ((HttpContext)h!).Abort(), http);
        // Disposed when the whole answer has gone to the connection.
        http.Response.RegisterForDispose(late);
        return Task.CompletedTask;
    }
}
