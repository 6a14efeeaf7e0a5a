using System.Collections.Frozen;
using System.Threading.Channels;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Audit;

/// <summary>
/// Gives each refusal its reference and stores it behind the response. A full channel or a broken store costs evidence, never the answer:
/// the reference and one log line always remain.
/// </summary>
public sealed partial class RefusalLog : IRefusalLog, IHostedService, IAsyncDisposable
{
    private const int Capacity = 4096;
    private const int BatchLimit = 256;
    private const int CompletedPerBatch = 32;
    private static readonly TimeSpan Trust = TimeSpan.FromMilliseconds(500);
    private readonly Channel<Noted> channel = Channel.CreateBounded<Noted>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });
    private readonly SemaphoreSlim draining = new(1, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly CaseStore store;
    private readonly Database database;
    private readonly TimeProvider clock;
    private readonly ILogger<RefusalLog> logger;
    private readonly IEvidenceFinder[] finders;
    private readonly Cached<Waiting> waiting;
    private volatile Known known = new(FrozenSet<(string, string)>.Empty, 0);
    private long dropped;
    private Task? loop;
    private Task? sweeper;

    public RefusalLog(Database database, TimeProvider clock, ILogger<RefusalLog> logger, IEnumerable<IEvidenceFinder>? finders = null)
    {
        (this.database, this.clock, this.logger, this.finders) = (database, clock, logger, [.. finders ?? []]);
        store = new(clock);
        waiting = new(database, CaseStore.VersionName, CaseStore.Waiting);
        database.Moved += Forget;
    }

    /// <summary>How many refusals left no evidence because the store could not keep up or was away.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    public Reference Record(Refusal refusal, RefusalContext context)
    {
        var reference = Reference.Draw();
        try
        {
            Refused(logger, reference.Text, refusal.Facts.Code, context.ClientId is null ? "-" : Printable.Cap(context.ClientId, 100), context.Address?.ToString() ?? "-");
            Note(new NotedRefusal(reference.Text, clock.Now(), refusal, context));
        }
        catch (Exception e)
        {
            // Whoever is refused gets an answer with a reference, whatever is broken here.
            Interlocked.Increment(ref dropped);
            StoreFailed(logger, 1, e.GetType().Name);
        }
        return reference;
    }

    public void Passed(string code, string target)
    {
        var held = known;
        var fresh = held.ConfirmedAt != 0 && TimeProvider.System.GetElapsedTime(held.ConfirmedAt) < Trust;
        if (fresh ? held.Problems.Contains((code, target)) : !channel.Reader.CanCount || channel.Reader.Count < Capacity / 2)
            channel.Writer.TryWrite(new NotedPass(code, target, clock.Now()));
    }

    /// <summary>Queues something for the store; when the queue is full it is dropped and counted.</summary>
    internal void Note(Noted noted)
    {
        if (!channel.Writer.TryWrite(noted)) Interlocked.Increment(ref dropped);
    }

    /// <summary>Returns when everything noted so far is in the store or given up.</summary>
    internal async Task Flush()
    {
        await draining.WaitAsync();
        try
        {
            await Drain();
        }
        finally
        {
            draining.Release();
        }
    }

    /// <summary>Lets what was noted reach the store, for a second at most; pages that read cases wait for it.</summary>
    internal async Task Settle()
    {
        try
        {
            await Flush().WaitAsync(TimeSpan.FromSeconds(1));
        }
        catch (TimeoutException)
        {
            // The store is slow or away; what is there is shown.
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        loop = Task.Run(Loop, CancellationToken.None);
        sweeper = Task.Run(SweepHourly, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        if (loop is not null) await loop;
        if (sweeper is not null) await sweeper;
        loop = sweeper = null;
        await Flush();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        database.Moved -= Forget;
    }

    private void Forget(string name)
    {
        if (name == CaseStore.VersionName) known = known with { ConfirmedAt = 0 };
    }

    private async Task Loop()
    {
        try
        {
            while (await channel.Reader.WaitToReadAsync(stopping.Token)) await Flush();
        }
        catch (OperationCanceledException)
        {
            // Stopping: what is left is drained by StopAsync.
        }
    }

    private async Task SweepHourly()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
        try
        {
            do
            {
                try
                {
                    await database.Write(store.Sweep);
                }
                catch (Exception e)
                {
                    StoreFailed(logger, 0, e.GetType().Name);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping.Token));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task Drain()
    {
        var batch = new List<Noted>(BatchLimit);
        while (true)
        {
            batch.Clear();
            while (batch.Count < BatchLimit && channel.Reader.TryRead(out var next)) batch.Add(next);
            if (batch.Count == 0) return;
            await DropPassesThatCloseNothing(batch);
            await Complete(batch);
            if (batch.Count > 0) await Keep(batch);
        }
    }

    /// <summary>Lets the rooms look further evidence up; only for the first of a batch, so that a flood cannot make it expensive.</summary>
    private async Task Complete(List<Noted> batch)
    {
        var left = CompletedPerBatch;
        for (var i = 0; i < batch.Count && left > 0 && finders.Length > 0; i++)
        {
            if (batch[i] is not NotedRefusal noted) continue;
            left--;
            foreach (var finder in finders)
            {
                try
                {
                    noted = noted with { Refusal = await finder.Complete(noted.Refusal) };
                }
                catch (Exception e)
                {
                    StoreFailed(logger, 0, e.GetType().Name);
                }
            }
            batch[i] = noted;
        }
    }

    private async Task DropPassesThatCloseNothing(List<Noted> batch)
    {
        if (!batch.Exists(n => n is NotedPass)) return;
        try
        {
            var asked = TimeProvider.System.GetTimestamp();
            var now = await waiting.Get();
            known = new(now.Problems, asked);
            batch.RemoveAll(n => n is NotedPass pass && !now.Problems.Contains((pass.Code, pass.Target)));
        }
        catch (Exception e)
        {
            batch.RemoveAll(n => n is NotedPass);
            StoreFailed(logger, 0, e.GetType().Name);
        }
    }

    private async Task Keep(List<Noted> batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await database.Write(sql => store.Keep(sql, batch));
                return;
            }
            catch (DatabaseBusyException) when (attempt < 10 && !stopping.IsCancellationRequested)
            {
                await Pause();
            }
            catch (Exception) when (batch.Count > 1 && attempt == 1)
            {
                // One entry that cannot be stored must not take the others with it.
                foreach (var one in batch.ToArray()) await Keep([one]);
                return;
            }
            catch (Exception e)
            {
                Interlocked.Add(ref dropped, batch.Count);
                StoreFailed(logger, batch.Count, e.GetType().Name);
                return;
            }
        }
    }

    private async Task Pause()
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(1), clock, stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: one more attempt, then give up.
        }
    }

    [LoggerMessage(10, LogLevel.Information, "{Reference} refused: {Code} client {Client} from {Address}")]
    private static partial void Refused(ILogger logger, string reference, string code, string client, string address);

    [LoggerMessage(11, LogLevel.Warning, "evidence of {Count} refusals could not be stored: {Exception}")]
    private static partial void StoreFailed(ILogger logger, int count, string exception);

    private sealed record Known(FrozenSet<(string Code, string Target)> Problems, long ConfirmedAt);
}

/// <summary>Something that goes to the store behind the response.</summary>
internal abstract record Noted;

internal sealed record NotedRefusal(string Reference, long At, Refusal Refusal, RefusalContext Context) : Noted;

internal sealed record NotedPass(string Code, string Target, long At) : Noted;

internal sealed record NotedSignIn(string Kind, string UserId, string? ClientId, string Method, string Address, string UserAgent, long At) : Noted;

/// <summary>The mended problems whose proof is still awaited.</summary>
internal sealed record Waiting(FrozenSet<(string Code, string Target)> Problems);
