using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>The life of signing keys, as applications see it in the key set and in the tokens they get.</summary>
public class KeyTests(PostgresCluster postgres) : IAsyncLifetime
{
    private OidcSite site = null!;
    private TestBrowser browser = null!;

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        browser = await site.SignedIn();
    }

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static async Task<JsonElement[]> Published(OidcSite at) =>
        [.. JsonDocument.Parse(await at.Http.GetStringAsync(at.Server.Origin + "/jwks")).RootElement.GetProperty("keys").EnumerateArray()];

    private async Task<string[]> Kids(string algorithm = "ES256") =>
        [.. (await Published(site)).Where(k => k.GetProperty("alg").GetString() == algorithm).Select(k => k.GetProperty("kid").GetString()!)];

    private static string KidOf(string jwt)
    {
        StrictBase64Url.TryDecode(jwt.Split('.')[0], 1000, out var header);
        return JsonDocument.Parse(header).RootElement.GetProperty("kid").GetString()!;
    }

    private async Task<JsonElement> Tokens()
    {
        using var fresh = await site.SignedIn();
        return (await site.Token(("code", await site.Code(fresh)))).Json;
    }

    private async Task<string> Signer() => KidOf((await Tokens()).GetProperty("id_token").GetString()!);

    /// <summary>A console command; the server sees it at once instead of within a second.</summary>
    private async Task<string> Keys(params string[] command)
    {
        var output = await site.Run(["keys", .. command]);
        await site.Server.Database.Write(sql => sql.Bump("signing_keys"));
        return output;
    }

    [Fact]
    public async Task A_successor_is_published_a_day_before_it_signs_and_the_old_key_until_its_last_token_has_died()
    {
        var old = await Signer();
        await Keys("rotate");
        var next = Assert.Single((await Kids()).Except([old]));
        Assert.Equal(old, await Signer());
        site.Server.Clock.Advance(TimeSpan.FromHours(23.9));
        var late = await Tokens();
        Assert.Equal(old, KidOf(late.GetProperty("id_token").GetString()!));
        site.Server.Clock.Advance(TimeSpan.FromHours(0.2));
        Assert.Equal(next, await Signer());
        Assert.Contains(old, await Kids());
        site.Server.Clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Contains(old, await Kids());
        site.Server.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal([next], await Kids());
        // What an application hands back as a hint is still understood.
        using var person = await site.SignedIn();
        Assert.Contains("code", OidcSite.Answer(await person.Get(site.AuthorizePath(("id_token_hint", late.GetProperty("id_token").GetString())))).Keys);
    }

    [Fact]
    public async Task Rotating_now_signs_now_and_a_waiting_successor_is_used()
    {
        var old = await Signer();
        await Keys("rotate");
        var waiting = Assert.Single((await Kids()).Except([old]));
        Assert.Contains(waiting, await Keys("rotate"), StringComparison.Ordinal);
        Assert.Contains(waiting, await Keys("rotate", "--now"), StringComparison.Ordinal);
        Assert.Equal(waiting, await Signer());
        Assert.Equal(2, (await Kids()).Length);
        await Keys("rotate", "--now");
        Assert.Equal(3, (await Kids()).Length);
        Assert.NotEqual(waiting, await Signer());
        Assert.Equal(200, (await site.Userinfo((await Tokens()).GetProperty("access_token").GetString()!)).Status);
    }

    [Fact]
    public async Task A_revoked_key_is_gone_at_once_with_all_it_vouched_for_and_its_clients_are_named()
    {
        var tokens = await Tokens();
        var access = tokens.GetProperty("access_token").GetString()!;
        Assert.Equal(200, (await site.Userinfo(access)).Status);
        var kid = KidOf(access);
        using var told = JsonDocument.Parse(await Keys("revoke", kid, "--json"));
        Assert.Equal("Grafana", told.RootElement.GetProperty("must_refresh")[0].GetProperty("name").GetString());
        Assert.DoesNotContain(kid, await Kids());
        Assert.Equal("oidc.access_token_invalid", await site.CodeOf(OidcSite.ReferenceIn((await site.Userinfo(access)).Json)));
        Assert.Equal("oidc.grant_ended", await site.CodeOf(OidcSite.ReferenceIn((await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Json)));
        using var person = await site.SignedIn();
        Assert.Equal("oidc.id_token_hint", await site.CodeOf(Regex.Match(OidcSite.Answer(await person.Get(site.AuthorizePath(("id_token_hint", tokens.GetProperty("id_token").GetString()))))["error_description"], "GH-[0-9A-Z-]{9}").Value));
        Assert.NotEqual(kid, await Signer());
        Assert.Equal("", await site.Server.Database.Read(sql => sql.One<string>("select private_key from signing_keys where kid = @kid", new { kid })));
        Assert.Equal(2, (await site.Server.Console("keys", "revoke", kid)).Code);
        Assert.Equal(2, (await site.Server.Console("keys", "revoke", "nonsense")).Code);
        Assert.Equal(2, (await site.Server.Console("keys", "rotate", "--alg", "HS256")).Code);
        Assert.Contains("revoked", await Keys("list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoking_a_waiting_successor_leaves_the_present_key_in_office()
    {
        var old = await Signer();
        await Keys("rotate");
        await Keys("revoke", Assert.Single((await Kids()).Except([old])));
        site.Server.Clock.Advance(TimeSpan.FromDays(3));
        Assert.Equal(old, await Signer());
        Assert.Equal([old], await Kids());
    }

    [Theory]
    [InlineData("RS256"), InlineData("EdDSA")]
    public async Task A_key_of_another_algorithm_is_published_when_the_first_client_is_registered_for_it(string algorithm)
    {
        if (!SigningKeys.Offered.Contains(algorithm)) return;
        await Signer();
        Assert.Empty(await Kids(algorithm));
        var (id, secret) = await site.AddClient("Other", "--id-token-alg", algorithm, "--trusted");
        await site.Server.Database.Write(sql => sql.Bump("signing_keys"));
        var kid = Assert.Single(await Kids(algorithm));
        using var person = await site.SignedIn();
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = await site.Code(person, ("client_id", id)) };
        Assert.Equal(kid, KidOf((await site.Post("/token", form, OidcSite.Basic(id, secret))).Json.GetProperty("id_token").GetString()!));
    }

    [Fact]
    public async Task F13_the_schedule_rotates_once_whatever_the_clock_does_and_wipes_what_is_dead()
    {
        var rotate = site.Server.Services.GetRequiredService<RotateKeys>();
        var first = await Signer();
        Assert.Equal(0, await rotate.Scheduled(new("gatehouse", "")));
        site.Server.Clock.Advance(TimeSpan.FromDays(400));
        Assert.Equal(1, await rotate.Scheduled(new("gatehouse", "")));
        Assert.Equal(0, await rotate.Scheduled(new("gatehouse", "")));
        site.Server.Clock.Advance(TimeSpan.FromDays(-400));
        Assert.Equal(first, await Signer());
        Assert.Equal(0, await rotate.Scheduled(new("gatehouse", "")));
        site.Server.Clock.Advance(TimeSpan.FromDays(91));
        Assert.Equal(1, await rotate.Scheduled(new("gatehouse", "")));
        site.Server.Clock.Advance(TimeSpan.FromDays(1.1));
        var second = await Signer();
        Assert.NotEqual(first, second);
        site.Server.Clock.Advance(TimeSpan.FromDays(2));
        await rotate.Scheduled(new("gatehouse", ""));
        Assert.Equal("", await site.Server.Database.Read(sql => sql.One<string>("select private_key from signing_keys where kid = @first", new { first })));
        site.Server.Clock.Advance(TimeSpan.FromDays(40));
        await rotate.Scheduled(new("gatehouse", ""));
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from signing_keys where kid = @first", new { first })));
        Assert.Equal(second, await Signer());
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task F11_F15_many_at_once_make_one_successor_and_the_key_in_use_is_always_published(bool onPostgres)
    {
        await using var at = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var keys = at.Server.Services.GetRequiredService<SigningKeys>();
        // The very first key too.
        var firsts = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => (await keys.For(JwsAlgorithm.ES256)).Kid));
        Assert.Single(firsts.Distinct());
        var rotate = at.Server.Services.GetRequiredService<RotateKeys>();
        at.Server.Clock.Advance(TimeSpan.FromDays(91));
        Assert.Equal(1, (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => rotate.Scheduled(new("gatehouse", ""))))).Sum());
        for (var hours = 0; hours < 30; hours++)
        {
            at.Server.Clock.Advance(TimeSpan.FromHours(1));
            var signer = (await keys.For(JwsAlgorithm.ES256)).Kid;
            Assert.Contains(signer, (await Published(at)).Select(k => k.GetProperty("kid").GetString()));
        }
        Assert.Single(await rotate.All(), k => k.StateAt(at.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()) == KeyState.Signing);
    }

    [Fact]
    public async Task An_admin_rotates_schedules_and_revokes_on_the_page_and_types_the_key_to_confirm()
    {
        await site.Run("user", "promote", "ada@example.com", "--role", "admin");
        using var admin = await site.SignedIn();
        var old = await Signer();
        Assert.Contains(old, (await admin.Get("/admin/keys")).Body, StringComparison.Ordinal);
        Assert.Equal(303, (int)(await admin.Post("/admin/keys/rotate", ("algorithm", "ES256"), ("when", "later"))).Status);
        Assert.Equal(2, (await Kids()).Length);
        Assert.Equal(400, (int)(await admin.Post("/admin/keys/rotate", ("algorithm", "none"))).Status);
        Assert.Equal(400, (int)(await admin.Post("/admin/keys/schedule", ("days", "1"))).Status);
        Assert.Equal(303, (int)(await admin.Post("/admin/keys/schedule", ("days", "30"))).Status);
        Assert.Equal(400, (int)(await admin.Post("/admin/keys/revoke", ("kid", old), ("confirm", "wrong"))).Status);
        var done = await admin.Post("/admin/keys/revoke", ("kid", old), ("confirm", old[..8]));
        Assert.Contains("Grafana", done.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(old, await Kids());
        Assert.DoesNotContain("PRIVATE", done.Body, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task F15_a_rotation_killed_at_any_moment_leaves_one_key_that_signs_and_is_published()
    {
        await Signer();
        var environment = new Dictionary<string, string> { ["DATA_DIR"] = site.Server.DataFolder, ["APP_URL"] = site.Server.Origin, ["PORT"] = new Uri(site.Server.Origin).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), ["LOG_LEVEL"] = "error" };
        var whole = TimeProvider.System.GetTimestamp();
        using (var undisturbed = Hardening.ServerProcess.Command(environment, "keys", "rotate", "--now"))
        {
            await undisturbed.WaitForExitAsync();
            Assert.Equal(0, undisturbed.ExitCode);
        }
        var takes = TimeProvider.System.GetElapsedTime(whole);
        var rotate = site.Server.Services.GetRequiredService<RotateKeys>();
        for (var round = 0; round < (Repository.Full ? 100 : 8); round++)
        {
            using var process = Hardening.ServerProcess.Command(environment, "keys", round % 2 == 0 ? "rotate" : "revoke", round % 2 == 0 ? "--now" : await Signer());
            try
            {
                // Most of the time goes by before the first statement; the kill should fall behind that.
                await process.WaitForExitAsync().WaitAsync(takes * (0.5 + System.Security.Cryptography.RandomNumberGenerator.GetInt32(60) / 100.0));
            }
            catch (TimeoutException)
            {
                process.Kill();
                await process.WaitForExitAsync();
            }
            await site.Server.Database.Write(sql => sql.Bump("signing_keys"));
            var now = site.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            Assert.Single(await rotate.All(), k => k.Algorithm == "ES256" && k.StateAt(now) == KeyState.Signing);
            Assert.Contains(await Signer(), await Kids());
        }
    }
}
