using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>Passwords in Debian's Chromium, with and without JavaScript.</summary>
public class PasswordTests(Chromium chromium)
{
    private static async Task Fill(IPage page, TestInstance instance, string name, string password)
    {
        await page.GotoAsync($"{instance.Origin}/sign-in");
        await page.GetByLabel("E-mail or user name").FillAsync(name);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue", Exact = true }).ClickAsync();
        await page.Locator("#password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }

    private static async Task Look(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("GATEHOUSE_PICTURES") is { } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"password-{name}.png"), FullPage = true });
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Somebody_signs_in_changes_and_resets_the_password(bool javaScript)
    {
        await using var instance = await PasswordSite.Start();
        var ada = await PasswordSite.NewUser(instance, "ada@example.com", "Ada Byron");
        await using var context = await chromium.NewContext(dark: !javaScript, width: javaScript ? 1280 : 320, javaScript: javaScript);
        context.SetDefaultTimeout(60_000);
        var watch = Watch.On(context);
        var page = await context.NewPageAsync();
        var how = javaScript ? "script" : "plain";

        await page.GotoAsync($"{instance.Origin}/sign-in");
        await Look(page, $"1-name-{how}");
        if (javaScript) await AxeCheck.HasNoViolation(page, "sign-in with passwords");
        await Fill(page, instance, "ada@example.com", "not the right one at all");
        await Assertions.Expect(page.GetByText("That did not sign you in.")).ToBeVisibleAsync();
        await Look(page, $"2-wrong-{how}");
        if (javaScript) await AxeCheck.HasNoViolation(page, "wrong password");
        await page.Locator("#password").FillAsync(PasswordSite.Good);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));

        await page.GotoAsync($"{instance.Origin}/account/security");
        await Look(page, $"3-security-{how}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Change the password" }).ClickAsync();
        await page.Locator("#current").FillAsync(PasswordSite.Good);
        await page.Locator("#password").FillAsync("short");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The password is too short")).ToBeVisibleAsync();
        await Look(page, $"4-change-{how}");
        if (javaScript) await AxeCheck.HasNoViolation(page, "change the password");
        await page.Locator("#current").FillAsync(PasswordSite.Good);
        await page.Locator("#password").FillAsync(PasswordSite.Other);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.WaitForURLAsync("**/account/security");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).First.ClickAsync();

        await page.GotoAsync($"{instance.Origin}/sign-in/reset");
        await page.GetByLabel("E-mail or user name").FillAsync("ada@example.com");
        await Look(page, $"5-ask-{how}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send the link" }).ClickAsync();
        await Assertions.Expect(page.GetByText("a mail is on its way")).ToBeVisibleAsync();
        var token = PasswordSite.LinkIn((await PasswordSite.Mails(instance, ada.Id)).First(m => m.Kind == "password_reset").Text);
        await page.GotoAsync($"{instance.Origin}/reset?t={token}");
        await Look(page, $"6-reset-{how}");
        if (javaScript) await AxeCheck.HasNoViolation(page, "reset");
        await page.Locator("#password").FillAsync("three ferries leave at noon");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set the password" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The password is set" })).ToBeVisibleAsync();
        await Fill(page, instance, "ada", "three ferries leave at noon");
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        watch.SawNothingWrong();
    }

    [Fact]
    public async Task C013_hints_stand_beside_the_field_and_nothing_is_sent_or_hindered()
    {
        await using var instance = await PasswordSite.Start();
        await using var context = await chromium.NewContext();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{instance.Origin}/sign-in");
        await page.GetByLabel("E-mail or user name").FillAsync("ada");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue", Exact = true }).ClickAsync();
        var field = page.Locator("#password");
        await field.FocusAsync();
        var sent = 0;
        page.Request += (_, _) => sent++;
        await field.EvaluateAsync("f => f.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', code: 'KeyA', modifierCapsLock: true, bubbles: true }))");
        await Assertions.Expect(page.GetByText("Caps Lock is on.")).ToBeVisibleAsync();
        await field.EvaluateAsync("f => f.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', code: 'KeyA', modifierCapsLock: false, bubbles: true }))");
        await Assertions.Expect(page.GetByText("Caps Lock is on.")).ToBeHiddenAsync();
        await field.EvaluateAsync("f => f.dispatchEvent(new KeyboardEvent('keydown', { key: 'ф', code: 'KeyA', bubbles: true }))");
        await Assertions.Expect(page.GetByText("Your keyboard is set to another alphabet.")).ToBeVisibleAsync();

        // Paste works, and what is shown is hidden again before it is sent.
        await field.EvaluateAsync("f => { const d = new DataTransfer(); d.setData('text/plain', 'x'); if (!f.dispatchEvent(new ClipboardEvent('paste', { clipboardData: d, bubbles: true, cancelable: true }))) throw new Error('paste was stopped'); }");
        await field.FillAsync("a pasted password of mine");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the password" }).ClickAsync();
        Assert.Equal("text", await field.GetAttributeAsync("type"));
        Assert.Equal(0, sent);
        await Look(page, "7-hints");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("That did not sign you in.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task C023_five_tabs_follow_when_one_gets_in()
    {
        await using var instance = await PasswordSite.Start();
        await PasswordSite.NewUser(instance, "ada@example.com", "Ada Byron");
        await using var context = await chromium.NewContext();
        context.SetDefaultTimeout(60_000);
        string[] wanted = ["/account/sessions", "/account/security", "/account/activity", "/account/password"];
        var tabs = new List<IPage>();
        foreach (var path in wanted)
        {
            tabs.Add(await context.NewPageAsync());
            await tabs[^1].GotoAsync(instance.Origin + path);
        }
        var fifth = await context.NewPageAsync();
        await Fill(fifth, instance, "ada", PasswordSite.Good);
        await fifth.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        for (var i = 0; i < wanted.Length; i++) await tabs[i].WaitForURLAsync("**" + wanted[i]);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task C021_blocked_cookies_are_said_on_the_page_itself(bool javaScript)
    {
        await using var instance = await PasswordSite.Start();
        await using var context = await chromium.NewContext(javaScript: javaScript);
        var page = await context.NewPageAsync();
        // What a cookie blocker or a stripping proxy does: the header never arrives.
        await context.RouteAsync("**/*", async route =>
        {
            var headers = route.Request.Headers.Where(h => h.Key != "cookie").ToDictionary(h => h.Key, h => h.Value);
            var answer = await route.FetchAsync(new() { Headers = headers.Append(new("cookie", "")).ToDictionary(h => h.Key, h => h.Value), MaxRedirects = 0 });
            await route.FulfillAsync(new() { Response = answer });
        });
        await page.GotoAsync($"{instance.Origin}/sign-in");
        await Assertions.Expect(page.Locator(".cookie-missing")).ToBeVisibleAsync();
        await Look(page, $"8-cookie-{javaScript}");

        await using var fine = await chromium.NewContext(javaScript: javaScript);
        var other = await fine.NewPageAsync();
        await other.GotoAsync($"{instance.Origin}/sign-in");
        await Assertions.Expect(other.Locator(".cookie-missing")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task An_admin_switches_passwords_on_and_makes_a_temporary_one()
    {
        await using var instance = await TestInstance.Start();
        await using var grace = await Person.With(chromium);
        await grace.SetUp(instance, "Grace Admin", "grace@example.com");
        Assert.Equal(0, (await instance.Console("group", "add", "field team")).Code);
        Assert.Equal(0, (await instance.Console("user", "add", "--email", "ada@example.com", "--name", "Ada Byron")).Code);
        await grace.Page.GotoAsync($"{instance.Origin}/admin/settings/passwords");
        await AxeCheck.HasNoViolation(grace.Page, "password settings");
        await Look(grace.Page, "9-settings");
        await grace.Page.GetByLabel("People may sign in with a password").CheckAsync();
        await grace.Press("Save");
        await grace.Sees("Saved.");
        var ada = await PasswordSite.Find(instance, "ada");
        await grace.Page.GotoAsync($"{instance.Origin}/admin/users/{ada.Id}");
        await Look(grace.Page, "10-user");
        await grace.Press("Make a temporary password");
        await grace.Sees("Shown once.");
        await Look(grace.Page, "11-temporary");
        await AxeCheck.HasNoViolation(grace.Page, "temporary password");
        grace.SawNothingWrong();
    }
}
