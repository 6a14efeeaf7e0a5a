using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Renaming and removing one's own passkeys; a removal can be undone for seven days.</summary>
public sealed class KeepPasskeys(Database database, BeginSession sessions, AuditLog audit, TimeProvider clock)
{
    public static readonly TimeSpan UndoFor = TimeSpan.FromDays(7);

    /// <summary>Live ones, and those whose removal can still be undone.</summary>
    public async Task<IReadOnlyList<Passkey>> Of(string userId)
    {
        var limit = clock.Now() - (long)UndoFor.TotalMilliseconds;
        return [.. (await database.Read(sql => PasskeyStore.Of(sql, userId))).Where(p => p.RemovedAt is null || p.RemovedAt > limit)];
    }

    public Task Rename(AccessGranted granted, string id, string name, Actor actor) => database.Write(async sql =>
    {
        if (await PasskeyStore.Rename(sql, granted.User.Id, id, name))
            await audit.Write(sql, actor, "passkey.renamed", new("user", granted.User.Id, granted.User.DisplayName), after: name);
    });

    /// <summary>Removes it and ends every other session of the user. Gives the cookie value under which this session goes on.</summary>
    public Task<Outcome<string?>> Remove(AccessGranted granted, string id, Actor actor) => database.Write(async sql =>
    {
        var user = granted.User;
        var own = await PasskeyStore.Of(sql, user.Id);
        var live = own.Where(p => p.RemovedAt is null).ToArray();
        if (live.FirstOrDefault(p => p.Id == id) is not { } passkey) return (Outcome<string?>)(string?)null;
        if (live.Length == 1) return new PasskeyIsTheLast(user.Ref, passkey.Name);
        await PasskeyStore.Remove(sql, user.Id, id, clock.Now());
        await UserStore.RaiseEpoch(sql, user.Id);
        await audit.Write(sql, actor, "passkey.removed", new("user", user.Id, user.DisplayName), before: passkey.Name);
        var factor = granted.Session!.Factors[^1];
        return await sessions.Strengthen(sql, granted.Session, factor, reauthenticated: false, user.Epoch + 1);
    });

    public Task Restore(AccessGranted granted, string id, Actor actor) => database.Write(async sql =>
    {
        if (await PasskeyStore.Restore(sql, granted.User.Id, id, clock.Now() - (long)UndoFor.TotalMilliseconds))
            await audit.Write(sql, actor, "passkey.restored", new("user", granted.User.Id, granted.User.DisplayName));
    });
}
