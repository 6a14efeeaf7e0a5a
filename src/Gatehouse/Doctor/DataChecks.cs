using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Doctor;

/// <summary>Database, files, keys, set-up and admins: what the instance is made of.</summary>
internal static class DataChecks
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public static IEnumerable<IDoctorCheck> All(ServerConfiguration configuration, Instance instance, SigningKeys keys, TimeProvider clock) =>
    [
        new Check("data.database", id => Healthy(id, instance.Database)),
        new Check("data.schema", id => Schema(id, instance.Database)),
        new Check("data.permissions", id => Task.FromResult(Permissions(id, configuration))),
        new Check("data.disk", id => Task.FromResult(Disk(id, configuration))),
        new Check("keys.encryption", id => EncryptionKey(id, configuration, instance, clock)),
        new Check("keys.signing", id => Signing(id, instance.Database, keys)),
        new Check("setup.closed", id => Setup(id, configuration, instance.Database)),
        new Check("admins.passkeys", id => Admins(id, instance.Database)),
    ];

    private static async Task<Finding> Healthy(string id, Database database)
    {
        if (database.IsPostgres)
        {
            foreach (var setting in new[] { "fsync", "full_page_writes", "synchronous_commit" })
            {
                var value = await database.Read(sql => sql.One<string>("select current_setting(@setting)", new { setting }));
                if (value is "off") return Finding.Fail(id, new DatabaseNotDurable(setting, value));
            }
            return Finding.Pass(id, $"PostgreSQL {await database.Read(sql => sql.One<string>("select current_setting('server_version')"))} answers and keeps what it acknowledges.");
        }
        if (database.Broken is { } broken) return Finding.Fail(id, new StorageFailed("gatehouse.db", broken));
        var said = await database.Read(sql => sql.List<string>("pragma quick_check(5)"));
        return said is ["ok"] ? Finding.Pass(id, $"SQLite {Instance.SqliteVersion}: the database is sound.") : Finding.Fail(id, new DatabaseDamaged(string.Join("; ", said)));
    }

    // Opening the instance has already refused a schema that is older or newer.
    private static async Task<Finding> Schema(string id, Database database) =>
        Finding.Pass(id, $"The schema is at {await database.Read(sql => sql.One<long>("select max(number) from schema_migrations"))}, the newest this version knows.");

    private static Finding Permissions(string id, ServerConfiguration configuration)
    {
        var sqlite = Instance.SqliteFile(configuration);
        var open = new[] { configuration.DataFolder, configuration.KeyFile, sqlite, sqlite + "-wal", sqlite + "-shm" }
            .Where(f => File.Exists(f) || Directory.Exists(f))
            .Select(f => (File: f, Mode: File.GetUnixFileMode(f)))
            .Where(f => (f.Mode & Others) != 0)
            .ToArray();
        if (open.Length == 0) return Finding.Pass(id, "Only the owner can read the data folder, the database and the key.");
        var refusal = new FilesOpenToOthers([.. open.Select(f => $"{f.File} (0{Convert.ToString((int)f.Mode, 8)})")]);
        return open.Any(f => f.File != configuration.DataFolder) ? Finding.Fail(id, refusal) : Finding.Warn(id, refusal);
    }

    private static Finding Disk(string id, ServerConfiguration configuration)
    {
        var free = new DriveInfo(configuration.DataFolder).AvailableFreeSpace / 1_000_000;
        var refusal = new DiskNearlyFull(free, configuration.DataFolder);
        return free < 100 ? Finding.Fail(id, refusal) : free < 500 ? Finding.Warn(id, refusal) : Finding.Pass(id, "There is room on the disk of the data folder.");
    }

    private static async Task<Finding> EncryptionKey(string id, ServerConfiguration configuration, Instance instance, TimeProvider clock)
    {
        if (configuration.EncryptionKey is not null) return Finding.Pass(id, "The encryption key comes from ENCRYPTION_KEY.");
        var born = await instance.Database.Read(sql => sql.One<long>("select created_at from instance"));
        var days = (int)((clock.Now() - born) / 86_400_000);
        var inside = Path.GetDirectoryName(configuration.KeyFile) is { } folder && (folder + "/").StartsWith(configuration.DataFolder + "/", StringComparison.Ordinal);
        if (inside && days >= 7) return Finding.Fail(id, new KeyBesideData(configuration.KeyFile, days));
        return Finding.Pass(id, inside ? "The encryption key lies in the data folder; move it out within the first week (KEY_FILE)." : "The encryption key lies apart from the data.");
    }

    private static async Task<Finding> Signing(string id, Database database, SigningKeys keys)
    {
        var active = await database.Read(sql => sql.List<string>("select distinct algorithm from signing_keys where retired_at is null and revoked_at is null order by algorithm"));
        if (active.Count == 0) return Finding.Pass(id, "No signing key yet; one is made when the first is needed.");
        try
        {
            await keys.Ring();
            return Finding.Pass(id, $"Ready to sign with {string.Join(", ", active)}.");
        }
        catch (InvalidOperationException e)
        {
            return Finding.Fail(id, new SigningKeyUnusable(e.Message));
        }
    }

    private static async Task<Finding> Setup(string id, ServerConfiguration configuration, Database database)
    {
        var closed = await database.Read(sql => sql.One<long?>("select setup_closed_at from instance"));
        return closed is null ? Finding.Warn(id, new SetupStillOpen(configuration.Origin)) : Finding.Pass(id, "Set-up is closed.");
    }

    private static async Task<Finding> Admins(string id, Database database)
    {
        var (closed, admins) = await database.Read(async sql => (
            await sql.One<long?>("select setup_closed_at from instance") is not null,
            await sql.List<AdminRow>("""
                select u.email as "Email", count(p.id) as "Passkeys", coalesce(sum(case when p.backed_up = @yes then 1 else 0 end), 0) as "BackedUp"
                from users u left join passkeys p on p.user_id = u.id and p.removed_at is null
                where u.role = @admin and u.disabled_at is null and u.deleted_at is null
                group by u.id, u.email order by u.email
                """, new { yes = true, admin = Role.Admin })));
        if (admins.Count == 0) return closed ? Finding.Fail(id, new NoAdmin()) : Finding.Pass(id, "There is no admin yet: see setup.closed.");
        if (admins.Where(a => a.Passkeys == 0).ToArray() is { Length: > 0 } none) return Finding.Warn(id, new AdminsWithoutPasskey([.. none.Select(a => a.Email)]));
        if (admins.Where(a => a is { Passkeys: 1, BackedUp: 0 }).ToArray() is { Length: > 0 } one) return Finding.Warn(id, new AdminsWithOneDevice([.. one.Select(a => a.Email)]));
        return Finding.Pass(id, "Every admin can lose a device and still sign in.");
    }

    private sealed record AdminRow
    {
        public string Email { get; init; } = "";
        public long Passkeys { get; init; }
        public long BackedUp { get; init; }
    }
}
