using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Groups;

/// <summary>Makes a group.</summary>
public sealed class CreateGroup(Database database, AuditLog audit, TimeProvider clock)
{
    public async Task<Outcome<Group>> Run(string? name, string? description, Actor actor)
    {
        try
        {
            return await database.Write(sql => Within(sql, name, description, actor));
        }
        catch (Exception e) when (Database.IsUniqueViolation(e))
        {
            return await database.Write(sql => Within(sql, name, description, actor));
        }
    }

    public async Task<Outcome<Group>> Within(Sql sql, string? name, string? description, Actor actor)
    {
        if (!AccountNames.Display("name", name).Passed(out var clean, out var refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("description", description).Passed(out var about, out refusal)) return refusal;
        if (await GroupStore.FindByName(sql, clean) is { } taken) return new GroupNameTaken(taken.Ref);
        var group = new Group { Id = clock.NewId(), Name = clean, Description = about ?? "", CreatedAt = clock.Now(), RowVersion = 1 };
        await GroupStore.Insert(sql, group);
        await audit.Write(sql, actor, "group.created", group.AuditTarget, after: group.Name);
        return group;
    }
}

/// <summary>Gives a group another name or description. Applications that read the name of the group see the new one from the next token on.</summary>
public sealed class RenameGroup(Database database, AuditLog audit)
{
    public async Task<Outcome<Group>> Run(string id, long rowVersion, string? name, string? description, Actor actor)
    {
        try
        {
            return await database.Write(sql => Within(sql, id, rowVersion, name, description, actor));
        }
        catch (Exception e) when (Database.IsUniqueViolation(e))
        {
            return await database.Write(sql => Within(sql, id, rowVersion, name, description, actor));
        }
    }

    private async Task<Outcome<Group>> Within(Sql sql, string id, long rowVersion, string? name, string? description, Actor actor)
    {
        if (await GroupStore.Find(sql, id) is not { } old) return new NoSuchGroup(id);
        if (!AccountNames.Display("name", name).Passed(out var clean, out var refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("description", description).Passed(out var about, out refusal)) return refusal;
        if (await GroupStore.FindByName(sql, clean) is { } taken && taken.Id != id) return new GroupNameTaken(taken.Ref);
        var group = old with { Name = clean, Description = about ?? "", RowVersion = rowVersion + 1 };
        if (await sql.Run("update groups set name = @Name, name_folded = @folded, description = @Description, row_version = row_version + 1 where id = @Id and row_version = @rowVersion",
            new { group.Name, folded = UserStore.Fold(group.Name), group.Description, group.Id, rowVersion }) == 0) return new ChangedMeanwhile(old.Name);
        await audit.Write(sql, actor, "group.renamed", group.AuditTarget, $"{old.Name} ({old.Description})", $"{group.Name} ({group.Description})");
        return group;
    }
}

/// <summary>Removes a group; whoever was let in through it no longer is. The name must be typed.</summary>
public sealed class DeleteGroup(Database database, AuditLog audit)
{
    public Task<Outcome<Group>> Run(string id, string? typedName, Actor actor) => database.Write<Outcome<Group>>(async sql =>
    {
        if (await GroupStore.Find(sql, id) is not { } group) return new NoSuchGroup(id);
        if (typedName?.Trim() != group.Name) return new NotConfirmed(group.Name);
        var members = await sql.One<long>("select count(*) from group_members where group_id = @id", new { id });
        await sql.Run("delete from groups where id = @id", new { id });
        await audit.Write(sql, actor, "group.deleted", group.AuditTarget, $"{group.Name}, {members} members");
        return group;
    });
}

/// <summary>Puts a user into a group.</summary>
public sealed class AddMember(Database database, AuditLog audit, TimeProvider clock)
{
    public Task<Outcome<bool>> Run(string groupId, string userId, Actor actor) => database.Write(sql => Within(sql, groupId, userId, actor));

    /// <summary>False when the user was in it already.</summary>
    public async Task<Outcome<bool>> Within(Sql sql, string groupId, string userId, Actor actor, string? reference = null)
    {
        if (await GroupStore.Find(sql, groupId) is not { } group) return new NoSuchGroup(groupId);
        if (await UserStore.Find(sql, userId) is not { DeletedAt: null } user) return new NoSuchUser(userId);
        if (!await GroupStore.Join(sql, groupId, userId, clock.Now())) return false;
        await audit.Write(sql, actor, "group.member_added", group.AuditTarget, after: user.Email, reference: reference);
        return true;
    }
}

/// <summary>Takes a user out of a group.</summary>
public sealed class RemoveMember(Database database, AuditLog audit)
{
    public Task<Outcome<bool>> Run(string groupId, string userId, Actor actor) => database.Write(sql => Within(sql, groupId, userId, actor));

    /// <summary>False when the user was not in it.</summary>
    public async Task<Outcome<bool>> Within(Sql sql, string groupId, string userId, Actor actor, string? reference = null)
    {
        if (await GroupStore.Find(sql, groupId) is not { } group) return new NoSuchGroup(groupId);
        if (await UserStore.Find(sql, userId) is not { } user) return new NoSuchUser(userId);
        if (!await GroupStore.Leave(sql, groupId, userId)) return false;
        await audit.Write(sql, actor, "group.member_removed", group.AuditTarget, before: user.Email, reference: reference);
        return true;
    }
}
