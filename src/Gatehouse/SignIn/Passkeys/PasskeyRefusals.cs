using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Which of the two ceremonies was refused.</summary>
public enum Ceremony
{
    Registration,
    SignIn,
}

/// <summary>The rules both ceremonies share and everything before a signature has matched look the same outside.</summary>
internal static class Before
{
    public static RefusalEntry Proof(string code, string title, string fix, Causer causer = Causer.Stranger) => new(
        code, title, "This passkey was not accepted. Try again, or choose another way.", fix,
        Causer: causer, PublicCode: "signin.refused");

    public static string Name(this Ceremony ceremony) => ceremony == Ceremony.Registration ? "registration" : "sign-in";
}

/// <summary>Something could not be read at all.</summary>
public sealed record PasskeyMalformed(Ceremony Ceremony, string Part) : Refusal<PasskeyMalformed>, IRefusal<PasskeyMalformed>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.malformed", "Unreadable passkey response",
        "Try another browser. If it happens with one kind of passkey only, its maker sends data the standard does not allow.");
    public static PasskeyMalformed Example => new(Ceremony.SignIn, "client data");
    public override string Evidence => $"The {Part} of a {Ceremony.Name()} could not be read.";
}

/// <summary>A response for the other ceremony.</summary>
public sealed record PasskeyWrongCeremony(Ceremony Ceremony, string SentType) : Refusal<PasskeyWrongCeremony>, IRefusal<PasskeyWrongCeremony>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.wrong_ceremony", "Passkey response for another ceremony",
        "A browser never mixes these up: look at who sent it.");
    public static PasskeyWrongCeremony Example => new(Ceremony.SignIn, "webauthn.create");
    public override string Evidence => $"A {Ceremony.Name()} came with the type \"{SentType}\".";
}

/// <summary>Not the challenge that was handed out.</summary>
public sealed record PasskeyChallengeMismatch(Ceremony Ceremony) : Refusal<PasskeyChallengeMismatch>, IRefusal<PasskeyChallengeMismatch>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.challenge_mismatch", "Passkey answered another challenge",
        "Two tabs at once or a replay: start again from a fresh page.");
    public static PasskeyChallengeMismatch Example => new(Ceremony.SignIn);
    public override string Evidence => $"The {Ceremony.Name()} answered a challenge other than the one handed out to this browser.";
}

/// <summary>The challenge is spent, expired or was never handed out to this browser.</summary>
public sealed record PasskeyChallengeGone(Ceremony Ceremony) : Refusal<PasskeyChallengeGone>, IRefusal<PasskeyChallengeGone>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.challenge_gone", "Passkey challenge spent or expired",
        "The page stayed open too long or was sent twice: start again from a fresh page.");
    public static PasskeyChallengeGone Example => new(Ceremony.SignIn);
    public override string Evidence => $"No open challenge for a {Ceremony.Name()}: it was used, has expired, or belongs to another browser.";
}

/// <summary>The browser stood at another address.</summary>
public sealed record PasskeyOriginMismatch(Ceremony Ceremony, string Seen, string Expected) : Refusal<PasskeyOriginMismatch>, IRefusal<PasskeyOriginMismatch>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.origin_mismatch", "Passkey used at another address",
        "Open Gatehouse at the address in APP_URL, or correct APP_URL.");
    public static PasskeyOriginMismatch Example => new(Ceremony.SignIn, "https://id.example.lan", "https://id.example.com");
    public override string Target => Expected;
    public override string Evidence => $"The browser was at {Seen}; APP_URL says {Expected}.";
    public override Difference Difference => new("seen", Seen, "APP_URL", Expected,
        Seen.StartsWith("http://", StringComparison.Ordinal) && Expected.StartsWith("https://", StringComparison.Ordinal) ? "http instead of https" : "another origin");
}

/// <summary>Inside a frame of another site.</summary>
public sealed record PasskeyCrossOrigin(Ceremony Ceremony) : Refusal<PasskeyCrossOrigin>, IRefusal<PasskeyCrossOrigin>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.cross_origin", "Passkey used inside another site's frame",
        "Open the sign-in page in its own tab; it is not made to be embedded.");
    public static PasskeyCrossOrigin Example => new(Ceremony.SignIn);
    public override string Evidence => $"The {Ceremony.Name()} happened in a frame of another site.";
}

