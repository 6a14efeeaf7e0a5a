using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.SignUp;

/// <summary>Set-up as whoever starts the server sees it.</summary>
public class SetupTests
{
    [Fact]
    public async Task C093_a_changed_address_says_at_the_start_and_in_the_doctor_how_many_passkeys_it_costs()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-address-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            async Task<string> Start(Func<Task>? meanwhile = null)
            {
                await using var server = await ServerProcess.Start(environment);
                if (meanwhile is not null) await meanwhile();
                await server.Terminate(TimeSpan.FromSeconds(30));
                return await server.Said();
            }
            async Task<string> Run(params string[] command)
            {
                using var output = new StringWriter();
                await Commands.Run(command, environment, output, TextWriter.Null);
                return output.ToString();
            }

            var first = await Start(async () =>
            {
                using var ada = new TestPerson(environment["APP_URL"]);
                Assert.Equal(HttpStatusCode.OK, (await ada.Setup((await Run("setup-link")).Trim().Split("?t=")[1], "ada@example.com", "Ada")).Status);
            });
            Assert.DoesNotContain("were made for", first, StringComparison.Ordinal);
            environment["APP_URL"] = "https://id.example.com";
            for (var start = 0; start < 2; start++) Assert.Contains("1 passkeys were made for localhost and do not work at id.example.com", await Start(), StringComparison.Ordinal);
            Assert.Contains("FAIL passkeys.address", await Run("doctor"), StringComparison.Ordinal);
            environment["APP_URL"] = "http://localhost:" + environment["PORT"];
            Assert.DoesNotContain("were made for", await Start(), StringComparison.Ordinal);
            Assert.Contains("PASS passkeys.address", await Run("doctor"), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task C140_C142_the_start_says_whether_set_up_is_open_and_it_stays_closed_without_any_admin()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-setup-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            async Task<string> Said(Func<Task> meanwhile)
            {
                await using var server = await ServerProcess.Start(environment);
                await meanwhile();
                await server.Terminate(TimeSpan.FromSeconds(30));
                return await server.Said();
            }
            async Task<string> Run(params string[] command)
            {
                using var output = new StringWriter();
                using var error = new StringWriter();
                await Commands.Run(command, environment, output, error);
                return output.ToString() + error;
            }

            var open = await Said(async () =>
            {
                using var ada = new TestPerson(environment["APP_URL"]);
                Assert.Equal(HttpStatusCode.OK, (await ada.Setup((await Run("setup-link")).Trim().Split("?t=")[1], "ada@example.com", "Ada")).Status);
            });
            Assert.Contains("Set-up       OPEN", open, StringComparison.Ordinal);
            Assert.Contains($"{environment["APP_URL"]}/setup?t=", open, StringComparison.Ordinal);

            await using (var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System))
                await instance.Database.Write(sql => sql.Run("delete from users"));
            var closed = await Said(async () =>
            {
                using var stranger = new TestBrowser(environment["APP_URL"]);
                Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get("/setup")).Status);
                Assert.DoesNotContain("?t=", await Run("setup-link"), StringComparison.Ordinal);
                // The way back goes through the console of the host.
                Assert.Contains("/link?t=", await Run("admin", "add", "--email", "grace@example.com", "--name", "Grace"), StringComparison.Ordinal);
            });
            Assert.Contains("Set-up       closed", closed, StringComparison.Ordinal);
            Assert.DoesNotContain("/setup?t=", closed, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
