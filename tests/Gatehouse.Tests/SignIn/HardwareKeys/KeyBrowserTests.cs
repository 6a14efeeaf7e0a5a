using Gatehouse.Audit;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignIn.SecondFactors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.SignIn.HardwareKeys;

/// <summary>Hardware keys in a real browser.</summary>
public class KeyBrowserTests(Chromium chromium)
{
    /// <summary>One person before one browser that has no passkeys.</summary>
    private sealed class Desk(TestInstance instance, IBrowserContext context, IPage page, bool dark, int width) : IAsyncDisposable
    {
        private readonly List<string> complaints = [];

        public IPage Page => page;
        public VirtualAuthenticator Key { get; set; } = null!;

        public static async Task<Desk> At(Chromium chromium, TestInstance instance, bool dark, int width, bool javaScript = true)
        {
            var context = await chromium.NewContext(dark, width, javaScript);
            context.SetDefaultTimeout(60_000);
            var desk = new Desk(instance, context, await context.NewPageAsync(), dark, width);
            desk.Page.Console += (_, message) => { if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) desk.complaints.Add(message.Text); };
            if (javaScript) desk.Key = await VirtualAuthenticator.HardwareKey(desk.Page);
            return desk;
        }

        public async Task Take(VirtualAuthenticator? old = null)
        {
            await (old ?? Key).Remove();
            Key = await VirtualAuthenticator.HardwareKey(page);
        }

