using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Ldap.Configure;

namespace Gatehouse.Ldap.Linking;

/// <summary>What the directory rules of a profile.</summary>
internal sealed class DirectoryFields(SettingsStore store) : ILockedFields
{
    public const string Source = "ldap";

    public async ValueTask<LockedFields?> Of(User user)
    {
        if (user.Source != Source) return null;
        var mapping = (await store.Get()).Mapping;
        var fields = new HashSet<string>(StringComparer.Ordinal) { "user_name", "email", "display_name" };
        if (mapping.GivenName.Length > 0) fields.Add("given_name");
        if (mapping.FamilyName.Length > 0) fields.Add("family_name");
        return new(fields, "This comes from your organisation's directory and is changed there.");
    }
}
