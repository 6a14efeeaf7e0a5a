using System.Text.Json.Nodes;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignIn.HardwareKeys;

/// <summary>Registering, naming and removing one's own hardware keys; a removal can be undone for seven days.</summary>
public sealed class KeepKeys(Database database, Settings settings, Ceremonies ceremonies, BackupCodes backups, AccessPasses passes, KeepFactors factors, BeginSession sessions, FactorLetters letters, AuditLog audit,
    TimeProvider clock)
{
    private const string Purpose = "register-key";

    /// <summary>Live ones, and those whose removal can still be undone.</summary>
    public static async Task<IReadOnlyList<HardwareKey>> Of(Sql sql, string userId, long now) =>
        [.. (await HardwareKeyStore.Of(sql, userId)).Where(k => k.RemovedAt is null || k.RemovedAt > now - (long)KeyFactor.UndoFor.TotalMilliseconds)];

    /// <summary>Options for a new key. What is registered already, here or as a passkey, is not taken again.</summary>
    public Task<JsonObject> Options(AccessGranted granted, Visit visit) => database.Write(async sql =>
    {
        var user = granted.User;
        var known = (await HardwareKeyStore.Of(sql, user.Id)).Select(k => k.Ref).Concat((await PasskeyStore.Of(sql, user.Id)).Select(p => p.Ref));
        return await ceremonies.BeginKeyRegistration(sql, new(Purpose, user.Id, granted.Session!.PublicId), visit, user.Id, user.UserName, user.DisplayName, known);
    });

    /// <summary>Registers a key. The session's new cookie, and backup codes where there were none.</summary>
    /// <param name="name">What its owner calls it; null gives it the name of its model.</param>
    public Task<Outcome<Registered>> Add(AccessGranted granted, string challenge, AttestationResponse response, string? name, Visit visit, Actor actor) => database.Write(async sql =>
    {
        var (user, session) = (granted.User, granted.Session!);
        if (await ceremonies.Spend(sql, TokenType.RegistrationChallenge, challenge, visit.BrowserId) is not { Purpose: Purpose } begun || begun.ExpectedUserId != user.Id || begun.SessionPublicId != session.PublicId)
            return (Outcome<Registered>)new HardwareKeyChallengeGone(user.Ref);
        if (!VerifyAttestation.Judge(ceremonies.RelyingParty, Ceremonies.Decode(challenge), response, AttestationPolicy.None, clock.GetUtcNow(), requireUserVerification: false).Passed(out var credential, out var refusal))
            return new HardwareKeyNotRegistered(user.Ref, refusal.Facts.Code, refusal.Evidence);
        if (credential.BackupEligible) return new HardwareKeySynced(user.Ref);
        if (await PasskeyStore.IsTaken(sql, credential.CredentialId)) return new HardwareKeyAlreadyRegistered(user.Ref, Shown.Id(credential.CredentialId));
        if (!await KeepFactors.HoldAsJudged(sql, user)) return new FactorEnrolmentOver(user.Ref);
        var had = await HardwareKeyStore.Of(sql, user.Id);
        if (had.Count >= KeyFactor.PerUser) return new HardwareKeysTooMany(user.Ref, KeyFactor.PerUser);
        var key = new HardwareKey
        {
            Id = clock.NewId(),
            UserId = user.Id,
            CredentialId = credential.CredentialId,
            PublicKey = StrictBase64Url.Encode(credential.PublicKey),
            Algorithm = credential.Algorithm,
            SignCount = credential.SignCount,
            Aaguid = credential.Aaguid.ToString("d"),
            Name = name ?? AuthenticatorNames.Find(credential.Aaguid) ?? "Hardware key",
            Attestation = credential.Attestation,
            Transports = string.Join(',', credential.Transports),
            UserVerified = credential.UserVerified,
            CreatedAt = clock.Now(),
        };
        if (!await HardwareKeyStore.Insert(sql, key)) return new HardwareKeyAlreadyRegistered(user.Ref, Shown.Id(credential.CredentialId));
        var factor = new Factor("hwk", clock.Now(), key.Id, key.CreatedAt, TouchOnly: !credential.UserVerified);
        if (await factors.GoOn(sql, granted, factor, user.Epoch, visit) is not { } cookie)
        {
            // Another tab has changed the session or somebody has ended it meanwhile: nothing is registered.
            await HardwareKeyStore.Forget(sql, key.Id);
            return new HardwareKeyChallengeGone(user.Ref);
        }
        await FactorResets.Done(sql, user.Id);
        var codes = await backups.IsEnrolled(sql, user.Id) ? [] : await backups.Make(sql, user.Id);
        await audit.Write(sql, actor, "mfa.key_added", user.AuditTarget, after: key.Name);
        await letters.Changed(sql, user, "A hardware key was added to your account.");
        return new Registered(cookie, codes);
    });

    public Task Rename(AccessGranted granted, string id, string name, Actor actor) => database.Write(async sql =>
    {
        if (await HardwareKeyStore.Rename(sql, granted.User.Id, id, name)) await audit.Write(sql, actor, "mfa.key_renamed", granted.User.AuditTarget, after: name);
    });

    /// <summary>Removes it and ends every other session of the user. The session's new cookie; null when there is none of that id.</summary>
    public Task<Outcome<string?>> Remove(AccessGranted granted, string id, Actor actor) => database.Write(async sql =>
    {
        var user = granted.User;
        // One after the other: two who remove two keys at once must not leave none.
        if (!await KeepFactors.HoldAsJudged(sql, user)) return (Outcome<string?>)new FactorEnrolmentOver(user.Ref);
        var live = (await HardwareKeyStore.Of(sql, user.Id)).Where(k => k.RemovedAt is null).ToArray();
        if (live.FirstOrDefault(k => k.Id == id) is not { } key) return (Outcome<string?>)(string?)null;
        if (live.Length == 1 && await factors.IsTheLast(sql, user.Id, KeyFactor.Kind))
        {
            if ((await FactorSettings.Of(settings)).Demand(user, await GroupStore.Of(sql, user.Id)) is { } demand) return new FactorIsDemanded(user.Ref, demand);
            await backups.Remove(sql, user.Id);
            await passes.Remove(sql, user.Id);
        }
        await HardwareKeyStore.Remove(sql, user.Id, id, clock.Now());
        await factors.EndWhatWas(sql, user);
        await audit.Write(sql, actor, "mfa.key_removed", user.AuditTarget, before: key.Name);
        await letters.Changed(sql, user, "A hardware key was removed from your account, and all other browsers were signed out. For seven days you can undo that.");
        return await sessions.GoOnAs(sql, granted.Session!, granted.Session!.Factors[^1], granted.Session!.Kind, user.Epoch + 1);
    });

    /// <summary>Brings a removed key back within seven days.</summary>
    public Task Restore(AccessGranted granted, string id, Actor actor) => database.Write(async sql =>
    {
        var user = granted.User;
        if (!await KeepFactors.HoldAsJudged(sql, user) || !await HardwareKeyStore.Restore(sql, user.Id, id, clock.Now() - (long)KeyFactor.UndoFor.TotalMilliseconds)) return;
        await audit.Write(sql, actor, "mfa.key_restored", user.AuditTarget);
        await letters.Changed(sql, user, "A hardware key that had been removed from your account was brought back.");
    });
}
