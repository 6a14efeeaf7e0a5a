using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>How an admin made sure who asks.</summary>
/// <param name="Method">One of <see cref="Methods"/>.</param>
/// <param name="Note">What was checked; without it nothing is reset.</param>
public sealed record IdentityCheck(string Method, string Note)
{
    public static readonly string[] Methods = ["in_person", "video_call", "call_back", "manager", "other"];

    public bool IsSound => Methods.Contains(Method, StringComparer.Ordinal) && Note.Trim().Length >= 5;
    public override string ToString() => $"{Method}: {Printable.Cap(Note.Trim(), 300)}";
}

/// <summary>A reset that waits for another admin.</summary>
public sealed record ResetRequest
{
    public string UserId { get; init; } = "";
    public long At { get; init; }
    public string ById { get; init; } = "";
    public string ByName { get; init; } = "";
    public string Method { get; init; } = "";
    public string Note { get; init; } = "";
}

/// <summary>Takes a user's second factors away after an identity check, and makes access passes.</summary>
public sealed class ResetFactors(Database database, Settings settings, AuthenticatorApps apps, BackupCodes backups, AccessPasses passes, RememberedDevices devices, SignInSteps steps, PendingSignIns pendings,
    FactorLetters letters, AuditLog audit, TimeProvider clock)
{
    /// <summary>How long a request waits for its second admin.</summary>
    public static readonly TimeSpan RequestValidity = TimeSpan.FromDays(1);

    /// <summary>The live request for a user, or null.</summary>
    public Task<ResetRequest?> Waiting(Sql sql, string userId) => sql.One<ResetRequest>("""
        select user_id as "UserId", at as "At", by_id as "ById", by_name as "ByName", method as "Method", note as "Note" from factor_reset_requests where user_id = @userId and at > @after
        """, new { userId, after = clock.Now() - (long)RequestValidity.TotalMilliseconds });

    /// <summary>Resets at once, or notes the request where the policy wants a second admin. True when it is done.</summary>
    /// <param name="byId">The admin's user id; null for the console, which asks nobody.</param>
    public async Task<Outcome<bool>> Ask(string userId, IdentityCheck check, string? byId, Actor actor)
    {
        var policy = await FactorSettings.Of(settings);
        return await database.Write(async sql =>
        {
            if (await UserStore.Find(sql, userId) is not { } user) return (Outcome<bool>)new Accounts.NoSuchUser(userId);
            if (byId == userId) return new FactorResetOfOneself(user.Ref);
            if (!check.IsSound) return new IdentityNotChecked(user.Ref);
            if (byId is not null && policy.SecondApprover)
            {
                await sql.Run("""
                    insert into factor_reset_requests (user_id, at, by_id, by_name, method, note) values (@userId, @now, @byId, @Name, @Method, @note)
                    on conflict (user_id) do update set at = excluded.at, by_id = excluded.by_id, by_name = excluded.by_name, method = excluded.method, note = excluded.note
                    """, new { userId, now = clock.Now(), byId, actor.Name, check.Method, note = Printable.Cap(check.Note.Trim(), 300) });
                await audit.Write(sql, actor, "mfa.reset_asked", user.AuditTarget, after: check.ToString());
                return false;
            }
            await Reset(sql, user, check, actor, actor.Name);
            return true;
        });
    }

    /// <summary>The second admin agrees. Whoever asked cannot.</summary>
    public Task<Outcome<bool>> Approve(string userId, string byId, Actor actor) => database.Write(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { } user) return (Outcome<bool>)new Accounts.NoSuchUser(userId);
        if (await Waiting(sql, userId) is not { } waiting) return false;
        if (waiting.ById == byId || byId == userId) return new SecondAdminNeeded(user.Ref, waiting.ByName);
        // One of two who approve at once does it.
        if (await sql.Run("delete from factor_reset_requests where user_id = @userId and at = @At", new { userId, waiting.At }) == 0) return false;
        await Reset(sql, user, new(waiting.Method, waiting.Note), actor, $"{waiting.ByName}, approved by {actor.Name}");
        return true;
    });

    /// <summary>Nothing comes of the request.</summary>
    public Task Withdraw(string userId, Actor actor) => database.Write(async sql =>
    {
        if (await UserStore.Find(sql, userId) is { } user && await sql.Run("delete from factor_reset_requests where user_id = @userId", new { userId }) > 0)
            await audit.Write(sql, actor, "mfa.reset_withdrawn", user.AuditTarget);
    });

    /// <summary>A pass for somebody whose device is not at hand; the code is shown once.</summary>
    public Task<Outcome<string>> MakePass(string userId, IdentityCheck check, string byId, Actor actor) => database.Write(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { } user) return (Outcome<string>)new Accounts.NoSuchUser(userId);
        if (byId == userId) return new FactorResetOfOneself(user.Ref);
        if (!check.IsSound) return new IdentityNotChecked(user.Ref);
        if ((await steps.Enrolled(sql, user.Id)).All(f => f.Order >= BackupCodes.RecoveryOrder)) return new NothingToStandInFor(user.Ref);
        var code = await passes.Make(sql, user.Id, actor.Name);
        await audit.Write(sql, actor, "mfa.pass_made", user.AuditTarget, after: check.ToString());
        await letters.Changed(sql, user, $"An administrator made a temporary access pass for your account. It stands in for your second factor once, within {AccessPasses.Validity.TotalMinutes:0} minutes.");
        return code;
    });

    private async Task Reset(Sql sql, User user, IdentityCheck check, Actor actor, string by)
    {
        // First, so that whoever registers something at this moment is either done, and it goes, or finds the account changed.
        await KeepFactors.Hold(sql, user.Id);
        await apps.Remove(sql, user.Id);
        await HardwareKeys.HardwareKeyStore.RemoveAll(sql, user.Id);
        await backups.Remove(sql, user.Id);
        await passes.Remove(sql, user.Id);
        await devices.ForgetAll(sql, user.Id);
        await sql.Run("delete from factor_reset_requests where user_id = @Id", new { user.Id });
        await sql.Run("""
            insert into factor_resets (user_id, at, by_name, method, note) values (@Id, @now, @by, @Method, @note)
            on conflict (user_id) do update set at = excluded.at, by_name = excluded.by_name, method = excluded.method, note = excluded.note
            """, new { user.Id, now = clock.Now(), by, check.Method, note = Printable.Cap(check.Note.Trim(), 300) });
        // Sessions, grants, links and remembered browsers are born under the old epoch.
        await UserStore.RaiseEpoch(sql, user.Id);
        await pendings.EndAll(sql, user.Id, "the second factor was reset");
        await audit.Write(sql, actor, "mfa.reset", user.AuditTarget, after: by == actor.Name ? check.ToString() : $"{check} ({by})");
        await letters.Changed(sql, user, "An administrator has reset the second factor of your account, and everything was signed out. At your next sign-in with a password you register a new one.");
    }
}
