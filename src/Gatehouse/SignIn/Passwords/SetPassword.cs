using System.Net;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.Passwords;

/// <summary>A judged and hashed new password, ready to be written.</summary>
public sealed class NewPassword
{
    internal NewPassword(User user, string hash, bool aloneOk, int keep) => (User, Hash, AloneOk, Keep) = (user, hash, aloneOk, keep);

    internal User User { get; }
    internal string Hash { get; }
    internal bool AloneOk { get; }
    internal int Keep { get; }
}

/// <summary>The one way a password comes about: judged by the rules, hashed, written, everything older ended, the owner told.</summary>
public sealed class SetPassword(Database database, Settings settings, HashingGate gate, SignInSteps steps, PendingSignIns pendings, OneTimeTokens tokens, PasswordLetters letters,
    AuditLog audit, ServerConfiguration configuration, TimeProvider clock)
{
    public static readonly TimeSpan TemporaryFor = TimeSpan.FromDays(3);

    /// <summary>Whether this user may have a password of ours; null when they may.</summary>
    public async Task<Refusal?> MayHave(User user)
    {
        if (user.Source != "local") return new PasswordNotForThisAccount(user.Ref, $"it comes from {user.Source}, which keeps its password");
        var groups = await database.Read(sql => GroupStore.Of(sql, user.Id));
        return (await PasswordSettings.Of(settings)).Judge(user, groups) is { } no ? new PasswordNotForThisAccount(user.Ref, no is PasswordsOff ? "passwords are switched off" : no.Evidence) : null;
    }

    /// <summary>How long the user's password must be, in characters.</summary>
    public async Task<int> Least(User user) =>
        (await database.Read(sql => steps.Enrolled(sql, user.Id))).Count > 0 ? PasswordRules.LeastWithSecondFactor : PasswordRules.LeastAlone;

    /// <summary>Judges and hashes; writes nothing. Call it outside any write.</summary>
    public async Task<Outcome<NewPassword>> Prepare(User user, string password, IPAddress address)
    {
        if (await MayHave(user) is { } no) return no;
        var policy = await PasswordSettings.Of(settings);
        var (enrolled, present, former) = await database.Read(async sql =>
            (await steps.Enrolled(sql, user.Id), await PasswordStore.Of(sql, user.Id), await PasswordStore.History(sql, user.Id, policy.History)));
        if (PasswordRules.Judge(password, user, enrolled.Count > 0, configuration.AppUrl.Host) is { } bad) return bad;
        using var seat = gate.TryEnter(address, null, knows: true);
        if (seat is null) return new PasswordsBusy(HashingGate.Seats, HashingGate.Threads);
        return await seat.Run<Outcome<NewPassword>>(() =>
        {
            if (present is not null && PasswordHash.TryRead(present.Hash, out var old, out _) && old.Matches(password)) return new PasswordUsedBefore(Present: true);
            foreach (var hash in former)
                if (PasswordHash.TryRead(hash, out var one, out _) && one.Matches(password)) return new PasswordUsedBefore(Present: false);
            return new NewPassword(user, PasswordHash.Make(password).ToString(), PasswordRules.Length(password) >= PasswordRules.LeastAlone, policy.History);
        });
    }

    /// <summary>Writes it in the caller's transaction. The user's epoch rises by one: sessions, grants, links and pending sign-ins of before are dead.</summary>
    /// <param name="temporary">True when somebody else chose it: good for one sign-in, in which it is changed.</param>
    /// <param name="by">"self", "reset", "admin" or "console".</param>
    public async Task Write(Sql sql, NewPassword made, bool temporary, string by, Actor actor)
    {
        var (user, now) = (made.User, clock.Now());
        if (made.Keep > 0 && await PasswordStore.Of(sql, user.Id) is { } before) await PasswordStore.Remember(sql, user.Id, before.Hash, made.Keep, now);
        await PasswordStore.Set(sql, new StoredPassword
        {
            UserId = user.Id,
            Hash = made.Hash,
            SetAt = now,
            SetBy = by,
            AloneOk = made.AloneOk,
            MustChange = temporary,
            ExpiresAt = temporary ? now + (long)TemporaryFor.TotalMilliseconds : null,
        });
        await EndWhatWas(sql, user, "the password was changed");
        await audit.Write(sql, actor, temporary ? "password.temporary_set" : "password.set", user.AuditTarget, after: by);
        await letters.Changed(sql, user, by);
    }

    /// <summary>Removes a user's password; false when there was none.</summary>
    public async Task<bool> Remove(Sql sql, User user, Actor actor)
    {
        if (!await PasswordStore.Remove(sql, user.Id)) return false;
        await EndWhatWas(sql, user, "the password was removed");
        await audit.Write(sql, actor, "password.removed", user.AuditTarget);
        await letters.Changed(sql, user, "removed");
        return true;
    }

    private async Task EndWhatWas(Sql sql, User user, string because)
    {
        await UserStore.RaiseEpoch(sql, user.Id);
        await pendings.EndAll(sql, user.Id, because);
        await tokens.End(sql, TokenType.PasswordReset, user.Id, because);
    }
}
