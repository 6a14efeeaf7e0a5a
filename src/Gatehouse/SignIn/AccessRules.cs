using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.BreakGlass;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.SignIn;

/// <summary>One rule of the gate. Later rooms (network rules) add theirs by registering an implementation.</summary>
public interface IAccessRule
{
    /// <summary>Null when it passes. Judges what was loaded; asks no database.</summary>
    Refusal? Judge(AccessQuestion question);

    /// <summary>
    /// True for rules about networks, identity providers and directories, and for nothing else: a break-glass session is not judged by them, for it is what repairs them.
    /// Expiry, step-up and audit are no such rules and cannot be skipped.
    /// </summary>
    bool YieldsToBreakGlass => false;
}

/// <summary>Everything the rules look at, loaded in one go.</summary>
public sealed record AccessQuestion(User User, IReadOnlyList<GroupRef> Groups, Session? Session, ClientAccess? Client, long Now);

/// <summary>The gate: account state, then the client's groups, then what later rooms add. Every path that issues or honours anything passes it.</summary>
public sealed class AccessRules(IEnumerable<IAccessRule> laterRules, TimeProvider clock, IRefusalLog log)
{
    public Outcome<AccessGranted> Judge(User user, IReadOnlyList<GroupRef> groups, Session? session, ClientAccess? client)
    {
        var question = new AccessQuestion(user, groups, session, client, clock.Now());
        if (CheckAccountState(question) is { } state) return state;
        if (CheckAllowedGroups(question) is { } group) return group;
        foreach (var rule in laterRules)
            if (rule.Judge(question) is { } refusal) return refusal;
        log.Passed(AccountDisabled.Entry.Code, user.Id);
        if (client is not null) log.Passed(UserNotInAllowedGroup.Entry.Code, client.Client.Id);
        return new AccessGranted(user, groups, session, client, question.Now);
    }

    /// <summary>The branch for a break-glass session: no account, no groups, no application; its end is judged here, by the stored times.</summary>
    public Outcome<AccessGranted> Judge(Opening opening)
    {
        var question = new AccessQuestion(opening.AsUser(), [], opening.AsSession(), Client: null, clock.Now());
        if (!opening.IsOpen(question.Now))
            return new BreakGlassOver(opening.Label, opening.EndedAt ?? opening.ExpiresAt, opening.EndedBecause ?? (question.Now < opening.OpenedAt ? "the clock was set back to before it began" : "its half hour has passed"));
        foreach (var rule in laterRules)
            if (!rule.YieldsToBreakGlass && rule.Judge(question) is { } refusal) return refusal;
        return new AccessGranted(question.User, question.Groups, question.Session, client: null, question.Now);
    }

    private static Refusal? CheckAccountState(AccessQuestion q) => q.User switch
    {
        { DeletedAt: { } at } => new AccountDeleted(q.User.Ref, at),
        { DisabledAt: { } at } => new AccountDisabled(q.User.Ref, q.User.DisabledBy ?? "unknown", q.User.DisabledBecause, at),
        _ => null,
    };

    private static Refusal? CheckAllowedGroups(AccessQuestion q) =>
        q.Client is not { Restricted: true } client || client.AllowedGroups.Any(allowed => q.Groups.Any(g => g.Id == allowed.Id))
            ? null
            : new UserNotInAllowedGroup(client.Client, q.User.Ref, [.. q.Groups.Select(g => g.Name)], [.. client.AllowedGroups]);
}
