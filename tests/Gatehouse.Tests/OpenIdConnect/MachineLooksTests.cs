using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>APIs, keys and the fields of service accounts in a real browser: on a phone's width, in the dark, and by a screen reader's rules.</summary>
public sealed class MachineLooksTests(Chromium chromium)
{
    [Theory, InlineData(false, 320), InlineData(true, 768), InlineData(false, 1280)]
    public async Task Pages_of_apis_and_keys_break_no_accessibility_rule_and_fit_the_width(bool dark, int width)
    {
        await using var site = await OidcSite.Start();
        await site.Run("user", "promote", "ada@example.com", "--role", "admin");
        using var admin = await site.SignedIn();
        await using var context = await chromium.NewContext(dark, width);
        foreach (var (name, value) in admin.Cookies)
            await context.AddCookiesAsync([new() { Name = name, Value = value, Url = site.Server.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = name.StartsWith("__Host-", StringComparison.Ordinal) }]);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type is "error" or "warning") complaints.Add(message.Text); };

        async Task Look(string path, string shot)
        {
            await page.GotoAsync(site.Server.Origin + path);
            Assert.DoesNotContain("/sign-in", page.Url, StringComparison.Ordinal);
            await page.EvaluateAsync("document.querySelectorAll('main details').forEach(d => d.open = true)");
            await AxeCheck.HasNoViolation(page, $"{path} {(dark ? "dark" : "light")} {width}");
            var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overflow <= 0, $"{path} is {overflow} px wider than {width}");
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{shot}-{width}{(dark ? "-dark" : "")}.png"), FullPage = true });
        }

        await Look("/admin/apis", "apis-empty");
        await Look("/admin/apis/new", "api-new");
        var (robot, _) = await site.AddClient("Nightly report", "--grant-type", "client_credentials");
        await site.Run("api", "add", "--identifier", "https://orders.example.com/v1", "--name", "Orders", "--scope", "orders:read See orders of all customers", "--scope", "orders:write Change and cancel orders");
        await site.Run("group", "add", "buyers");
        await site.Run("api", "grant", "https://orders.example.com/v1", "orders:read", "--client", robot, "--group", "buyers", "--role", "admin");
        var id = await site.Server.Database.Read(sql => sql.One<string>("select id from apis"));
        await site.Server.Services.GetRequiredService<RotateKeys>().Rotate("ES256", RotateKeys.Lead, new("test", ""));
        await site.Server.Services.GetRequiredService<RotateKeys>().Rotate("RS256", TimeSpan.Zero, new("test", ""));
        await Look("/admin/apis", "apis");
        await Look($"/admin/apis/{id}", "api");
        await Look("/admin/keys", "keys");
        await Look($"/admin/clients/{robot}", "service-account");
        await Look("/admin/clients/new", "client-new");
        Assert.Empty(complaints);
    }
}
