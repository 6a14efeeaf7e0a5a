using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Data;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Configuration;

/// <summary>What is set up wrongly stops at start, with every cause and its cure at once and exit code 2.</summary>
public class StartTests(PostgresCluster postgres)
{
    private static async Task<string> Refused(params (string Name, string Value)[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-start-").FullName;
        try
        {
            var environment = new Dictionary<string, string> { ["DATA_DIR"] = Path.Combine(folder, "data"), ["PORT"] = "1" };
            foreach (var (name, value) in settings) environment[name] = value;
            var told = await Refused(environment);
            Assert.False(Directory.Exists(Path.Combine(folder, "data")), "a start that is refused must create nothing");
            return told;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> Refused(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(2, await Commands.Run(arguments, environment, output, error));
        Assert.Equal("", output.ToString());
        Assert.DoesNotContain("   at ", error.ToString(), StringComparison.Ordinal);
        return error.ToString();
    }

    [Theory]
    [InlineData("id.example.com")]
    [InlineData("ftp://id.example.com")]
    [InlineData("https://")]
    [InlineData("https://id.example.com/auth")]
    [InlineData("https://id.example.com/?x=1")]
    [InlineData("https://id.example.com/#x")]
    [InlineData("https://user@id.example.com")]
    [InlineData("https://id.example.com\\evil")]
    [InlineData("https://b\u00fccher.example")]
    [InlineData("https://id.example.com ")]
    [InlineData("//id.example.com")]
    [InlineData("/id")]
    public async Task A_bad_APP_URL_is_refused(string url) => Assert.Contains("APP_URL", await Refused(("APP_URL", url)), StringComparison.Ordinal);

    [Theory]
    [InlineData("http://id.example.com")]
    [InlineData("http://192.0.2.7:8080")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("https://192.0.2.7")]
    [InlineData("https://[2001:db8::1]")]
    public async Task K17_plain_http_or_an_IP_address_is_refused_and_the_way_out_named(string url)
    {
        var told = await Refused(("APP_URL", url));
        Assert.Contains("passkeys", told, StringComparison.Ordinal);
        Assert.Contains("ALLOW_INSECURE_HTTP=true", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task K17_plain_http_that_is_allowed_starts_under_a_boxed_warning()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        var taken = LoopbackPort.Free();
        using var holder = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, taken);
        holder.Start();
        stores.Environment["PORT"] = taken.ToString(System.Globalization.CultureInfo.InvariantCulture);
        stores.Environment["HOST"] = "127.0.0.1";
        stores.Environment["APP_URL"] = "http://id.example.com";
        stores.Environment["ALLOW_INSECURE_HTTP"] = "true";
        var told = await Refused(stores.Environment);
        Assert.Contains("| WARNING: APP_URL is http://id.example.com, plain http.", told, StringComparison.Ordinal);
        Assert.Contains($"Port {taken} is taken", told, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(stores.Folder));
        holder.Stop();
        stores.Environment["HOST"] = "192.0.2.1";
        Assert.Contains("192.0.2.1 is no address of this machine", await Refused(stores.Environment), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PORT", "http")]
    [InlineData("PORT", "0")]
    [InlineData("PORT", "65536")]
    [InlineData("HOST", "id.example.com")]
    [InlineData("HOST", "127.1")]
    [InlineData("HOST", "0.0.0.0")]
    [InlineData("LOG_LEVEL", "loud")]
    [InlineData("LOG_FORMAT", "xml")]
    [InlineData("ALLOW_INSECURE_HTTP", "maybe")]
    [InlineData("DB_CONNECTION_STRING", "Host=localhost;Database=x")]
    [InlineData("DB_CONNECTION_STRING", "postgres://u:p@localhost")]
    [InlineData("ENCRYPTION_KEY", "short")]
    [InlineData("ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("ENCRYPTION_KEY_FILE", "/nowhere/key")]
    [InlineData("TRUSTED_PROXIES", "10.0.0.0/8")]
    [InlineData("TRUSTED_PROXIES", "010.0.0.1")]
    [InlineData("TRUSTED_PROXIES", "2001:db8::/32")]
    [InlineData("TRUSTED_PROXIES", "proxy.example.com")]
    [InlineData("ASPNETCORE_ENVIRONMENT", "Development")]
    [InlineData("ASPNETCORE_URLS", "http://0.0.0.0:80")]
    [InlineData("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true")]
    [InlineData("DOTNET_ENVIRONMENT", "Development")]
    [InlineData("Kestrel__Endpoints__Http__Url", "http://0.0.0.0:80")]
    [InlineData("TRUSTED_PROXY", "10.0.0.1")]
    [InlineData("APPURL", "https://id.example.com")]
    [InlineData("app_url", "https://id.example.com")]
    [InlineData("ENCRYPTON_KEY", "x")]
    [InlineData("GATEHOUSE_PORT", "80")]
    public async Task A_setting_that_cannot_be_used_is_named(string name, string value)
    {
        var told = await Refused((name, value));
        Assert.Contains(name.Replace("_FILE", "", StringComparison.Ordinal), told, StringComparison.Ordinal);
        if (name is "ENCRYPTION_KEY") Assert.DoesNotContain(value, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_faults_are_told_at_once_and_each_once()
    {
        var file = Path.GetTempFileName();
        try
        {
            var told = await Refused(new Dictionary<string, string>
            {
                ["APP_URL"] = "https://id.example.com/auth",
                ["PORT"] = "many",
                ["DATA_DIR"] = file,
                ["ENCRYPTION_KEY"] = "short",
                ["LOG_LEVEL"] = "loud",
                ["TRUSTED_PROXIES"] = "10.0.0.0/8",
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["TRUSTED_PROXYS"] = "x",
                ["DB_CONNECTION_STRING"] = "nonsense",
            });
            Assert.Contains("9 things to mend", told, StringComparison.Ordinal);
            foreach (var name in new[] { "APP_URL:", "PORT:", "DATA_DIR:", "ENCRYPTION_KEY:", "LOG_LEVEL:", "TRUSTED_PROXIES:", "ASPNETCORE_ENVIRONMENT:", "TRUSTED_PROXYS:", "DB_CONNECTION_STRING:" })
                Assert.Single(told.Split('\n'), l => l.StartsWith("  - " + name, StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task CVE_2021_38553_F22_a_database_and_key_that_others_may_read_are_tightened()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        await stores.Open();
        await stores.CloseAll();
        string[] files = [Path.Combine(stores.Folder, "gatehouse.db"), Path.Combine(stores.Folder, "gatehouse.key")];
        foreach (var file in files) File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        await stores.Open();
        foreach (var file in files) Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task F07_a_database_that_is_missing_empty_or_garbage_is_never_replaced_by_a_fresh_one()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        await stores.Open();
        await stores.CloseAll();
        var file = Path.Combine(stores.Folder, "gatehouse.db");
        var good = await File.ReadAllBytesAsync(file);

        File.Delete(file);
        Assert.Contains("gatehouse.db is missing", await Refused(stores.Environment), StringComparison.Ordinal);
        Assert.False(File.Exists(file));
        await File.WriteAllBytesAsync(file, []);
        Assert.Contains("is empty", await Refused(stores.Environment), StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, new string('x', 8192));
        Assert.Contains("cannot be read", await Refused(stores.Environment), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(file, good);
        await stores.Open();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F07_a_newer_schema_is_refused(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        var node = await stores.Open();
        await node.Database.Write(sql => sql.Run("insert into schema_migrations (number, name, applied_at) values (9999, 'later', 0)"));
        await stores.CloseAll();
        Assert.Contains("schema 9999", await Refused(stores.Environment), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F07_a_database_that_cannot_be_written_is_refused()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        var node = await stores.Open();
        // What a read-only file does to an unprivileged user, for a test that may run as root.
        await node.Database.Write(sql => sql.Run("create trigger no_writes before update on instance begin select raise(abort, 'attempt to write a readonly database'); end"));
        await stores.CloseAll();
        Assert.Contains("cannot be written", await Refused(stores.Environment), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F23_a_folder_key_or_database_of_another_instance_stops_the_start(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        await using var other = await Stores.New(postgres, onPostgres);
        await stores.Open();
        await other.Open();
        await stores.CloseAll();
        await other.CloseAll();
        string Mine(string name) => Path.Combine(stores.Folder, name);

        var key = await File.ReadAllTextAsync(Mine("gatehouse.key"));
        File.Copy(Path.Combine(other.Folder, "gatehouse.key"), Mine("gatehouse.key"), overwrite: true);
        Assert.Contains("is not the one of instance", await Refused(stores.Environment), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Mine("gatehouse.key"), "not a key");
        Assert.Contains("does not hold a key", await Refused(stores.Environment), StringComparison.Ordinal);
        File.Delete(Mine("gatehouse.key"));
        Assert.Contains("its encryption key is not at", await Refused(stores.Environment), StringComparison.Ordinal);
        Assert.False(File.Exists(Mine("gatehouse.key")), "no new key over an existing instance");
        await File.WriteAllTextAsync(Mine("gatehouse.key"), key);

        var id = await File.ReadAllTextAsync(Mine("instance.id"));
        File.Copy(Path.Combine(other.Folder, "instance.id"), Mine("instance.id"), overwrite: true);
        Assert.Contains("The data folder belongs to instance", await Refused(stores.Environment), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Mine("instance.id"), id);
        await stores.Open();
    }

    [Fact]
    public async Task F23_an_empty_folder_before_a_PostgreSQL_that_holds_an_instance_begins_no_new_one()
    {
        await using var stores = await Stores.New(postgres, onPostgres: true);
        await stores.Open();
        await stores.CloseAll();
        foreach (var file in Directory.GetFiles(stores.Folder)) File.Delete(file);
        Assert.Contains("its encryption key is not at", await Refused(stores.Environment), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(stores.Folder));
    }

    [Fact]
    public async Task PostgreSQL_that_does_not_answer_stops_the_start_with_the_cause()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        stores.Environment["DB_CONNECTION_STRING"] = $"postgres://u:hunter2@127.0.0.1:{LoopbackPort.Free()}/gatehouse";
        var told = await Refused(stores.Environment);
        Assert.Contains("PostgreSQL cannot be used", told, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_wrong_with_settings_and_with_data_is_told_at_once(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        await stores.Open();
        await stores.CloseAll();
        stores.Environment["APP_URL"] = "https://id.example.com/auth";
        stores.Environment["ASPNETCORE_URLS"] = "http://0.0.0.0:80";
        await File.WriteAllTextAsync(Path.Combine(stores.Folder, "gatehouse.key"), Convert.ToBase64String(new byte[32]));
        var told = await Refused(stores.Environment);
        Assert.Contains("3 things to mend", told, StringComparison.Ordinal);
        foreach (var cause in new[] { "- APP_URL:", "- ASPNETCORE_URLS:", "is not the one of instance" }) Assert.Contains(cause, told, StringComparison.Ordinal);
    }

    private static IEnumerable<string> StatementsOf(int number)
    {
        var assembly = typeof(Instance).Assembly;
        var name = assembly.GetManifestResourceNames().Single(n => n.StartsWith(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"migrations/{number:0000}-"), StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return string.Join('\n', reader.ReadToEnd().Split('\n').Where(l => !l.StartsWith("--", StringComparison.Ordinal))).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>An instance as an older version left it, with the given migrations only and one user.</summary>
    private static async Task Older(Stores stores, params int[] migrations)
    {
        var key = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32);
        await File.WriteAllTextAsync(Path.Combine(stores.Folder, "gatehouse.key"), Convert.ToBase64String(key));
        await File.WriteAllTextAsync(Path.Combine(stores.Folder, "instance.id"), "i1\n");
        await using var database = stores.Configuration.PostgresUrl is { } url ? Database.OpenPostgres(url) : Database.OpenSqlite(Path.Combine(stores.Folder, "gatehouse.db"));
        await database.Write(async sql =>
        {
            await sql.Run("create table schema_migrations (number bigint primary key, name text not null, applied_at bigint not null)");
            foreach (var number in migrations)
            {
                foreach (var statement in StatementsOf(number)) await sql.Run(statement);
                await sql.Run("insert into schema_migrations (number, name, applied_at) values (@number, 'x', 0)", new { number });
            }
            await sql.Run("insert into instance (id, key_check, epoch, created_at) values ('i1', @check, 1, 0)", new { check = new Secrets(key).KeyCheck });
            await sql.Run("insert into settings (name, value, updated_at) values ('kept', 'yes', 0)");
        });
    }

    [Theory]
    [InlineData(false, new[] { 1 })]
    [InlineData(true, new[] { 1 })]
    [InlineData(false, new[] { 1, 3 })]
    [InlineData(true, new[] { 1, 3 })]
    public async Task F07_an_older_schema_is_upgraded_by_the_server_only_and_loses_nothing(bool onPostgres, int[] migrations)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        await Older(stores, migrations);
        Assert.Contains("older than this version", await Refused(stores.Environment, "user", "list"), StringComparison.Ordinal);
        var node = await stores.Open();
        Assert.Equal("yes", await node.Database.Read(sql => sql.One<string>("select value from settings where name = 'kept'")));
        Assert.Equal(0, await node.Database.Read(sql => sql.One<long>("select count(*) from encryption_keys")));
        var applied = await node.Database.Read(sql => sql.List<long>("select number from schema_migrations order by number"));
        Assert.Equal(typeof(Instance).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("migrations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(n => long.Parse(n.AsSpan(11, 4), System.Globalization.CultureInfo.InvariantCulture)), applied);
        if (!onPostgres)
        {
            var copy = Assert.Single(Directory.GetFiles(stores.Folder, "gatehouse.db.before-*"));
            Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(copy));
        }
        await stores.CloseAll();
        await stores.Open(create: false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F09_two_nodes_that_upgrade_at_once_apply_each_step_once(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        await Older(stores, 1);
        var nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => stores.Open())));
        Assert.Equal("yes", await nodes[3].Database.Read(sql => sql.One<string>("select value from settings where name = 'kept'")));
    }

    private static async Task<(int Code, string Said)> Process(Dictionary<string, string> environment, string? asUser = null, params string[] arguments)
    {
        var start = asUser is null ? Tool.Start(Hardening.ServerProcess.Executable, arguments)
            : Tool.Start("setpriv", [$"--reuid={asUser}", $"--regid={asUser}", "--clear-groups", Hardening.ServerProcess.Executable, .. arguments]);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = System.Diagnostics.Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    [Fact]
    public async Task A_machine_without_SQLite_is_told_what_to_install_beside_all_other_faults_and_PostgreSQL_needs_none()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-nosqlite-").FullName;
        try
        {
            // The loader finds this first and can do nothing with it: the same as no library at all.
            await File.WriteAllTextAsync(Path.Combine(folder, "libsqlite3.so.0"), "no library");
            var environment = Hardening.ServerProcess.EnvironmentFor(Path.Combine(folder, "data"));
            environment["LD_LIBRARY_PATH"] = folder;
            environment["LOG_LEVEL"] = "loud";
            var (code, said) = await Process(environment);
            Assert.Equal(2, code);
            Assert.Contains("2 things to mend", said, StringComparison.Ordinal);
            Assert.Contains("apt-get install libsqlite3-0", said, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
            Assert.False(Directory.Exists(Path.Combine(folder, "data")));
            environment["LOG_LEVEL"] = "error";
            environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
            await using (await Hardening.ServerProcess.Start(environment)) { }
            environment.Remove("DB_CONNECTION_STRING");
            (code, said) = await Process(environment, null, "user", "list");
            Assert.Equal(2, code);
            Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_data_folder_that_this_user_may_not_read_or_write_is_named_with_its_cure()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-noread-").FullName;
        var data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        var nobody = Environment.IsPrivilegedProcess ? "65534" : null;
        try
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            var environment = Hardening.ServerProcess.EnvironmentFor(data);
            environment["HOME"] = "/tmp";
            environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = "/tmp";
            foreach (var mode in new[] { 0b000_000_000, 0b101_000_101 })
            {
                File.SetUnixFileMode(data, (UnixFileMode)mode);
                var (code, said) = await Process(environment, nobody);
                Assert.Equal(2, code);
                Assert.Contains(data, said, StringComparison.Ordinal);
                Assert.Contains("Give this user the right", said, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.SetUnixFileMode(data, (UnixFileMode)0b111_000_000);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("10.0.6", true)]
    [InlineData("10.0.0", true)]
    [InlineData("10.0.7", false)]
    [InlineData("10.0.12", false)]
    [InlineData("10.1.0", false)]
    [InlineData("unknown", true)]
    public void CVE_2026_40372_a_runtime_with_a_known_hole_is_refused(string version, bool refused) => Assert.Equal(refused, RuntimeFloor.Judge(version) is not null);

    [Fact]
    public void The_runtime_of_this_run_is_new_enough() => Assert.Null(RuntimeFloor.Fault);
}
