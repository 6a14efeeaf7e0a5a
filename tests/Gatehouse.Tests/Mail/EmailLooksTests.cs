using Gatehouse.Accounts.Users;
using Gatehouse.Mail;
using Gatehouse.Mail.Smtp;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>The pages of mail in a real browser, on every width, in both themes.</summary>
public sealed class EmailLooksTests(Chromium chromium)
{
    [Fact]
    public async Task Mail_pages_break_no_accessibility_rule_fit_every_width_and_mark_what_is_not_saved()
    {
        await using var instance = await TestInstance.Start();
        using var authority = new TestAuthority();
        await using var smtp = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        smtp.Replies["RCPT"] = "550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown in virtual mailbox table";
        await SenderTests.Set(instance, new() { Host = "localhost", Port = smtp.Port, From = "noreply@gatehouse.dev", FromName = "Gatehouse", Authorities = authority.Pem });
        await using var names = await NameServer.Start("mx-host=gatehouse.dev,mail.gatehouse.dev,10", "address=/mail.gatehouse.dev/203.0.113.7", "txt-record=_dmarc.gatehouse.dev,\"v=DMARC1; p=maybe\"");
        var look = instance.Services.GetRequiredService<LookAtMail>();
        look.Resolver = names.Resolver;
        await look.Run(TestContext.Current.CancellationToken);
        var test = instance.Services.GetRequiredService<TestMail>();
        test.Patience = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        using var admin = await Somebody.With(instance, Role.Admin);
        var id = await instance.Database.Write(sql => instance.Services.GetRequiredService<Outbox>().Queue(sql, OutboxTests.Letter("looks")));
        await instance.Services.GetRequiredService<MailSender>().Run();

        var complaints = new List<string>();
        foreach (var (dark, width) in new[] { (false, 320), (true, 1280), (false, 768) })
        {
            await using var context = await chromium.NewContext(dark, width);
            foreach (var (name, value) in admin.Cookies) await context.AddCookiesAsync([new() { Name = name, Value = value, Url = instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = name.StartsWith("__Host-", StringComparison.Ordinal) }]);
            var page = await context.NewPageAsync();
            page.Console += (_, message) => { if (message.Type is "error" or "warning") complaints.Add(message.Text); };
            async Task Look(string name)
            {
                if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
                    await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{width}{(dark ? "-dark" : "")}.png"), FullPage = true });
                await AxeCheck.HasNoViolation(page, $"{name} {(dark ? "dark" : "light")} {width}");
                var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                var wide = overflow <= 0 ? "" : await page.EvaluateAsync<string>("[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.children.length === 0).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30)).slice(0, 5).join('; ')");
                Assert.True(overflow <= 0, $"{name} is {overflow} px wider than {width}: {wide}");
            }
            await page.GotoAsync(instance.Origin + MailPaths.Log);
            await Look("mail-log");
            await page.GotoAsync($"{instance.Origin}{MailPaths.Log}/{id}");
            await Look("letter");
            await page.GotoAsync(instance.Origin + MailPaths.Settings);
            Assert.Equal(0, await page.Locator("[data-unsaved]:visible").CountAsync());
            await page.FillAsync("#from", "other@example.com");
            Assert.Equal(1, await page.Locator("[data-unsaved]:visible").CountAsync());
            await Look("email");
            await page.ClickAsync("text=Test with the values on screen");
            await page.WaitForSelectorAsync("#result");
            Assert.Equal("other@example.com", await page.InputValueAsync("#from"));
            Assert.Equal(1, await page.Locator("[data-unsaved]:visible").CountAsync());
            Assert.Contains("User unknown", await page.InnerTextAsync(".staircase li.bad pre"), StringComparison.Ordinal);
            await Look("email-test");
        }
        Assert.Empty(complaints);
    }
}
