using Npgsql;

namespace Gatehouse.Tests.Parts;

public class PartsTests(PostgresCluster postgres, Chromium chromium)
{
    [Fact]
    public async Task Postgres_answers()
    {
        var url = new Uri(await postgres.NewDatabase());
        await using var connection = new NpgsqlConnection(postgres.ConnectionString(url.AbsolutePath[1..]));
        await connection.OpenAsync();
        await using var select = new NpgsqlCommand("SELECT 1", connection);
        Assert.Equal(1, await select.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Two_databases_are_two()
    {
        Assert.NotEqual(await postgres.NewDatabase(), await postgres.NewDatabase());
    }

    [Fact]
    public async Task Chromium_opens_a_page_that_axe_accepts()
    {
        await using var context = await chromium.NewContext(dark: true, width: 320);
        var page = await context.NewPageAsync();
        await page.GotoAsync("data:text/html,<!doctype html><html lang=en><title>Hello</title><main><h1>Hello</h1></main></html>");
        await AxeCheck.HasNoViolation(page);
    }

    [Fact]
    public async Task Axe_names_what_is_wrong()
    {
        await using var context = await chromium.NewContext();
        var page = await context.NewPageAsync();
        await page.GotoAsync("data:text/html,<!doctype html><title>Hello</title><main><img src=x></main></html>");
        var failure = await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => AxeCheck.HasNoViolation(page));
        Assert.Contains("image-alt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_relying_party_serves_its_front_page_and_a_virtual_authenticator_makes_a_passkey_there()
    {
        await using var app = await RelyingParty.Start(new() { Issuer = "http://localhost:1", ClientId = "test" });
        await using var context = await chromium.NewContext();
        var page = await context.NewPageAsync();
        var authenticator = await VirtualAuthenticator.AddTo(page);
        await page.GotoAsync(app.Url);
        Assert.Equal("/login", await page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "Sign in" }).GetAttributeAsync("href"));
        await page.EvaluateAsync("""
            () => navigator.credentials.create({ publicKey: {
              rp: { id: 'localhost', name: 'Test' }, user: { id: new Uint8Array(16), name: 'ada', displayName: 'Ada' },
              challenge: new Uint8Array(32), pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
              authenticatorSelection: { residentKey: 'required', userVerification: 'required' } } }).then(c => c.id)
            """);
        Assert.Equal(1, await authenticator.Passkeys());
    }

    [Fact]
    public async Task The_relying_party_shows_why_a_sign_in_failed_and_changes_its_callback()
    {
        await using var app = await RelyingParty.Start(new() { Issuer = "http://localhost:1", ClientId = "test" });
        using var http = new HttpClient { BaseAddress = new(app.Url) };
        Assert.Contains("<pre id=error>", await (await http.GetAsync("/cb?code=x&state=y")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await app.SetCallback("/cb/");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await http.GetAsync("/cb")).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, (await http.GetAsync("/cb/")).StatusCode);
    }
}
