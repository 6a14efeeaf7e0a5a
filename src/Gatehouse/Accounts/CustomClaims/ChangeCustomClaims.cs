using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.CustomClaims;

/// <summary>Sets and removes facts of the operator's own on users and groups. Applications see them from the next token on, where their mapping names them.</summary>
public sealed class ChangeCustomClaims(Database database, AuditLog audit)
{
    public const int MaxPerOwner = 50;

    public Task<Outcome<Done>> SetOnUser(string userId, string? name, string? value, Actor actor) => database.Write<Outcome<Done>>(async sql =>
        await UserStore.Find(sql, userId) is not { DeletedAt: null } user ? new NoSuchUser(userId) : await Set(sql, true, user.Id, user.AuditTarget, await CustomClaimStore.OfUser(sql, userId), name, value, actor));

    public Task<Outcome<Done>> SetOnGroup(string groupId, string? name, string? value, Actor actor) => database.Write<Outcome<Done>>(async sql =>
        await GroupStore.Find(sql, groupId) is not { } group ? new NoSuchGroup(groupId) : await Set(sql, false, group.Id, group.AuditTarget, await CustomClaimStore.OfGroup(sql, groupId), name, value, actor));

    public Task<Outcome<Done>> RemoveFromUser(string userId, string name, Actor actor) => database.Write<Outcome<Done>>(async sql =>
        await UserStore.Find(sql, userId) is not { } user ? new NoSuchUser(userId) : await Remove(sql, true, user.Id, user.AuditTarget, name, actor));

    public Task<Outcome<Done>> RemoveFromGroup(string groupId, string name, Actor actor) => database.Write<Outcome<Done>>(async sql =>
        await GroupStore.Find(sql, groupId) is not { } group ? new NoSuchGroup(groupId) : await Remove(sql, false, group.Id, group.AuditTarget, name, actor));

    /// <summary>Letters, digits and . _ - : / ; at most 64.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or ':' or '/');

    private async Task<Outcome<Done>> Set(Sql sql, bool ofUser, string ownerId, AuditTarget target, IReadOnlyList<CustomClaim> held, string? name, string? value, Actor actor)
    {
        (name, value) = ((name ?? "").Trim(), (value ?? "").Trim());
        if (!IsName(name)) return new CustomClaimInvalid("custom_name", "the name has letters, digits and . _ - : / only, at most 64");
        if (value.Length is 0 or > 1000 || value.Any(char.IsControl)) return new CustomClaimInvalid("custom_value", "the value has 1 to 1000 characters and no control characters");
        var before = held.FirstOrDefault(c => c.Name == name);
        if (before is null && held.Count >= MaxPerOwner) return new CustomClaimInvalid("custom_name", $"there are {MaxPerOwner} already");
        await CustomClaimStore.Put(sql, ofUser, ownerId, name, value);
        await audit.Write(sql, actor, "claim.set", target, before is null ? null : $"{name}: {before.Value}", $"{name}: {value}");
        return Done.It;
    }

    private async Task<Outcome<Done>> Remove(Sql sql, bool ofUser, string ownerId, AuditTarget target, string name, Actor actor)
    {
        if (await CustomClaimStore.Remove(sql, ofUser, ownerId, name)) await audit.Write(sql, actor, "claim.removed", target, name);
        return Done.It;
    }
}

/// <summary>A custom claim that cannot be kept.</summary>
public sealed record CustomClaimInvalid(string Field, string Fault) : Refusal<CustomClaimInvalid>, IRefusal<CustomClaimInvalid>
{
    public static RefusalEntry Entry { get; } = new("account.claim_invalid", "A custom claim cannot be saved",
        Public: "This name or value cannot be saved.", Fix: "Use a short name such as department and a value of one line.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CustomClaimInvalid Example => new("custom_name", "the name has letters, digits and . _ - : / only, at most 64");
    public override string Evidence => $"Not saved: {Fault}.";
}
