using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Browser;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.SignIn.Sessions;

/// <summary>Sessions, the policy about them and the deletion of an account in Debian's Chromium.</summary>
public sealed class SessionBrowserTests(Chromium chromium)
{
    [Fact]
    public async Task Without_a_script_staying_is_a_tick_whose_cookie_outlives_the_browser_and_an_ended_session_leads_back()
    {
        await using var instance = await PasswordSite.Start();
        await PasswordSite.NewUser(instance, "ada@example.com", "Ada Byron");
        await SessionPolicyTests.Set(instance, new() { Idle = 30, Absolute = 600, RememberedIdle = 60, RememberedAbsolute = 1440 });
        await using var context = await chromium.NewContext(dark: false, width: 320, javaScript: false);
        context.SetDefaultTimeout(60_000);
        var page = await context.NewPageAsync();
        foreach (var stay in new[] { false, true })
        {
            await page.GotoAsync($"{instance.Origin}/account/activity");
            await Assertions.Expect(page.GetByText("Your session ended after 30 minutes without activity.")).ToHaveCountAsync(stay ? 1 : 0);
            await page.GetByLabel("E-mail or user name").FillAsync("ada@example.com");
            if (stay) await page.GetByLabel("Stay signed in on this device").CheckAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Continue", Exact = true }).ClickAsync();
            Assert.Equal(stay, await page.GetByLabel("Stay signed in on this device").IsCheckedAsync());
            await page.Locator("#password").FillAsync(PasswordSite.Good);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
            await page.WaitForURLAsync("**/account/activity");
            var cookie = (await context.CookiesAsync()).Single(c => c.Name.EndsWith("gatehouse", StringComparison.Ordinal));
            Assert.Equal(stay, cookie.Expires > 0);
            instance.Clock.Advance(TimeSpan.FromMinutes(31));
        }
        await page.GotoAsync($"{instance.Origin}/account/sessions");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sessions and devices" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Behind_a_passkey_the_tick_is_sent_along_and_the_data_is_downloaded_after_a_confirmation()
    {
        await using var instance = await TestInstance.Start();
        Assert.Equal(0, (await instance.Console("user", "add", "--email", "ada@example.com", "--name", "Ada")).Code);
        await using var ada = await Person.With(chromium);
        await ada.EnterByLink(instance, "ada@example.com");
        foreach (var stay in new[] { true, false })
        {
            await ada.Authenticator.UserIsPresent(false);
            await ada.Press("Sign out");
            await ada.Page.WaitForURLAsync("**/sign-in");
            await ada.Page.GetByLabel("Stay signed in on this device").SetCheckedAsync(stay);
            await ada.Touch(() => ada.Press("Use a passkey"));
            await ada.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
            Assert.Equal(stay, (await ada.Context.CookiesAsync()).Single(c => c.Name == "__Host-gatehouse").Expires > 0);
        }
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await ada.Page.GotoAsync($"{instance.Origin}/account/data");
        await ada.Follow("Confirm that it is me, then download");
        await ada.ConfirmIfAsked();
        await ada.Page.WaitForURLAsync("**/account/data?ready=1");
        var download = await ada.Page.RunAndWaitForDownloadAsync(() => ada.Press("Download my data"));
        Assert.Equal("my-data.json", download.SuggestedFilename);
        using var stream = await download.CreateReadStreamAsync();
        using var json = await System.Text.Json.JsonDocument.ParseAsync(stream);
        Assert.Equal("ada@example.com", json.RootElement.GetProperty("profile").GetProperty("rows")[0].GetProperty("email").GetString());
        await Assertions.Expect(ada.Page.GetByRole(AriaRole.Heading, new() { Name = "My data" })).ToBeVisibleAsync();
    }

    [Theory, InlineData(false, 320), InlineData(true, 768), InlineData(false, 1280)]
    public async Task Pages_about_sessions_and_deletion_break_no_accessibility_rule_and_fit_the_width(bool dark, int width)
    {
        await using var instance = await TestInstance.Start();
        using var admin = await TestPerson.FirstAdmin(instance, "grace@example.com", "Grace");
        using var ada = await TestPerson.User(instance, "ada.with.a.rather.long.address@department.example.com", "Ada");
        using var second = new TestPerson(instance) { Authenticator = ada.Authenticator };
        await second.SignIn();
        var user = (await instance.Database.Read(sql => UserStore.FindByEmail(sql, "ada.with.a.rather.long.address@department.example.com")))!;
        const string firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        await instance.Database.Write(async sql =>
        {
            await instance.Services.GetRequiredService<RememberedDevices>().Remember(sql, user, "some browser", firefox, 30);
            await sql.Run("update sessions set user_agent = @firefox, remembered = true, address = '2001:db8:1234:5678:9abc:def0:1234:5678' where new_browser = true", new { firefox });
        });
        await using var context = await chromium.NewContext(dark, width);
        var page = await context.NewPageAsync();
        async Task Look(string path, string name, Func<Task>? then = null)
        {
            await page.GotoAsync(instance.Origin + path);
            if (then is not null) await then();
            await AxeCheck.HasNoViolation(page, $"{name} at {width} px");
            var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overflow <= 0, $"{name} is {overflow} px wider than {width}");
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"sessions-{name}-{width}.png"), FullPage = true });
        }
        async Task Be(TestPerson person)
        {
            await context.ClearCookiesAsync();
            await context.AddCookiesAsync(person.Browser.Cookies.Select(c => new Cookie { Name = c.Key, Value = c.Value, Url = instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = c.Key.StartsWith("__Host-", StringComparison.Ordinal) }));
        }

        await ada.SignIn();
        await Be(ada);
        await Look("/account/sessions", "list");
        await Look("/account/delete", "delete", async () =>
        {
            await page.Locator("#main form[action='/account/delete']").EvaluateAsync("form => form.noValidate = true");
            await page.Locator("#main form button.danger").ClickAsync();
        });
        await ada.Browser.Post("/account/delete", ("sure", "on"));
        await Look("/account/delete", "delete-asked");
        await Look("/account/data?ready=1", "data");

        await admin.SignIn();
        await Be(admin);
        await Look($"/admin/users/{user.Id}", "user-asks");
        await Look("/admin/users?state=deletion-asked", "users-asking");
        await Look("/admin/clients/new", "client", () => page.Locator("#session-limits summary").ClickAsync());
        instance.Clock.Advance(TimeSpan.FromMinutes(7));
        await Look("/admin/settings/sessions", "rehearsal", async () =>
        {
            await page.Locator("[name=idle]").FillAsync("5");
            await page.Locator("[name=idle_unit]").SelectOptionAsync("minutes");
            await page.Locator("[name=remember]").SelectOptionAsync("never");
            await page.Locator("#main form button.primary").ClickAsync();
            await page.Locator("#rehearsal").WaitForAsync();
        });
        await admin.Browser.Post($"/admin/users/{user.Id}/deletion/decline", ("because", "You still have a desk to hand over."));
        await Be(ada);
        await Look("/account/delete", "delete-declined");
        instance.Clock.Advance(TimeSpan.FromDays(40));
        await Look("/account", "ended");
    }
}
