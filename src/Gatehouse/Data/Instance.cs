using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Data;

/// <summary>The server must not start as things are; the message names the cause and the way back.</summary>
public sealed class CannotOpenException(string fault, string cure) : Exception($"{fault}. {cure}")
{
    public string Fault { get; } = fault;
    public string Cure { get; } = cure;
}

/// <summary>
/// One instance: database, key and <c>instance.id</c> that carry the same id. Only serving creates one, and only where nothing of an instance is.
/// </summary>
public sealed class Instance : IAsyncDisposable
{
    private const string Older = "The database is older than this version";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private Instance(string id, Database database, Secrets secrets, bool isNew) => (Id, Database, Secrets, IsNew) = (id, database, secrets, isNew);

    public string Id { get; }
    public Database Database { get; }
    public Secrets Secrets { get; }

    /// <summary>True when this start made it.</summary>
    public bool IsNew { get; }

    public static string SqliteFile(ServerConfiguration configuration) => Path.Combine(configuration.DataFolder, "gatehouse.db");

    /// <summary>Null when the machine's SQLite is there and new enough, else what is wrong with it.</summary>
    public static string? SqliteFault => SqliteLibrary.Fault;

    /// <summary>The version of that library.</summary>
    public static string SqliteVersion => SqliteLibrary.Version;

    /// <summary>Why an instance that is there could not be opened; null when nothing stands in the way or there is none. Changes nothing.</summary>
    public static async Task<string?> Obstacle(ServerConfiguration configuration, TimeProvider clock)
    {
        if (!File.Exists(Path.Combine(configuration.DataFolder, "instance.id"))) return null;
        try
        {
            await using var instance = await Open(configuration, create: false, clock);
            return null;
        }
        catch (CannotOpenException e)
        {
            return e.Fault == Older ? null : $"{e.Fault}. {e.Cure}.";
        }
    }

