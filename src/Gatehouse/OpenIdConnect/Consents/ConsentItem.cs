using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Claims;

namespace Gatehouse.OpenIdConnect.Consents;

/// <summary>One thing that an application would get, as a person understands it.</summary>
/// <param name="Key">What is remembered: the claim's name, or "offline_access".</param>
/// <param name="Label">What it is, in words; a localiser key.</param>
/// <param name="Value">The very value that goes out, or null where it is a permission.</param>
public sealed record ConsentItem(string Key, string Label, string? Value)
{
    /// <summary>Whether an address was checked, and when a profile last changed, go along with what they belong to.</summary>
    private static readonly string[] Untold = ["email_verified", "updated_at"];

    /// <param name="api">The API whose scopes stand in <paramref name="scope"/>; its identifier is part of what is remembered.</param>
    public static IReadOnlyList<ConsentItem> Of(IEnumerable<ClaimValue> released, string scope, Api? api = null)
    {
        var items = released.Where(c => !c.Fixed && !Untold.Contains(c.Name)).Select(c => new ConsentItem(c.Name, Words(c.Name), c.Words)).ToList();
        if (Scopes.Has(scope, Scopes.OfflineAccess)) items.Add(new(Scopes.OfflineAccess, Words(Scopes.OfflineAccess), null));
        foreach (var permission in scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Except(Scopes.Supported))
            items.Add(api?.Find(permission) is { } known ? new($"{api.Identifier}#{permission}", known.Description.Length > 0 ? known.Description : permission, api.Name) : new(permission, permission, null));
        return items;
    }

    /// <summary>A remembered name in words, where the value is not at hand.</summary>
    public static string Words(string key) => key switch
    {
        "name" => "Your name",
        "given_name" => "Your given name",
        "family_name" => "Your family name",
        "preferred_username" => "Your user name",
        "email" => "Your e-mail address",
        "groups" => "The groups you are in",
        "roles" => "Your roles in this application",
        Scopes.OfflineAccess => "Reading this again while you are away, until you remove its access",
        _ => key,
    };
}
