using System.Runtime.InteropServices;
using SQLitePCL;

namespace Gatehouse.Data;

/// <summary>Uses the operating system's maintained SQLite instead of a bundled one.</summary>
internal static class SqliteLibrary
{
    private static readonly Lazy<string?> Loaded = new(Load);

    /// <summary>Null when SQLite is there and new enough (3.37), else what is missing.</summary>
    public static string? Fault => Loaded.Value;

    /// <summary>Of the library that is loaded; only where there is no <see cref="Fault"/>.</summary>
    public static string Version => raw.sqlite3_libversion().utf8_to_string();

    private static string? Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, assembly, path) =>
            name == "e_sqlite3" && NativeLibrary.TryLoad("libsqlite3.so.0", assembly, path, out var handle) ? handle : IntPtr.Zero);
        try
        {
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
            var version = raw.sqlite3_libversion().utf8_to_string();
            return System.Version.Parse(version) >= new System.Version(3, 37) ? null : $"SQLite {version} is older than 3.37";
        }
        catch (DllNotFoundException)
        {
            return "libsqlite3.so.0 is not installed";
        }
    }
}