        public Task Press(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
        public Task Sees(string text) => Assertions.Expect(page.GetByText(text).First).ToBeVisibleAsync();

        public async Task SaysWithoutScript(string text)
        {
            var notice = page.Locator("noscript .notice").First;
            await Assertions.Expect(notice).ToBeVisibleAsync();
            Assert.Contains(text, await notice.TextContentAsync() ?? "", StringComparison.Ordinal);
        }

        public async Task Password()
        {
            await page.GotoAsync(instance.Origin + "/sign-in");
            await page.GetByLabel("E-mail or user name").FillAsync("ada@example.com");
            await Press("Continue");
            await page.Locator("#password").FillAsync(PasswordSite.Good);
            await Press("Sign in");
        }

        public Task IsIn() => page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));

        public async Task Leave()
        {
            await context.ClearCookiesAsync();
            instance.Clock.Advance(TimeSpan.FromSeconds(60));
        }

        public async Task Look(string name)
        {
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"key-{name}-{width}{(dark ? "-dark" : "")}.png"), FullPage = true });
            if (Key is not null) await AxeCheck.HasNoViolation(page, name);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, $"{name} is wider than {width}");
        }

        public void SawNothingWrong() => Assert.Empty(complaints);

        public ValueTask DisposeAsync() => context.DisposeAsync();
    }

    [Theory, InlineData(false, 1280), InlineData(true, 320)]
    public async Task C068_a_person_adds_keys_signs_in_confirms_loses_one_and_reads_why_the_removed_one_fails(bool dark, int width)
    {
        await using var instance = await PasswordSite.Start();
        await PasswordSite.NewUser(instance, "ada@example.com", "Ada");
        await using var ada = await Desk.At(chromium, instance, dark, width);

        await ada.Password();
        await ada.IsIn();
        await ada.Page.GotoAsync(instance.Origin + "/account/security");
        await ada.Look("security-none");
        await ada.Page.GetByRole(AriaRole.Link, new() { Name = "Add a hardware key" }).ClickAsync();
        await ada.Page.Locator("#confirm_password").FillAsync(PasswordSite.Good);
        await ada.Press("Confirm");
        await ada.Page.Locator("#name").FillAsync("Blue key");
        await ada.Look("new");
        // Enter in the field does what the button does.
        await ada.Page.Locator("#name").PressAsync("Enter");
        var codes = (await ada.Page.Locator("#codes").InnerTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(BackupCodes.PerSet, codes.Length);
        await ada.Page.GetByRole(AriaRole.Link, new() { Name = "I have stored them" }).ClickAsync();
        await ada.Sees("You have one hardware key.");
        await ada.Look("security-one");
        // The same key is not taken twice.
        await ada.Page.GotoAsync(instance.Origin + "/account/factors/keys/new");
        await ada.Press("Register the key");
        await ada.Sees("This key is registered with your account already");
        await ada.Look("new-again");

        // Password and key.
        await ada.Leave();
        await ada.Password();
        await ada.Look("second-step");
        await ada.Press("Use your hardware key");
        await ada.IsIn();

        // A second one; then a confirmation by key, of a form that was typed before.
        await ada.Page.GotoAsync(instance.Origin + "/account/factors/keys/new");
        await ada.Take();
        await ada.Page.Locator("#name").FillAsync("Desk drawer");
        await ada.Press("Register the key");
        await ada.Page.WaitForURLAsync("**/account/security");
        await ada.Look("security-two");
        await ada.Leave();
        await ada.Password();
        await ada.Press("Use your hardware key");
        await ada.IsIn();
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await ada.Page.GotoAsync(instance.Origin + "/account/security");
        await ada.Page.Locator(".hardware-key").Last.GetByLabel("New name").FillAsync("Drawer");
        await ada.Page.Locator(".hardware-key").Last.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        await ada.Look("confirm");
        await ada.Press("Confirm with your hardware key");
        await ada.Sees("Drawer");
        await Assertions.Expect(ada.Page.GetByText("Desk drawer")).ToHaveCountAsync(0);

        // The present key is removed while the other one is somewhere else: it does not open any more, and the console says why.
        await ada.Page.Locator(".hardware-key").Last.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await ada.Sees("Undo removal");
        await ada.Look("security-removed");
        await ada.Leave();
        await ada.Password();
        await ada.Press("Use your hardware key");
        await ada.Sees("This key was removed from your account.");
        await ada.Look("second-step-removed");
        var reference = await ada.Page.Locator("[role=alert] code").InnerTextAsync();
        Assert.Contains("\"Drawer\"", await Why(instance, reference), StringComparison.Ordinal);

        // A key that was never registered: the browser says that nothing answered.
        await ada.Take();
        await ada.Press("Use your hardware key");
        await Assertions.Expect(ada.Page.Locator("#key-reference")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^GH-"));
        await ada.Look("second-step-no-answer");
        var why = await Why(instance, await ada.Page.Locator("#key-reference").InnerTextAsync());
        Assert.Contains("mfa.key_no_answer", why, StringComparison.Ordinal);
        Assert.Contains("Blue key", why, StringComparison.Ordinal);

        // The key is lost: a backup code.
        await ada.Page.GetByText("I don't have my device").ClickAsync();
        await ada.Look("lost");
        await ada.Page.Locator("#backup").FillAsync(codes[4]);
        await ada.Press("Use the backup code");
        await ada.IsIn();
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task Without_JavaScript_the_pages_say_what_else_there_is()
    {
        await using var instance = await PasswordSite.Start();
        using var holder = await KeyHolder.New(instance);
        await using var ada = await Desk.At(chromium, instance, dark: false, width: 320, javaScript: false);
        await ada.Password();
        await ada.SaysWithoutScript("Without it, use a backup code");
        await Assertions.Expect(ada.Page.GetByRole(AriaRole.Button, new() { Name = "Use your hardware key" })).ToBeDisabledAsync();
        await ada.Look("no-script");
        await ada.Page.GetByText("I don't have my device").ClickAsync();
        await ada.Page.Locator("#backup").FillAsync(holder.Codes[0]);
        await ada.Press("Use the backup code");
        await ada.IsIn();
        await ada.Page.GotoAsync(instance.Origin + "/account/factors/keys/new");
        await ada.SaysWithoutScript("An authenticator app works without");
        await ada.Look("new-no-script");
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await ada.Page.GotoAsync(instance.Origin + "/account/security");
        await ada.Press("Make new backup codes");
        await ada.SaysWithoutScript("Without it, type a code.");
        await ada.Page.Locator("#confirm_code").FillAsync(holder.Codes[1]);
        await ada.Look("confirm-no-script");
        await ada.Press("Confirm");
        await ada.Press("Continue");
        Assert.Equal(BackupCodes.PerSet, (await ada.Page.Locator("#codes").InnerTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task The_page_of_a_user_shows_admins_the_keys()
    {
        await using var instance = await PasswordSite.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        using var holder = await KeyHolder.New(instance);
        foreach (var (dark, width) in new[] { (false, 320), (true, 1280) })
        {
            await using var context = await chromium.NewContext(dark, width);
            foreach (var (name, value) in grace.Browser.Cookies) await context.AddCookiesAsync([new() { Name = name, Value = value, Url = instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = name.StartsWith("__Host-", StringComparison.Ordinal) }]);
            var page = await context.NewPageAsync();
            await page.GotoAsync($"{instance.Origin}/admin/users/{holder.User.Id}");
            await page.GetByText("The person does not have the device").ClickAsync();
            await Assertions.Expect(page.GetByText("Blue key")).ToBeVisibleAsync();
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"key-user-{width}.png"), FullPage = true });
            await AxeCheck.HasNoViolation(page, $"user {width}");
        }
    }

    [Fact]
    public async Task Key_app_and_passkey_stand_side_by_side()
    {
        await using var instance = await PasswordSite.Start();
        await PasswordSite.NewUser(instance, "ada@example.com", "Ada");
        await Holder.Policy(instance, new() { RememberDays = 30 });
        await using var ada = await Desk.At(chromium, instance, dark: false, width: 1280);
        await ada.Password();
        await ada.IsIn();
        await ada.Page.GotoAsync(instance.Origin + "/account/factors/app");
        await ada.Page.Locator("#confirm_password").FillAsync(PasswordSite.Good);
        await ada.Press("Confirm");
        var secret = (await ada.Page.Locator("#secret").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        await ada.Page.Locator("#code").FillAsync((await Tool.Run("oathtool",
            ["--totp", "-b", secret, "--now", instance.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture) + " UTC"])).Trim());
        await ada.Press("Switch it on");
        await ada.Page.GotoAsync(instance.Origin + "/account/factors/keys/new");
        await ada.Press("Register the key");
        await ada.Page.WaitForURLAsync("**/account/security");
        await ada.Look("security-both");
        // The name of its model, or a plain one, where none was typed.
        await ada.Sees("Hardware key");
        await ada.Key.Remove();
        var phone = await VirtualAuthenticator.AddTo(ada.Page);
        await ada.Page.GotoAsync(instance.Origin + "/account/passkeys/new");
        await ada.Press("Create the passkey");
        await ada.Page.WaitForURLAsync("**/account/security");
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await ada.Press("Make new backup codes");
        await ada.Look("confirm-three");
        // The passkey of this session confirms nothing; the message stands beside its own button.
        await ada.Press("Confirm with a passkey");
        await Assertions.Expect(ada.Page.Locator("[data-passkey=step-up] [data-says=refused]")).ToBeVisibleAsync();
        await Assertions.Expect(ada.Page.Locator("[data-passkey=step-up-key] [data-says]:not([hidden])")).ToHaveCountAsync(0);
        await phone.Remove();
        ada.Key = await VirtualAuthenticator.HardwareKey(ada.Page);
        await ada.Leave();
        await ada.Password();
        await ada.Look("second-step-both");
        ada.SawNothingWrong();
    }

    private static async Task<string> Why(TestInstance instance, string reference)
    {
        await instance.Services.GetRequiredService<RefusalLog>().Settle();
        var (code, why, error) = await instance.Console("why", reference);
        Assert.True(code == 0, error);
        return why;
    }
}
