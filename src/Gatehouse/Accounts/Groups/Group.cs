using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Groups;

/// <summary>A named set of users.</summary>
public sealed record Group
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string Description { get; init; } = "";
    public long CreatedAt { get; init; }
    public long RowVersion { get; init; }
    public GroupRef Ref => new(Id, Name);
    public Audit.AuditTarget AuditTarget => new("group", Id, Name);
}
