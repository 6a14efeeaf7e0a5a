using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignUp.Setup;

/// <summary>Makes the first admin with a passkey and closes set-up, in one transaction.</summary>
public sealed class CompleteSetup(Database database, OneTimeTokens tokens, Ceremonies ceremonies, AccessRules rules, BeginSession sessions, AuditLog audit, TimeProvider clock)
{
    private sealed record FirstAdmin(string UserId, string Name, string Email, string LinkToken);

    /// <summary>Null when the link opens the page; looking consumes nothing.</summary>
    public Task<Refusal?> Look(string token) => database.Write(async sql => await Judge(sql, token, visit: null));

    /// <summary>Binds the link to this browser and begins the registration.</summary>
    public Task<Outcome<JsonObject>> Begin(string token, string name, string email, Visit visit) => database.Write(async sql =>
    {
        if (await Judge(sql, token, visit) is { } refusal) return (Outcome<JsonObject>)refusal;
        if (!AccountNames.Display("display_name", name).Passed(out name!, out var badName)) return badName;
        if (!AccountNames.Email(email).Passed(out email!, out var badEmail)) return badEmail;
        var id = clock.NewId();
        var detail = JsonSerializer.Serialize(new FirstAdmin(id, name, email, token));
        return await ceremonies.BeginRegistration(sql, new("setup", id, null, detail), visit, id, email, name, []);
    });

    /// <summary>The cookie's value of the first admin's session.</summary>
    public Task<Outcome<string>> Complete(string challenge, AttestationResponse response, Visit visit) => database.Write(async sql =>
    {
        if (await InstanceSetup.Closed(sql) is { } closed) return (Outcome<string>)new SetupClosed(closed.By);
        if (await ceremonies.Spend(sql, TokenType.RegistrationChallenge, challenge, visit.BrowserId) is not { Purpose: "setup", Detail: { } detail })
            return new PasskeyChallengeGone(Ceremony.Registration);
        var first = JsonSerializer.Deserialize<FirstAdmin>(detail)!;
        if (!VerifyAttestation.Judge(ceremonies.RelyingParty, Ceremonies.Decode(challenge), response, AttestationPolicy.None, clock.GetUtcNow()).Passed(out var credential, out var refusal)) return refusal;
        if (await Judge(sql, first.LinkToken, visit) is { } link) return link;
        if (!await InstanceSetup.Close(sql, first.Email, clock.Now())) return new SetupClosed("another browser");
        await tokens.Spend(sql, TokenType.SetupLink, first.LinkToken);
        var now = clock.Now();
        var user = new User
        {
            Id = first.UserId,
            UserName = first.Email,
            Email = first.Email,
            EmailVerified = false,
            DisplayName = first.Name,
            Role = Role.Admin,
            Epoch = 1,
            CreatedAt = now,
            UpdatedAt = now,
            RowVersion = 1,
        };
        await UserStore.Insert(sql, user);
        var passkey = RegisterPasskey.Make(credential, user.Id, clock);
        await PasskeyStore.Insert(sql, passkey);
        await audit.Write(sql, new Actor(user.Email, visit.Address.ToString()), "setup.closed", new("user", user.Id, user.DisplayName), after: "first admin, with a passkey");
        if (!rules.Judge(user, [], session: null, client: null).Passed(out var granted, out refusal)) return refusal;
        return await sessions.Begin(sql, granted, visit, SessionKind.Full, new Factor(passkey.Method, now, passkey.Id, passkey.CreatedAt, First: true), previous: null);
    });

    private async Task<Refusal?> Judge(Sql sql, string token, Visit? visit)
    {
        if (await SetupLink.Wrong(sql) is >= SetupLink.MaxWrong and var tries) return new SetupLocked(tries);
        var looked = await tokens.Look(sql, TokenType.SetupLink, token);
        if (looked.Fault != TokenFault.None)
        {
            if (looked.Fault == TokenFault.Unknown && token.Length > 0) await SetupLink.CountWrong(sql, clock.Now());
            return new SetupLinkRefused(looked.Fault.ToString().ToLowerInvariant());
        }
        if (visit is not null && !await tokens.Bind(sql, looked.Token!.Hash, visit.BrowserId)) return new SetupLinkRefused("begun in another browser");
        return null;
    }
}
