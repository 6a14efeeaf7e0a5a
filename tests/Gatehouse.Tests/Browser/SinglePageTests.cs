using System.Net.Http.Json;
using System.Text.Json;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>A single-page application with oidc-client-ts in a real browser, and the pages that people see on the way.</summary>
public class SinglePageTests(Chromium chromium, PostgresCluster postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Oidc_client_ts_signs_in_renews_and_signs_out(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        var port = LoopbackPort.Free();
        var (code, output, error) = await instance.Console("client", "add", "--name", "Board", "--public", "--redirect-uri", $"http://localhost:{port}/spa", "--post-logout-redirect-uri", $"http://localhost:{port}/spa", "--json");
        Assert.True(code == 0, error);
        await using var app = await RelyingParty.Start(new() { Issuer = instance.Origin, ClientId = JsonDocument.Parse(output).RootElement.GetProperty("client_id").GetString()!, Port = port, Scope = "openid profile email offline_access" });
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);

        await ada.Page.GotoAsync($"{app.Url}/spa");
        await ada.Press("Sign in");
        await ada.Sees("Share with Board?");
        await AxeCheck.HasNoViolation(ada.Page, "consent");
        await ada.Press("Yes, share and continue");
        var first = await User(ada, "signed in");
        Assert.Equal("ada@example.com", first.GetProperty("profile").GetProperty("email").GetString());
        await Verified(app, first);

        await ada.Press("Renew");
        var second = await User(ada, "renewed");
        Assert.NotEqual(first.GetProperty("access_token").GetString(), second.GetProperty("access_token").GetString());
        Assert.Equal(first.GetProperty("profile").GetProperty("sub").GetString(), second.GetProperty("profile").GetProperty("sub").GetString());
        await Verified(app, second);

        await ada.Press("Sign out");
        await Assertions.Expect(ada.Page.Locator("#state")).ToHaveTextAsync("signed out");
        await ada.Page.GotoAsync($"{instance.Origin}/apps");
        Assert.Contains("/sign-in", ada.Page.Url, StringComparison.Ordinal);
        ada.SawNothingWrong();
    }

    private static async Task<JsonElement> User(Person person, string state)
    {
        await Assertions.Expect(person.Page.Locator("#state")).ToHaveTextAsync(state);
        return JsonDocument.Parse(await person.Page.Locator("#user").InnerTextAsync()).RootElement;
    }

    /// <summary>Every token, by npm jose.</summary>
    private static async Task Verified(RelyingParty app, JsonElement user)
    {
        using var http = new HttpClient { BaseAddress = new(app.Url) };
        var id = ClaimsTests.Payload(user.GetProperty("id_token").GetString()!);
        foreach (var (name, typ, audience) in new[] { ("id_token", "JWT", id.GetProperty("aud").GetString()), ("access_token", "at+jwt", id.GetProperty("iss").GetString()) })
        {
            using var answer = await http.PostAsJsonAsync("/verify", new { token = user.GetProperty(name).GetString(), typ, audience, algorithm = "ES256" });
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData(320, false)]
    [InlineData(1280, true)]
    public async Task Consent_my_apps_claims_and_preview_read_well(int width, bool dark)
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium, dark, width);
        await ada.SetUp(instance);
        async Task Run(params string[] command)
        {
            var (exit, _, error) = await instance.Console(command);
            Assert.True(exit == 0, error);
        }
        await Run("group", "add", "engineering");
        await Run("group", "member", "add", "engineering", "ada@example.com");
        await Run("user", "claim", "set", "ada@example.com", "department", "Research and development");
        var (_, output, _) = await instance.Console("client", "add", "--name", "Grafana", "--redirect-uri", "https://grafana.example.com/login/generic_oauth", "--backchannel-logout-uri", "https://10.0.0.7/logout", "--launch-url", "https://grafana.example.com/", "--json");
        var id = JsonDocument.Parse(output).RootElement.GetProperty("client_id").GetString()!;
        await Run("client", "claim", "set", id, "department", "--from", "custom:department");
        await Run("client", "role", "add", id, "Editor", "engineering");

        var authorize = $"{instance.Origin}/authorize?response_type=code&client_id={id}&redirect_uri=https%3A%2F%2Fgrafana.example.com%2Flogin%2Fgeneric_oauth&scope=openid%20profile%20email%20groups%20offline_access&code_challenge={OidcSite.Challenge()}&code_challenge_method=S256";
        await Looks(ada, authorize, "consent");
        await ada.Sees("Research and development");
        await instance.Database.Write(sql => sql.Run("insert into consents (user_id, client_id, items, given_at, changed_at) select id, @id, 'name preferred_username email groups offline_access', 1, 1 from users", new { id }));
        await Looks(ada, authorize, "consent-again");
        await Looks(ada, $"{instance.Origin}/apps", "apps");
        await Looks(ada, $"{instance.Origin}/admin/clients/{id}/claims", "claims");
        await Looks(ada, $"{instance.Origin}/admin/preview?client={id}&user=ada@example.com", "preview");
        await instance.Database.Write(sql => sql.Run("insert into logout_notices (id, client_id, user_id, session_public_id, because, state, attempts, next_at, created_at, last_at, last_result) select 'n', @id, id, 's', 'signed out', 'failed', 7, 0, 1, 2, 'its address 10.0.0.7 is in a private range' from users", new { id }));
        await Looks(ada, $"{instance.Origin}/admin/clients/{id}", "client");
        ada.SawNothingWrong();
    }

    private static async Task Looks(Person person, string url, string name)
    {
        await person.Page.GotoAsync(url);
        await AxeCheck.HasNoViolation(person.Page, name);
        Assert.False(await person.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"), $"{name} is wider than the window");
        if (Environment.GetEnvironmentVariable("GATEHOUSE_SCREENSHOTS") is { Length: > 0 } folder)
            await person.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{person.Page.ViewportSize!.Width}.png"), FullPage = true });
    }
}
