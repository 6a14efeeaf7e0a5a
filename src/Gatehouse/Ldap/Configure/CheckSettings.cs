using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Configure;

/// <summary>One thing wrong with one field of the form.</summary>
public sealed record SettingFault(string Field, Refusal Refusal);

/// <summary>Judges the form without asking the directory; every fault at once.</summary>
internal static class CheckSettings
{
    public static IReadOnlyList<SettingFault> Run(DirectorySettings settings)
    {
        var faults = new List<SettingFault>();
        void No(string field, string value, string why) => faults.Add(new(field, new DirectorySettingInvalid(field, value, why)));

        if (settings.Urls.Count == 0) No("urls", "", "at least one server is needed, such as ldaps://dc1.corp.example");
        if (settings.Urls.Count > 8) No("urls", "", "eight servers are the most");
        foreach (var url in settings.Urls)
            if (DirectoryEndpoint.Parse(url, out var why) is null) No("urls", url, why);
        if (settings.Endpoints.Select(e => e.Url).Distinct(StringComparer.Ordinal).Count() != settings.Endpoints.Count) No("urls", "", "the same server stands there twice");
        if (CaFault(settings.CaPem) is { } ca) No("ca", "", ca);
        if (settings.BindDn.Length is 0 or > 500) No("bind_dn", settings.BindDn, "the account that Gatehouse reads with is needed");
        else if (!DistinguishedName.IsOne(settings.BindDn) && !(settings.BindDn.Contains('@', StringComparison.Ordinal) || settings.BindDn.Contains('\\', StringComparison.Ordinal)) || settings.BindDn.Any(char.IsControl))
            No("bind_dn", settings.BindDn, "it is no distinguished name, such as cn=reader,ou=services,dc=corp,dc=example");
        if (settings.UserBases.Count is 0 or > 10) No("user_bases", "", "one to ten base DNs are needed");
        foreach (var dn in settings.UserBases)
            if (!DistinguishedName.IsOne(dn)) No("user_bases", dn, "it is no distinguished name, such as ou=people,dc=corp,dc=example");
        if (settings.GroupBases.Count > 10) No("group_bases", "", "ten base DNs are the most");
        foreach (var dn in settings.GroupBases)
            if (!DistinguishedName.IsOne(dn)) No("group_bases", dn, "it is no distinguished name, such as ou=groups,dc=corp,dc=example");
        if (FilterText.Parse(settings.UserFilter, out var fault) is null) faults.Add(new("user_filter", FilterInvalid.Of("user_filter", settings.UserFilter, fault!)));
        if (settings.GroupFilter.Length > 0 && FilterText.Parse(settings.GroupFilter, out fault) is null) faults.Add(new("group_filter", FilterInvalid.Of("group_filter", settings.GroupFilter, fault!)));
        var m = settings.Mapping;
        foreach (var (field, name, needed) in new[]
        {
            ("map_id", m.Id, true), ("map_user_name", m.UserName, true), ("map_email", m.Email, true), ("map_display_name", m.DisplayName, true), ("map_given_name", m.GivenName, false),
            ("map_family_name", m.FamilyName, false), ("map_group_id", m.GroupId, settings.GroupFilter.Length > 0), ("map_group_name", m.GroupName, settings.GroupFilter.Length > 0), ("map_member", m.Member, settings.GroupFilter.Length > 0),
        })
        {
            if (name.Length == 0 && needed) No(field, "", "this attribute is needed");
            else if (name.Length > 64 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')) || name.Length > 0 && !char.IsAsciiLetterOrDigit(name[0])) No(field, name, "no attribute is called so");
        }
        if (settings.AdminGroup.Length > 500) No("admin_group", settings.AdminGroup, "it is too long");
        if (settings.AdminGroup.Length > 0 && settings.GroupFilter.Length == 0) No("admin_group", settings.AdminGroup, "groups are not read while the group filter is empty");
        if (settings.IntervalMinutes is not 0 and (< 5 or > 10_080)) No("interval", $"{settings.IntervalMinutes}", "0 for never, or 5 to 10080 minutes");
        if (settings.BrakePercent is < 1 or > 100) No("brake", $"{settings.BrakePercent}", "1 to 100 per cent");
        if (settings.PasswordTries is < 1 or > 20) No("password_tries", $"{settings.PasswordTries}", "1 to 20 tries");
        if (settings.PageSize is < 10 or > 5000) No("page_size", $"{settings.PageSize}", "10 to 5000 entries");
        return faults;
    }

    private static string? CaFault(string pem)
    {
        if (pem.Length == 0) return null;
        if (pem.Length > 60_000) return "it is longer than 60,000 characters";
        if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal)) return "it holds a private key: only certificates belong here, and that key should be replaced";
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return all.Count == 0 ? "no certificate was found: it begins with -----BEGIN CERTIFICATE-----" : null;
        }
        catch (CryptographicException)
        {
            return "a certificate in it cannot be read";
        }
    }
}
