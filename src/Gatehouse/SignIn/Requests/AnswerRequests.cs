using Gatehouse.Data;

namespace Gatehouse.SignIn.Requests;

/// <summary>Works off what strangers asked for, one by one, behind the answers.</summary>
public sealed partial class AnswerRequests(Database database, PublicRequests requests, IEnumerable<IPublicRequestKind> kinds, TimeProvider clock, ILogger<AnswerRequests> logger) : BackgroundService
{
    private readonly SemaphoreSlim one = new(1, 1);

    /// <summary>Returns when everything that was asked so far is done.</summary>
    public async Task WorkOff()
    {
        await one.WaitAsync();
        try
        {
            while (await Take() is { } request)
            {
                try
                {
                    if (kinds.FirstOrDefault(k => k.Kind == request.Kind) is { } kind) await kind.Answer(request);
                }
                catch (Exception e)
                {
                    CouldNot(logger, request.Kind, e);
                }
                await database.Write(sql => sql.Run("delete from public_requests where id = @Id", new { request.Id }));
            }
        }
        finally
        {
            one.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    await WorkOff();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    CouldNot(logger, "any", e);
                }
                await requests.Woken(TimeSpan.FromSeconds(30), stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    public override void Dispose()
    {
        one.Dispose();
        base.Dispose();
    }

    // Taken by one node; another takes it over when that one has died.
    private Task<PublicRequest?> Take() => database.Write(sql => sql.One<PublicRequest>("""
        update public_requests set taken_at = @now
        where id = (select id from public_requests where taken_at is null or taken_at < @stale order by at, id limit 1) and (taken_at is null or taken_at < @stale)
        returning id as "Id", kind as "Kind", content as "Content", at as "At", address as "Address", user_agent as "UserAgent", trace_id as "TraceId"
        """, new { now = clock.Now(), stale = clock.Now() - 120_000 }));

    [LoggerMessage(1, LogLevel.Warning, "a request of kind {Kind} could not be worked off")]
    private static partial void CouldNot(ILogger logger, string kind, Exception e);
}