    /// <summary>Opens the instance, creating it when <paramref name="create"/> and nothing is there. Throws <see cref="CannotOpenException"/>.</summary>
    public static async Task<Instance> Open(ServerConfiguration configuration, bool create, TimeProvider clock)
    {
        var folder = configuration.DataFolder;
        var idFile = Path.Combine(folder, "instance.id");
        var sqlite = configuration.PostgresUrl is null ? SqliteFile(configuration) : null;
        if (create) MakeFolder(folder);
        else if (!Directory.Exists(folder)) throw new CannotOpenException($"There is no data folder {folder}", "Start the server once, or set DATA_DIR to the folder that the server uses");

        var storedId = ReadText(idFile);
        var key = configuration.EncryptionKey ?? ReadKey(configuration.KeyFile);
        var databaseThere = sqlite is null || File.Exists(sqlite);
        if (sqlite is not null && !databaseThere && (storedId is not null || key is not null && configuration.EncryptionKey is null))
            throw new CannotOpenException($"The data folder {folder} belongs to an instance, but its database {Path.GetFileName(sqlite)} is missing",
                "Put the database back (from the backup), or move the other files away to begin a new instance");
        if (sqlite is not null && !databaseThere && !create)
            throw new CannotOpenException($"There is no instance in {folder}", "Start the server once, or set DATA_DIR to the folder that the server uses");

        var database = OpenDatabase(configuration, sqlite);
        try
        {
            var schema = await ReadSchema(database, sqlite);
            if (schema == 0 && !create) throw new CannotOpenException("The database is empty", "Start the server once; console commands create nothing");
            if (schema == 0 && storedId is not null)
                throw sqlite is null
                    ? new CannotOpenException("This data folder belongs to an instance, but the database that DB_CONNECTION_STRING names is empty", "Point DB_CONNECTION_STRING at the instance's database, or use a new DATA_DIR")
                    : new CannotOpenException($"The data folder {folder} belongs to instance {storedId}, but its database {Path.GetFileName(sqlite)} is empty", "Put the database back (from the backup), or move the other files away to begin a new instance");
            if (schema > 0 && schema <= Migrate.Newest && !create && !await Migrate.IsUpToDate(database)) throw new CannotOpenException(Older, "Start the server once, it upgrades the database");
            try
            {
                await Migrate.Up(database, sqlite, clock);
            }
            catch (SchemaTooNewException e)
            {
                throw new CannotOpenException(e.Message, "Nothing was changed");
            }
            var row = await database.Read(ReadRow);
            if (row is null && (storedId is not null || !create))
                throw new CannotOpenException(storedId is null ? "The database holds no instance" : $"The data folder belongs to instance {storedId}, but the database holds none",
                    storedId is null ? "Start the server once; console commands create nothing" : "Put the instance's own database back (from the backup)");
            return row is null
                ? await Create(configuration, database, key, idFile, clock)
                : await Join(configuration, database, row, key, storedId, idFile, create);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private static async Task<Instance> Create(ServerConfiguration configuration, Database database, byte[]? key, string idFile, TimeProvider clock)
    {
        var id = clock.NewId();
        var other = await database.Write(async sql =>
        {
            // Another node may begin the same instance at this moment: one row, whoever comes first.
            await sql.LockAll();
            if (await ReadRow(sql) is { } row) return row;
            // Files first: a crash in between leaves a database without an instance row, and the next start begins again with the same key.
            if (key is null)
            {
                key = RandomNumberGenerator.GetBytes(32);
                WriteOwnerOnly(configuration.KeyFile, Convert.ToBase64String(key) + "\n");
            }
            await sql.Run("insert into instance (id, key_check, epoch, created_at) values (@id, @check, 1, @now)", new { id, check = new Secrets(key).KeyCheck, now = clock.Now() });
            return null;
        });
        if (other is not null) return await Join(configuration, database, other, key ?? ReadKey(configuration.KeyFile), null, idFile, create: true);
        WriteOwnerOnly(idFile, id + "\n");
        Tighten(configuration);
        return new(id, database, Unlock(configuration, key!, []), isNew: true);
    }

    private static Task<InstanceRow?> ReadRow(Sql sql) => sql.One<InstanceRow>("""select id as "Id", key_check as "KeyCheck" from instance""");

    private static async Task<Instance> Join(ServerConfiguration configuration, Database database, InstanceRow row, byte[]? key, string? storedId, string idFile, bool create)
    {
        var faults = new List<(string Fault, string Cure)>();
        var older = key is null ? null : await database.Read(sql => KeyRotation.Older(sql, key));
        var secrets = key is null ? null : Unlock(configuration, key, older ?? []);
        if (secrets is null)
            faults.Add(($"The database holds instance {row.Id}, but its encryption key is not at {configuration.KeyFile}",
                "Put the key file back, or set ENCRYPTION_KEY or KEY_FILE to this instance's key. Without it nothing encrypted can be read"));
        // A new key whose change was interrupted knows the one that is still in force.
        else if (!Is(secrets.KeyCheck, row.KeyCheck) && !secrets.Roots.Any(r => Is(new Secrets(r).KeyCheck, row.KeyCheck)))
            faults.Add(($"The encryption key ({(configuration.EncryptionKey is null ? configuration.KeyFile : "ENCRYPTION_KEY")}) is not the one of instance {row.Id}",
                "Use the key that belongs to this database: if it was changed (gatehouse encryption-key rotate) the new one, with a backup the one of its time"));
        if (storedId is not null && storedId != row.Id)
            faults.Add(($"The data folder belongs to instance {storedId}, the database to {row.Id}", "Check DATA_DIR and DB_CONNECTION_STRING: one of them points elsewhere"));
        if (faults.Count > 0) throw new CannotOpenException(string.Join(". ", faults.Select(f => f.Fault)), string.Join(". ", faults.Select(f => f.Cure)));
        if (create)
        {
            await ProveWritable(database, configuration);
            if (storedId is null) WriteOwnerOnly(idFile, row.Id + "\n");
        }
        Tighten(configuration);
        return new(row.Id, database, secrets!, isNew: false);
    }

    private static Secrets Unlock(ServerConfiguration configuration, byte[] key, IReadOnlyList<byte[]> older) =>
        new(key, older, configuration.EncryptionKey is null ? () => Reread(configuration.KeyFile) : null);

    private static bool Is(string check, string stored) => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(check), Encoding.ASCII.GetBytes(stored));

    /// <summary>The key file as it is now; null while it cannot be read.</summary>
    private static byte[]? Reread(string file)
    {
        try
        {
            return ReadKey(file);
        }
        catch (CannotOpenException)
        {
            return null;
        }
    }

    /// <summary>Puts a new root key into the key file, durably and in one step; the one before lies beside it, readable by the owner only.</summary>
    /// <returns>Where the one before lies now.</returns>
    internal static string ReplaceKeyFile(ServerConfiguration configuration, byte[] root, TimeProvider clock)
    {
        var before = $"{configuration.KeyFile}.before-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}";
        WriteOwnerOnly(before, File.ReadAllText(configuration.KeyFile));
        WriteOwnerOnly(configuration.KeyFile, Convert.ToBase64String(root) + "\n");
        return before;
    }

    /// <summary>A server that can read but not write would start and then fail everybody.</summary>
    private static async Task ProveWritable(Database database, ServerConfiguration configuration)
    {
        try
        {
            await database.Write(sql => sql.Run("update instance set epoch = epoch"));
        }
        catch (Exception e) when (e is System.Data.Common.DbException or DatabaseBusyException)
        {
            throw new CannotOpenException($"The database {(configuration.PostgresUrl is null ? SqliteFile(configuration) : "of DB_CONNECTION_STRING")} cannot be written: {e.Message}",
                configuration.PostgresUrl is null ? "Give this user the right to write the file and its folder; when another process holds it, end that process" : "Give the database user the right to write");
        }
    }

    private static Database OpenDatabase(ServerConfiguration configuration, string? sqlite)
    {
        try
        {
            return sqlite is null ? Database.OpenPostgres(configuration.PostgresUrl!) : Database.OpenSqlite(sqlite);
        }
        catch (InvalidOperationException e)
        {
            throw new CannotOpenException($"SQLite cannot be used: {e.Message}", "Install it with: apt-get install libsqlite3-0");
        }
        catch (ArgumentException e)
        {
            throw new CannotOpenException($"DB_CONNECTION_STRING has an option that is not known: {e.Message}", "Correct or remove the part behind the question mark");
        }
    }

    private static async Task<long> ReadSchema(Database database, string? sqlite)
    {
        try
        {
            return await Migrate.Current(database);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or DatabaseBusyException or System.Net.Sockets.SocketException or TimeoutException)
        {
            throw new CannotOpenException(sqlite is null ? $"PostgreSQL cannot be used: {e.Message}" : $"The database {sqlite} cannot be read: {e.Message}",
                sqlite is null ? "Check that it runs, and the host, user, password and database in DB_CONNECTION_STRING" : "Check that this user may read and write it, and that it is the file of this instance");
        }
    }

    private static void MakeFolder(string folder)
    {
        try
        {
            if (!Directory.Exists(folder))
                Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            var probe = Path.Combine(folder, $".write-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CannotOpenException($"The data folder {folder} cannot be written ({e.Message})", "Give this user the right to write there, or set DATA_DIR to another folder");
        }
    }

    private static byte[]? ReadKey(string file)
    {
        if (ReadText(file) is not { } text) return null;
        var buffer = new byte[33];
        return Convert.TryFromBase64String(text, buffer, out var n) && n == 32 ? buffer[..32]
            : throw new CannotOpenException($"The key file {file} does not hold a key of 32 bytes in base64", "Put the right file back");
    }

    private static string? ReadText(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CannotOpenException($"{file} cannot be read ({e.Message})", "Give this user the right to read it");
        }
    }

    private static void WriteOwnerOnly(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // A name of its own: two nodes may start on one folder.
        var temporary = $"{file}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.new";
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: true);
    }

    /// <summary>Nobody but the owner reads the database and the key, however they came to lie there.</summary>
    private static void Tighten(ServerConfiguration configuration)
    {
        var sqlite = SqliteFile(configuration);
        string[] database = configuration.PostgresUrl is null ? [sqlite, sqlite + "-wal", sqlite + "-shm"] : [];
        string[] key = configuration.EncryptionKey is null ? [configuration.KeyFile] : [];
        foreach (var file in database.Concat(key).Where(File.Exists))
        {
            var mode = File.GetUnixFileMode(file);
            if ((mode & ~OwnerOnly) == 0) continue;
            try
            {
                // A key that is mounted read-only stays as it is as long as only its owner and group read it.
                if (file == configuration.KeyFile && (mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite)) == 0) continue;
                File.SetUnixFileMode(file, mode & OwnerOnly);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CannotOpenException($"{file} can be read by other users of this machine, and this user may not change that", $"Run: chmod 600 {file}");
            }
        }
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();

    private sealed record InstanceRow
    {
        public string Id { get; init; } = "";
        public string KeyCheck { get; init; } = "";
    }
}
