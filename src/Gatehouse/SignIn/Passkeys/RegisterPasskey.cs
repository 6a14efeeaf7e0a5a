using System.Text.Json.Nodes;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Registers a passkey for the person who is signed in.</summary>
public sealed class RegisterPasskey(Database database, Ceremonies ceremonies, BeginSession sessions, AuditLog audit, TimeProvider clock)
{
    /// <summary>A session opened by a login link may enrol; any other needs a fresh confirmation.</summary>
    public bool MayEnrol(Session session) => session.Kind == SessionKind.Enrolment || SessionDoor.IsRecent(session, clock.Now());

    public Task<JsonObject> Options(AccessGranted granted, Visit visit) => database.Write(async sql =>
    {
        var user = granted.User;
        var own = await PasskeyStore.Of(sql, user.Id);
        return await ceremonies.BeginRegistration(sql, new("register", user.Id, granted.Session!.PublicId), visit, user.Id, user.UserName, user.DisplayName, own.Select(p => p.Ref));
    });

    /// <summary>The value of the session's new cookie.</summary>
    public Task<Outcome<string>> Complete(string challenge, AttestationResponse response, AccessGranted granted, Visit visit, Actor actor) => database.Write(async sql =>
    {
        var session = granted.Session!;
        if (await ceremonies.Spend(sql, TokenType.RegistrationChallenge, challenge, visit.BrowserId) is not { Purpose: "register" } begun
            || begun.ExpectedUserId != granted.User.Id || begun.SessionPublicId != session.PublicId)
            return (Outcome<string>)new PasskeyChallengeGone(Ceremony.Registration);
        if (!VerifyAttestation.Judge(ceremonies.RelyingParty, Ceremonies.Decode(challenge), response, AttestationPolicy.None, clock.GetUtcNow()).Passed(out var credential, out var refusal)) return refusal;
        if (await PasskeyStore.IsTaken(sql, credential.CredentialId)) return PasskeyAlreadyRegistered.Of(credential.CredentialId);
        // Whoever came by password had something to confirm with: only in an enrolment does the first passkey confirm by itself.
        var isFirst = session.Kind == SessionKind.Enrolment && (await PasskeyStore.Of(sql, granted.User.Id)).Count == 0;
        var passkey = Make(credential, granted.User.Id, clock);
        // The session first: when another tab has changed it or somebody has ended it meanwhile, nothing is registered.
        var factor = new Factor(passkey.Method, clock.Now(), passkey.Id, passkey.CreatedAt, First: isFirst);
        if (await sessions.Strengthen(sql, session, factor, reauthenticated: false, granted.User.Epoch) is not { } value) return new PasskeyChallengeGone(Ceremony.Registration);
        await PasskeyStore.Insert(sql, passkey);
        await audit.Write(sql, actor, "passkey.registered", new("user", granted.User.Id, granted.User.DisplayName), after: passkey.Name);
        return value;
    });

    /// <summary>The row for a verified credential, named after its authenticator.</summary>
    public static Passkey Make(NewCredential credential, string userId, TimeProvider clock) => new()
    {
        Id = clock.NewId(),
        UserId = userId,
        CredentialId = credential.CredentialId,
        PublicKey = StrictBase64Url.Encode(credential.PublicKey),
        Algorithm = credential.Algorithm,
        SignCount = credential.SignCount,
        Aaguid = credential.Aaguid.ToString("d"),
        Name = AuthenticatorNames.Find(credential.Aaguid) ?? (credential.BackupEligible ? "Synced passkey" : "Passkey on this device"),
        Attestation = credential.Attestation,
        Transports = string.Join(',', credential.Transports),
        BackupEligible = credential.BackupEligible,
        BackedUp = credential.BackedUp,
        CreatedAt = clock.Now(),
    };
}
