using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Data;

/// <summary>A database whose schema this version does not know.</summary>
public sealed class SchemaTooNewException(long found, long known)
    : Exception($"the database has schema {found}, this version knows up to {known}; start the newer version again or restore the backup made before the upgrade");

/// <summary>Numbered SQL files, embedded, each applied once in its own transaction.</summary>
internal static class Migrate
{
    private static readonly IReadOnlyList<(long Number, string Name, string Text)> Files =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(n => n.StartsWith("migrations/", StringComparison.Ordinal))
            .Select(n => n["migrations/".Length..])
            .Select(n => (long.Parse(n[..4], CultureInfo.InvariantCulture), n, ReadText("migrations/" + n)))
            .OrderBy(f => f.Item1),
    ];

    /// <summary>The newest schema this version knows.</summary>
    public static long Newest => Files[^1].Number;

    /// <summary>The schema of the database, 0 when it is empty.</summary>
    public static async Task<long> Current(Database database) => await database.Read(async sql =>
    {
        var exists = sql.IsPostgres
            ? await sql.One<long>("select count(*) from information_schema.tables where table_schema = current_schema() and table_name = 'schema_migrations'")
            : await sql.One<long>("select count(*) from sqlite_master where type = 'table' and name = 'schema_migrations'");
        return exists == 0 ? 0 : await sql.One<long>("select coalesce(max(number), 0) from schema_migrations");
    });

    /// <summary>Brings the schema up to date; on SQLite an existing database is copied aside first.</summary>
    public static async Task Up(Database database, string? sqliteFile, TimeProvider clock)
    {
        var current = await Current(database);
        if (current > Newest) throw new SchemaTooNewException(current, Newest);
        var missing = await Missing(database, current);
        if (missing.Length == 0) return;
        if (current > 0 && sqliteFile is not null) Backup(sqliteFile, current);
        foreach (var (number, name, text) in missing)
        {
            await database.Write(async sql =>
            {
                await sql.LockAll();
                await sql.Run("create table if not exists schema_migrations (number bigint primary key, name text not null, applied_at bigint not null)");
                // A second node may have been faster while this one waited for the lock.
                if (await sql.One<long>("select count(*) from schema_migrations where number = @number", new { number }) > 0) return;
                foreach (var statement in Statements(text)) await sql.Run(statement);
                await sql.Run("insert into schema_migrations (number, name, applied_at) values (@number, @name, @now)", new { number, name, now = clock.GetUtcNow().ToUnixTimeMilliseconds() });
            });
        }
    }

    private static async Task<(long Number, string Name, string Text)[]> Missing(Database database, long current)
    {
        var applied = current == 0 ? [] : await database.Read(sql => sql.List<long>("select number from schema_migrations"));
        return [.. Files.Where(f => !applied.Contains(f.Number))];
    }

    /// <summary>True when the database lacks nothing that this version needs.</summary>
    public static async Task<bool> IsUpToDate(Database database) => (await Missing(database, await Current(database))).Length == 0;

    private static void Backup(string file, long schema)
    {
        var copy = $"{file}.before-{schema.ToString(CultureInfo.InvariantCulture)}";
        if (File.Exists(copy)) return;
        // Another process may upgrade at the same moment. Whoever is first to name its copy has made it before any step: nobody takes one without a copy standing there.
        var part = $"{copy}.{Secrets.NewToken()}.part";
        using var source = new SqliteConnection($"Data Source={file};Pooling=False");
        source.Open();
        using var command = source.CreateCommand();
        command.CommandText = "vacuum into @copy";
        command.Parameters.AddWithValue("@copy", part);
        try
        {
            command.ExecuteNonQuery();
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(part, copy, overwrite: false);
        }
        catch (IOException) when (File.Exists(copy))
        {
            // The other one was first.
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static IEnumerable<string> Statements(string text) =>
        string.Join('\n', text.Split('\n').Where(l => !l.TrimStart().StartsWith("--", StringComparison.Ordinal)))
            .Split(';').Select(s => s.Trim()).Where(s => s.Length > 0);

    private static string ReadText(string name)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
