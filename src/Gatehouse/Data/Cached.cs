namespace Gatehouse.Data;

/// <summary>
/// A value read from the database and kept while its version stamp stands. The stamp is confirmed at least every 500 ms,
/// so a change on another node or by the console is effective within one second.
/// </summary>
public sealed class Cached<T> where T : class
{
    private static readonly TimeSpan Trust = TimeSpan.FromMilliseconds(500);
    private readonly Database database;
    private readonly string name;
    private readonly Func<Sql, Task<T>> load;
    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile Entry? entry;
    private int moves;

    public Cached(Database database, string name, Func<Sql, Task<T>> load)
    {
        (this.database, this.name, this.load) = (database, name, load);
        database.Moved += moved =>
        {
            if (moved != name) return;
            Interlocked.Increment(ref moves);
            entry = null;
        };
    }

    public ValueTask<T> Get()
    {
        var held = entry;
        return held is not null && TimeProvider.System.GetElapsedTime(held.ConfirmedAt) < Trust ? new(held.Value) : new(Confirm());
    }

    private async Task<T> Confirm()
    {
        await gate.WaitAsync();
        try
        {
            var held = entry;
            if (held is not null && TimeProvider.System.GetElapsedTime(held.ConfirmedAt) < Trust) return held.Value;
            var asked = TimeProvider.System.GetTimestamp();
            var before = Volatile.Read(ref moves);
            var fresh = await database.Read(async sql =>
            {
                // The stamp is read before the load: a change in between makes the entry look old, never the other way round.
                var version = await sql.One<long?>("select version from versions where name = @name", new { name }) ?? 0;
                return held is not null && held.Version == version
                    ? held with { ConfirmedAt = asked }
                    : new Entry(await load(sql), version, asked);
            });
            entry = fresh;
            // A write of our own became durable while we read: whoever asks next must see it.
            if (Volatile.Read(ref moves) != before) entry = null;
            return fresh.Value;
        }
        finally
        {
            gate.Release();
        }
    }

    private sealed record Entry(T Value, long Version, long ConfirmedAt);
}
