using System.Text.Json.Nodes;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Somebody proved who they are: the session's new cookie value and what the gate said.</summary>
public sealed record SignedInBy(string CookieValue, AccessGranted Granted, Passkey Passkey);

/// <summary>Signs in, or confirms a live session, by an assertion.</summary>
public sealed class SignInWithPasskey(Database database, Ceremonies ceremonies, AccessRules rules, BeginSession sessions, SignInLog signInLog, TimeProvider clock)
{
    /// <summary>Options for any passkey, or for those of a typed name; known and unknown names look alike.</summary>
    public Task<JsonObject> Options(string? name, Visit visit) => database.Write(async sql =>
    {
        if (name is null) return await ceremonies.BeginAssertion(sql, new("sign-in", null, null), visit, []);
        var user = await UserStore.FindByIdentifier(sql, name);
        var own = user is null ? [] : (await PasskeyStore.Of(sql, user.Id)).Where(p => p.RemovedAt is null).Select(p => new CredentialRef(p.CredentialId, [])).ToArray();
        return await ceremonies.BeginAssertion(sql, new("sign-in", user?.Id ?? "", null), visit, own.Length > 0 ? own : ceremonies.Decoys(name));
    });

    /// <summary>Options to confirm the live session with one of the user's own passkeys.</summary>
    public Task<JsonObject> StepUpOptions(AccessGranted granted, Visit visit) => database.Write(async sql =>
    {
        var own = (await PasskeyStore.Of(sql, granted.User.Id)).Where(p => p.RemovedAt is null).Select(p => p.Ref);
        return await ceremonies.BeginAssertion(sql, new("step-up", granted.User.Id, granted.Session!.PublicId), visit, own);
    });

    /// <summary>Spends the challenge, verifies, judges, and opens or strengthens the session, in one transaction.</summary>
    public Task<Outcome<SignedInBy>> Complete(string challenge, AssertionResponse response, string purpose, AccessGranted? present, Visit visit) => database.Write(async sql =>
    {
        if (await ceremonies.Spend(sql, TokenType.AssertionChallenge, challenge, visit.BrowserId) is not { } begun || begun.Purpose != purpose)
            return new PasskeyChallengeGone(Ceremony.SignIn);
        visit.Passed("challenge is ours");
        if (await PasskeyStore.FindByCredential(sql, response.Id) is not { RemovedAt: null } passkey)
            return await HardwareKeys.HardwareKeyStore.FindByCredential(sql, response.Id) is { } key && await UserStore.Find(sql, key.UserId) is { } owner
                ? new PasskeyIsHardwareKey(owner.Ref, Shown.Id(response.Id)) : (Outcome<SignedInBy>)PasskeyUnknown.Of(response.Id);
        visit.UserId = passkey.UserId;
        if (begun.ExpectedUserId is { } expected && expected != passkey.UserId) return new PasskeyOtherCredential(Shown.Id(response.Id), "a passkey of the named account");
        var judged = VerifyAssertion.Judge(ceremonies.RelyingParty, Ceremonies.Decode(challenge),
            passkey.Expected(Jose.StrictBase64Url.Encode(ceremonies.HandleOf(passkey.UserId))), response);
        if (!judged.Passed(out var verified, out var refusal)) return refusal;
        visit.Passed("passkey verified");
        var user = await UserStore.Find(sql, passkey.UserId);
        if (user is null) return PasskeyUnknown.Of(response.Id);
        if (!rules.Judge(user, await GroupStore.Of(sql, user.Id), present?.Session, client: null).Passed(out var granted, out refusal)) return refusal;
        visit.Passed("account is active");

        await PasskeyStore.Used(sql, passkey.Id, verified.NewSignCount, verified.BackedUp, clock.Now());
        var factor = new Factor(passkey.Method, clock.Now(), passkey.Id, passkey.CreatedAt);
        var session = present?.Session;
        if (purpose == "step-up")
        {
            if (session is null || session.PublicId != begun.SessionPublicId) return new PasskeyChallengeGone(Ceremony.SignIn);
            if (passkey.CreatedAt >= session.BeganAt && !session.Factors.Any(f => f.CredentialId == passkey.Id && f.First)) return new PasskeyTooNew(user.Ref);
            factor = factor with { First = session.Factors.Any(f => f.CredentialId == passkey.Id && f.First) };
        }
        string? value;
        // The same person again (prompt=login, step-up): the session goes on under a new id, and with it what hangs on it.
        if (session is not null && session.UserId == user.Id) value = await sessions.Strengthen(sql, session, factor, reauthenticated: true, user.Epoch, purpose == "sign-in" ? visit : null);
        else value = await sessions.Begin(sql, granted, visit, SessionKind.Full, factor, session);
        if (value is null) return new PasskeyChallengeGone(Ceremony.SignIn);
        if (purpose == "sign-in") signInLog.Success("session", user.Id, null, factor.Method, visit);
        return new SignedInBy(value, granted, passkey);
    });
}
