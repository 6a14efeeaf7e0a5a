using Gatehouse.Data;

namespace Gatehouse.SignUp.Setup;

/// <summary>Whether set-up is open, and the one UPDATE that closes it for good.</summary>
public static class InstanceSetup
{
    private sealed record Row
    {
        public long? ClosedAt { get; init; }
        public string? ClosedBy { get; init; }
    }

    /// <summary>When and by whom it was closed; null while open.</summary>
    public static async Task<(long At, string By)?> Closed(Sql sql)
    {
        var row = await sql.One<Row>("""select setup_closed_at as "ClosedAt", setup_closed_by as "ClosedBy" from instance""");
        return row?.ClosedAt is { } at ? (at, row.ClosedBy ?? "unknown") : null;
    }

    /// <summary>True for exactly one caller ever (until the instance is reset).</summary>
    public static async Task<bool> Close(Sql sql, string by, long now) =>
        await sql.Run("update instance set setup_closed_at = @now, setup_closed_by = @by where setup_closed_at is null", new { now, by }) == 1;
}
