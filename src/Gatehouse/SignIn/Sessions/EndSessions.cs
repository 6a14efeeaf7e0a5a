using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Ends sessions, and with each the grants that hang on it.</summary>
public sealed class EndSessions(Database database, AuditLog audit, TimeProvider clock)
{
    public Task<IReadOnlyList<Session>> Of(string userId) => database.Read(sql => SessionStore.Of(sql, userId, clock.Now()));

    public Task One(string publicId, string because) => database.Write(sql => SessionStore.End(sql, publicId, because, clock.Now()));

    /// <summary>Ends one session of a given user; another user's is left alone.</summary>
    public Task OneOf(string userId, string publicId, Actor actor) => database.Write(async sql =>
    {
        if (await SessionStore.FindByPublicId(sql, publicId) is not { } session || session.UserId != userId) return;
        if (await SessionStore.End(sql, publicId, $"ended by {actor.Name}", clock.Now()))
            await audit.Write(sql, actor, "session.ended", new("user", userId, session.UserAgent));
    });

    /// <summary>Ends all of a user's sessions, grants and links by raising the epoch.</summary>
    public Task All(User user, Actor actor) => database.Write(async sql =>
    {
        await UserStore.RaiseEpoch(sql, user.Id);
        await audit.Write(sql, actor, "session.all_ended", new("user", user.Id, user.DisplayName));
    });
}
