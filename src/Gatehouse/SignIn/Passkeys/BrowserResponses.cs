using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Gatehouse.Jose;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>A registration as <c>PublicKeyCredential.toJSON()</c> writes it (WebAuthn section 5.1.8.2).</summary>
public sealed record AttestationResponse(string Id, string ClientDataJson, string AttestationObject, IReadOnlyList<string> Transports)
{
    /// <summary>Reads the posted JSON; its contents are judged later.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out AttestationResponse? response)
    {
        response = null;
        if (!PostedCredential.TryRead(utf8, out var id, out var inner)
            || !StrictJson.TryString(inner, "clientDataJSON", out var clientData)
            || !StrictJson.TryString(inner, "attestationObject", out var attestation))
            return false;
        if (!StrictJson.TryStrings(inner, "transports", out var transports) || transports.Length > 16) transports = [];
        response = new(id, clientData, attestation, transports);
        return true;
    }
}

/// <summary>An assertion as <c>PublicKeyCredential.toJSON()</c> writes it.</summary>
public sealed record AssertionResponse(string Id, string ClientDataJson, string AuthenticatorData, string Signature, string? UserHandle)
{
    /// <inheritdoc cref="AttestationResponse.TryRead"/>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out AssertionResponse? response)
    {
        response = null;
        if (!PostedCredential.TryRead(utf8, out var id, out var inner)
            || !StrictJson.TryString(inner, "clientDataJSON", out var clientData)
            || !StrictJson.TryString(inner, "authenticatorData", out var data)
            || !StrictJson.TryString(inner, "signature", out var signature))
            return false;
        string? handle = null;
        if (StrictJson.TryMember(inner, "userHandle", out var member) && member.ValueKind != JsonValueKind.Null
            && !StrictJson.TryString(inner, "userHandle", out handle))
            return false;
        response = new(id, clientData, data, signature, handle);
        return true;
    }
}

internal static class PostedCredential
{
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out string? id, out JsonElement response)
    {
        (id, response) = (null, default);
        return StrictJson.TryReadObject(utf8, out var posted)
            && StrictJson.TryString(posted, "type", out var type) && type == "public-key"
            && StrictJson.TryString(posted, "id", out id)
            && StrictBase64Url.TryDecode(id, 1023, out var bytes) && bytes.Length > 0
            && (!StrictJson.Has(posted, "rawId") || (StrictJson.TryString(posted, "rawId", out var raw) && raw == id))
            && StrictJson.TryObject(posted, "response", out response);
    }
}
