using System.Globalization;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Ends sessions, and with each the grants that hang on it.</summary>
public sealed class EndSessions(Database database, Settings settings, AuditLog audit, TimeProvider clock)
{
    /// <summary>The live ones, the one that was used last first.</summary>
    public async Task<IReadOnlyList<Session>> Of(string userId)
    {
        var policy = await SessionPolicy.Of(settings);
        return await database.Read(sql => SessionStore.Of(sql, userId, clock.Now(), policy));
    }

    public Task One(string publicId, string because) => database.Write(sql => SessionStore.End(sql, publicId, because, clock.Now()));

    /// <summary>Ends one session of a given user; another user's is left alone. True when it was alive until now.</summary>
    public Task<bool> OneOf(string userId, string publicId, Actor actor) => database.Write(async sql =>
    {
        if (await SessionStore.FindByPublicId(sql, publicId) is not { } session || session.UserId != userId) return false;
        if (!await SessionStore.End(sql, publicId, $"ended by {actor.Name}", clock.Now())) return false;
        await audit.Write(sql, actor, "session.ended", new("user", userId, session.UserAgent));
        return true;
    });

    /// <summary>Ends all sessions of a user but one. Remembered devices, links and what began without a session stay.</summary>
    public Task<int> Others(User user, string butPublicId, Actor actor) => database.Write(async sql =>
    {
        var ended = 0;
        foreach (var session in await SessionStore.Of(sql, user.Id, clock.Now()))
            if (session.PublicId != butPublicId && await SessionStore.End(sql, session.PublicId, $"ended by {actor.Name}", clock.Now())) ended++;
        if (ended > 0) await audit.Write(sql, actor, "session.others_ended", new("user", user.Id, user.DisplayName), after: string.Create(CultureInfo.InvariantCulture, $"{ended} ended"));
        return ended;
    });

    /// <summary>Ends all of a user's sessions, grants and links by raising the epoch.</summary>
    public Task All(User user, Actor actor) => database.Write(async sql =>
    {
        await UserStore.RaiseEpoch(sql, user.Id);
        await audit.Write(sql, actor, "session.all_ended", new("user", user.Id, user.DisplayName));
    });
}
