namespace Gatehouse.SignIn.Passkeys;

/// <summary>We, as an authenticator knows us (WebAuthn section 4).</summary>
/// <param name="Id">The host name, e.g. <c>id.example.com</c>.</param>
/// <param name="Origin">Scheme, host and port as the browser writes them, e.g. <c>https://id.example.com</c>.</param>
/// <param name="Name">What the browser's dialog may show.</param>
public sealed record RelyingParty(string Id, string Origin, string Name);

/// <summary>What kinds of attestation are asked for and accepted.</summary>
public enum AttestationPolicy
{
    /// <summary>Asks for none; accepts "none" and self attestation.</summary>
    None,

    /// <summary>Asks for it; accepts also "packed" with a certificate, whose statement is checked and recorded. No chain is built: it is no proof of the maker.</summary>
    Direct,
}

/// <summary>A credential for the browser's lists.</summary>
public sealed record CredentialRef(string Id, IReadOnlyList<string> Transports);

/// <summary>What a registration yields; the caller decides whose it becomes.</summary>
/// <param name="CredentialId">base64url</param>
/// <param name="PublicKey">The COSE key, byte for byte.</param>
/// <param name="Algorithm">COSE algorithm number.</param>
/// <param name="Attestation">"none", "self" or "packed".</param>
public sealed record NewCredential(
    string CredentialId, byte[] PublicKey, int Algorithm, uint SignCount, Guid Aaguid,
    bool BackupEligible, bool BackedUp, bool UserVerified, string Attestation, string[] Transports);

/// <summary>What is known about the credential that is expected to sign.</summary>
/// <param name="UserHandle">The owner's handle, base64url.</param>
/// <param name="CredentialId">base64url</param>
public sealed record StoredCredential(
    string UserHandle, string CredentialId, byte[] PublicKey, int Algorithm, uint SignCount, bool BackupEligible);

/// <summary>A good assertion; store the counter and the backup state.</summary>
public sealed record VerifiedAssertion(uint NewSignCount, bool BackedUp, bool UserVerified);
