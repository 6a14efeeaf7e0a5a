using System.Globalization;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Logout;
using Gatehouse.Tests.Mail;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>Pages that the tour does not come to: set-up, those behind mailed links, those of applications that go in circles, and pages under a logo.</summary>
public sealed class RarePagesTests(Chromium chromium)
{
    private static readonly int[] Widths = [1280, 768, 320];

    /// <summary>A browser that holds the cookies of somebody; with the pseudo-language when asked.</summary>
    private static async Task<IPage> Open(IBrowserContext context, string origin, IDictionary<string, string>? cookies = null, bool pseudo = false)
    {
        var all = new Dictionary<string, string>(cookies ?? new Dictionary<string, string>());
        if (pseudo) all["__Host-gatehouse-language"] = "qps-ploc";
        foreach (var (name, value) in all)
            await context.AddCookiesAsync([new() { Name = name, Value = value, Url = origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = true }]);
        return await context.NewPageAsync();
    }

    /// <summary>Looks at what the browser shows now, on every width in both themes.</summary>
    private static async Task Look(IPage page, string name, string sees)
    {
        await Assertions.Expect(page.GetByText(sees).First).ToBeVisibleAsync();
        foreach (var theme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = theme });
            foreach (var width in Widths)
            {
                await page.SetViewportSizeAsync(width, 900);
                var where = string.Create(CultureInfo.InvariantCulture, $"{name} {theme} {width}");
                await AxeCheck.HasNoViolation(page, where);
                Assert.True(await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth") <= 0, where + " is too wide");
                if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
                    await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{theme}-{width}.png"), FullPage = true });
            }
        }
    }

    /// <summary>Every text of the page can be translated, and it fits a phone with long ones.</summary>
    private async Task Translates(string origin, string path, params string[] typed)
    {
        await using var context = await chromium.NewContext(width: 320);
        var page = await Open(context, origin, pseudo: true);
        await page.GotoAsync(origin + path);
        Assert.Empty(await page.EvaluateAsync<string[]>(PagesTests.Untranslated, typed.Concat(Site.Typed).ToArray()));
        Assert.Contains('⟦', await page.ContentAsync());
        Assert.True(await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth") <= 0, path + " is too wide with long texts");
    }

    [Fact]
    public async Task C027_C030_circles_and_instant_logouts_are_explained_on_pages_that_everybody_can_read()
    {
        await using var site = await OidcSite.Start(null, "--post-logout-redirect-uri", "https://app.example.com/bye");
        var origin = site.Server.Origin;
        var (circle, _) = await site.AddClient("Circle", "--guard");
        using (var ada = await site.SignedIn())
        {
            for (var i = 0; i < FindLoops.Rounds; i++)
            {
                site.Server.Clock.Advance(TimeSpan.FromSeconds(1));
                await site.Code(ada, ("client_id", circle));
            }
            await using var context = await chromium.NewContext();
            var page = await Open(context, origin, ada.Cookies);
            await page.GotoAsync(origin + site.AuthorizePath(("client_id", circle)));
            await Look(page, "loop", "Circle");
        }

        async Task<string> In(TestBrowser browser)
        {
            var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
            site.Server.Clock.Advance(TimeSpan.FromSeconds(2));
            return $"/logout?id_token_hint={tokens.GetProperty("id_token").GetString()}&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fbye";
        }
        using (var first = await site.SignedIn())
        {
            Assert.Equal(303, (int)(await first.Get(await In(first))).Status);
            await site.Server.Services.GetRequiredService<TellApplications>().Run();
        }
        using (var second = await site.SignedIn())
        {
            var logout = await In(second);
            await using var context = await chromium.NewContext();
            var page = await Open(context, origin, second.Cookies);
            await page.GotoAsync(origin + logout);
            await Look(page, "instant-logout", "Grafana");
        }
    }

    [Fact]
    public async Task Set_up_and_pages_behind_mailed_links_read_well_and_can_be_translated()
    {
        await using var instance = await TestInstance.Start();
        var origin = instance.Origin;
        var setup = "/setup?t=" + await TestPerson.SetupToken(instance);
        await using var context = await chromium.NewContext();
        var page = await Open(context, origin);
        await page.GotoAsync(origin + setup);
        await Look(page, "setup", "administrator");
        await Translates(origin, setup);

        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.Browser.Post("/account/email/verify");
        var verify = instance.LinkIn((await instance.Mails("ada@example.com")).Last(m => m.Kind == "verify_email"));
        await page.GotoAsync(origin + verify);
        await Look(page, "email-link", "ada@example.com");
        await Translates(origin, verify);
        await page.Locator("#main form button").First.ClickAsync();
        await page.WaitForLoadStateAsync();
        await Look(page, "email-done", "ada@example.com");

        using var phone = new TestPerson(instance) { Authenticator = ada.Authenticator };
        await phone.SignIn();
        var notMe = instance.LinkIn((await instance.Mails("ada@example.com")).Last(m => m.Kind == "new_device"));
        await page.GotoAsync(origin + notMe);
        await Look(page, "not-me", "Was this not you?");
        await Translates(origin, notMe);
        await page.Locator("#main form button").First.ClickAsync();
        await page.WaitForLoadStateAsync();
        await Look(page, "not-me-done", "You are signed out everywhere");
    }

    [Fact]
    public async Task Sign_in_and_letters_under_a_logo_read_well()
    {
        await using var instance = await TestInstance.Start();
        using var admin = await TestPerson.FirstAdmin(instance);
        Assert.Equal("/admin/settings/email-templates?done=logo", (await LogoTests.Upload(admin.Browser, LogoTests.Png(320, 90))).Location);
        await using var context = await chromium.NewContext();
        var page = await Open(context, instance.Origin);
        await page.GotoAsync(instance.Origin + "/sign-in");
        await Look(page, "sign-in-logo", "Use a passkey");
        Assert.Equal(1, await page.Locator(".instance-logo img").CountAsync());
        Assert.True(await page.EvaluateAsync<bool>("() => document.querySelector('.instance-logo img').naturalWidth === 320"));
        await using var own = await chromium.NewContext();
        var settings = await Open(own, instance.Origin, admin.Browser.Cookies);
        await settings.GotoAsync(instance.Origin + "/admin/settings/email-templates");
        await Look(settings, "templates-logo", "Remove the logo");
        await settings.GotoAsync(instance.Origin + "/admin/settings/email-templates/login_link/html");
        Assert.True(await settings.EvaluateAsync<bool>("() => document.querySelector('img.logo').naturalWidth === 320"));
    }
}
