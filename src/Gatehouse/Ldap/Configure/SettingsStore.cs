using System.Text;
using System.Text.Json;
using Gatehouse.Accounts;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Configure;

/// <summary>Reads and saves the settings of the directory; the bind password goes in and is only taken out again for the servers it was entered for.</summary>
internal sealed class SettingsStore(Database database, Data.Settings settings, Secrets secrets, AuditLog audit, DirectoryDoor door) : ISealed
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

    /// <summary>The password a form means: the typed one, or the stored one when the form changes nothing of what that is bound to (D15).</summary>
    public Outcome<byte[]> PasswordFor(DirectorySettings form, string? typed, DirectorySettings stored)
    {
        if (!string.IsNullOrEmpty(typed)) return typed[0] == '\0' ? new BindPasswordMissing(Stored: false) : Encoding.UTF8.GetBytes(typed);
        return Password(form with { PasswordBox = stored.PasswordBox });
    }

    /// <summary>Checks and stores. Null refusals mean saved.</summary>
    public async Task<IReadOnlyList<SettingFault>> Save(DirectorySettings form, string? typedPassword, Actor actor)
    {
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
