using System.Text.Json;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Steps;

/// <summary>How far a sign-in came: a session (its cookie's value), or a pending sign-in that needs another proof.</summary>
public sealed record SignInStep(User User, string? CookieValue, string? PendingId, string Kind);

/// <summary>
/// The way from a proof to a session, the same for password and login link: the gate, then the policies about second factors, then a session or a pending sign-in.
/// A passkey with user verification is two factors in one and does not come here.
/// </summary>
public sealed class SignInSteps(AccessRules rules, BeginSession sessions, PendingSignIns pendings, IEnumerable<ISecondFactor> factors, IEnumerable<ISecondFactorPolicy> policies,
    SignInLog signInLog)
{
    /// <summary>After the first proof of <paramref name="user"/>. Runs inside the write that spent or checked the proof.</summary>
    /// <param name="kind">The session kind that the proof opens alone.</param>
    /// <param name="onward">The part of the query that names where to go afterwards.</param>
    /// <param name="client">The application that waits there, or null.</param>
    /// <param name="present">The session of this browser so far.</param>
    public async Task<Outcome<SignInStep>> First(Sql sql, User user, Factor proof, string kind, string onward, ClientRef? client, AccessGranted? present, Visit visit)
    {
        await pendings.Forget(sql, visit);
        return await Judge(sql, user, [proof], kind, onward, client, present, visit);
    }

    /// <summary>
    /// After a further proof. The pending sign-in is spent whatever follows; null only when it is gone (over, ended, another browser's, or somebody was faster).
    /// A wrong code must not come here: it leaves the pending sign-in for another try.
    /// </summary>
    public async Task<Outcome<SignInStep>?> Second(Sql sql, string pendingId, Factor proof, AccessGranted? present, Visit visit)
    {
        if (await pendings.Take(sql, pendingId, visit) is not { } pending) return null;
        if (await UserStore.Find(sql, pending.UserId) is not { } user || user.Epoch != pending.Epoch) return null;
        visit.UserId = user.Id;
        if (pending.Stay) visit.StaysSignedIn = true;
        return await Judge(sql, user, [.. pending.Proofs, proof], pending.Proofs is [{ Method: "link" }, ..] ? SessionKind.Full : pending.Kind, pending.Onward, pending.Client, present, visit);
    }

    /// <summary>The kinds of second factor that a user has.</summary>
    public async Task<IReadOnlyList<ISecondFactor>> Enrolled(Sql sql, string userId)
    {
        var own = new List<ISecondFactor>();
        foreach (var factor in factors.OrderBy(f => f.Order))
            if (await factor.IsEnrolled(sql, userId)) own.Add(factor);
        return own;
    }

    /// <summary>True when no policy asks for more than these proofs: an enrolment that has brought them is over.</summary>
    public async Task<bool> IsEnough(Sql sql, User user, IReadOnlyList<Factor> proofs, Visit visit) =>
        (await Demands(sql, new FactorQuestion(user, await GroupStore.Of(sql, user.Id), proofs, [.. (await Enrolled(sql, user.Id)).Select(f => f.Id)], null, visit.BrowserId))).Count == 0;

    private async Task<List<FactorDemand>> Demands(Sql sql, FactorQuestion question)
    {
        var demands = new List<FactorDemand>();
        foreach (var policy in policies)
            if (await policy.Judge(sql, question) is { } demand) demands.Add(demand);
        return demands;
    }

    private async Task<Outcome<SignInStep>> Judge(Sql sql, User user, IReadOnlyList<Factor> proofs, string kind, string onward, ClientRef? client, AccessGranted? present, Visit visit)
    {
        var groups = await GroupStore.Of(sql, user.Id);
        if (!rules.Judge(user, groups, session: null, client: null).Passed(out var granted, out var refusal)) return refusal;
        visit.Passed("account is active");
        var enrolled = await Enrolled(sql, user.Id);
        // A remembered browser spares the second factor where the session is only to be used, not where something is to be registered in it.
        var question = new FactorQuestion(user, groups, proofs, [.. enrolled.Select(f => f.Id)], client, kind == SessionKind.Full ? visit.BrowserId : "");
        var demands = await Demands(sql, question);
        if (demands.Any(d => !d.Enrol))
        {
            var id = await pendings.Begin(sql, new PendingSignIn
            {
                UserId = user.Id,
                Epoch = user.Epoch,
                Kind = kind,
                ProofsJson = JsonSerializer.Serialize(proofs),
                DemandsJson = JsonSerializer.Serialize(demands.Where(d => !d.Enrol)),
                Onward = onward,
                ClientId = client?.Id,
                ClientName = client?.Name,
                Stay = visit.StaysSignedIn,
            }, visit);
            return new SignInStep(user, null, id, kind);
        }
        // Somebody who has yet to register what is demanded gets in to do that, and only that.
        if (demands.Count > 0) kind = SessionKind.Enrolment;
        var session = present?.Session;
        // The same person again (prompt=login, a second tab): the session goes on under a new id, and with it what hangs on it.
        var value = session is { Kind: SessionKind.Full } && kind == SessionKind.Full && session.UserId == user.Id
            ? await sessions.Strengthen(sql, session, proofs, user.Epoch, visit)
            : await sessions.BeginWith(sql, granted, visit, kind, proofs, session);
        if (value is null) value = await sessions.BeginWith(sql, granted, visit, kind, proofs, previous: null);
        signInLog.Success(SignInLog.Session, user.Id, null, string.Join(' ', proofs.Select(p => p.Method).Distinct(StringComparer.Ordinal)), visit);
        return new SignInStep(user, value, null, kind);
    }
}
