using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Gatehouse.Data;

public static class Clock
{
    private static readonly ConditionalWeakTable<TimeProvider, Counter> Counters = [];

    /// <summary>Unix milliseconds, as every time column holds them.</summary>
    public static long Now(this TimeProvider clock) => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// A new id: UUID version 7 (RFC 9562), 32 hexadecimal digits. Those of one process sort in the order in which they were drawn,
    /// also within one millisecond (section 6.2, method 1), so that lists ordered by id tell what came first.
    /// </summary>
    public static string NewId(this TimeProvider clock)
    {
        var stamp = Counters.GetOrCreateValue(clock).Next(clock.Now());
        Span<byte> id = stackalloc byte[16];
        RandomNumberGenerator.Fill(id[8..]);
        BinaryPrimitives.WriteInt64BigEndian(id, stamp >>> 12 << 16 | 0x7000 | stamp & 0xfff);
        id[8] = (byte)(id[8] & 0x3f | 0x80);
        return Convert.ToHexStringLower(id);
    }

    /// <summary>48 bits of milliseconds and 12 bits that count within one.</summary>
    private sealed class Counter
    {
        /// <summary>So many milliseconds the counter may run ahead of the clock when more are drawn than one holds; a clock further back was set back.</summary>
        private const long Ahead = 1000;
        private long last;

        public long Next(long now)
        {
            while (true)
            {
                var before = Volatile.Read(ref last);
                var at = before >>> 12;
                // A fresh millisecond begins in the lower half, so that it has room to count.
                var next = now > at || at - now > Ahead ? now << 12 | (uint)RandomNumberGenerator.GetInt32(2048) : before + 1;
                if (Interlocked.CompareExchange(ref last, next, before) == before) return next;
            }
        }
    }
}
