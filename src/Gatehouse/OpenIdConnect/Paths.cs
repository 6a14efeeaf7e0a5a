namespace Gatehouse.OpenIdConnect;

/// <summary>The protocol endpoints, below APP_URL.</summary>
public static class Paths
{
    public const string Authorize = "/authorize";
    public const string Token = "/token";
    public const string Introspection = "/introspect";
    public const string Revocation = "/revoke";
    public const string Userinfo = "/userinfo";
    public const string Jwks = "/jwks";
    public const string Logout = "/logout";
    public const string Discovery = "/.well-known/openid-configuration";
    public const string ServerMetadata = "/.well-known/oauth-authorization-server";
}
