using System.Text.Json.Nodes;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;

namespace Gatehouse.SignIn.HardwareKeys;

/// <summary>
/// Judges the touch of a hardware key: between the first proof and the session, and to confirm an act in a session. A signature is no guess, so nothing is counted here;
/// whoever guesses codes cannot keep the owner of a key out.
/// </summary>
public sealed class GiveKey(Database database, Settings settings, Ceremonies ceremonies, PendingSignIns pendings, SignInSteps steps, BeginSession sessions, RememberedDevices devices, TimeProvider clock)
{
    private const string SecondStep = "second-key", StepUp = "step-up-key";

    /// <summary>Options for the keys of whoever waits in this pending sign-in; null when it is gone. Nobody sees a credential id before the first proof.</summary>
    public Task<JsonObject?> SignInOptions(string pendingId, Visit visit) => database.Write(async sql =>
        await pendings.Find(sql, pendingId, visit) is { } pending && pending.Offers.Contains(KeyFactor.Kind)
            ? await Options(sql, new(SecondStep, pending.UserId, null, pending.Id), pending.UserId, visit) : null);

    /// <summary>Options to confirm an act in a live session.</summary>
    public Task<JsonObject> ConfirmOptions(AccessGranted granted, Visit visit) => database.Write(sql =>
        Options(sql, new(StepUp, granted.User.Id, granted.Session!.PublicId), granted.User.Id, visit));

    /// <summary>Completes a pending sign-in. Null when it is gone: over, ended, another browser's.</summary>
    /// <param name="remember">The person ticked not to be asked again in this browser.</param>
    public async Task<Outcome<SignInStep>?> SignIn(string pendingId, string challenge, AssertionResponse response, bool remember, AccessGranted? present, Visit visit)
    {
        var policy = await FactorSettings.Of(settings);
        return await database.Write<Outcome<SignInStep>?>(async sql =>
        {
            if (await pendings.Find(sql, pendingId, visit) is not { } pending) return null;
            if (await UserStore.Find(sql, pending.UserId) is not { } user || user.Epoch != pending.Epoch) return null;
            visit.UserId = user.Id;
            visit.Passed("first proof given");
            // Spent whatever follows, and good for this sign-in of this browser alone.
            if (await ceremonies.Spend(sql, TokenType.AssertionChallenge, challenge, visit.BrowserId) is not { Purpose: SecondStep } begun || begun.ExpectedUserId != user.Id || begun.Detail != pending.Id)
                return (Outcome<SignInStep>?)new HardwareKeyChallengeGone(user.Ref);
            visit.Passed("challenge is ours");
            if (!(await Judge(sql, user, challenge, response)).Passed(out var factor, out var refusal)) return (Outcome<SignInStep>?)refusal;
            visit.Passed("second factor given");
            if (await steps.Second(sql, pendingId, factor, present, visit) is not { } second) return null;
            if (remember && policy.RememberDays > 0 && second.Passed(out _, out _)) await devices.Remember(sql, user, visit.BrowserId, visit.UserAgent, policy.RememberDays);
            return second;
        });
    }

    /// <summary>Confirms an act in a live session. The value of the session's new cookie.</summary>
    public Task<Outcome<string>> Confirm(AccessGranted granted, string challenge, AssertionResponse response, Visit visit) => database.Write(async sql =>
    {
        var (user, session) = (granted.User, granted.Session!);
        if (await ceremonies.Spend(sql, TokenType.AssertionChallenge, challenge, visit.BrowserId) is not { Purpose: StepUp } begun || begun.ExpectedUserId != user.Id || begun.SessionPublicId != session.PublicId)
            return (Outcome<string>)new HardwareKeyChallengeGone(user.Ref);
        if (!(await Judge(sql, user, challenge, response)).Passed(out var factor, out var refusal)) return refusal;
        if (factor.CredentialCreatedAt >= session.BeganAt) return new FactorTooNew(user.Ref);
        return await sessions.Strengthen(sql, session, factor, reauthenticated: true, user.Epoch) is { } value ? value : (Outcome<string>)new HardwareKeyChallengeGone(user.Ref);
    });

