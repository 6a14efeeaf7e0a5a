namespace Gatehouse.Data;

/// <summary>
/// A queue that says which sessions are over, written in the transaction that ends them and read by whoever tells the applications.
/// Lower rooms end sessions and know of no application.
/// </summary>
public static class EndedSessions
{
    public const string VersionName = "ended_sessions";

    /// <summary>One session has ended.</summary>
    public static async Task Note(Sql sql, string sessionPublicId, string because, long now)
    {
        await sql.Run("insert into ended_sessions (id, session_public_id, because, at) values (@id, @sessionPublicId, @because, @now)", new { id = Secrets.NewToken(), sessionPublicId, because, now });
        await sql.Bump(VersionName);
    }

    /// <summary>All of a user's sessions may have ended, because the epoch rose.</summary>
    public static async Task NoteUser(Sql sql, string userId)
    {
        await sql.Run("insert into ended_sessions (id, user_id, because, at) values (@id, @userId, 'the account was disabled, changed its ways in or signed out everywhere', 0)", new { id = Secrets.NewToken(), userId });
        await sql.Bump(VersionName);
    }
}
