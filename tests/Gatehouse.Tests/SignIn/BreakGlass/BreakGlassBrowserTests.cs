using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.SignIn.BreakGlass;

/// <summary>Break-glass in a real browser, with JavaScript and without, small and wide, light and dark.</summary>
public class BreakGlassBrowserTests(Chromium chromium)
{
    [Theory, InlineData(true, 1280, true), InlineData(true, 320, false), InlineData(false, 320, true)]
    public async Task An_admin_seals_rehearses_and_gets_in_at_night(bool javaScript, int width, bool dark)
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        await using var context = await chromium.NewContext(dark, width, javaScript: javaScript);
        context.SetDefaultTimeout(20_000);
        foreach (var (name, value) in grace.Browser.Cookies)
            await context.AddCookiesAsync([new() { Name = name, Value = value, Url = instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = name.StartsWith("__Host-", StringComparison.Ordinal) }]);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type is "error" or "warning" && !message.Text.Contains("40", StringComparison.Ordinal)) complaints.Add(message.Text); };
        async Task Press(string name) => await page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
        async Task Look(string name)
        {
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"glass-{name}-{width}{(dark ? "-dark" : "")}{(javaScript ? "" : "-nojs")}.png"), FullPage = true });
            if (javaScript) await AxeCheck.HasNoViolation(page, name);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, $"{name} is wider than {width}");
        }

        await page.GotoAsync(instance.Origin + "/admin/break-glass");
        await Look("none");
        await Press("Seal a credential");
        var credential = await page.Locator("#credential").InnerTextAsync();
        await Look("sealed");
        if (javaScript)
        {
            await page.EmulateMediaAsync(new() { Media = Media.Print });
            await Look("sealed-print");
            await page.EmulateMediaAsync(new() { Media = Media.Screen });
        }
        await page.GetByRole(AriaRole.Link, new() { Name = "It is printed and locked away" }).ClickAsync();
        await Look("due");
        await page.GetByRole(AriaRole.Link, new() { Name = "Rehearse", Exact = true }).ClickAsync();
        await page.Locator("textarea").FillAsync(credential[..^2]);
        await Press("Rehearse, open nothing");
        await Look("mistyped");
        await page.Locator("textarea").FillAsync(credential.ToLowerInvariant());
        await Press("Rehearse, open nothing");
        await Look("drilled");

        await context.ClearCookiesAsync();
        await page.GotoAsync(instance.Origin + "/sign-in/help");
        await page.GetByRole(AriaRole.Link, new() { Name = "Break-glass" }).ClickAsync();
        await Look("stranger");
        await page.Locator("textarea").FillAsync(credential);
        await Press("Open break-glass");
        await page.WaitForURLAsync("**/admin");
        await Look("overview");
        await page.GotoAsync(instance.Origin + "/admin/break-glass");
        await Look("open");
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await page.Locator("#sealed").Locator("..").GetByRole(AriaRole.Button).First.ClickAsync();
        await Look("confirm");
        await page.Locator("#confirm_credential").FillAsync(credential.Replace('\n', ' '));
        await Press("Confirm");
        await Press("Continue");
        Assert.NotEqual(credential, await page.Locator("#credential").InnerTextAsync());
        await Look("sealed-again");
        await Press("End it now");
        await page.WaitForURLAsync("**/sign-in");
        await page.GotoAsync(instance.Origin + "/admin");
        Assert.Contains("/sign-in", page.Url, StringComparison.Ordinal);
        Assert.Empty(complaints);
    }
}
