using Gatehouse.Configuration;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>What an access token will be for.</summary>
/// <param name="Api">Null: for ourselves.</param>
internal sealed record Target(Api? Api, string Scope);

/// <summary>Which API a request means, and which of its scopes it may have (RFC 8707, RFC 6749 section 3.3). One API per token.</summary>
internal sealed class ResourceRules(ApiRegistry apis, ServerConfiguration configuration)
{
    public ValueTask<ApiRegistry.Registered> Registered() => apis.Get();

    /// <summary>The API of a request's resource parameter; null in the outcome's value when none, or we ourselves, are named.</summary>
    public async ValueTask<Outcome<Named>> Find(Client client, StrictParameters parameters)
    {
        var sent = parameters.Values("resource");
        if (sent.Count > 1) return new ResourceTwice(client.Ref, sent.Count);
        if (sent.Count == 0) return new Named(null, Given: false);
        if (sent[0] == configuration.Origin) return new Named(null, Given: true);
        var all = await apis.Get();
        if (all.ByIdentifier(sent[0]) is not { } api)
        {
            var nearest = CompareCallbacks.Nearest(sent[0], all.All.Select(a => a.Identifier));
            return new ResourceRefused(client.Ref, sent[0].Length, nearest is null ? null : all.ByIdentifier(nearest.Registered)?.Ref,
                nearest is null ? "no API is registered" : $"no API has this identifier; the nearest is {nearest.Registered}, which differs by {nearest.Words}");
        }
        if (!api.Enabled) return new ResourceRefused(client.Ref, sent[0].Length, api.Ref, $"{api.Name} is switched off");
        return client.ApiScopes.Any(s => s.ApiId == api.Id) ? new Named(api, Given: true) : new ResourceRefused(client.Ref, sent[0].Length, api.Ref, $"no scope of {api.Name} is granted to it");
    }

    /// <summary>For a client as itself: all it holds of the API unless it asks for less.</summary>
    public async ValueTask<Outcome<Target>> ForClient(Client client, StrictParameters form)
    {
        if (!(await Find(client, form)).Passed(out var named, out var refusal)) return refusal;
        var words = Words(form["scope"]);
        var api = named.Api;
        if (!named.Given)
        {
            // Without resource the API must be plain from what the client holds.
            var all = await apis.Get();
            var held = client.ApiScopes.Select(s => s.ApiId).Distinct().Select(all.ById).OfType<Api>().Where(a => a.Enabled).ToArray();
            if (held.Length > 1 && words.Length > 0) held = [.. held.Where(a => words.All(w => a.Find(w) is not null))];
            if (held.Length > 1) return new ResourceRefused(client.Ref, 0, null, $"it is missing, and the client holds scopes of {string.Join(", ", held.Select(a => a.Name))}");
            api = held.Length == 1 ? held[0] : null;
        }
        if (api is null) return words.Length == 0 ? new Target(null, "") : new ScopeUnknown(client.Ref, Printable.Cap(words[0], 60), null, null);
        if (Check(client, api, words) is { } wrong) return wrong;
        var granted = Granted(client, api);
        return new Target(api, string.Join(' ', words.Length == 0 ? granted : granted.Where(words.Contains)));
    }

    /// <summary>Null when each word is a scope of the API that the client was granted.</summary>
    public static Refusal? Check(Client client, Api api, IEnumerable<string> words)
    {
        foreach (var word in words)
        {
            if (api.Find(word) is null) return new ScopeUnknown(client.Ref, Printable.Cap(word, 60), ClosestClient.Word(word, api.Scopes.Select(s => s.Name)), api.Ref);
            if (!client.ApiScopes.Contains(new(api.Id, word))) return new ScopeNotGranted(client.Ref, word, api.Ref, string.Join(' ', Granted(client, api)));
        }
        return null;
    }

    /// <summary>For a person's token: what was granted, narrowed to what client and person still hold today.</summary>
    /// <param name="all">What <see cref="Registered"/> gave before the transaction began.</param>
    public Outcome<Target> ForPerson(ApiRegistry.Registered all, Client client, Grant grant, string scope, StrictParameters form, AccessGranted granted)
    {
        var sent = form.Values("resource");
        if (sent.Count > 1) return new ResourceTwice(client.Ref, sent.Count);
        if (grant.ApiId is null) return sent.Count == 0 || sent[0] == configuration.Origin ? new Target(null, scope) : new ResourceRefused(client.Ref, sent[0].Length, null, "the person signed in without it");
        if (sent.Count == 1 && sent[0] == configuration.Origin) return new Target(null, Scopes.Known(scope));
        var api = all.ById(grant.ApiId);
        if (api is not { Enabled: true }) return new ResourceRefused(client.Ref, sent.Count == 0 ? 0 : sent[0].Length, api?.Ref, "the API of this sign-in is gone or switched off");
        if (sent.Count == 1 && sent[0] != api.Identifier) return new ResourceRefused(client.Ref, sent[0].Length, api.Ref, $"the person signed in for {api.Name}");
        var asked = Words(scope).Where(w => api.Find(w) is not null).ToArray();
        var held = Held(client, api, granted, asked);
        return asked.Length > 0 && held.Length == 0
            ? new GrantNoLongerAllowed(client.Ref, granted.User.Ref, ScopeNotHeld.Entry.Code, new ScopeNotHeld(client.Ref, granted.User.Ref, string.Join(' ', asked), api.Ref).Evidence)
            : new Target(api, held);
    }

    /// <summary>The words that both the client and the person hold, with spaces between.</summary>
    public static string Held(Client client, Api api, AccessGranted granted, IEnumerable<string> words) =>
        string.Join(' ', words.Where(w => client.ApiScopes.Contains(new(api.Id, w)) && api.Holds(granted.User, granted.Groups, w)));

    public static string[] Words(string? scope) => [.. (scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];

    private static string[] Granted(Client client, Api api) => [.. api.Scopes.Select(s => s.Name).Where(s => client.ApiScopes.Contains(new(api.Id, s)))];

    /// <summary>What resource named.</summary>
    internal sealed record Named(Api? Api, bool Given);
}
