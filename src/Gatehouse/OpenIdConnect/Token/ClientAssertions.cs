using System.Collections.Concurrent;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>
/// private_key_jwt (RFC 7523 section 3, OpenID Connect Core section 9): a short-lived JWT, signed with a key of the client, for us alone, that works once.
/// </summary>
internal sealed class ClientAssertions(Database database, SpentIds spent, ClientKeys keys, ServerConfiguration configuration, TimeProvider clock)
{
    /// <summary>How far the client's clock may be ahead.</summary>
    private const long Skew = 30;

    /// <summary>How far in the future an assertion may end: so long its id is remembered.</summary>
    private const long MaxLife = 3600;

    private static readonly string[] Types = ["JWT", "client-authentication+jwt"];
    private static readonly VerificationKey Nobody = SigningKey.Generate(JwsAlgorithm.ES256).Verifier();

    /// <summary>Whom an assertion claims to be from; nothing is proven yet. Null when it is no JWT.</summary>
    public static string? SubjectOf(string assertion)
    {
        var parts = assertion.Length <= Jwt.MaxLength ? assertion.Split('.') : [];
        return parts.Length == 3 && StrictBase64Url.TryDecode(parts[1], Jwt.MaxLength, out var bytes) && StrictJson.TryReadObject(bytes, out var claims)
            && StrictJson.TryString(claims, "sub", out var subject) ? subject : null;
    }

    /// <summary>Spends the time that verifying takes.</summary>
    public static void Pretend(string assertion) => Jwt.VerifyForeign(assertion, _ => Nobody, Types[0], out _);

    /// <summary>The id of the key that signed it.</summary>
    public async Task<Outcome<string>> Judge(Client client, string assertion)
    {
        var kid = KidOf(assertion);
        if (!(await keys.Of(client, kid)).Passed(out var set, out var unavailable)) return unavailable;
        if (set.Verify(assertion, Types, out var fault) is not { } claims) return new ClientAssertionRefused(client.Ref, Words(fault, set, kid));
        if (Fault(claims, client.Id) is { } wrong) return new ClientAssertionRefused(client.Ref, wrong);
        StrictJson.TryString(claims, "jti", out var jti);
        StrictJson.TryInt64(claims, "exp", out var expires);
        // Spent before anything else of the request is judged, and spent it stays.
        var first = await database.Write(sql => spent.Spend(sql, SpentIds.ClientAssertion, $"{client.Id} {jti}", expires * 1000));
        return first ? "key:" + kid : new ClientAssertionReplayed(client.Ref);
    }

    private string? Fault(JsonElement claims, string clientId)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (!StrictJson.TryString(claims, "iss", out var issuer) || issuer != clientId) return "iss is not the client id";
        if (!StrictJson.TryString(claims, "sub", out var subject) || subject != clientId) return "sub is not the client id";
        // One audience, and that is the issuer: an assertion that others accept too could be played on (RFC 7523bis section 4).
        if (!StrictJson.TryString(claims, "aud", out var audience))
            return StrictJson.TryStrings(claims, "aud", out _) ? $"aud is an array; it must be the text {configuration.Origin}" : "aud is missing";
        if (audience != configuration.Origin)
            return audience == configuration.Link(Paths.Token) ? $"aud is the token endpoint; it must be the issuer {configuration.Origin}" : $"aud is not the issuer {configuration.Origin} ({CompareCallbacks.Nearest(audience, [configuration.Origin])?.Words ?? "another text"})";
        if (!StrictJson.TryInt64(claims, "exp", out var expires)) return "exp is missing or no whole number";
        if (expires <= now) return $"it expired {now - expires} seconds before";
        if (expires > now + MaxLife) return $"exp is more than {MaxLife / 60} minutes ahead";
        foreach (var name in new[] { "nbf", "iat" })
        {
            if (!StrictJson.Has(claims, name)) continue;
            if (!StrictJson.TryInt64(claims, name, out var at)) return $"{name} is no whole number";
            if (at > now + Skew) return $"{name} is {at - now} seconds ahead: the client's clock is fast, or ours slow";
        }
        if (!StrictJson.TryString(claims, "jti", out var jti) || jti.Length is 0 or > 256) return "jti is missing, empty or longer than 256 characters";
        return null;
    }

    private static string Words(JwtFault fault, ClientKeySet set, string kid) => fault switch
    {
        JwtFault.UnknownKey => kid.Length == 0 ? $"its header names no kid, and the client has {set.Count} keys" : "its header names a kid that is none of the client's keys",
        JwtFault.WrongAlgorithm => "its alg does not belong to the key (none and HS256 never do)",
        JwtFault.BadSignature => "its signature is not by that key",
        JwtFault.WrongType => "its typ is not JWT",
        _ => $"it is malformed ({fault})",
    };

    private static string KidOf(string assertion)
    {
        var dot = assertion.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && StrictBase64Url.TryDecode(assertion.AsSpan(0, dot), 4096, out var bytes) && StrictJson.TryReadObject(bytes, out var header)
            && StrictJson.TryString(header, "kid", out var kid) && kid.Length <= 256 ? kid : "";
    }
}

