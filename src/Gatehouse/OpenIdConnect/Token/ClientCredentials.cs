using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>grant_type=client_credentials (RFC 6749 section 4.4): a client as itself, a service account. Nothing is stored.</summary>
internal sealed class ClientCredentials(Database database, ResourceRules resources, TimeProvider clock)
{
    public async Task<Outcome<Target>> Judge(ProvenClient proven, StrictParameters form)
    {
        // Saving a client forbids it; whatever got past that gets nothing here.
        if (proven.Client.IsPublic) return new GrantTypeNotAllowed(proven.Client.Ref, GrantType.ClientCredentials, "a public client");
        var outcome = await resources.ForClient(proven.Client, form);
        if (outcome.Refusal is null && proven.Secret is { } secret && ClientSecrets.IsTouchDue(secret, clock.Now()))
            await database.Write(sql => ClientSecrets.Touch(sql, secret, clock.Now()));
        return outcome;
    }
}
