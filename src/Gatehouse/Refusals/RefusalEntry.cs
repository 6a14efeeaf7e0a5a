namespace Gatehouse.Refusals;

/// <summary>Who may learn what: before proof a stranger must not tell two causes apart.</summary>
public enum Audience
{
    /// <summary>Shown to anybody; within one rule list all of these look the same outside (one public code, one sentence).</summary>
    ToAnyone,

    /// <summary>Shown only after a passkey, link or secret has matched; the sentence may be precise.</summary>
    AfterProof,
}

/// <summary>Who can bring a refusal about. It decides its ring in the store and whether a widening remedy may be one click.</summary>
public enum Causer
{
    Stranger,
    ProvenUser,
    Operator,
}

/// <summary>The static part of a refusal: what is the same each time it happens.</summary>
/// <param name="Code">Stable dotted code, unique, never reused: <c>oidc.redirect_uri_mismatch</c>.</param>
/// <param name="Title">A noun phrase for lists, for admins.</param>
/// <param name="Public">The one sentence strangers and users read. Static, so that it cannot hold another person's data.</param>
/// <param name="Fix">What mends it, for the admin.</param>
/// <param name="Wire">The protocol's error code on the wire (RFC), where there is one.</param>
/// <param name="Status">HTTP status of the answer, 400-499.</param>
/// <param name="PublicCode">The only code that leaves the server towards strangers; for <see cref="Audience.AfterProof"/> the code itself when null.</param>
public sealed record RefusalEntry(
    string Code,
    string Title,
    string Public,
    string Fix,
    string? Wire = null,
    int Status = 400,
    Audience Audience = Audience.ToAnyone,
    Causer Causer = Causer.Stranger,
    string? PublicCode = null)
{
    /// <summary>The code that may be told to whoever was refused.</summary>
    public string CodeForStrangers => PublicCode ?? Code;
}
