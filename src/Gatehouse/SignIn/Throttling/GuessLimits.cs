using System.Globalization;
using Gatehouse.Data;

namespace Gatehouse.SignIn.Throttling;

/// <summary>One counter: what it is for and whose, with its limit. Names of people and addresses stand in it as keyed hashes only where they are no ids of ours.</summary>
/// <param name="Key">"password:user:ID", "second:user:ID", "password:address:203.0.113.7".</param>
public sealed record Lane(string Key, int Limit, TimeSpan Window)
{
    public static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15);
}

/// <summary>What reserving gave.</summary>
/// <param name="Full">The lane that had no room, or null when the guess may be judged.</param>
/// <param name="FreeAt">When that lane has room again, Unix milliseconds.</param>
public sealed record Reserved(Lane? Full, long FreeAt, long At)
{
    public bool MayJudge => Full is null;
}

/// <summary>
/// Counts guesses before they are judged, durably and for all nodes: a sliding window, exact under any parallelism. Call <see cref="Reserve"/> in a write of its own, so that it is
/// committed before the guess is looked at; <see cref="GiveBack"/> in the write of the success.
/// </summary>
public sealed class GuessLimits(TimeProvider clock)
{
    /// <summary>Takes a place in every lane, or in none and says which is full.</summary>
    public async Task<Reserved> Reserve(Sql sql, params Lane[] lanes)
    {
        var now = clock.Now();
        var held = new List<(Lane Lane, List<long> Times)>();
        // One order for everybody: no two writers wait for each other.
        foreach (var lane in lanes.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            await sql.Run("insert into guesses (lane, times, updated_at) values (@Key, '', @now) on conflict (lane) do nothing", new { lane.Key, now });
            var text = await sql.One<string>("select times from guesses where lane = @Key" + (sql.IsPostgres ? " for update" : ""), new { lane.Key }) ?? "";
            // A clock that was set back leaves times of the future; they count as now and age from here.
            var times = Parse(text).Select(t => Math.Min(t, now)).Where(t => t > now - (long)lane.Window.TotalMilliseconds).Order().ToList();
            if (times.Count >= lane.Limit) return new(lane, times[times.Count - lane.Limit] + (long)lane.Window.TotalMilliseconds, now);
            held.Add((lane, times));
        }
        foreach (var (lane, times) in held) await Write(sql, lane.Key, times.Append(now), now);
        return new(null, 0, now);
    }

    /// <summary>Takes one reservation back: the guess was right, or nobody could judge it.</summary>
    public async Task GiveBack(Sql sql, Reserved reserved, params Lane[] lanes)
    {
        foreach (var lane in lanes.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            if (await sql.One<string>("select times from guesses where lane = @Key" + (sql.IsPostgres ? " for update" : ""), new { lane.Key }) is not { } text) continue;
            var times = Parse(text).ToList();
            if (times.Remove(reserved.At)) await Write(sql, lane.Key, times, clock.Now());
        }
    }

    /// <summary>Empties lanes: a success resets what was counted before it.</summary>
    public async Task Clear(Sql sql, params Lane[] lanes)
    {
        foreach (var lane in lanes.OrderBy(l => l.Key, StringComparer.Ordinal)) await sql.Run("update guesses set times = '' where lane = @Key", new { lane.Key });
    }

    /// <summary>Deletes lanes in which nothing happened for a day.</summary>
    public Task<int> Sweep(Sql sql) => sql.Run("delete from guesses where updated_at < @before", new { before = clock.Now() - (long)TimeSpan.FromDays(1).TotalMilliseconds });

    private static Task Write(Sql sql, string lane, IEnumerable<long> times, long now) => sql.Run("""
        insert into guesses (lane, times, updated_at) values (@lane, @times, @now)
        on conflict (lane) do update set times = excluded.times, updated_at = excluded.updated_at
        """, new { times = string.Join(',', times.Select(t => t.ToString(CultureInfo.InvariantCulture))), now, lane });

    private static IEnumerable<long> Parse(string text) => text.Length == 0 ? [] : text.Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture));
}