/// <summary>Made for another relying party.</summary>
public sealed record PasskeyRpIdMismatch(Ceremony Ceremony, string Expected) : Refusal<PasskeyRpIdMismatch>, IRefusal<PasskeyRpIdMismatch>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.rp_id_mismatch", "Passkey made for another site",
        "Passkeys belong to the host of APP_URL: after a change of host they have to be registered again.");
    public static PasskeyRpIdMismatch Example => new(Ceremony.SignIn, "id.example.com");
    public override string Target => Expected;
    public override string Evidence => $"The passkey was made for a site other than {Expected}.";
}

/// <summary>Nobody touched the authenticator.</summary>
public sealed record PasskeyUserNotPresent(Ceremony Ceremony) : Refusal<PasskeyUserNotPresent>, IRefusal<PasskeyUserNotPresent>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.user_not_present", "Passkey without a person present",
        "Use an authenticator that asks for a touch.");
    public static PasskeyUserNotPresent Example => new(Ceremony.SignIn);
    public override string Evidence => $"The authenticator did not report a person in the {Ceremony.Name()}.";
}

/// <summary>No PIN, fingerprint or face.</summary>
public sealed record PasskeyUserNotVerified(Ceremony Ceremony) : Refusal<PasskeyUserNotVerified>, IRefusal<PasskeyUserNotVerified>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.user_not_verified", "Passkey without user verification",
        "Set a PIN, fingerprint or face on the authenticator.");
    public static PasskeyUserNotVerified Example => new(Ceremony.SignIn);
    public override string Evidence => $"The authenticator did not ask for a PIN, fingerprint or face in the {Ceremony.Name()}.";
}

/// <summary>Backed up, yet not able to be.</summary>
public sealed record PasskeyBackupFlags(Ceremony Ceremony) : Refusal<PasskeyBackupFlags>, IRefusal<PasskeyBackupFlags>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.backup_flags", "Contradictory passkey backup state",
        "The authenticator is faulty: use another one.");
    public static PasskeyBackupFlags Example => new(Ceremony.Registration);
    public override string Evidence => $"In the {Ceremony.Name()} the authenticator called the passkey backed up and not able to be backed up.";
}

/// <summary>Whether it can be backed up never changes.</summary>
public sealed record PasskeyBackupEligibilityChanged(string CredentialId, bool Now) : Refusal<PasskeyBackupEligibilityChanged>, IRefusal<PasskeyBackupEligibilityChanged>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.backup_eligibility_changed", "Passkey changed its nature",
        "Remove the passkey and register it again.");
    public static PasskeyBackupEligibilityChanged Example => new("q83vEjRWeJA", true);
    public override string Target => CredentialId;
    public override string Evidence => Now
        ? $"Passkey {CredentialId}… was bound to its device when registered and now says it can be synced."
        : $"Passkey {CredentialId}… could be synced when registered and now says it cannot.";
}

/// <summary>The signature does not fit.</summary>
public sealed record PasskeySignatureInvalid(string CredentialId) : Refusal<PasskeySignatureInvalid>, IRefusal<PasskeySignatureInvalid>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.signature_invalid", "Wrong passkey signature",
        "Somebody without the passkey tried, or the authenticator is faulty.");
    public static PasskeySignatureInvalid Example => new("q83vEjRWeJA");
    public override string Target => CredentialId;
    public override string Evidence => $"The signature does not fit the key of passkey {CredentialId}….";
}

/// <summary>The authenticator names another owner.</summary>
public sealed record PasskeyUserHandleMismatch(string CredentialId) : Refusal<PasskeyUserHandleMismatch>, IRefusal<PasskeyUserHandleMismatch>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.user_handle_mismatch", "Passkey of another owner",
        "The passkey was made for an account that was deleted or for another server: remove it from the device.");
    public static PasskeyUserHandleMismatch Example => new("q83vEjRWeJA");
    public override string Target => CredentialId;
    public override string Evidence => $"The authenticator named an owner of passkey {CredentialId}… who is not the one we know.";
}

