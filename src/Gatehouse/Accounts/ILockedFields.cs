using Gatehouse.Accounts.Users;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts;

/// <summary>Fields of a profile that come from elsewhere and would be overwritten: who edits them here is told why it cannot be. Implemented by rooms that bring users from outside.</summary>
public interface ILockedFields
{
    /// <summary>The form fields ("email", "given_name", …) of this user and the reason in English (a localiser key); null when this source does not own the user.</summary>
    ValueTask<LockedFields?> Of(User user);
}

/// <summary>Which fields, and why.</summary>
public sealed record LockedFields(IReadOnlySet<string> Fields, string Reason)
{
    public static LockedFields None { get; } = new(new HashSet<string>(), "");

    /// <summary>The reason, for a field that is locked; null for one that is not.</summary>
    public string? Why(string field) => Fields.Contains(field) ? Reason : null;

    /// <summary>What the sources say of a user.</summary>
    public static async Task<LockedFields> For(IEnumerable<ILockedFields> sources, User user)
    {
        foreach (var source in sources)
            if (await source.Of(user) is { } locked) return locked;
        return None;
    }
}

/// <summary>Somebody changed a field that comes from elsewhere.</summary>
public sealed record FieldLocked(UserRef User, string[] Fields, string Source) : Refusal<FieldLocked>, IRefusal<FieldLocked>
{
    public static RefusalEntry Entry { get; } = new("account.field_locked", "The field comes from elsewhere",
        Public: "This field comes from your organisation's directory and is changed there.",
        Fix: "Change it in the directory; the next sync brings it. To keep the account by hand, detach it from the directory on the user's page.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static FieldLocked Example => new(new("u1", "Ada"), ["email"], "ldap");
    public override string Target => User.Id;
    public override string Evidence => $"{List(Fields)} of {User.Name} come from {Source}; a change here would be overwritten by the next sync.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}
