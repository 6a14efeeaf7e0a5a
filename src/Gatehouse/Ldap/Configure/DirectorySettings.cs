using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Configure;

/// <summary>Which attribute of an entry is which field of a user or group.</summary>
public sealed record AttributeMapping
{
    public string Id { get; init; } = "";
    public string UserName { get; init; } = "";
    public string Email { get; init; } = "";
    public string DisplayName { get; init; } = "";

    /// <summary>May be left out.</summary>
    public string GivenName { get; init; } = "";
    public string FamilyName { get; init; } = "";
    public string GroupId { get; init; } = "";
    public string GroupName { get; init; } = "";

    /// <summary>Holds DNs (member, uniqueMember) or user names (memberUid).</summary>
    public string Member { get; init; } = "";
}

/// <summary>Everything an admin says about the directory, but for the password. Stored as JSON in the settings.</summary>
public sealed record DirectorySettings
{
    public bool Enabled { get; init; }
    public string Preset { get; init; } = "openldap";

    /// <summary>In the order in which they are tried.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [];

    /// <summary>PEM of the authorities to trust instead of the system's; "" for the system's.</summary>
    public string CaPem { get; init; } = "";
    public string BindDn { get; init; } = "";
    public IReadOnlyList<string> UserBases { get; init; } = [];

    /// <summary>Empty means the bases of the users.</summary>
    public IReadOnlyList<string> GroupBases { get; init; } = [];
    public bool OneLevel { get; init; }
    public string UserFilter { get; init; } = "";

    /// <summary>"" means that groups are not read.</summary>
    public string GroupFilter { get; init; } = "";
    public AttributeMapping Mapping { get; init; } = new();

    /// <summary>DN or name of the group whose members are admins here; "" for none.</summary>
    public string AdminGroup { get; init; } = "";
    public bool NestedGroups { get; init; }

    /// <summary>Who left the directory is disabled; false: deleted, which can be undone for a week.</summary>
    public bool SoftDelete { get; init; } = true;
    public bool TrustEmail { get; init; }

    /// <summary>0 switches the background sync off.</summary>
    public int IntervalMinutes { get; init; } = 60;

    /// <summary>A sync that would switch off more than this share of the people stops and asks.</summary>
    public int BrakePercent { get; init; } = 20;
    public bool PasswordSignIn { get; init; } = true;

    /// <summary>Wrong passwords of one account that reach the directory within 15 minutes; below the directory's own limit, so that strangers cannot lock accounts there.</summary>
    public int PasswordTries { get; init; } = 4;
    public int PageSize { get; init; } = 500;

    /// <summary>Raised by each save; a form filled from an older one is refused.</summary>
    public long Version { get; init; }

    /// <summary>AES-GCM of the bind password, bound to <see cref="PasswordPlace"/>.</summary>
    public string? PasswordBox { get; init; }

    /// <summary>Why the background sync waits for an admin ("" when it runs): after an undo.</summary>
    public string Paused { get; init; } = "";

    public IReadOnlyList<DirectoryEndpoint> Endpoints => [.. Urls.Select(u => DirectoryEndpoint.Parse(u, out _)).OfType<DirectoryEndpoint>()];

    public IReadOnlyList<string> BasesOfGroups => GroupBases.Count > 0 ? GroupBases : UserBases;
    internal SearchScope Scope => OneLevel ? SearchScope.OneLevel : SearchScope.Subtree;

    /// <summary>Where the password was entered for (security.md section 5): scheme, host, port and trust of every server it may be sent to.</summary>
    public string PasswordPlace => "settings/ldap/bind_password/" + string.Join(' ', Endpoints.Select(e => e.Url).Order(StringComparer.Ordinal)) + "/"
        + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CaPem.Replace("\r", "", StringComparison.Ordinal).Trim())));

    /// <summary>The authorities of <see cref="CaPem"/>; null for the system's.</summary>
    internal X509Certificate2Collection? Authorities()
    {
        if (CaPem.Length == 0) return null;
        var all = new X509Certificate2Collection();
        all.ImportFromPem(CaPem);
        return all;
    }

    /// <summary>What must be asked of a user entry.</summary>
    internal IReadOnlyList<string> UserAttributes => Wanted(Mapping.Id, Mapping.UserName, Mapping.Email, Mapping.DisplayName, Mapping.GivenName, Mapping.FamilyName, SwitchedOff.Attributes);

    internal IReadOnlyList<string> GroupAttributes => Wanted(Mapping.GroupId, Mapping.GroupName, Mapping.Member, "", "", "", []);

    private static string[] Wanted(string a, string b, string c, string d, string e, string f, string[] more) =>
        [.. new[] { a, b, c, d, e, f }.Concat(more).Where(x => x.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase)];
}

/// <summary>What the common servers call things.</summary>
public static class Presets
{
    public sealed record Preset(string Id, string Name, string UserFilter, string GroupFilter, AttributeMapping Mapping, bool Nested, string LockoutHint);

    public static IReadOnlyList<Preset> All { get; } =
    [
        new("openldap", "OpenLDAP", "(objectClass=inetOrgPerson)", "(objectClass=groupOfNames)",
            new() { Id = "entryUUID", UserName = "uid", Email = "mail", DisplayName = "cn", GivenName = "givenName", FamilyName = "sn", GroupId = "entryUUID", GroupName = "cn", Member = "member" },
            false, "OpenLDAP: pwdMaxFailure of the password policy; without the overlay there is no limit."),
        new("activedirectory", "Active Directory", "(&(objectCategory=person)(objectClass=user)(mail=*))", "(objectClass=group)",
            new() { Id = "objectGUID", UserName = "sAMAccountName", Email = "mail", DisplayName = "displayName", GivenName = "givenName", FamilyName = "sn", GroupId = "objectGUID", GroupName = "cn", Member = "member" },
            true, "Active Directory: the account lockout threshold of the domain policy; often 5 or 10, 0 means no limit."),
        new("freeipa", "FreeIPA / 389 Directory Server", "(objectClass=inetOrgPerson)", "(objectClass=groupOfNames)",
            new() { Id = "ipaUniqueID", UserName = "uid", Email = "mail", DisplayName = "displayName", GivenName = "givenName", FamilyName = "sn", GroupId = "ipaUniqueID", GroupName = "cn", Member = "member" },
            true, "FreeIPA: Max failures of the password policy, 6 by default. Plain 389 Directory Server: use nsUniqueId as id."),
        new("lldap", "LLDAP", "(objectClass=person)", "(objectClass=groupOfUniqueNames)",
            new() { Id = "entryUUID", UserName = "uid", Email = "mail", DisplayName = "cn", GivenName = "givenName", FamilyName = "sn", GroupId = "entryUUID", GroupName = "cn", Member = "uniqueMember" },
            false, "LLDAP has no limit of its own."),
    ];

    public static Preset Of(string id) => All.FirstOrDefault(p => p.Id == id) ?? All[0];

    /// <summary>The settings with filters and mapping of a preset.</summary>
    public static DirectorySettings Apply(DirectorySettings settings, string id)
    {
        var preset = Of(id);
        return settings with { Preset = preset.Id, UserFilter = preset.UserFilter, GroupFilter = preset.GroupFilter, Mapping = preset.Mapping, NestedGroups = preset.Nested };
    }
}
