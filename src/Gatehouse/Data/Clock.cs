namespace Gatehouse.Data;

public static class Clock
{
    /// <summary>Unix milliseconds, as every time column holds them.</summary>
    public static long Now(this TimeProvider clock) => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A new id: UUID version 7 (RFC 9562), 32 hexadecimal digits, sortable by time.</summary>
    public static string NewId(this TimeProvider clock) => Guid.CreateVersion7(clock.GetUtcNow()).ToString("n");
}
