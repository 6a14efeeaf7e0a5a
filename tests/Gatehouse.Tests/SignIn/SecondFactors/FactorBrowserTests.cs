using System.Globalization;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Playwright;

namespace Gatehouse.Tests.SignIn.SecondFactors;

/// <summary>Second factors in a real browser, with JavaScript and without.</summary>
public class FactorBrowserTests(Chromium chromium)
{
    [Theory, InlineData(true, 1280), InlineData(false, 320)]
    public async Task A_person_sets_up_an_app_signs_in_with_it_loses_it_and_confirms_by_a_code(bool javaScript, int width)
    {
        await using var instance = await PasswordSite.Start();
        await PasswordSite.NewUser(instance, "ada@example.com", "Ada");
        await using var context = await chromium.NewContext(dark: !javaScript, width: width, javaScript: javaScript);
        context.SetDefaultTimeout(60_000);
        var complaints = new List<string>();
        var page = await context.NewPageAsync();
        page.Console += (_, message) => { if (message.Type is "error" or "warning" && !message.Text.Contains("403", StringComparison.Ordinal)) complaints.Add(message.Text); };
        async Task Press(string name) => await page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
        async Task Look(string name)
        {
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"mfa-{name}-{width}.png"), FullPage = true });
            if (javaScript) await AxeCheck.HasNoViolation(page, name);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, $"{name} is wider than {width}");
        }
        async Task Password()
        {
            await page.GotoAsync(instance.Origin + "/sign-in");
            await page.GetByLabel("E-mail or user name").FillAsync("ada@example.com");
            await Press("Continue");
            await page.Locator("#password").FillAsync(PasswordSite.Good);
            await Press("Sign in");
        }
        async Task SignOut()
        {
            await context.ClearCookiesAsync();
            // The next code: each works once.
            instance.Clock.Advance(TimeSpan.FromSeconds(60));
        }
        var secret = "";
        async Task<string> Code() => (await Tool.Run("oathtool",
            ["--totp", "-b", secret, "--now", instance.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC"])).Trim();

        await Password();
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        await page.GotoAsync(instance.Origin + "/account/security");
        await Look("security-none");
        await page.GetByRole(AriaRole.Link, new() { Name = "Set up an authenticator app" }).ClickAsync();
        await page.Locator("#confirm_password").FillAsync(PasswordSite.Good);
        await Press("Confirm");
        secret = (await page.Locator("#secret").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        await Look("new-app");
        await page.Locator("#code").FillAsync(await Code());
        await Press("Switch it on");
        var codes = (await page.Locator("#codes").InnerTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(BackupCodes.PerSet, codes.Length);
        await Look("backup-codes");
        await page.GetByRole(AriaRole.Link, new() { Name = "I have stored them" }).ClickAsync();
        await Look("security-app");

        await SignOut();
        await Password();
        await Look("second-step");
        await page.Locator("#code").FillAsync("000000");
        await Press("Continue");
        await Look("second-step-refused");
        await page.Locator("#code").FillAsync(await Code());
        await Press("Continue");
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));

        await SignOut();
        await Password();
        await page.GetByText("I don't have my device").ClickAsync();
        await Look("lost-device");
        await page.Locator("#backup").FillAsync(codes[4].ToUpperInvariant());
        await Press("Use the backup code");
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));

        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await page.GotoAsync(instance.Origin + "/account/security");
        await Press("Make new backup codes");
        await Look("confirm");
        await page.Locator("#confirm_code").FillAsync(await Code());
        await Press("Confirm");
        await Press("Continue");
        Assert.Equal(BackupCodes.PerSet, (await page.Locator("#codes").InnerTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task The_pages_of_admins_break_no_accessibility_rule()
    {
        await using var instance = await PasswordSite.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await Holder.New(instance);
        foreach (var (dark, width) in new[] { (false, 320), (true, 1280) })
        {
            await using var context = await chromium.NewContext(dark, width);
            foreach (var (name, value) in grace.Browser.Cookies) await context.AddCookiesAsync([new() { Name = name, Value = value, Url = instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = name.StartsWith("__Host-", StringComparison.Ordinal) }]);
            var page = await context.NewPageAsync();
            foreach (var (name, path) in new[] { ("policy", "/admin/settings/second-factors"), ("user", $"/admin/users/{ada.User.Id}") })
            {
                await page.GotoAsync(instance.Origin + path);
                if (name == "user") await page.GetByText("The person does not have the device").ClickAsync();
                if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"mfa-{name}-{width}.png"), FullPage = true });
                await AxeCheck.HasNoViolation(page, $"{name} {width}");
                Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, $"{name} is wider than {width}");
            }
        }
    }
}
