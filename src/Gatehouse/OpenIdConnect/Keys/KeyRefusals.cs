using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>A key id that nobody has.</summary>
public sealed record KeyUnknown(int Length) : Refusal<KeyUnknown>, IRefusal<KeyUnknown>
{
    public static RefusalEntry Entry { get; } = new("key.unknown", "No signing key of that id", Public: "There is no signing key of that id.",
        Fix: "Copy the key id from the list of keys: gatehouse keys list.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static KeyUnknown Example => new(43);
    public override string Evidence => $"No key has the id that was given ({Length} characters).";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the signing keys", "/admin/keys")];
}

/// <summary>A key that is revoked already.</summary>
public sealed record KeyAlreadyRevoked(string Kid) : Refusal<KeyAlreadyRevoked>, IRefusal<KeyAlreadyRevoked>
{
    public static RefusalEntry Entry { get; } = new("key.revoked", "The signing key is revoked already", Public: "This signing key is revoked already. Nothing was changed.",
        Fix: "Nothing: a revoked key never signs or verifies again.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static KeyAlreadyRevoked Example => new("kid-1");
    public override string Evidence => $"{Kid} is revoked already.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the signing keys", "/admin/keys")];
}

/// <summary>An algorithm that this server does not sign with.</summary>
public sealed record KeyAlgorithmUnknown(string Sent) : Refusal<KeyAlgorithmUnknown>, IRefusal<KeyAlgorithmUnknown>
{
    public static RefusalEntry Entry { get; } = new("key.algorithm", "No signing algorithm of that name", Public: "This server does not sign with that algorithm.",
        Fix: "Use ES256, RS256, or EdDSA where OpenSSL 3 is installed.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static KeyAlgorithmUnknown Example => new("HS256");
    public override string Evidence => $"{Sent} was asked for; offered are {List(SigningKeys.Offered)}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the signing keys", "/admin/keys")];
}

/// <summary>A schedule beyond reason.</summary>
public sealed record KeyIntervalInvalid(int Days) : Refusal<KeyIntervalInvalid>, IRefusal<KeyIntervalInvalid>
{
    public static RefusalEntry Entry { get; } = new("key.interval", "The rotation interval cannot be saved", Public: "Rotate keys every 7 to 3650 days, or 0 for never.",
        Fix: "90 days is usual.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static KeyIntervalInvalid Example => new(1);
    public override string Evidence => $"{Days} days.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the signing keys", "/admin/keys")];
}

/// <summary>The first characters typed to confirm a revocation are other ones.</summary>
public sealed record KeyNotConfirmed(string Kid, int TypedLength) : Refusal<KeyNotConfirmed>, IRefusal<KeyNotConfirmed>
{
    public static RefusalEntry Entry { get; } = new("key.confirmation", "The revocation of a key was not confirmed", Public: "To revoke a key, type the first eight characters of its id. Nothing was changed.",
        Fix: "Type them as shown.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static KeyNotConfirmed Example => new("kid-1", 3);
    public override string Evidence => $"What was typed ({TypedLength} characters) is not the beginning of {Kid}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the signing keys", "/admin/keys")];
}
