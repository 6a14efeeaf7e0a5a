using System.Globalization;
using System.Text.Json;
using Gatehouse.Accounts.CustomClaims;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Claims;

/// <summary>One claim as it goes out.</summary>
/// <param name="Value">A string, long, decimal, bool or string array.</param>
/// <param name="InAccessToken">True when access tokens carry it too.</param>
/// <param name="Fixed">True for a value of the mapping, which says nothing about the person.</param>
public sealed record ClaimValue(string Name, object Value, bool InAccessToken = false, bool Fixed = false)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WritePropertyName(Name);
        switch (Value)
        {
            case bool yes: json.WriteBooleanValue(yes); break;
            case long number: json.WriteNumberValue(number); break;
            case decimal number: json.WriteNumberValue(number); break;
            case string[] list:
                json.WriteStartArray();
                foreach (var item in list) json.WriteStringValue(item);
                json.WriteEndArray();
                break;
            default: json.WriteStringValue((string)Value); break;
        }
    }

    /// <summary>For people.</summary>
    public string Words => Value switch
    {
        bool yes => yes ? "yes" : "no",
        string[] list => list.Length == 0 ? "none" : string.Join(", ", list),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };
}

/// <summary>Reads what one application may learn about one person.</summary>
public sealed class ReadClaims(Database database)
{
    private readonly Cached<Dictionary<string, ClaimPlan>> plans = new(database, "clients", ClaimPlanStore.All);

    public ValueTask<PersonClaims> Of(AccessGranted granted, Clients.Client client) => Of(granted, client.Id, client.Groups);

    public ValueTask<PersonClaims> Of(AccessGranted granted, SignIn.ClientAccess client) => Of(granted, client.Client.Id, client.AllowedGroups);

    private async ValueTask<PersonClaims> Of(AccessGranted granted, string clientId, IReadOnlyList<GroupRef> allowed)
    {
        var plan = (await plans.Get()).GetValueOrDefault(clientId, ClaimPlan.Standard);
        return new(granted, allowed, plan, plan.NeedsCustomClaims ? await database.Read(sql => CustomClaimStore.Effective(sql, granted.User.Id)) : []);
    }
}

/// <summary>
/// A person as one application may see them: the standard claims by scope (OpenID Connect Core section 5.4), then the client's mapping.
/// Consent page, tokens, userinfo and preview all ask this one.
/// </summary>
public sealed class PersonClaims(AccessGranted granted, IReadOnlyList<GroupRef> allowed, ClaimPlan plan, IReadOnlyList<CustomClaim> custom)
{
    private static readonly (string Name, string Scope)[] Standard =
    [
        ("name", Scopes.Profile), ("given_name", Scopes.Profile), ("family_name", Scopes.Profile), ("preferred_username", Scopes.Profile), ("updated_at", Scopes.Profile),
        ("email", Scopes.Email), ("email_verified", Scopes.Email), ("groups", Scopes.Groups),
    ];

    /// <summary>The standard claims that we can give, for discovery and the claims parameter.</summary>
    public static IEnumerable<string> StandardNames => Standard.Select(s => s.Name);

    /// <param name="asked">Names that the claims parameter asks for beyond the scopes.</param>
    public IReadOnlyList<ClaimValue> Released(string scope, IReadOnlyCollection<string> asked)
    {
        var released = new List<ClaimValue>();
        if (!Scopes.Has(scope, Scopes.OpenId)) return released;
        foreach (var (name, ofScope) in Standard)
        {
            if (!Scopes.Has(scope, ofScope) && !asked.Contains(name)) continue;
            var rule = plan.Rules.FirstOrDefault(r => r.Claim == name);
            if ((rule is null ? StandardValue(name) : Mapped(rule)) is { } value) released.Add(value);
        }
        foreach (var rule in plan.Rules)
            if (Standard.All(s => s.Name != rule.Claim) && Mapped(rule) is { } value) released.Add(value);
        if (plan.Roles.Count > 0 && plan.Rules.All(r => r.Claim != "roles" && r.Source != ClaimSource.Roles)) released.Add(new("roles", Roles));
        // Another address than the account's own has not been verified by anybody.
        if (plan.Rules.Any(r => r.Claim == "email" && r.Source != ClaimSource.Email)) released.RemoveAll(c => c.Name == "email_verified");
        return released;
    }

    private string[] Roles => [.. plan.Roles.Where(r => granted.Groups.Any(g => g.Id == r.Group.Id)).Select(r => r.Role).Distinct(StringComparer.Ordinal)];

    private ClaimValue? StandardValue(string name) => name switch
    {
        "name" => Text(name, granted.User.DisplayName),
        "given_name" => Text(name, granted.User.GivenName),
        "family_name" => Text(name, granted.User.FamilyName),
        "preferred_username" => Text(name, granted.User.UserName),
        "updated_at" => new(name, granted.User.UpdatedAt / 1000),
        "email" => Text(name, granted.User.Email),
        "email_verified" => granted.User.Email.Length > 0 ? new(name, granted.User.EmailVerified) : null,
        _ => new(name, (string[])[.. granted.Groups.Select(g => g.Name)]),
    };

    private static ClaimValue? Text(string name, string? value) => value is { Length: > 0 } ? new(name, value) : null;

    private ClaimValue? Mapped(ClaimRule rule)
    {
        var values = Values(rule.Source);
        var isFixed = rule.Source.StartsWith(ClaimSource.Fixed, StringComparison.Ordinal);
        if (rule.Source == ClaimSource.Nothing) return null;
        if (rule.Shape == ClaimShape.List) return new(rule.Claim, values, rule.InAccessToken, isFixed);
        if (values.Length == 0) return null;
        var first = values[0];
        object? value = rule.Shape switch
        {
            ClaimShape.Number => long.TryParse(first, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
                : decimal.TryParse(first, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null,
            ClaimShape.YesNo => first is "true" or "yes" or "1",
            _ => first,
        };
        return value is null ? null : new(rule.Claim, value, rule.InAccessToken, isFixed);
    }

    private string[] Values(string source)
    {
        var user = granted.User;
        if (source.StartsWith(ClaimSource.Fixed, StringComparison.Ordinal)) return [source[ClaimSource.Fixed.Length..]];
        if (source.StartsWith(ClaimSource.Custom, StringComparison.Ordinal))
        {
            var named = custom.Where(c => c.Name == source[ClaimSource.Custom.Length..]).ToArray();
            // The user's own stands above what groups say.
            return named.FirstOrDefault(c => c.Group is null) is { } own ? [own.Value] : [.. named.Select(c => c.Value).Distinct(StringComparer.Ordinal)];
        }
        return source switch
        {
            ClaimSource.Name => Some(user.DisplayName),
            ClaimSource.GivenName => Some(user.GivenName),
            ClaimSource.FamilyName => Some(user.FamilyName),
            ClaimSource.UserName => Some(user.UserName),
            ClaimSource.Email => Some(user.Email),
            ClaimSource.Groups => [.. granted.Groups.Select(g => g.Name)],
            ClaimSource.AllowedGroups => [.. granted.Groups.Where(g => allowed.Any(a => a.Id == g.Id)).Select(g => g.Name)],
            ClaimSource.Roles => Roles,
            _ => [],
        };
    }

    private static string[] Some(string? value) => value is { Length: > 0 } ? [value] : [];
}
