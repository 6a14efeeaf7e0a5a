using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Users;

/// <summary>The remedy "switch this account on again".</summary>
internal sealed class RestoreUserHandler(EnableUser enable, DisableUser disable) : IRemedyHandler<RestoreUser>
{
    public async Task<RemedyOffer> Offer(Sql sql, RestoreUser remedy, RemedyCase origin)
    {
        var form = $"/admin/users/{remedy.User.Id}";
        if (await UserStore.Find(sql, remedy.User.Id) is not { } user) return new(false, false, "The user is gone.", [], "/admin/users");
        if (user.DeletedAt is not null) return new(false, false, "The user is deleted; undo the deletion on the user's page.", [], form);
        if (user.DisabledAt is null) return new(false, false, $"{user.DisplayName} is active now.", [], form);
        var groups = await GroupNames(sql, user.Id);
        return new(true, OneClick: origin.Causer != Causer.Stranger,
            user.DisabledBecause is null ? $"Disabled by {user.DisabledBy}." : $"Disabled by {user.DisabledBy}: {user.DisabledBecause}.",
            [$"{user.DisplayName} ({user.Email}) may sign in again, with role {user.Role}.", groups.Count == 0 ? "Member of no group." : $"Member of {string.Join(", ", groups)}.", "Old sessions stay ended."], form);
    }

    public async Task<Outcome<string?>> Apply(Sql sql, RestoreUser remedy, RemedyCase origin, Actor actor)
    {
        if (await UserStore.Find(sql, remedy.User.Id) is not { DeletedAt: null } before) return new NoSuchUser(remedy.User.Id);
        if (before.DisabledAt is null) return (string?)null;
        if (!(await enable.Within(sql, before.Id, actor, origin.Reference)).Passed(out var after, out var refusal)) return refusal;
        return $"{after.RowVersion.ToString(CultureInfo.InvariantCulture)} {before.DisabledBecause}";
    }

    /// <summary>Only while nobody touched the account since: its row version must still be the one that Apply wrote.</summary>
    public async Task<bool> Undo(Sql sql, RestoreUser remedy, string undo, Actor actor)
    {
        var parts = undo.Split(' ', 2);
        if (await UserStore.Find(sql, remedy.User.Id) is not { IsActive: true } user || user.RowVersion.ToString(CultureInfo.InvariantCulture) != parts[0]) return false;
        return (await disable.Within(sql, user.Id, parts[1], actor)).Passed(out _, out _);
    }

    private static async Task<IReadOnlyList<string>> GroupNames(Sql sql, string userId) => [.. (await Groups.GroupStore.Of(sql, userId)).Select(g => g.Name)];
}
