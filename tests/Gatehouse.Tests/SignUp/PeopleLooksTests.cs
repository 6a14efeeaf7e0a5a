using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.SignUp;

/// <summary>The pages of this room in a real browser: readable by everybody, on every width, in both themes.</summary>
public sealed class PeopleLooksTests(Chromium chromium)
{
    [Theory, InlineData(false, 320), InlineData(true, 768), InlineData(false, 1280)]
    public async Task Pages_about_links_and_letters_break_no_accessibility_rule_and_fit_the_width(bool dark, int width)
    {
        await using var instance = await TestInstance.Start();
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Set("open", "example.com");
        await admin.Browser.Get("/admin/settings/login-links");
        await admin.Browser.Post("/admin/settings/login-links", ("self_service", "on"));
        await instance.Console("group", "add", "operations-and-everything-else");
        await admin.Invite("ada.with.a.rather.long.address@subdomain.department.example.com, Ada Lovelace\nbo@example.com");
        var invitation = (await instance.Database.Read(sql => sql.One<string>("select id from signup_links where email = 'bo@example.com'")))!;
        var open = await instance.LastLink("bo@example.com");
        var shown = await admin.MakeLink(5);
        await admin.Invite("late@example.com", "1");
        var late = await instance.LastLink("late@example.com");
        instance.Clock.Advance(TimeSpan.FromHours(2));
        await admin.SignIn();
        await instance.Console("user", "add", "--email", "cy@example.com", "--name", "Cy");
        var cy = (await instance.Database.Read(sql => sql.One<string>("select id from users where email = 'cy@example.com'")))!;
        await admin.StepUp();
        await admin.Browser.Get($"/admin/users/{cy}");
        await admin.Browser.Post($"/admin/users/{cy}/login-link", ("valid", "1d"), ("how", "mail"));
        var login = await instance.LastLink("cy@example.com");

        await using var context = await chromium.NewContext(dark, width);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        // A page that is refused on purpose is a 410, and the browser notes it.
        page.Console += (_, message) => { if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) complaints.Add(message.Text); };
        async Task Look(string path, string name)
        {
            await page.GotoAsync(instance.Origin + path);
            await AxeCheck.HasNoViolation(page, $"{name} at {width} px");
            var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overflow <= 0, $"{name} is {overflow} px wider than {width}");
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder) await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"people-{name}-{width}.png"), FullPage = true });
        }
        await Look("/sign-in", "sign-in");
        await Look("/sign-up", "sign-up");
        await Look(open, "join");
        await Look(shown, "join-shared");
        await Look(late, "expired");
        await Look(login, "login-link");
        await Look("/sign-in/link", "ask-link");
        await context.AddCookiesAsync(admin.Browser.Cookies.Select(c => new Cookie { Name = c.Key, Value = c.Value, Url = instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = c.Key.StartsWith("__Host-", StringComparison.Ordinal) }));
        await Look("/admin/invite", "invite");
        await Look("/admin/invitations", "invitations");
        await Look($"/admin/invitations/{invitation}", "invitation");
        await Look("/admin/settings/sign-up", "settings-sign-up");
        await Look("/admin/settings/login-links", "settings-login-links");
        await Look("/admin/settings/email-templates", "templates");
        await Look("/admin/settings/email-templates/new_device", "template");
        await Look("/admin/settings/email-templates/new_device/html", "letter");
        await Look("/account/email", "change-email");
        await Look("/account", "profile");
        await Look($"/admin/users/{cy}", "user");
        await Look("/admin/users", "users");
        Assert.Empty(complaints);
    }
}
