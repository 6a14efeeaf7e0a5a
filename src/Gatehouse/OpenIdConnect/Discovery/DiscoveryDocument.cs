using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Keys;

namespace Gatehouse.OpenIdConnect.Discovery;

/// <summary>What applications read about us (OpenID Connect Discovery 1.0 section 3, RFC 8414): bytes prepared once.</summary>
public sealed class DiscoveryDocument
{
    public DiscoveryDocument(ServerConfiguration configuration)
    {
        Json = new(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["issuer"] = configuration.Origin,
            ["authorization_endpoint"] = configuration.Link(Paths.Authorize),
            ["token_endpoint"] = configuration.Link(Paths.Token),
            ["userinfo_endpoint"] = configuration.Link(Paths.Userinfo),
            ["introspection_endpoint"] = configuration.Link(Paths.Introspection),
            ["revocation_endpoint"] = configuration.Link(Paths.Revocation),
            ["jwks_uri"] = configuration.Link(Paths.Jwks),
            ["end_session_endpoint"] = configuration.Link(Paths.Logout),
            ["scopes_supported"] = Scopes.Supported,
            ["response_types_supported"] = Words("code"),
            ["response_modes_supported"] = Words("query", "fragment", "form_post"),
            ["grant_types_supported"] = GrantType.All,
            ["subject_types_supported"] = Words("public"),
            ["id_token_signing_alg_values_supported"] = SigningKeys.Offered,
            ["token_endpoint_auth_methods_supported"] = AuthMethod.All,
            ["token_endpoint_auth_signing_alg_values_supported"] = Assertions,
            ["introspection_endpoint_auth_methods_supported"] = Proofs,
            ["introspection_endpoint_auth_signing_alg_values_supported"] = Assertions,
            ["revocation_endpoint_auth_methods_supported"] = AuthMethod.All,
            ["revocation_endpoint_auth_signing_alg_values_supported"] = Assertions,
            ["code_challenge_methods_supported"] = Words("S256"),
            ["claims_supported"] = Words(["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", .. Claims.PersonClaims.StandardNames]),
            ["acr_values_supported"] = Claims.Assurance.Supported,
            ["backchannel_logout_supported"] = true,
            ["backchannel_logout_session_supported"] = true,
            ["claim_types_supported"] = Words("normal"),
            ["prompt_values_supported"] = Words("none", "login", "consent", "select_account"),
            ["authorization_response_iss_parameter_supported"] = true,
            ["claims_parameter_supported"] = true,
            ["request_parameter_supported"] = false,
            ["request_uri_parameter_supported"] = false,
        }));
    }

    public PreparedJson Json { get; }

    private static readonly string[] Assertions = [.. JwsAlgorithms.Available.Select(a => a.Name())];
    private static readonly string[] Proofs = [.. AuthMethod.All.Where(m => m != AuthMethod.None)];

    private static string[] Words(params string[] words) => words;
}
