using System.Text;
using System.Text.Json;
using Gatehouse.Accounts;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Configure;

/// <summary>Reads and saves the settings of the directory; the bind password goes in and is only taken out again for the servers it was entered for.</summary>
internal sealed class SettingsStore(Database database, Data.Settings settings, Secrets secrets, AuditLog audit, DirectoryDoor door, ServerConfiguration configuration) : ISealed
{
    private const string Name = "ldap";
    private static readonly AuditTarget Target = new("setting", "ldap", "LDAP");

    private volatile DirectorySettings? last;

    /// <summary>The settings as they were last read on this node, for whoever cannot wait; null before the first time.</summary>
    public DirectorySettings? Last => last;

    /// <summary>The stored settings; those of a fresh instance when nothing was saved.</summary>
    public async ValueTask<DirectorySettings> Get() => last = Read(await settings.Get(Name));

    /// <summary>The same inside a write, past every cache.</summary>
    public static async Task<DirectorySettings> Get(Sql sql) => Read(await sql.One<string>("select value from settings where name = @Name", new { Name }));

    /// <summary>The bind password, only for the very endpoints it was entered for.</summary>
    public Outcome<byte[]> Password(DirectorySettings of) => of.PasswordBox is null ? new BindPasswordMissing(Stored: false)
        : secrets.Reveal(of.PasswordPlace, of.PasswordBox) is { Length: > 0 } password ? password : new BindPasswordMissing(Stored: true);

    /// <summary>The variable that holds a field of the form fast; null when the page edits it.</summary>
    public string? PinOf(string field) => Variables.TryGetValue(field, out var variable) && configuration.Pins.ContainsKey(variable) ? variable : null;

    /// <summary>The settings with what the environment holds fast. Several URLs are separated by white space, several base DNs by semicolons or lines.</summary>
    public DirectorySettings Pin(DirectorySettings given)
    {
        string? Of(string field) => configuration.Pins.GetValueOrDefault(Variables[field]);
        IReadOnlyList<string>? Several(string field, params char[] separators) => Of(field)?.Split(separators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return given with
        {
            Enabled = Of("enabled") is { } enabled ? enabled == "true" : given.Enabled,
            Urls = Several("urls", ' ', ',', '\n') ?? given.Urls,
            BindDn = Of("bind_dn")?.Trim() ?? given.BindDn,
            CaPem = Of("ca")?.Replace("\r", "", StringComparison.Ordinal).Trim() ?? given.CaPem,
            UserBases = Several("user_bases", ';', '\n') ?? given.UserBases,
            UserFilter = Of("user_filter")?.Trim() ?? given.UserFilter,
            GroupBases = Several("group_bases", ';', '\n') ?? given.GroupBases,
            GroupFilter = Of("group_filter")?.Trim() ?? given.GroupFilter,
            AdminGroup = Of("admin_group")?.Trim() ?? given.AdminGroup,
        };
    }

    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["enabled"] = "LDAP_ENABLED",
        ["urls"] = "LDAP_URL",
        ["bind_dn"] = "LDAP_BIND_DN",
        ["bind_password"] = "LDAP_BIND_PASSWORD",
        ["ca"] = "LDAP_CA",
        ["user_bases"] = "LDAP_BASE_DN",
        ["user_filter"] = "LDAP_USER_FILTER",
        ["group_bases"] = "LDAP_GROUP_BASE_DN",
        ["group_filter"] = "LDAP_GROUP_FILTER",
        ["admin_group"] = "LDAP_ADMIN_GROUP",
    };

