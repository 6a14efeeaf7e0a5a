using System.Collections.Concurrent;

namespace Gatehouse.Web;

/// <summary>
/// How often one address block may have something stored for it before anybody has signed in: a bucket that holds <see cref="Burst"/> and refills
/// with <see cref="PerSecond"/>, generous enough for an office behind one address. In memory, per node; the quota in the store is what bounds the database.
/// </summary>
public sealed class StrangerRates(TimeProvider clock)
{
    public const int Burst = 6_000;
    public const int PerSecond = 50;
    internal const int MaxBlocks = 20_000;

    private readonly ConcurrentDictionary<string, Bucket> blocks = new(StringComparer.Ordinal);
    private long sweptAt;

    internal int Blocks => blocks.Count;
    internal int Refill { get; set; } = PerSecond;

    /// <summary>Takes one for this request; the refusal when its block has used up its allowance. Whoever is signed in is not counted.</summary>
    public TooManyRequests? Take(HttpContext http, Visit visit)
    {
        if (visit.Stranger is not { } block || Allow(block)) return null;
        http.Response.Headers.RetryAfter = "60";
        return new(http.Request.Path, block);
    }

    internal bool Allow(string block)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (!blocks.ContainsKey(block) && blocks.Count >= MaxBlocks)
        {
            Sweep(now);
            // Too many at once to tell apart: those beyond share one.
            if (blocks.Count >= MaxBlocks) block = "";
        }
        return blocks.GetOrAdd(block, _ => new Bucket(now)).Take(now, Refill);
    }

    private void Sweep(long now)
    {
        var before = Interlocked.Read(ref sweptAt);
        if (Math.Abs(now - before) < 1000 || Interlocked.CompareExchange(ref sweptAt, now, before) != before) return;
        foreach (var (name, old) in blocks)
            if (old.IsFull(now, Refill)) blocks.TryRemove(new(name, old));
    }

    private sealed class Bucket(long made)
    {
        private readonly Lock one = new();
        private double left = Burst;
        private long at = made;

        public bool Take(long now, int perSecond)
        {
            lock (one)
            {
                Fill(now, perSecond);
                if (left < 1) return false;
                left--;
                return true;
            }
        }

        public bool IsFull(long now, int perSecond)
        {
            lock (one)
            {
                Fill(now, perSecond);
                return left >= Burst;
            }
        }

        // A clock that goes back gives nothing and takes nothing.
        private void Fill(long now, int perSecond)
        {
            left = Math.Min(Burst, left + Math.Max(0, now - at) * perSecond / 1000.0);
            at = now;
        }
    }
}
