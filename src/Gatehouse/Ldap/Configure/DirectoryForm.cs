using System.Globalization;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Gatehouse.Web.Parts;

namespace Gatehouse.Ldap.Configure;

/// <summary>The form of the settings page, read into settings; judging is <see cref="CheckSettings"/>'s.</summary>
internal static class DirectoryForm
{
    public static DirectorySettings Read(StrictParameters form) => new()
    {
        Enabled = form.Has("enabled"),
        Preset = Presets.Of(form["preset"] ?? "").Id,
        Urls = Lines(form["urls"]),
        CaPem = (form["ca"] ?? "").Replace("\r", "", StringComparison.Ordinal).Trim(),
        BindDn = (form["bind_dn"] ?? "").Trim(),
        UserBases = Lines(form["user_bases"]),
        GroupBases = Lines(form["group_bases"]),
        OneLevel = form["scope"] == "one",
        UserFilter = Flat(form["user_filter"]),
        GroupFilter = Flat(form["group_filter"]),
        Mapping = new()
        {
            Id = Word(form, "map_id"),
            UserName = Word(form, "map_user_name"),
            Email = Word(form, "map_email"),
            DisplayName = Word(form, "map_display_name"),
            GivenName = Word(form, "map_given_name"),
            FamilyName = Word(form, "map_family_name"),
            GroupId = Word(form, "map_group_id"),
            GroupName = Word(form, "map_group_name"),
            Member = Word(form, "map_member"),
        },
        AdminGroup = (form["admin_group"] ?? "").Trim(),
        NestedGroups = form.Has("nested"),
        SoftDelete = form["gone"] != "delete",
        TrustEmail = form.Has("trust_email"),
        IntervalMinutes = Number(form, "interval"),
        BrakePercent = Number(form, "brake"),
        PasswordSignIn = form.Has("password_sign_in"),
        PasswordTries = Number(form, "password_tries"),
        PageSize = Number(form, "page_size"),
        Version = long.TryParse(form["version"], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0,
    };

    /// <summary>The faults as the page shows them beside the fields.</summary>
    public static IReadOnlyList<FieldError> Errors(IReadOnlyList<SettingFault> faults, Texts texts) =>
        [.. faults.Select(f => new FieldError(f.Field, $"{texts[f.Refusal.Facts.Public]} {f.Refusal.Evidence}"))];

    private static IReadOnlyList<string> Lines(string? text) => [.. (text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(20)];

    private static string Flat(string? text) => (text ?? "").Replace("\r", "", StringComparison.Ordinal).Trim();

    private static string Word(StrictParameters form, string name) => (form[name] ?? "").Trim();

    private static int Number(StrictParameters form, string name) => int.TryParse(form[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
