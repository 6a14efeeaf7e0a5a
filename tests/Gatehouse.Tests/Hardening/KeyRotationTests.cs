using System.Text.RegularExpressions;
using Gatehouse.Data;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>gatehouse encryption-key rotate: everything goes on, the old key opens nothing any more, and no interruption costs anything.</summary>
public class KeyRotationTests(PostgresCluster postgres)
{
    private static string KeyFile(TestInstance server) => Path.Combine(server.DataFolder, "gatehouse.key");

    private static Task<IReadOnlyList<string>> Boxes(TestInstance server) => server.Database.Read(sql => sql.List<string>("select private_key from signing_keys order by kid"));

    private static async Task<string> Start(Dictionary<string, string> environment)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(2, await Commands.Run([], environment, output, error));
        return error.ToString();
    }

    private static Dictionary<string, string> EnvironmentOf(TestInstance server, string? postgresUrl)
    {
        var environment = new Dictionary<string, string> { ["DATA_DIR"] = server.DataFolder, ["PORT"] = LoopbackPort.Free().ToString(System.Globalization.CultureInfo.InvariantCulture), ["APP_URL"] = server.Origin };
        if (postgresUrl is not null) environment["DB_CONNECTION_STRING"] = postgresUrl;
        return environment;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_file_is_changed_beside_the_running_server_and_everything_goes_on(bool onPostgres)
    {
        var url = onPostgres ? await postgres.NewDatabase() : null;
        await using var site = await OidcSite.Start(url);
        using var ada = await TestPerson.User(site.Server, "bea@example.com", "Bea");
        var refresh = (await site.Token(("code", await site.Code(ada.Browser)))).Json.GetProperty("refresh_token").GetString()!;
        var waiting = await site.Server.Browser().Get(site.AuthorizePath());
        var (keySet, boxes, key) = (await ada.Browser.Get("/jwks"), await Boxes(site.Server), await File.ReadAllTextAsync(KeyFile(site.Server)));

        await EverythingGoesOn();
        for (var round = 0; round < 2; round++)
        {
            site.Server.Clock.Advance(TimeSpan.FromSeconds(2));
            var told = await site.Run("encryption-key", "rotate");
            Assert.Contains("secrets were encrypted again", told, StringComparison.Ordinal);
            Assert.DoesNotContain(" 0 secrets", told, StringComparison.Ordinal);
            Assert.DoesNotContain("could be read by no key", told, StringComparison.Ordinal);
            Assert.NotEqual(boxes, await Boxes(site.Server));
            await EverythingGoesOn();
            await site.Server.Restart();
            await EverythingGoesOn();
        }
        var kept = Directory.GetFiles(site.Server.DataFolder, "gatehouse.key.before-*");
        Assert.NotEmpty(kept);
        Assert.All(kept.Append(KeyFile(site.Server)), f => Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(f)));
        Assert.Contains(await site.Server.Database.Read(sql => sql.List<string>("select action from audit")), a => a == "instance.encryption_key_changed");

        // The first key opens this instance no more, and nothing in the database is sealed under it.
        var present = await File.ReadAllTextAsync(KeyFile(site.Server));
        await File.WriteAllTextAsync(KeyFile(site.Server), key);
        Assert.Contains("is not the one of instance", await Start(EnvironmentOf(site.Server, url)), StringComparison.Ordinal);
        var old = new Secrets(Convert.FromBase64String(key.Trim()));
        Assert.All(await Boxes(site.Server), b => Assert.False(old.IsPresent(b)));
        await File.WriteAllTextAsync(KeyFile(site.Server), present);

        async Task EverythingGoesOn()
        {
            Assert.Equal(keySet.Body, (await ada.Browser.Get("/jwks")).Body);
            Assert.Equal(200, (int)(await ada.Browser.Get("/account")).Status);
            Assert.Equal(200, (int)(await ada.StepUp()).Status);
            using var again = new TestPerson(site.Server) { Authenticator = ada.Authenticator };
            Assert.Equal(200, (int)(await again.SignIn(name: "bea@example.com")).Status);
            var (status, json, _) = await site.Refresh(refresh);
            Assert.Equal(200, status);
            refresh = json.GetProperty("refresh_token").GetString()!;
            Assert.Equal(200, (await site.Token(("code", await site.Code(ada.Browser)))).Status);
            using var stranger = site.Server.Browser();
            Assert.Contains("Grafana", (await stranger.Get(waiting.Location!)).Body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_that_is_interrupted_anywhere_costs_nothing_and_is_ended_by_the_next_start_or_command(bool onPostgres)
    {
        var url = onPostgres ? await postgres.NewDatabase() : null;
        await using var site = await OidcSite.Start(url);
        using var ada = await site.SignedIn();
        await site.Token(("code", await site.Code(ada)));
        var old = await File.ReadAllTextAsync(KeyFile(site.Server));

        // After the first step: the old key is in force, as if nothing had been.
        var lost = await site.Server.Services.GetRequiredService<KeyRotation>().Begin();
        await site.Server.Restart();
        Assert.Equal(200, (await site.Token(("code", await site.Code(ada)))).Status);
        var boxes = await Boxes(site.Server);

        // After the second: the new key file is there, nothing is sealed under it. Console commands work, the next start ends it.
        var next = await site.Server.Services.GetRequiredService<KeyRotation>().Begin();
        await File.WriteAllTextAsync(KeyFile(site.Server), Convert.ToBase64String(next));
        await site.Run("user", "list");
        Assert.Equal(boxes, await Boxes(site.Server));
        await site.Server.Restart();
        Assert.NotEqual(boxes, await Boxes(site.Server));
        Assert.Equal(200, (await site.Token(("code", await site.Code(ada)))).Status);
        Assert.Equal(1, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from encryption_keys")));

        // The same, ended by the command.
        boxes = await Boxes(site.Server);
        next = await site.Server.Services.GetRequiredService<KeyRotation>().Begin();
        await File.WriteAllTextAsync(KeyFile(site.Server), Convert.ToBase64String(next));
        Assert.Contains("is finished now", await site.Run("encryption-key", "rotate"), StringComparison.Ordinal);
        Assert.NotEqual(boxes, await Boxes(site.Server));
        Assert.Equal(200, (await site.Token(("code", await site.Code(ada)))).Status);
        Assert.Equal(Convert.ToBase64String(next), (await File.ReadAllTextAsync(KeyFile(site.Server))).Trim());

        foreach (var dead in new[] { old.Trim(), Convert.ToBase64String(lost) })
        {
            await File.WriteAllTextAsync(KeyFile(site.Server), dead);
            Assert.Contains("is not the one of instance", await Start(EnvironmentOf(site.Server, url)), StringComparison.Ordinal);
        }
        await File.WriteAllTextAsync(KeyFile(site.Server), Convert.ToBase64String(next));
    }

    [Fact]
    public async Task A_value_that_no_key_opens_stays_as_it_is_and_is_counted()
    {
        await using var site = await OidcSite.Start();
        using var ada = await site.SignedIn();
        await site.Code(ada);
        await site.Server.Database.Write(sql => sql.Run("update one_time_tokens set payload = 'damaged'"));
        Assert.Contains("1 could be read by no key", await site.Run("encryption-key", "rotate"), StringComparison.Ordinal);
        Assert.Equal("damaged", await site.Server.Database.Read(sql => sql.One<string>("select payload from one_time_tokens limit 1")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_of_the_environment_comes_into_force_at_the_first_start_with_it(bool onPostgres)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-rotate-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            environment["ENCRYPTION_KEY"] = Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
            if (onPostgres) environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
            var old = new Dictionary<string, string>(environment);
            string keySet;
            await using (await ServerProcess.Start(environment)) keySet = await KeySet(environment);
            var (code, told) = await Run(environment, "encryption-key", "rotate");
            Assert.Equal(0, code);
            Assert.Contains("Nothing has changed yet", told, StringComparison.Ordinal);
            await using (await ServerProcess.Start(old)) Assert.Equal(keySet, await KeySet(environment));
            environment["ENCRYPTION_KEY"] = Regex.Match(told, "[A-Za-z0-9+/]{43}=").Value;
            Assert.Equal(0, (await Run(environment, "user", "list")).Code);
            await using (await ServerProcess.Start(environment)) Assert.Equal(keySet, await KeySet(environment));
            (code, told) = await Run(old, "user", "list");
            Assert.Equal(2, code);
            Assert.Contains("encryption-key rotate", told, StringComparison.Ordinal);
            Assert.Contains("is not the one of instance", await Start(old), StringComparison.Ordinal);
            await using (await ServerProcess.Start(environment)) Assert.Equal(keySet, await KeySet(environment));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static async Task<string> KeySet(Dictionary<string, string> environment)
        {
            using var browser = new TestBrowser(environment["APP_URL"]);
            return (await browser.Get("/jwks")).Body;
        }

        static async Task<(int Code, string Told)> Run(Dictionary<string, string> environment, params string[] command)
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var code = await Commands.Run(command, environment, output, error);
            return (code, output.ToString() + error);
        }
    }
}
