using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>What a login link holds besides its user.</summary>
public sealed record LoginLinkPayload(string IssuedBy);

/// <summary>A link that lets one existing user in once.</summary>
public sealed class LoginLinks(Database database, OneTimeTokens tokens, AuditLog audit, SignInSteps steps, ServerConfiguration configuration, TimeProvider clock)
{
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(15);

    /// <summary>Makes one; a newer kills the older. The URL is shown once.</summary>
    public async Task<string> Issue(Sql sql, User user, Actor actor)
    {
        await tokens.End(sql, TokenType.LoginLink, user.Id, "a newer link was made");
        var value = await tokens.Issue(sql, TokenType.LoginLink, user.Id, new LoginLinkPayload(actor.Name), Validity, user.Epoch);
        await audit.Write(sql, actor, "login_link.made", new("user", user.Id, user.DisplayName), after: $"valid for {Validity.TotalMinutes:0} minutes{(user.IsAdmin ? "; the user is an admin" : "")}");
        return configuration.Link("/link?t=" + value);
    }

    /// <summary>Whose link it is, without using it: GET and HEAD consume nothing, so mail scanners do no harm.</summary>
    public Task<Outcome<User>> Look(string value) => database.Read(async sql => await Judge(sql, await tokens.Look(sql, TokenType.LoginLink, value), value));

    /// <summary>Spends it and opens an enrolment session, or asks for the second factor of whoever has one.</summary>
    public Task<Outcome<SignInStep>> Use(string value, AccessGranted? present, Visit visit) => database.Write(async sql =>
    {
        if (!(await Judge(sql, await tokens.Spend(sql, TokenType.LoginLink, value), value)).Passed(out var user, out var refusal)) return refusal;
        visit.UserId = user.Id;
        visit.Passed("login link is good");
        return await steps.First(sql, user, new Factor("link", clock.Now(), null, null), SessionKind.Enrolment, "", client: null, present, visit);
    });

    private async Task<Outcome<User>> Judge(Sql sql, Spent spent, string value)
    {
        if (spent.Stored is not { } stored || await UserStore.Find(sql, stored.Subject) is not { } user) return new LinkUnknown(value.Length);
        if (spent.Token is { } token) return token.Epoch == user.Epoch ? user : new LinkEnded(user.Ref, "the account was changed since");
        return spent.Fault switch
        {
            TokenFault.Used => new LinkUsed(user.Ref, stored.UsedAt ?? clock.Now()),
            TokenFault.Expired => new LinkExpired(user.Ref, stored.ExpiresAt, (clock.Now() - stored.ExpiresAt) / 1000),
            TokenFault.Ended => new LinkEnded(user.Ref, stored.EndedBecause ?? "ended"),
            _ => new LinkUnknown(value.Length),
        };
    }
}
