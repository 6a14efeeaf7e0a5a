using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Renaming and removing one's own passkeys; a removal can be undone for seven days.</summary>
public sealed class KeepPasskeys(Database database, IEnumerable<IWayIn> ways, BeginSession sessions, AuditLog audit, TimeProvider clock)
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

    /// <summary>Removes it and ends every other session of the user. Gives the cookie value under which this session goes on; null when there is none of that id.</summary>
    /// <param name="evenTheLast">The person was asked: without it the last one stays, also when there is another way in.</param>
    public async Task<Outcome<string?>> Remove(AccessGranted granted, string id, bool evenTheLast, Actor actor)
    {
        var others = await OtherWays(granted.User.Id);
        return await database.Write(sql => Remove(sql, granted, id, evenTheLast, others, actor));
    }

    /// <summary>The names of the ways in that a user has besides passkeys.</summary>
    public async Task<IReadOnlyList<string>> OtherWays(string userId)
    {
        var has = new List<string>();
        foreach (var way in ways)
            if (way.Name != PasskeyWayIn.Passkey && await way.Condition() is { } condition && await database.Read(sql => sql.One<long>($"select count(*) from users u where u.id = @userId and ({condition})", new { userId })) > 0)
                has.Add(way.Name);
        return has;
    }

    private async Task<Outcome<string?>> Remove(Sql sql, AccessGranted granted, string id, bool evenTheLast, IReadOnlyList<string> others, Actor actor)
    {
        var user = granted.User;
        var own = await PasskeyStore.Of(sql, user.Id);
        var live = own.Where(p => p.RemovedAt is null).ToArray();
        if (live.FirstOrDefault(p => p.Id == id) is not { } passkey) return (Outcome<string?>)(string?)null;
        if (live.Length == 1 && (others.Count == 0 || !evenTheLast)) return new PasskeyIsTheLast(user.Ref, passkey.Name, [.. others]);
        await PasskeyStore.Remove(sql, user.Id, id, clock.Now());
        await UserStore.RaiseEpoch(sql, user.Id);
        await audit.Write(sql, actor, "passkey.removed", new("user", user.Id, user.DisplayName), before: passkey.Name, after: live.Length == 1 ? $"it was the last; what is left: {string.Join(", ", others)}" : null);
        var factor = granted.Session!.Factors[^1];
        return await sessions.Strengthen(sql, granted.Session, factor, reauthenticated: false, user.Epoch + 1);
    }

    public Task Restore(AccessGranted granted, string id, Actor actor) => database.Write(async sql =>
    {
        if (await PasskeyStore.Restore(sql, granted.User.Id, id, clock.Now() - (long)UndoFor.TotalMilliseconds))
            await audit.Write(sql, actor, "passkey.restored", new("user", granted.User.Id, granted.User.DisplayName));
    });
}
