using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>RFC 8707 section 2: resource names one registered API that is open to the client, and what scope asks of it exists and was granted.</summary>
internal static class CheckResource
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (!request.Parameters.Has("resource")) return null;
        if (!request.Resource.Passed(out var named, out var refusal)) return refusal;
        if (named.Api is not { } api) return null;
        var words = ResourceRules.Words(request.Parameters["scope"]).Where(w => !Scopes.Supported.Contains(w)).Take(100).ToArray();
        if (ResourceRules.Check(request.Client, api, words) is { } wrong) return wrong;
        request.Api = api;
        request.ApiScope = string.Join(' ', words);
        return null;
    }
}

/// <summary>RFC 6749 section 3.3: of the API's scopes the person gets those held by role or group; with none of them there is nothing to grant.</summary>
internal static class NarrowApiScope
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Api is not { } api || request.ApiScope.Length == 0) return null;
        var held = ResourceRules.Held(request.Client, api, request.Granted!, request.ApiScope.Split(' '));
        if (held.Length == 0) return new ScopeNotHeld(request.Client.Ref, request.Granted!.User.Ref, request.ApiScope, api.Ref);
        request.Scope = $"{request.Scope} {held}".Trim();
        return null;
    }
}

/// <summary>RFC 6749 section 2.1: the client is registered for signing people in.</summary>
internal static class CheckGrantType
{
    public static Refusal? Check(AuthorizeRequest request) =>
        request.Client.SignsPeopleIn ? null : new GrantTypeNotAllowed(request.Client.Ref, GrantType.Code, request.Client.GrantTypes);
}
