using Gatehouse.Data;

namespace Gatehouse.Accounts.Deletion;

/// <summary>Somebody's wish to have their account deleted, while it stands or was declined. Times in Unix milliseconds.</summary>
public sealed record DeletionRequest
{
    public string UserId { get; init; } = "";
    public long AskedAt { get; init; }
    public long? DeclinedAt { get; init; }

    /// <summary>In the words of the admin, to the person.</summary>
    public string? DeclinedBecause { get; init; }
    public bool IsOpen => DeclinedAt is null;

    public static Task<DeletionRequest?> Of(Sql sql, string userId) => sql.One<DeletionRequest>("""
        select user_id as "UserId", asked_at as "AskedAt", declined_at as "DeclinedAt", declined_because as "DeclinedBecause" from deletion_requests where user_id = @userId
        """, new { userId });

    internal static Task<int> Drop(Sql sql, string userId) => sql.Run("delete from deletion_requests where user_id = @userId", new { userId });
}
