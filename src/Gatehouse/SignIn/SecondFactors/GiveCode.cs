using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.SignIn.Throttling;
using Gatehouse.Web;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>Judges codes of the authenticator app and backup codes: between the first proof and the session, and to confirm an act in a session.</summary>
public sealed class GiveCode(Database database, Settings settings, GuessLimits limits, PendingSignIns pendings, SignInSteps steps, BeginSession sessions, AuthenticatorApps apps, BackupCodes backups,
    AccessPasses passes, RememberedDevices devices, FactorLetters letters, AuditLog audit, TimeProvider clock)
{
    /// <summary>Codes judged per account and quarter of an hour, whatever their kind and wherever they come from.</summary>
    public const int PerAccount = 5;

    /// <summary>Completes a pending sign-in. Null when it is gone: over, ended, another browser's.</summary>
    /// <param name="remember">The person ticked not to be asked again in this browser.</param>
    public async Task<Outcome<SignInStep>?> SignIn(string pendingId, string code, bool remember, AccessGranted? present, Visit visit)
    {
        if (await database.Read(sql => pendings.Find(sql, pendingId, visit)) is not { } pending) return null;
        if (await database.Read(sql => UserStore.Find(sql, pending.UserId)) is not { } user || user.Epoch != pending.Epoch) return null;
        visit.UserId = user.Id;
        visit.Passed("first proof given");
        // A write of its own: the place is taken, durably, before anybody looks at the code.
        var reserved = await database.Write(sql => limits.Reserve(sql, LaneOf(user.Id)));
        if (!reserved.MayJudge) return await Throttled(user, reserved);
        var policy = await FactorSettings.Of(settings);
        return await database.Write<Outcome<SignInStep>?>(async sql =>
        {
            // Once more: a guess that waited here while the sign-in was ended is not judged.
            if (await pendings.Find(sql, pendingId, visit) is null) return null;
            if (!(await Judge(sql, user, code, mayBePass: true, visit)).Passed(out var factor, out var refusal)) return (Outcome<SignInStep>?)refusal;
            visit.Passed("second factor given");
            if (await steps.Second(sql, pendingId, factor, present, visit) is not { } second) return null;
            await limits.GiveBack(sql, reserved, LaneOf(user.Id));
            if (remember && factor.CredentialId is not null && policy.RememberDays > 0 && second.Passed(out _, out _)) await devices.Remember(sql, user, visit.BrowserId, visit.UserAgent, policy.RememberDays);
            return second;
        });
    }

    /// <summary>Confirms an act in a live session. The value of the session's new cookie.</summary>
    public async Task<Outcome<string>> Confirm(AccessGranted granted, string code, Visit visit)
    {
        var (user, session) = (granted.User, granted.Session!);
        var reserved = await database.Write(sql => limits.Reserve(sql, LaneOf(user.Id)));
        if (!reserved.MayJudge) return await Throttled(user, reserved);
        return await database.Write(async sql =>
        {
            if (!(await Judge(sql, user, code, mayBePass: false, visit)).Passed(out var factor, out var refusal)) return (Outcome<string>)refusal;
            if (factor.CredentialCreatedAt >= session.BeganAt) return new FactorTooNew(user.Ref);
            await limits.GiveBack(sql, reserved, LaneOf(user.Id));
            return await sessions.Strengthen(sql, session, factor, reauthenticated: true, user.Epoch) is { } value ? value : (Outcome<string>)new FactorEnrolmentOver(user.Ref);
        });
    }

    /// <summary>The counter of an account's second factors.</summary>
    public static Lane LaneOf(string userId) => new("second:user:" + userId, PerAccount, Lane.Quarter);

    private async Task<Outcome<Factor>> Judge(Sql sql, User user, string code, bool mayBePass, Visit visit)
    {
        if (!BackupCodes.LooksLikeOne(code))
            return (await apps.Use(sql, user, code)).Passed(out var app, out var no) ? new Factor("otp", clock.Now(), app.Id, app.CreatedAt) : (Outcome<Factor>)no;
        if (mayBePass && await passes.Use(sql, user, code))
        {
            await audit.Write(sql, new Actor(user.Email, visit.Address.ToString()), "mfa.pass_used", user.AuditTarget);
            await letters.Changed(sql, user, "The temporary access pass of your account was used just now.");
            // No credential: it confirms nothing.
            return new Factor("otp", clock.Now(), null, null);
        }
        if (!(await backups.Use(sql, user, code)).Passed(out var left, out var refusal)) return refusal;
        await audit.Write(sql, new Actor(user.Email, visit.Address.ToString()), "mfa.backup_code_used", user.AuditTarget, after: $"{left.Left} left");
        await letters.BackupCodeUsed(sql, user, left.Left);
        return new Factor("otp", clock.Now(), left.SetId, left.CreatedAt);
    }

    private async Task<FactorThrottled> Throttled(User user, Reserved reserved)
    {
        await database.Write(async sql =>
        {
            // The password is known to whoever came this far: the owner hears of it, once per lock-out.
            if (await pendings.EndAll(sql, user.Id, "too many wrong codes") > 0) await letters.TooManyCodes(sql, user, reserved.FreeAt);
        });
        return new FactorThrottled(user.Ref, PerAccount, reserved.FreeAt);
    }
}
