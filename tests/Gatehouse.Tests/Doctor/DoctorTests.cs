using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Tests.Data;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Doctor;

/// <summary>gatehouse doctor on instances in good and bad health.</summary>
public class DoctorTests(PostgresCluster postgres)
{
    private static async Task<(int Code, string Output)> Run(Stores stores, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.Run(["doctor", .. arguments], stores.Environment, output, error);
        Assert.Equal("", error.ToString());
        return (code, output.ToString());
    }

    private static async Task<Dictionary<string, (string Status, string? Code)>> Findings(Stores stores)
    {
        var (code, output) = await Run(stores, "--json");
        using var report = JsonDocument.Parse(output);
        Assert.Equal(report.RootElement.GetProperty("status").GetString() switch { "pass" => 0, "warn" => 1, _ => 2 }, code);
        return report.RootElement.GetProperty("findings").EnumerateArray().ToDictionary(f => f.GetProperty("id").GetString()!, f => (f.GetProperty("status").GetString()!, f.GetProperty("code").GetString()));
    }

    private static async Task Change(Stores stores, string statement, object? arguments = null)
    {
        var node = await stores.Open();
        await node.Database.Write(sql => sql.Run(statement, arguments));
        await stores.CloseAll();
    }

    private static async Task AddAdmin(Stores stores, string email, params bool[] passkeysBackedUp)
    {
        var node = await stores.Open();
        await node.Database.Write(async sql =>
        {
            var user = new User { Id = stores.Clock.NewId(), Email = email, UserName = email, DisplayName = email, Role = Role.Admin, CreatedAt = stores.Clock.Now() };
            await UserStore.Insert(sql, user);
            foreach (var backedUp in passkeysBackedUp)
                await sql.Run("""
                    insert into passkeys (id, user_id, credential_id, public_key, algorithm, sign_count, aaguid, name, attestation, transports, backup_eligible, backed_up, created_at)
                    values (@id, @user, @id, 'k', -7, 0, '', 'Key', 'none', '', @backedUp, @backedUp, 0)
                    """, new { id = stores.Clock.NewId(), user = user.Id, backedUp });
            await sql.Run("update instance set setup_closed_at = 1, setup_closed_by = 'console'");
            // Whoever set it up well also sealed a break-glass credential and rehearsed it.
            await sql.Run("""
                insert into break_glass_credentials (id, kind, hash, made_at, made_by, drilled_at) values ('paper', 'sealed', 'hash', @now, 'ada@example.com', @now) on conflict (id) do nothing
                """, new { now = stores.Clock.Now() });
        });
        await stores.CloseAll();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_instance_has_only_its_set_up_to_do(bool onPostgres)
    {
        await using var stores = await Stores.New(postgres, onPostgres);
        await stores.Open();
        await stores.CloseAll();
        var (code, output) = await Run(stores);
        Assert.Equal(1, code);
        var line = Assert.Single(output.Split('\n'), l => l.Length > 0 && !l.StartsWith("PASS ", StringComparison.Ordinal));
        Assert.StartsWith("WARN setup.closed  http://localhost:8080 has no admin yet", line, StringComparison.Ordinal);
        Assert.Contains("  → ", line, StringComparison.Ordinal);
        Assert.EndsWith("(help: /help/setup.still_open)", line.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("PASS server.runtime", output, StringComparison.Ordinal);

        await AddAdmin(stores, "ada@example.com", true, false);
        Assert.All(await Findings(stores), f => Assert.Equal("pass", f.Value.Status));
        Assert.Equal(0, (await Run(stores)).Code);
    }

    [Fact]
    public async Task Admins_with_one_device_or_none_are_named_and_none_at_all_is_a_failure()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        await AddAdmin(stores, "ada@example.com", false);
        Assert.Equal(("warn", "passkey.admin_one_device"), (await Findings(stores))["admins.passkeys"]);
        Assert.Contains("ada@example.com", (await Run(stores)).Output, StringComparison.Ordinal);
        await Change(stores, "update passkeys set backed_up = @yes", new { yes = true });
        Assert.Equal("pass", (await Findings(stores))["admins.passkeys"].Status);
        await AddAdmin(stores, "grace@example.com");
        Assert.Equal(("warn", "passkey.admin_none"), (await Findings(stores))["admins.passkeys"]);
        await Change(stores, "update users set disabled_at = 1");
        Assert.Equal(("fail", "account.no_admin"), (await Findings(stores))["admins.passkeys"]);
    }

    [Fact]
    public async Task A_key_that_lies_beside_its_data_for_a_week_is_a_failure_until_it_is_moved()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        await stores.Open();
        await stores.CloseAll();
        Assert.Equal("pass", (await Findings(stores))["keys.encryption"].Status);
        await Change(stores, "update instance set created_at = created_at - 700000000");
        Assert.Equal(("fail", "key.beside_data"), (await Findings(stores))["keys.encryption"]);
        var elsewhere = Directory.CreateTempSubdirectory("gatehouse-key-").FullName;
        try
        {
            File.Move(Path.Combine(stores.Folder, "gatehouse.key"), Path.Combine(elsewhere, "key"));
            stores.Environment["KEY_FILE"] = Path.Combine(elsewhere, "key");
            Assert.Equal("pass", (await Findings(stores))["keys.encryption"].Status);
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Fact]
    public async Task K17_plain_http_and_numbers_for_an_address_are_failures()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        await stores.Open();
        await stores.CloseAll();
        stores.Environment["ALLOW_INSECURE_HTTP"] = "true";
        stores.Environment["APP_URL"] = "http://id.example.com";
        Assert.Equal(("fail", "ops.plain_http"), (await Findings(stores))["address.app_url"]);
        Assert.Equal(2, (await Run(stores)).Code);
        stores.Environment["APP_URL"] = "https://192.0.2.7";
        Assert.Equal(("fail", "ops.numeric_address"), (await Findings(stores))["address.app_url"]);
    }

    [Fact]
    public async Task Open_folders_a_clock_that_went_back_and_wide_proxy_ranges_are_told()
    {
        await using var stores = await Stores.New(postgres, onPostgres: false);
        await stores.Open();
        await stores.CloseAll();
        File.SetUnixFileMode(stores.Folder, (UnixFileMode)0b111_101_101);
        await Change(stores, "update instance set created_at = created_at + 3600000");
        stores.Environment["TRUSTED_PROXIES"] = "unsafe:10.0.0.0/8";
        var findings = await Findings(stores);
        Assert.Equal(("warn", "ops.files_open"), findings["data.permissions"]);
        Assert.Equal(("fail", "ops.clock_wrong"), findings["server.clock"]);
        Assert.Equal(("warn", "ops.proxies_wide"), findings["address.proxies"]);
    }

    [Fact]
    public async Task D13_no_secret_stands_in_the_report()
    {
        await using var stores = await Stores.New(postgres, onPostgres: true);
        var node = await stores.Open();
        var key = await File.ReadAllTextAsync(Path.Combine(stores.Folder, "gatehouse.key"));
        await stores.CloseAll();
        var output = (await Run(stores)).Output + (await Run(stores, "--json")).Output;
        Assert.DoesNotContain(key.Trim(), output, StringComparison.Ordinal);
        Assert.DoesNotContain(new Uri(stores.Environment["DB_CONNECTION_STRING"]).UserInfo.Split(':')[1], output, StringComparison.Ordinal);
        Assert.DoesNotContain(node.Secrets.KeyCheck, output, StringComparison.Ordinal);
    }
}
