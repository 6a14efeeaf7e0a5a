using System.Text.RegularExpressions;
using Gatehouse.Mail;
using Gatehouse.Mail.Smtp;
using Gatehouse.Tests.Mail;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>Mails go through a real mail server and are opened in a real browser by the link that arrived.</summary>
public partial class PeopleStoryTests(Chromium chromium, PostgresCluster postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C077_C088_C119_an_invitation_and_a_login_link_arrive_and_lead_to_a_passkey(bool onPostgres)
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost"]);
        await using var exim = await Exim.Start(certificate);
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        await SenderTests.Set(instance, new() { Host = "localhost", Port = exim.StartTls, User = Exim.User, From = "noreply@example.com", FromName = "Gatehouse", Authorities = authority.Pem }, Exim.Password);
        await using var boss = await Person.With(chromium);
        await boss.SetUp(instance, "Boss", "boss@example.com");

        // Invited in the browser, opened by the link that arrived, an account with a passkey in one run.
        await boss.Page.GotoAsync($"{instance.Origin}/admin/invite");
        await boss.Page.GetByLabel("Addresses").FillAsync("grace@example.com, Grace Hopper");
        await boss.Press("Send invitations");
        await boss.Sees("On its way");
        var invitation = await Arrived(instance, exim, 1, "/join?t=");
        await using var grace = await Person.With(chromium);
        await grace.Page.GotoAsync(invitation);
        Assert.Equal("Grace Hopper", await grace.Page.GetByLabel("Your name").InputValueAsync());
        await grace.Press("Continue");
        await grace.Press("Create account with a passkey");
        await grace.Page.WaitForURLAsync(url => !url.Contains("/join", StringComparison.Ordinal));
        await boss.Page.GotoAsync($"{instance.Origin}/admin/invitations");
        await Assertions.Expect(boss.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "grace@example.com" })).ToContainTextAsync("accepted");
        await Assertions.Expect(boss.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "grace@example.com" })).ToContainTextAsync("Used");

        // The phone is lost: a link from the admin, a new passkey at once.
        await boss.Follow("Grace Hopper");
        await boss.Press("Send login link");
        await boss.ConfirmIfAsked();
        await boss.Sees("A login link is on its way");
        var link = await Arrived(instance, exim, 2, "/link?t=");
        await using var phone = await Person.With(chromium, width: 375);
        await phone.Page.GotoAsync(link);
        await phone.Press("Sign in as Grace Hopper");
        await phone.Page.WaitForURLAsync(url => url.Contains("/account/passkeys/new", StringComparison.Ordinal));
        await phone.Press("Create the passkey");
        await phone.Page.WaitForURLAsync("**/account/security");
        await Assertions.Expect(phone.Page.Locator("section.passkey")).ToHaveCountAsync(2);

        // A link for the wall, as a QR code beside its text.
        await boss.Page.GotoAsync($"{instance.Origin}/admin/invite");
        await boss.Page.GetByLabel("How many accounts").FillAsync("20");
        await boss.Press("Make a link");
        await Assertions.Expect(boss.Page.GetByRole(AriaRole.Img, new() { Name = "The same link as a QR code" })).ToBeVisibleAsync();
        await AxeCheck.HasNoViolation(boss.Page, "a new sign-up link");
        if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
        {
            await boss.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, "people-new-link.png"), FullPage = true });
            await File.WriteAllTextAsync(Path.Combine(folder, "people-new-link.txt"), await boss.Page.Locator("#sign-up-link").InnerTextAsync());
        }
        boss.SawNothingWrong();
        grace.SawNothingWrong();
        phone.SawNothingWrong();
    }

    /// <summary>Sends what waits and reads the newest mail that holds such a link.</summary>
    private static async Task<string> Arrived(TestInstance instance, Exim exim, int count, string path)
    {
        await instance.Services.GetRequiredService<MailSender>().Run();
        var mails = await exim.Delivered(count);
        // Quoted-printable (RFC 2045 section 6.7): soft line breaks and escaped equals signs.
        var links = mails.Select(m => m.ReplaceLineEndings("\n").Replace("=\n", "", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal))
            .Select(m => Links().Matches(m).Select(l => l.Value).FirstOrDefault(l => l.StartsWith(instance.Origin + path, StringComparison.Ordinal))).OfType<string>();
        return Assert.Single(links);
    }

    [GeneratedRegex(@"http://localhost:\d+/[a-z]+\?t=[A-Za-z0-9_-]{43}")]
    private static partial Regex Links();
}
