using Gatehouse.Data;

namespace Gatehouse.Web;

/// <summary>Outermost: what nobody caught becomes an answer with a reference, never a stack trace.</summary>
internal sealed partial class LastResort(RequestDelegate next, Refuse refuse, ILogger<LastResort> logger)
{
    public async Task Invoke(HttpContext http)
    {
        try
        {
            await next(http);
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            if (http.RequestAborted.IsCancellationRequested) return;
            if (e is BadHttpRequestException bad)
            {
                http.Response.StatusCode = bad.StatusCode is >= 400 and < 500 ? bad.StatusCode : 400;
                return;
            }
            var busy = e is DatabaseBusyException or StorageFailedException;
            Refusals.Refusal refusal = e switch
            {
                DatabaseBusyException => new TryAgainLater(http.Request.Path),
                StorageFailedException storage => new StorageFailed(http.Request.Path, storage.Message),
                _ => new Broken(http.Request.Path, e.GetType().Name),
            };
            var reference = refuse.Record(http, refusal);
            Fault(logger, reference.Text, http.Request.Path, e);
            http.Response.StatusCode = busy ? 503 : 500;
            if (busy) http.Response.Headers.RetryAfter = "2";
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.WriteAsync($"{refusal.Facts.Public}\nReference: {reference.Text}\n");
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Reference} fault at {Path}")]
    private static partial void Fault(ILogger logger, string reference, string path, Exception e);
}
