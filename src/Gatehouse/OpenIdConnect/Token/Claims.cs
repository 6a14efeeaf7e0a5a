using System.Text.Json;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>What a scope tells about the person (OpenID Connect Core section 5.4).</summary>
internal static class Claims
{
    public static void Write(Utf8JsonWriter json, AccessGranted granted, string scope)
    {
        var user = granted.User;
        if (Scopes.Has(scope, Scopes.Profile))
        {
            json.WriteString("name", user.DisplayName);
            if (user.GivenName is { Length: > 0 }) json.WriteString("given_name", user.GivenName);
            if (user.FamilyName is { Length: > 0 }) json.WriteString("family_name", user.FamilyName);
            json.WriteString("preferred_username", user.UserName);
            json.WriteNumber("updated_at", user.UpdatedAt / 1000);
        }
        if (Scopes.Has(scope, Scopes.Email) && user.Email.Length > 0)
        {
            json.WriteString("email", user.Email);
            json.WriteBoolean("email_verified", user.EmailVerified);
        }
        if (Scopes.Has(scope, Scopes.Groups))
        {
            json.WriteStartArray("groups");
            foreach (var group in granted.Groups) json.WriteStringValue(group.Name);
            json.WriteEndArray();
        }
    }
}
