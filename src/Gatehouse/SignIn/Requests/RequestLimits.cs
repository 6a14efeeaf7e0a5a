using Gatehouse.Data;

namespace Gatehouse.SignIn.Requests;

/// <summary>Counts in fixed windows, on disk, before anything is done.</summary>
public static class RequestLimits
{
    /// <summary>Takes one of <paramref name="limit"/> tries per window; false when none is left.</summary>
    public static async Task<bool> Reserve(Sql sql, string bucket, long limit, TimeSpan window, long now) => await sql.Run("""
        insert into throttles (bucket, window_start, used) values (@bucket, @now, 1)
        on conflict (bucket) do update set
            used = case when throttles.window_start <= @since then 1 else throttles.used + 1 end,
            window_start = case when throttles.window_start <= @since then @now else throttles.window_start end
        where throttles.window_start <= @since or throttles.used < @limit
        """, new { bucket, now, since = now - (long)window.TotalMilliseconds, limit }) == 1;
}