    /// <summary>Writes what LDAP_* variables say into the settings when the server starts; every reader finds it where settings are. What is wrong with them, when one cannot be used: then nothing is written.</summary>
    public async Task<IReadOnlyList<string>> ApplyPins()
    {
        if (!Variables.Keys.Any(f => PinOf(f) is not null)) return [];
        var faults = await database.Write(async sql =>
        {
            await sql.LockAll();
            var old = await Get(sql);
            var changed = Pin(old);
            string[] wrong = [.. CheckSettings.Run(changed).Where(f => PinOf(f.Field) is not null).Select(f => $"{PinOf(f.Field)} cannot be used: {f.Refusal.Evidence.TrimEnd('.')}")];
            if (wrong.Length > 0) return wrong;
            if (configuration.Pins.TryGetValue("LDAP_BIND_PASSWORD", out var typed))
            {
                var password = Encoding.UTF8.GetBytes(typed);
                if (!Password(changed).Passed(out var kept, out _) || !kept.AsSpan().SequenceEqual(password)) changed = changed with { PasswordBox = secrets.Protect(changed.PasswordPlace, password) };
            }
            if (JsonSerializer.Serialize(changed) == JsonSerializer.Serialize(old)) return wrong;
            await settings.Set(sql, Name, JsonSerializer.Serialize(changed with { Version = old.Version + 1 }));
            await audit.Write(sql, new Actor("environment", ""), "ldap.settings_saved", Target, Describe(old), Describe(changed));
            return wrong;
        });
        door.Forget();
        return faults;
    }

    /// <summary>The password a form means: the typed one, or the stored one when the form changes nothing of what that is bound to (D15).</summary>
    public Outcome<byte[]> PasswordFor(DirectorySettings form, string? typed, DirectorySettings stored)
    {
        if (PinOf("bind_password") is not null) typed = null;
        if (!string.IsNullOrEmpty(typed)) return typed[0] == '\0' ? new BindPasswordMissing(Stored: false) : Encoding.UTF8.GetBytes(typed);
        return Password(form with { PasswordBox = stored.PasswordBox });
    }

    /// <summary>Checks and stores. Null refusals mean saved.</summary>
    public async Task<IReadOnlyList<SettingFault>> Save(DirectorySettings form, string? typedPassword, Actor actor)
    {
        form = Pin(form);
        if (PinOf("bind_password") is not null) typedPassword = null;
        var faults = CheckSettings.Run(form).ToList();
        if (faults.Count > 0) return faults;
        var refused = await database.Write<Refusal?>(async sql =>
        {
            var old = await Get(sql);
            if (old.Version != form.Version) return new ChangedMeanwhile("LDAP");
            if (!PasswordFor(form, typedPassword, old).Passed(out var password, out var refusal)) return refusal;
            var box = string.IsNullOrEmpty(typedPassword) && old.PasswordBox is not null ? old.PasswordBox : secrets.Protect(form.PasswordPlace, password);
            var saved = form with { PasswordBox = box, Version = old.Version + 1, Paused = "" };
            await settings.Set(sql, Name, JsonSerializer.Serialize(saved));
            await audit.Write(sql, actor, "ldap.settings_saved", Target, Describe(old), Describe(saved) + (string.IsNullOrEmpty(typedPassword) ? "" : "; new bind password"));
            return null;
        });
        if (refused is not null) return [new(refused is BindPasswordMissing ? "bind_password" : "", refused)];
        door.Forget();
        return [];
    }

    /// <summary>Lets the background sync wait for an admin, or lets it go on with an empty reason.</summary>
    public async Task Pause(Sql sql, string because, Actor actor)
    {
        var old = await Get(sql);
        if (old.Paused == because) return;
        await settings.Set(sql, Name, JsonSerializer.Serialize(old with { Paused = because, Version = old.Version + 1 }));
        await audit.Write(sql, actor, because.Length > 0 ? "ldap.sync_paused" : "ldap.sync_resumed", Target, old.Paused, because);
    }

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        var stored = await Get(sql);
        if (stored.PasswordBox is { } sealedBox && again(stored.PasswordPlace, sealedBox) is { } box) await settings.Set(sql, Name, JsonSerializer.Serialize(stored with { PasswordBox = box }));
    }

    public Task Note(Actor actor, string action, string what) => database.Write(sql => audit.Write(sql, actor, action, Target, after: what));

    private static DirectorySettings Read(string? json) => json is null ? Presets.Apply(new(), "openldap") : JsonSerializer.Deserialize<DirectorySettings>(json)!;

    private static string Describe(DirectorySettings s) => s.Urls.Count == 0 ? "none"
        : $"{(s.Enabled ? "on" : "off")}; {string.Join(' ', s.Urls)}; {s.BindDn}; base {string.Join(" | ", s.UserBases)}; users {s.UserFilter}; groups {s.GroupFilter}; admins {s.AdminGroup}; every {s.IntervalMinutes} min; brake {s.BrakePercent} %; {(s.CaPem.Length > 0 ? "own CA" : "system's CAs")}";
}
