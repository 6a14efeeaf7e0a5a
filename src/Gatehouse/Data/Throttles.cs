namespace Gatehouse.Data;

/// <summary>Counts in fixed windows, on disk and for all nodes, before anything is done.</summary>
public sealed class Throttles(TimeProvider clock)
{
    /// <summary>Takes one of <paramref name="limit"/> tries per window; false when none is left.</summary>
    public async Task<bool> Reserve(Sql sql, string bucket, long limit, TimeSpan window) => await sql.Run("""
        insert into throttles (bucket, window_start, used) values (@bucket, @now, 1)
        on conflict (bucket) do update set
            used = case when throttles.window_start <= @since then 1 else throttles.used + 1 end,
            window_start = case when throttles.window_start <= @since then @now else throttles.window_start end
        where throttles.window_start <= @since or throttles.used < @limit
        """, new { bucket, now = clock.Now(), since = clock.Now() - (long)window.TotalMilliseconds, limit }) == 1;
}
