using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Groups;

/// <summary>The remedy "add this user to that group"; its preview names every client the membership opens, not only the one of the case.</summary>
internal sealed class AddUserToGroupHandler(AddMember add, RemoveMember remove) : IRemedyHandler<AddUserToGroup>
{
    private const string Added = "added";

    public async Task<RemedyOffer> Offer(Sql sql, AddUserToGroup remedy, RemedyCase origin)
    {
        var form = $"/admin/groups/{remedy.Group.Id}";
        if (await GroupStore.Find(sql, remedy.Group.Id) is not { } group) return new(false, false, "The group is gone.", [], "/admin/groups");
        if (await UserStore.Find(sql, remedy.User.Id) is not { DeletedAt: null } user) return new(false, false, "The user is deleted.", [], "/admin/users?state=deleted");
        if ((await GroupStore.Of(sql, user.Id)).Any(g => g.Id == group.Id)) return new(false, false, $"{user.DisplayName} is in {group.Name} now.", [], form);
        var opens = await sql.List<string>("""
            select c.name from client_groups x join clients c on c.id = x.client_id
            where x.group_id = @group and c.deleted_at is null and c.restricted = true and not exists (
                select 1 from client_groups y join group_members m on m.group_id = y.group_id where y.client_id = c.id and m.user_id = @user)
            order by c.name
            """, new { group = group.Id, user = user.Id });
        return new(true, OneClick: origin.LiveSession && origin.Causer != Causer.Stranger,
            user.DisabledAt is not null ? $"{user.DisplayName} is disabled and stays so." : "",
            [$"{user.DisplayName} ({user.Email}) joins {group.Name}.", .. opens.Select(c => $"{user.DisplayName} may then open {c}.")], form);
    }

    public async Task<Outcome<string?>> Apply(Sql sql, AddUserToGroup remedy, RemedyCase origin, Actor actor) =>
        (await add.Within(sql, remedy.Group.Id, remedy.User.Id, actor, origin.Reference)).Passed(out var joined, out var refusal) ? joined ? Added : null : refusal;

    public async Task<bool> Undo(Sql sql, AddUserToGroup remedy, string undo, Actor actor) =>
        undo == Added && (await remove.Within(sql, remedy.Group.Id, remedy.User.Id, actor)).Passed(out var left, out _) && left;
}