/// <summary>
/// The public keys of clients, parsed once. Those behind an address are fetched through the egress: when ten minutes old, and for a kid that is not among
/// them, at most every thirty seconds. What was fetched before serves on for an hour while the address does not answer.
/// </summary>
internal sealed class ClientKeys(Egress egress, TimeProvider clock)
{
    private const long Fresh = 600_000;
    private const long Usable = 3_600_000;
    private const long Pause = 30_000;
    private readonly ConcurrentDictionary<string, Held> held = new(StringComparer.Ordinal);

    public async Task<Outcome<ClientKeySet>> Of(Client client, string kid)
    {
        if (client.Jwks is { } jwks) return ByValue(client, jwks);
        if (client.JwksUri is not { } uri) return new ClientKeysUnavailable(client.Ref, "", "no keys are registered");
        var source = $"{(client.JwksPrivate ? "private " : "")}{uri}";
        var entry = held.AddOrUpdate(client.Id, _ => new Held(source), (_, old) => old.Source == source ? old : new Held(source));
        var now = clock.Now();
        if (entry.Set is { } known && now - entry.FetchedAt is >= 0 and < Fresh && (known.Has(kid) || now - entry.TriedAt is >= 0 and < Pause)) return known;
        await entry.One.WaitAsync();
        try
        {
            now = clock.Now();
            if (now - entry.TriedAt is < 0 or >= Pause || entry.Set is null && entry.TriedAt == 0) await Fetch(entry, uri, client.JwksPrivate, now);
            return entry.Set is { } set && now - entry.FetchedAt is >= 0 and < Usable ? set : new ClientKeysUnavailable(client.Ref, new Uri(uri).Host, entry.Fault);
        }
        finally
        {
            entry.One.Release();
        }
    }

    private Outcome<ClientKeySet> ByValue(Client client, string jwks)
    {
        if (held.TryGetValue(client.Id, out var entry) && entry is { Set: { } parsed } && entry.Source == jwks) return parsed;
        if (!ClientKeySet.TryRead(jwks, out var set, out var fault)) return new ClientKeysUnavailable(client.Ref, "", fault);
        held[client.Id] = new(jwks) { Set = set };
        return set;
    }

    private async Task Fetch(Held entry, string uri, bool allowPrivate, long now)
    {
        entry.TriedAt = now;
        var answer = await egress.GetJson(uri, allowPrivate);
        if (!answer.IsGood)
        {
            entry.Fault = answer.Detail;
            return;
        }
        if (!ClientKeySet.TryRead(answer.Body, out var set, out var fault))
        {
            entry.Fault = fault;
            return;
        }
        (entry.Set, entry.FetchedAt) = (set, now);
    }

    private sealed class Held(string source)
    {
        public string Source { get; } = source;
        public SemaphoreSlim One { get; } = new(1, 1);
        public ClientKeySet? Set { get; set; }
        public long FetchedAt { get; set; }
        public long TriedAt { get; set; }
        public string Fault { get; set; } = "nothing was fetched yet";
    }
}
