using System.Text.Json.Nodes;
using Gatehouse.Jose;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>The options for <c>navigator.credentials.create</c>, for <c>parseCreationOptionsFromJSON</c> (WebAuthn section 5.1.10).</summary>
public static class RegistrationOptions
{
    /// <param name="userHandle">Random, 16 to 64 bytes, says nothing about the person.</param>
    public static JsonObject Build(
        RelyingParty rp, byte[] challenge, byte[] userHandle, string userName, string displayName,
        IEnumerable<CredentialRef> exclude, AttestationPolicy policy, TimeSpan timeout)
    {
        if (userHandle.Length is < 16 or > 64) throw new ArgumentException("a user handle has 16 to 64 bytes", nameof(userHandle));
        var algorithms = new JsonArray();
        foreach (var number in CoseAlgorithm.Offered) algorithms.Add(new JsonObject { ["type"] = "public-key", ["alg"] = number });
        return new()
        {
            ["rp"] = new JsonObject { ["id"] = rp.Id, ["name"] = rp.Name },
            ["user"] = new JsonObject { ["id"] = StrictBase64Url.Encode(userHandle), ["name"] = userName, ["displayName"] = displayName },
            ["challenge"] = StrictBase64Url.Encode(challenge),
            ["pubKeyCredParams"] = algorithms,
            ["timeout"] = (long)timeout.TotalMilliseconds,
            ["excludeCredentials"] = Descriptors.Of(exclude),
            ["authenticatorSelection"] = new JsonObject
            {
                ["residentKey"] = "required",
                ["requireResidentKey"] = true,
                ["userVerification"] = "required",
            },
            ["attestation"] = policy == AttestationPolicy.Direct ? "direct" : "none",
            ["extensions"] = new JsonObject { ["credProps"] = true },
        };
    }

    /// <summary>For a hardware key as second factor: not kept on the key, touched and no more, in a device of its own.</summary>
    public static JsonObject ForKey(RelyingParty rp, byte[] challenge, byte[] userHandle, string userName, string displayName, IEnumerable<CredentialRef> exclude, TimeSpan timeout)
    {
        var options = Build(rp, challenge, userHandle, userName, displayName, exclude, AttestationPolicy.None, timeout);
        options["authenticatorSelection"] = new JsonObject
        {
            ["authenticatorAttachment"] = "cross-platform",
            ["residentKey"] = "discouraged",
            ["requireResidentKey"] = false,
            ["userVerification"] = "discouraged",
        };
        options["hints"] = new JsonArray("security-key");
        return options;
    }
}

/// <summary>The options for <c>navigator.credentials.get</c>, for <c>parseRequestOptionsFromJSON</c>.</summary>
public static class AssertionOptions
{
    /// <param name="allow">Empty lets the browser offer every passkey it has for us.</param>
    public static JsonObject Build(RelyingParty rp, byte[] challenge, IEnumerable<CredentialRef> allow, TimeSpan timeout) => new()
    {
        ["rpId"] = rp.Id,
        ["challenge"] = StrictBase64Url.Encode(challenge),
        ["timeout"] = (long)timeout.TotalMilliseconds,
        ["allowCredentials"] = Descriptors.Of(allow),
        ["userVerification"] = "required",
    };

    /// <summary>For hardware keys as second factor.</summary>
    /// <param name="allow">The keys of one account; never empty, or any passkey would be offered.</param>
    public static JsonObject ForKey(RelyingParty rp, byte[] challenge, IEnumerable<CredentialRef> allow, TimeSpan timeout)
    {
        var options = Build(rp, challenge, allow, timeout);
        options["userVerification"] = "discouraged";
        options["hints"] = new JsonArray("security-key");
        return options;
    }
}

internal static class Descriptors
{
    public static JsonArray Of(IEnumerable<CredentialRef> credentials)
    {
        var list = new JsonArray();
        foreach (var credential in credentials)
        {
            var item = new JsonObject { ["type"] = "public-key", ["id"] = credential.Id };
            if (credential.Transports.Count > 0) item["transports"] = new JsonArray([.. credential.Transports.Select(t => (JsonNode)t)]);
            list.Add(item);
        }
        return list;
    }
}
