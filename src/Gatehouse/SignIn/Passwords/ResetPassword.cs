using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.LoginLinks;
using Gatehouse.SignIn.Throttling;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passwords;

/// <summary>A forgotten password: a link by mail, single use, that lets choose a new one and signs nobody in by itself.</summary>
public sealed class ResetPassword(Database database, Settings settings, OneTimeTokens tokens, Secrets secrets, GuessLimits limits, SetPassword setPassword, PasswordLetters letters, AnswerFloor floor, AuditLog audit, TimeProvider clock)
{
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(30);
    private const int PerAccount = 3, PerAddress = 20;

    private sealed record Payload(string AskedFrom);

    /// <summary>
    /// Sends what there is to send, to the stored address only, never to a typed one. The caller says the same whatever happened; nothing is answered before the floor of a refused sign-in.
    /// Null, or the refusal that concerns the sender's address alone.
    /// </summary>
    public async Task<Refusal?> Ask(string typed, Visit visit)
    {
        var began = TimeProvider.System.GetTimestamp();
        var policy = await PasswordSettings.Of(settings);
        if (!policy.Enabled || !policy.Reset) return new PasswordsOff();
        var address = new Lane("reset:address:" + ClientAddress.Block(visit.Address), PerAddress, Lane.Quarter);
        var full = await database.Write(async sql =>
        {
            var user = typed.Length is > 0 and <= 320 ? await UserStore.FindByIdentifier(sql, typed) : null;
            var account = new Lane("reset:user:" + (user?.Id ?? secrets.Hash("typed-name", UserStore.Fold(typed))), PerAccount, Lane.Quarter);
            var reserved = await limits.Reserve(sql, address, account);
            if (!reserved.MayJudge) return reserved.Full == address ? reserved : null;
            if (user is not { IsActive: true }) return null;
            visit.UserId = user.Id;
            var cause = clock.NewId();
            if (user.Source != "local" || policy.Judge(user, await GroupStore.Of(sql, user.Id)) is not null)
            {
                await letters.NoPasswordHere(sql, user, cause);
                return null;
            }
            await tokens.End(sql, TokenType.PasswordReset, user.Id, "a newer link was asked for");
            var token = await tokens.Issue(sql, TokenType.PasswordReset, user.Id, new Payload(visit.Address.ToString()), Validity, user.Epoch);
            await letters.Reset(sql, user, token, cause, clock.Now() + (long)Validity.TotalMilliseconds);
            await audit.Write(sql, new Actor(user.Email, visit.Address.ToString()), "password.reset_asked", user.AuditTarget);
            return null;
        });
        await floor.Wait(began);
        return full is null ? null : new AddressThrottled(ClientAddress.Block(visit.Address), PerAddress, full.FreeAt);
    }

    /// <summary>Whose link it is, without using it.</summary>
    public Task<Outcome<User>> Look(string value) => database.Read(async sql => await Judge(sql, await tokens.Look(sql, TokenType.PasswordReset, value), value));

    /// <summary>Judges the new password, then spends the link and writes it. A password that will not do leaves the link for another try.</summary>
    public async Task<Outcome<User>> Use(string value, string password, Visit visit)
    {
        if (!(await Look(value)).Passed(out var user, out var refusal)) return refusal;
        visit.UserId = user.Id;
        if (!(await setPassword.Prepare(user, password, visit.Address)).Passed(out var made, out refusal)) return refusal;
        return await database.Write(async sql =>
        {
            if (!(await Judge(sql, await tokens.Spend(sql, TokenType.PasswordReset, value), value)).Passed(out var owner, out var late)) return (Outcome<User>)late;
            if (owner.Id != user.Id) return new LinkUnknown(value.Length);
            await setPassword.Write(sql, made, temporary: false, "reset", new Actor(owner.Email, visit.Address.ToString()));
            await limits.Clear(sql, SignInWithPassword.LanesOf(owner.Id));
            return owner;
        });
    }

    private async Task<Outcome<User>> Judge(Sql sql, Spent spent, string value)
    {
        if (spent.Stored is not { } stored || await UserStore.Find(sql, stored.Subject) is not { } user) return new LinkUnknown(value.Length);
        if (spent.Token is { } token)
        {
            if (token.Epoch != user.Epoch) return new LinkEnded(user.Ref, "the account was changed since");
            return user.IsActive ? user : new LinkEnded(user.Ref, "the account is switched off");
        }
        return spent.Fault switch
        {
            TokenFault.Used => new LinkUsed(user.Ref, stored.UsedAt ?? clock.Now()),
            TokenFault.Expired => new LinkExpired(user.Ref, stored.ExpiresAt, (clock.Now() - stored.ExpiresAt) / 1000),
            TokenFault.Ended => new LinkEnded(user.Ref, stored.EndedBecause ?? "ended"),
            _ => new LinkUnknown(value.Length),
        };
    }
}
