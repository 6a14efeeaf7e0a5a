using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>What came of registering: the session's new cookie, and the first backup codes where there were none.</summary>
public sealed record Registered(string CookieValue, IReadOnlyList<string> Codes);

/// <summary>Registering, replacing and removing one's own second factors.</summary>
public sealed class KeepFactors(Database database, Settings settings, AuthenticatorApps apps, BackupCodes backups, AccessPasses passes, SignInSteps steps, BeginSession sessions, PendingSignIns pendings,
    FactorLetters letters, AuditLog audit, TimeProvider clock)
{
    /// <summary>
    /// True when this session may register a factor: confirmed just now, or in an enrolment. Whoever has a factor already and comes by password must have given it:
    /// otherwise a password alone could put a new one in its place.
    /// </summary>
    public async Task<bool> MayEnrol(AccessGranted granted)
    {
        var session = granted.Session!;
        if (SessionDoor.IsRecent(session, clock.Now())) return true;
        return session.Kind == SessionKind.Enrolment
            && (session.Factors.Any(FactorPolicy.IsSecond) || (await database.Read(sql => steps.Enrolled(sql, granted.User.Id))).Count == 0);
    }

    /// <summary>Registers an authenticator app that <paramref name="code"/> proves, or puts it in the place of <paramref name="replaces"/>.</summary>
    public Task<Outcome<Registered>> AddApp(AccessGranted granted, NewSeed drawn, string replaces, string code, Visit visit, Actor actor) => database.Write(async sql =>
    {
        var user = granted.User;
        if (!await HoldAsJudged(sql, user)) return (Outcome<Registered>)new FactorEnrolmentOver(user.Ref);
        if (!(await apps.Add(sql, user, drawn, replaces, code)).Passed(out var app, out var refusal)) return (Outcome<Registered>)refusal;
        var epoch = user.Epoch;
        if (replaces.Length > 0)
        {
            // Whoever holds the old one has no part in what follows.
            await EndWhatWas(sql, user);
            epoch++;
        }
        if (await GoOn(sql, granted, new Factor("otp", clock.Now(), app.Id, app.CreatedAt), epoch, visit) is not { } cookie) return new FactorEnrolmentOver(user.Ref);
        await FactorResets.Done(sql, user.Id);
        var codes = await backups.IsEnrolled(sql, user.Id) ? [] : await backups.Make(sql, user.Id);
        await audit.Write(sql, actor, replaces.Length > 0 ? "mfa.app_replaced" : "mfa.app_added", user.AuditTarget);
        await letters.Changed(sql, user, replaces.Length > 0
            ? "Another authenticator app took the place of the one before, and all other browsers were signed out."
            : "An authenticator app was added to your account.");
        return new Registered(cookie, codes);
    });

    /// <summary>Removes the app, and with the last factor the backup codes. The session's new cookie; null when there was none.</summary>
    public Task<Outcome<string?>> RemoveApp(AccessGranted granted, Actor actor) => database.Write(async sql =>
    {
        var user = granted.User;
        // One after the other: whoever removes app and key at once must not be left with none.
        if (!await HoldAsJudged(sql, user)) return (Outcome<string?>)new FactorEnrolmentOver(user.Ref);
        if (await apps.Of(sql, user.Id) is null) return (Outcome<string?>)(string?)null;
        if (await IsTheLast(sql, user.Id, AuthenticatorApps.Kind))
        {
            if ((await FactorSettings.Of(settings)).Demand(user, await GroupStore.Of(sql, user.Id)) is { } demand) return new FactorIsDemanded(user.Ref, demand);
            await backups.Remove(sql, user.Id);
            await passes.Remove(sql, user.Id);
        }
        await apps.Remove(sql, user.Id);
        await EndWhatWas(sql, user);
        await audit.Write(sql, actor, "mfa.app_removed", user.AuditTarget);
        await letters.Changed(sql, user, "The authenticator app was removed from your account, and all other browsers were signed out.");
        return await sessions.GoOnAs(sql, granted.Session!, granted.Session!.Factors[^1], granted.Session!.Kind, user.Epoch + 1);
    });

    /// <summary>New backup codes in place of the old; empty when there is no factor that they could stand in for.</summary>
    public Task<IReadOnlyList<string>> NewCodes(AccessGranted granted, Actor actor) => database.Write(async sql =>
    {
        var user = granted.User;
        if (await IsTheLast(sql, user.Id, "")) return [];
        var codes = await backups.Make(sql, user.Id);
        await audit.Write(sql, actor, "mfa.backup_codes_made", user.AuditTarget);
        await letters.Changed(sql, user, "New backup codes were made for your account. The old ones do not work any more.");
        return codes;
    });

    /// <summary>True when the user has no factor of their own besides that kind; backup codes and passes only stand in for one.</summary>
    internal async Task<bool> IsTheLast(Sql sql, string userId, string kind) =>
        (await steps.Enrolled(sql, userId)).All(f => f.Id == kind || f.Order >= BackupCodes.RecoveryOrder);

    /// <summary>Others who change the factors of this user wait until this write is done. SQLite writes one after the other anyway.</summary>
    internal static Task Hold(Sql sql, string userId) => sql.Run("update users set epoch = epoch where id = @userId", new { userId });

    /// <summary>As <see cref="Hold"/>, for the owner: false when the account has moved on since the gate looked. A reset or "sign out everywhere" that comes at the same moment leaves nothing behind.</summary>
    internal static async Task<bool> HoldAsJudged(Sql sql, User user) =>
        await sql.Run("update users set epoch = epoch where id = @Id and epoch = @Epoch and disabled_at is null and deleted_at is null", new { user.Id, user.Epoch }) == 1;

    internal async Task EndWhatWas(Sql sql, User user)
    {
        await UserStore.RaiseEpoch(sql, user.Id);
        await pendings.EndAll(sql, user.Id, "the second factor was changed");
    }

    /// <summary>An enrolment is over when nothing more is demanded: the password was given and need not be changed, and the new factor will do.</summary>
    internal async Task<string?> GoOn(Sql sql, AccessGranted granted, Factor factor, long epoch, Visit visit)
    {
        var (user, session) = (granted.User, granted.Session!);
        var kind = session.Kind;
        if (kind == SessionKind.Enrolment && session.Factors.Any(f => f.Method == "pwd"))
        {
            var stored = await PasswordStore.Of(sql, user.Id);
            var policy = await PasswordSettings.Of(settings);
            var tooOld = stored is not null && policy.MaxAgeDays > 0 && stored.SetAt < clock.Now() - (long)TimeSpan.FromDays(policy.MaxAgeDays).TotalMilliseconds;
            if (stored is not { MustChange: true } && !tooOld && await steps.IsEnough(sql, user, [.. session.Factors, factor], visit)) kind = SessionKind.Full;
        }
        return await sessions.GoOnAs(sql, session, factor, kind, epoch);
    }
}
