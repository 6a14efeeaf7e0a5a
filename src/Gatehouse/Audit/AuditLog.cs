using Gatehouse.Data;

namespace Gatehouse.Audit;

/// <summary>Who does something: a signed-in admin or user, or the console.</summary>
/// <param name="Name">Shown in the log: "ada@example.com" or "console:root@host".</param>
/// <param name="Address">The client address, "" for the console.</param>
public sealed record Actor(string Name, string Address)
{
    /// <summary>The person at the host's shell.</summary>
    public static Actor Console => new($"console:{Environment.UserName}@{Environment.MachineName}", "");
}

/// <summary>The thing an entry is about.</summary>
/// <param name="Kind">"user", "group", "client", "session", "passkey", "setting", "instance".</param>
public sealed record AuditTarget(string Kind, string Id, string Name);

/// <summary>One line of the audit log.</summary>
public sealed record AuditEntry
{
    public string Id { get; init; } = "";
    public long At { get; init; }
    public string Actor { get; init; } = "";
    public string Action { get; init; } = "";
    public string TargetKind { get; init; } = "";
    public string TargetId { get; init; } = "";
    public string TargetName { get; init; } = "";
    public string? Before { get; init; }
    public string? After { get; init; }
    public string? Reference { get; init; }
    public string Address { get; init; } = "";
}

/// <summary>Writes who changed what, in the transaction of the change.</summary>
public sealed class AuditLog(TimeProvider clock)
{
    /// <param name="action">Verb in the past with its room: "user.disabled", "client.callback_added".</param>
    /// <param name="before">What it was, for people; no secrets.</param>
    /// <param name="after">What it is now.</param>
    /// <param name="reference">The case that led to it.</param>
    public Task Write(Sql sql, Actor actor, string action, AuditTarget target, string? before = null, string? after = null, string? reference = null) =>
        sql.Run("""
            insert into audit (id, at, actor, action, target_kind, target_id, target_name, before, after, reference, address)
            values (@id, @now, @actor, @action, @kind, @target, @name, @before, @after, @reference, @address)
            """, new { id = clock.NewId(), now = clock.Now(), actor = actor.Name, action, kind = target.Kind, target = target.Id, name = target.Name, before, after, reference, address = actor.Address });

    /// <summary>The same act on many things.</summary>
    public Task WriteMany(Sql sql, Actor actor, string action, IEnumerable<(AuditTarget Target, string? After)> acts)
    {
        var now = clock.Now();
        return sql.InsertMany("audit",
            [
                ("id", "text"), ("at", "bigint"), ("actor", "text"), ("action", "text"), ("target_kind", "text"), ("target_id", "text"), ("target_name", "text"), ("after", "text"), ("address", "text"),
            ],
            acts.Select(a => new object?[] { clock.NewId(), now, actor.Name, action, a.Target.Kind, a.Target.Id, a.Target.Name, a.After, actor.Address }));
    }
}