/// <summary>Another credential than the expected one.</summary>
public sealed record PasskeyOtherCredential(string Sent, string Expected) : Refusal<PasskeyOtherCredential>, IRefusal<PasskeyOtherCredential>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.other_credential", "Another passkey than expected",
        "Use a passkey of the account that is signing in.");
    public static PasskeyOtherCredential Example => new("AAAAAAAAAAA", "q83vEjRWeJA");
    public override string Target => Expected;
    public override string Evidence => $"Passkey {Sent}… answered where {Expected}… was expected.";
}

/// <summary>Nobody's credential, or one of somebody who may not be told apart from nobody.</summary>
public sealed record PasskeyUnknown(string CredentialId) : Refusal<PasskeyUnknown>, IRefusal<PasskeyUnknown>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.unknown_credential", "Unknown passkey",
        "It was removed here and is still on the device, or it belongs to another server. Send the user a login link.");
    public static PasskeyUnknown Example => new("q83vEjRWeJA");
    public override string Target => CredentialId;
    public override string Evidence => $"No account has passkey {CredentialId}….";

    /// <summary>With the id shortened for evidence.</summary>
    public static PasskeyUnknown Of(string credentialId) => new(Shown.Id(credentialId));
}

/// <summary>A hardware key that is somebody's second factor was to sign in alone.</summary>
public sealed record PasskeyIsHardwareKey(UserRef Owner, string CredentialId) : Refusal<PasskeyIsHardwareKey>, IRefusal<PasskeyIsHardwareKey>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.is_hardware_key", "A hardware key was used as a passkey",
        "A hardware key is a second factor and opens nothing alone: the person signs in with the password first. To sign in with the key alone they register it as a passkey, which needs a PIN or fingerprint.");
    public static PasskeyIsHardwareKey Example => new(new("u1", "Ada"), "q83vEjRWeJA");
    public override string Target => Owner.Id;
    public override string Evidence => $"Credential {CredentialId}… is registered as hardware key of {Owner.Name}, not as a passkey. Its signature was not looked at.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}

/// <summary>What is stored is not a key.</summary>
public sealed record PasskeyStoredKeyUnreadable(string CredentialId, int Algorithm) : Refusal<PasskeyStoredKeyUnreadable>, IRefusal<PasskeyStoredKeyUnreadable>
{
    public static RefusalEntry Entry { get; } = Before.Proof("passkey.stored_key_unreadable", "Stored passkey cannot be used",
        "The row was changed, or this machine lost an algorithm (EdDSA needs libcrypto 3): restore it, or let the user register again.", Causer.Operator);
    public static PasskeyStoredKeyUnreadable Example => new("q83vEjRWeJA", -8);
    public override string Target => CredentialId;
    public override string Evidence => $"The stored key of passkey {CredentialId}… (algorithm {Algorithm}) cannot be read.";
}