    /// <summary>What a browser reported of a second step that did not come about; null when nobody waits in it.</summary>
    public async Task<Refusal?> NoAnswer(string errorName, string guess, long afterMilliseconds, Visit visit)
    {
        if (await pendings.Of(visit) is not { } pending) return null;
        var (user, keys) = await database.Read(async sql => (await UserStore.Find(sql, pending.UserId), await HardwareKeyStore.Of(sql, pending.UserId)));
        if (user is null) return null;
        visit.UserId = user.Id;
        var removed = keys.Where(k => k.RemovedAt is not null).MaxBy(k => k.RemovedAt);
        return new HardwareKeyNoAnswer(user.Ref, errorName, guess, afterMilliseconds, Names(keys), removed?.Name, removed?.RemovedAt ?? 0);
    }

    private async Task<JsonObject> Options(Sql sql, CeremonyPurpose purpose, string userId, Visit visit)
    {
        // Keys that were put away lately are asked for as well: one of them then gets an answer that says so, where the browser would only say "cancelled".
        var since = clock.Now() - (long)KeyFactor.UndoFor.TotalMilliseconds;
        var own = (await HardwareKeyStore.Of(sql, userId)).Where(k => k.RemovedAt is null || k.RemovedAt > since).OrderBy(k => k.RemovedAt is not null);
        return await ceremonies.BeginKeyAssertion(sql, purpose, visit, own.Select(k => k.Ref));
    }

    private async Task<Outcome<Factor>> Judge(Sql sql, User user, string challenge, AssertionResponse response)
    {
        if (await HardwareKeyStore.FindByCredential(sql, response.Id) is not { } key || key.UserId != user.Id)
        {
            var known = await HardwareKeyStore.FindByCredential(sql, response.Id) is not null ? "another account"
                : await PasskeyStore.FindByCredential(sql, response.Id) is not { } passkey ? "nobody here"
                : passkey.UserId == user.Id ? "this account, as a passkey" : "another account, as a passkey";
            return new HardwareKeyOfAnother(user.Ref, Shown.Id(response.Id), known, Names(await HardwareKeyStore.Of(sql, user.Id)));
        }
        var judged = VerifyAssertion.Judge(ceremonies.RelyingParty, Ceremonies.Decode(challenge),
            key.Expected(Jose.StrictBase64Url.Encode(ceremonies.KeyHandleOf(user.Id))), response, requireUserVerification: false);
        if (!judged.Passed(out var verified, out var refusal)) return (Outcome<Factor>)KeyRefused.Of(user.Ref, key, refusal);
        if (key.RemovedAt is { } at) return new HardwareKeyRemoved(user.Ref, key.Name, at, Names(await HardwareKeyStore.Of(sql, user.Id)));
        if (!await HardwareKeyStore.Used(sql, key, verified.NewSignCount, verified.UserVerified, clock.Now()))
        {
            // Of two at once with one counter, one goes on; and one that is removed at this very moment does not.
            var now = await HardwareKeyStore.FindByCredential(sql, response.Id);
            return now?.RemovedAt is { } gone ? new HardwareKeyRemoved(user.Ref, key.Name, gone, Names(await HardwareKeyStore.Of(sql, user.Id)))
                : new HardwareKeyCounterWentBack(user.Ref, key.Name, verified.NewSignCount, (uint)(now?.SignCount ?? key.SignCount));
        }
        return new Factor("hwk", clock.Now(), key.Id, key.CreatedAt, TouchOnly: !verified.UserVerified);
    }

    private static string[] Names(IEnumerable<HardwareKey> keys) => [.. keys.Where(k => k.RemovedAt is null).Select(k => k.Name)];
}
