using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Deletion;

/// <summary>The wish cannot be taken here.</summary>
public sealed record DeletionNotTaken(UserRef User, string Because) : Refusal<DeletionNotTaken>, IRefusal<DeletionNotTaken>
{
    public static RefusalEntry Entry { get; } = new("account.deletion_not_taken", "A wish for deletion was not taken",
        Public: "Your account cannot be deleted from here. Please ask your administrator.",
        Fix: "Allow it under Settings > Administration > Account deletion; an account of a directory is removed there, and the next sync switches it off here.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static DeletionNotTaken Example => new(new("u1", "Ada"), "the account belongs to the directory");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} asked for the account to be deleted: {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>There is no open wish any more: taken back, or decided by somebody else.</summary>
public sealed record NoDeletionAsked(UserRef User) : Refusal<NoDeletionAsked>, IRefusal<NoDeletionAsked>
{
    public static RefusalEntry Entry { get; } = new("account.no_deletion_asked", "Nobody asks for that deletion any more",
        Public: "There is no open wish for deletion: it was taken back, or somebody else has decided.", Fix: "Open the user's page again.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NoDeletionAsked Example => new(new UserRef("u1", "Ada"));
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} has no open wish for deletion.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}