/// <summary>A good signature with an old counter: perhaps a copy.</summary>
public sealed record PasskeyCounterWentBack(string CredentialId, uint Sent, uint Stored) : Refusal<PasskeyCounterWentBack>, IRefusal<PasskeyCounterWentBack>
{
    public static RefusalEntry Entry { get; } = new("passkey.counter_went_back", "Passkey may have been copied",
        Public: "This passkey may have been copied. Do not use it any more; sign in another way and remove it.",
        Fix: "Ask the owner whether the security key was out of their hands; remove the passkey and register a new one.",
        Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyCounterWentBack Example => new("q83vEjRWeJA", 4, 9);
    public override string Target => CredentialId;
    public override string Evidence => $"Passkey {CredentialId}… sent the counter {Sent} after {Stored} had been seen: there may be two of it.";
}

/// <summary>Registered with an algorithm that was not offered.</summary>
public sealed record PasskeyAlgorithmNotOffered(int Algorithm) : Refusal<PasskeyAlgorithmNotOffered>, IRefusal<PasskeyAlgorithmNotOffered>
{
    public static RefusalEntry Entry { get; } = new("passkey.algorithm_not_offered", "Passkey with an unknown algorithm",
        Public: "This kind of passkey is not supported here. Use another device or browser.",
        Fix: "Offered are ES256, EdDSA (with libcrypto 3), ES384, PS256 and RS256.",
        Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyAlgorithmNotOffered Example => new(-999);
    public override string Target => $"{Algorithm}";
    public override string Evidence => $"The new passkey has the algorithm {Algorithm}; offered are {List(CoseAlgorithm.Offered.Select(a => $"{a}"))}.";
}

/// <summary>A key that is weak, off its curve or does not fit its algorithm.</summary>
public sealed record PasskeyKeyInvalid(int Algorithm) : Refusal<PasskeyKeyInvalid>, IRefusal<PasskeyKeyInvalid>
{
    public static RefusalEntry Entry { get; } = new("passkey.key_invalid", "Passkey with an unusable key",
        Public: "This passkey's key is not safe to use. Use another device or browser.",
        Fix: "The key is weak, off its curve, or does not fit its algorithm: the authenticator is faulty.",
        Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyKeyInvalid Example => new(-7);
    public override string Evidence => $"The public key of the new passkey is no safe key for algorithm {Algorithm}.";
}

/// <summary>An id that is too short, or not the one the browser named.</summary>
public sealed record PasskeyCredentialIdInvalid(int Length) : Refusal<PasskeyCredentialIdInvalid>, IRefusal<PasskeyCredentialIdInvalid>
{
    public static RefusalEntry Entry { get; } = new("passkey.credential_id_invalid", "Passkey with an unusable id",
        Public: "This passkey cannot be registered. Use another device or browser.",
        Fix: "An id needs at least 16 bytes and has to be the one the browser names: the authenticator is faulty.",
        Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyCredentialIdInvalid Example => new(8);
    public override string Evidence => $"The id of the new passkey ({Length} bytes) is too short or not the one the browser named.";
}

/// <summary>An attestation that the policy does not accept.</summary>
public sealed record PasskeyAttestationNotAccepted(string Format) : Refusal<PasskeyAttestationNotAccepted>, IRefusal<PasskeyAttestationNotAccepted>
{
    public static RefusalEntry Entry { get; } = new("passkey.attestation_not_accepted", "Attestation that is not accepted",
        Public: "This kind of passkey is not accepted here. Use another device or browser.",
        Fix: "Accepted are none and self attestation; packed with a certificate where attestation is asked for.",
        Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyAttestationNotAccepted Example => new("android-safetynet");
    public override string Target => Format;
    public override string Evidence => $"The new passkey came with the attestation \"{Format}\".";
}

/// <summary>An attestation that contradicts itself.</summary>
public sealed record PasskeyAttestationInvalid(string Format, string Why) : Refusal<PasskeyAttestationInvalid>, IRefusal<PasskeyAttestationInvalid>
{
    public static RefusalEntry Entry { get; } = new("passkey.attestation_invalid", "Wrong attestation",
        Public: "This passkey's maker could not be checked. Use another device or browser.",
        Fix: "The authenticator is faulty or its certificate has expired.",
        Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyAttestationInvalid Example => new("packed", "its certificate is expired or not yet valid");
    public override string Target => Format;
    public override string Evidence => $"The attestation \"{Format}\" was refused: {Why}.";
}

/// <summary>A credential id that is already stored, whoever's it is (WebAuthn section 7.1 step 26).</summary>
public sealed record PasskeyAlreadyRegistered(string CredentialId) : Refusal<PasskeyAlreadyRegistered>, IRefusal<PasskeyAlreadyRegistered>
{
    public static RefusalEntry Entry { get; } = new("passkey.already_registered", "Passkey registered twice",
        Public: "This passkey is already registered.",
        Fix: "Nothing to do when it is the user's own. An id of somebody else never comes twice by chance.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static PasskeyAlreadyRegistered Example => new("q83vEjRWeJA");
    public override string Target => CredentialId;
    public override string Evidence => $"Passkey {CredentialId}… is already stored.";

    /// <summary>With the id shortened for evidence.</summary>
    public static PasskeyAlreadyRegistered Of(string credentialId) => new(Shown.Id(credentialId));
}
