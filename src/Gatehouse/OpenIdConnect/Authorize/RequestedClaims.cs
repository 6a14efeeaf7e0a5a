using System.Text;
using System.Text.Json;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Claims;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>What the claims parameter asks for (OpenID Connect Core section 5.5), reduced to what we act upon.</summary>
/// <param name="Userinfo">Names asked for at userinfo.</param>
/// <param name="IdToken">Names asked for in the ID token.</param>
public sealed record RequestedClaims(IReadOnlyList<string> Userinfo, IReadOnlyList<string> IdToken)
{
    public static readonly RequestedClaims None = new([], []);
    private const int MaxNames = 100;

    /// <summary>The only subject that will do, or null.</summary>
    public string? Subject { get; init; }

    /// <summary>The acr values of which one must be reached; empty when none is essential.</summary>
    public IReadOnlyList<string> EssentialAcr { get; init; } = [];

    /// <summary>Both places together: what the person is asked about.</summary>
    public IReadOnlyCollection<string> Everywhere => [.. Userinfo.Union(IdToken, StringComparer.Ordinal)];

    /// <summary>As grants keep it; null when nothing was asked for.</summary>
    public string? Stored => Userinfo.Count + IdToken.Count == 0 ? null : JsonSerializer.Serialize(new Kept(Userinfo, IdToken));

    public static RequestedClaims OfStored(string? stored) =>
        stored is not null && JsonSerializer.Deserialize<Kept>(stored) is { } kept ? new(kept.Userinfo, kept.IdToken) : None;

    /// <summary>False when it is no JSON object of the form that the standard gives it.</summary>
    public static bool TryParse(string text, out RequestedClaims requested)
    {
        requested = None;
        try
        {
            return StrictJson.TryReadObject(Encoding.UTF8.GetBytes(text), out var root) && TryRead(root, out requested);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate in a name or value.
            return false;
        }
    }

    private static bool TryRead(JsonElement root, out RequestedClaims requested)
    {
        requested = None;
        var places = new Dictionary<string, List<string>> { ["userinfo"] = [], ["id_token"] = [] };
        string? subject = null;
        var acr = new List<string>();
        foreach (var place in root.EnumerateObject())
        {
            // Members that we do not know are ignored, as the standard asks.
            if (!places.TryGetValue(place.Name, out var names)) continue;
            if (place.Value.ValueKind == JsonValueKind.Null) continue;
            if (place.Value.ValueKind != JsonValueKind.Object) return false;
            foreach (var claim in place.Value.EnumerateObject())
            {
                if (claim.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Object) || names.Count == MaxNames) return false;
                // Only what we can give is kept.
                if (PersonClaims.StandardNames.Contains(claim.Name)) names.Add(claim.Name);
                if (claim.Value.ValueKind != JsonValueKind.Object) continue;
                var (essential, values) = Read(claim.Value);
                if (values is null) return false;
                if (claim.Name == "sub" && values is [var only]) subject = only;
                if (claim.Name == "acr" && essential) acr.AddRange(values);
            }
        }
        requested = new(places["userinfo"], places["id_token"]) { Subject = subject, EssentialAcr = acr };
        return true;
    }

    private static (bool Essential, string[]? Values) Read(JsonElement request)
    {
        var essential = false;
        string[]? values = [];
        foreach (var member in request.EnumerateObject())
        {
            switch (member.Name)
            {
                case "essential" when member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    essential = member.Value.GetBoolean();
                    break;
                case "essential":
                    return (false, null);
                // Values of other kinds than text are of claims that we do not narrow down.
                case "value" when member.Value.ValueKind == JsonValueKind.String:
                    values = [member.Value.GetString()!];
                    break;
                case "values" when member.Value.ValueKind == JsonValueKind.Array:
                    values = [.. member.Value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)];
                    break;
                case "values":
                    return (false, null);
            }
        }
        return (essential, values);
    }

    private sealed record Kept(IReadOnlyList<string> Userinfo, IReadOnlyList<string> IdToken);
}
