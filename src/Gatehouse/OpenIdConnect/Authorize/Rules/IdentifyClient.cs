using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>RFC 6749 section 4.1.1: client_id names one client that is switched on.</summary>
internal static class IdentifyClient
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Parameters.Values("client_id") is not [{ Length: > 0 } id]) return new ClientUnknown(0);
        if (request.Found is not { } client) return new ClientUnknown(id.Length) { Sent = id };
        if (client.DeletedAt is { } at) return new ClientDeleted(client.Ref, at);
        if (!client.Enabled) return new ClientDisabled(client.Ref);
        request.Client = client;
        return null;
    }
}
