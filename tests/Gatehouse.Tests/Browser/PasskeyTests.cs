using Gatehouse.Audit;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>What happens around the passkey ceremonies when they do not go straight.</summary>
public class PasskeyTests(Chromium chromium)
{
    [Theory]
    [InlineData("unsupported", "delete window.PublicKeyCredential", "unsupported")]
    [InlineData("insecure", "Object.defineProperty(window, 'isSecureContext', { get: () => false })", "insecure")]
    [InlineData("origin", "document.addEventListener('readystatechange', () => { const box = document.querySelector('[data-passkey]'); if (box) box.dataset.origin = 'https://id.example.com'; })", "origin")]
    public async Task C089_C090_C092_C094_C114_what_makes_a_passkey_impossible_is_said_before_any_ceremony_and_leaves_a_reference(string obstacle, string script, string says)
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.Context.AddInitScriptAsync(script);
        var asked = 0;
        await ada.Page.RouteAsync("**/passkeys/assertion/options", async route =>
        {
            asked++;
            await route.ContinueAsync();
        });
        await ada.Page.GotoAsync($"{instance.Origin}/sign-in");
        await Assertions.Expect(ada.Page.Locator($"[data-says={says}]")).ToBeVisibleAsync();
        await Assertions.Expect(ada.Page.Locator("#passkey-reference")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^GH-"));
        await AxeCheck.HasNoViolation(ada.Page, obstacle);
        Assert.Equal(0, asked);
        // The other ways of the page are still there.
        await Assertions.Expect(ada.Page.GetByRole(AriaRole.Link, new() { NameRegex = new("help|another way|can.t sign in", System.Text.RegularExpressions.RegexOptions.IgnoreCase) }).First).ToBeVisibleAsync();
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task C087_C096_C097_a_blocked_ceremony_says_so_and_leaves_a_reference_and_a_report()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        await ada.Authenticator.Clear();
        await ada.Page.GotoAsync($"{instance.Origin}/account/passkeys/new");
        await ada.Authenticator.UserVerifies(false);
        await ada.Press("Create the passkey");
        await Assertions.Expect(ada.Page.Locator(".passkey-messages [data-says]:not([hidden])")).ToHaveCountAsync(1);
        await Assertions.Expect(ada.Page.Locator("#passkey-reference")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^GH-"));
        await ada.Page.GetByText("Report for your IT department").ClickAsync();
        Assert.Contains($"origin: {instance.Origin}", await ada.Page.Locator("#passkey-report").InnerTextAsync(), StringComparison.Ordinal);
        await AxeCheck.HasNoViolation(ada.Page, "a cancelled ceremony");

        // The same page still works when the person passes.
        await ada.Authenticator.UserVerifies(true);
        await ada.Press("Create the passkey");
        await ada.Page.WaitForURLAsync("**/account/security");
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task C096_a_ceremony_that_the_person_cancels_can_be_begun_again()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        await ada.Authenticator.UserVerifies(false);
        await ada.Press("Sign out");
        await ada.Press("Use a passkey");
        await Assertions.Expect(ada.Page.Locator(".passkey-messages [data-says]:not([hidden])")).ToHaveCountAsync(1);
        await ada.Authenticator.UserVerifies(true);
        await ada.Press("Use a passkey");
        await ada.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task An_empty_sign_in_page_complains_about_nothing_before_anybody_asks()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        await ada.Press("Sign out");
        await ada.Authenticator.Clear();
        await ada.Page.GotoAsync($"{instance.Origin}/sign-in");
        await ada.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Assertions.Expect(ada.Page.Locator(".passkey-messages [data-says]:not([hidden])")).ToHaveCountAsync(0);
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task C095_a_person_signs_in_by_button_by_name_and_by_autofill()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);

        await ada.Press("Sign out");
        // The virtual authenticator answers a conditional request at once, as a person does who picks the offer of the field.
        await ada.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));

        foreach (var how in new[] { "Use a passkey", "Continue" })
        {
            await ada.Authenticator.UserIsPresent(false);
            await ada.Press("Sign out");
            await ada.Page.WaitForURLAsync("**/sign-in");
            await ada.Page.GetByLabel("E-mail or user name").FillAsync("ada@example.com");
            await ada.Touch(() => ada.Press(how));
            await ada.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        }
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task A_second_passkey_is_added_renamed_removed_and_brought_back()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        await ada.Page.GotoAsync($"{instance.Origin}/account/passkeys/new");

        // The first device knows that it holds one already (excludeCredentials) and says so.
        await ada.Press("Create the passkey");
        await ada.Sees("This device already holds a passkey for this account.");

        await ada.AnotherDevice();
        await ada.Page.GotoAsync($"{instance.Origin}/account/passkeys/new");
        await ada.Press("Create the passkey");
        await ada.Page.WaitForURLAsync("**/account/security");
        var passkeys = ada.Page.Locator("section.passkey");
        await Assertions.Expect(passkeys).ToHaveCountAsync(2);

        await passkeys.Last.GetByLabel("New name").FillAsync("Key on my desk");
        await passkeys.Last.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        var renamed = passkeys.Filter(new() { Has = ada.Page.GetByRole(AriaRole.Heading, new() { Name = "Key on my desk" }) });
        await Assertions.Expect(renamed).ToHaveCountAsync(1);

        await renamed.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Assertions.Expect(passkeys).ToHaveCountAsync(1);
        await ada.Press("Undo removal");
        await Assertions.Expect(passkeys).ToHaveCountAsync(2);
        await AxeCheck.HasNoViolation(ada.Page, "two passkeys");
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task A_confirmation_by_somebody_elses_passkey_is_refused_and_nothing_is_done()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        // Another authenticator: it does not hold what the server asks for.
        await ada.AnotherDevice();
        await ada.Page.GotoAsync($"{instance.Origin}/admin/groups");
        await ada.Page.Locator("#main form[method=post] input[name=name]").FillAsync("painters");
        await ada.Page.Locator("#main form[method=post] button").Last.ClickAsync();
        await ada.Press("Confirm with a passkey");
        await Assertions.Expect(ada.Page.Locator(".passkey-messages [data-says]:not([hidden])")).ToHaveCountAsync(1);
        var (_, groups, _) = await instance.Console("group", "list");
        Assert.DoesNotContain("painters", groups, StringComparison.Ordinal);
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task A_removed_passkey_is_refused_with_a_reference_that_names_the_cause()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        // A second one on another device, then the first is removed there.
        var first = ada.Authenticator;
        await using var desk = await Person.With(chromium);
        await desk.EnterByLink(instance, "ada@example.com");
        // A passkey of this session cannot confirm in it: out, and in again by it.
        await desk.Page.GotoAsync($"{instance.Origin}/account/security");
        await desk.Press("Sign out");
        await desk.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal) && !url.Contains("/account", StringComparison.Ordinal));
        await desk.Page.GotoAsync($"{instance.Origin}/account/security");
        await desk.Page.Locator("section.passkey").Filter(new() { HasText = "never used" }).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Assertions.Expect(desk.Page.Locator("section.passkey")).ToHaveCountAsync(1);

        // The sessions that it opened are over.
        await first.UserIsPresent(false);
        await ada.Page.GotoAsync($"{instance.Origin}/account/security");
        Assert.Contains("/sign-in", ada.Page.Url, StringComparison.Ordinal);
        await ada.Touch(() => ada.Press("Use a passkey"));
        await Assertions.Expect(ada.Page.Locator("[data-says=refused]")).ToBeVisibleAsync();
        Assert.Contains("/sign-in", ada.Page.Url, StringComparison.Ordinal);
        var reference = await ada.Page.Locator("#passkey-reference").InnerTextAsync();
        await instance.Services.GetRequiredService<RefusalLog>().Settle();
        var (code, why, error) = await instance.Console("why", reference);
        Assert.True(code == 0, error);
        Assert.Contains("removed", why, StringComparison.Ordinal);
        await AxeCheck.HasNoViolation(ada.Page, "a refused passkey");
        ada.SawNothingWrong();
    }

    [Fact]
    public async Task A_name_chooses_among_the_passkeys_of_a_shared_computer()
    {
        await using var instance = await TestInstance.Start();
        await using var home = await Person.With(chromium);
        await home.SetUp(instance);
        var (code, _, error) = await instance.Console("user", "add", "--email", "grace@example.com", "--name", "Grace Hopper");
        Assert.True(code == 0, error);
        await home.EnterByLink(instance, "grace@example.com");
        Assert.Equal(2, await home.Authenticator.Passkeys());

        foreach (var (email, name) in new[] { ("ada@example.com", "Ada Admin"), ("grace@example.com", "Grace Hopper") })
        {
            await home.Authenticator.UserIsPresent(false);
            await home.Page.GotoAsync($"{instance.Origin}/account");
            await home.Press("Sign out");
            await home.Page.WaitForURLAsync("**/sign-in");
            await home.Page.GetByLabel("E-mail or user name").FillAsync(email);
            // Enter in the field does what the button does. The offer of the field is taken back, so only the named one answers.
            await home.Touch(() => home.Page.GetByLabel("E-mail or user name").PressAsync("Enter"));
            await home.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
            Assert.Equal(name, await home.Page.Locator(".who a span").InnerTextAsync());
        }
        home.SawNothingWrong();
    }

    [Fact]
    public async Task C120_a_name_that_does_not_exist_reads_like_the_name_of_somebody_else()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        await using var mallory = await Person.With(chromium);
        var shown = new List<string>();
        foreach (var name in new[] { "ada@example.com", "nobody@example.com" })
        {
            await mallory.Page.GotoAsync($"{instance.Origin}/sign-in");
            await mallory.Page.GetByLabel("E-mail or user name").FillAsync(name);
            await mallory.Press("Continue");
            await Assertions.Expect(mallory.Page.Locator("#passkey-reference")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^GH-"));
            var reference = await mallory.Page.Locator("#passkey-reference").InnerTextAsync();
            // How long the browser took is in the report, and only there.
            shown.Add((await mallory.Page.Locator("main").InnerTextAsync()).Replace(reference, "", StringComparison.Ordinal));
        }
        Assert.Equal(shown[0], shown[1]);
        mallory.SawNothingWrong();
    }

    [Fact]
    public async Task Who_turns_back_at_sign_in_returns_to_the_application_and_can_come_again()
    {
        await using var instance = await TestInstance.Start();
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);
        await ada.Authenticator.UserIsPresent(false);
        await ada.Press("Sign out");
        var port = LoopbackPort.Free();
        var (id, secret) = await StoryTests.AddClient(instance, "Wiki", RelyingParty.CallbackUrl(port));
        await using var wiki = await RelyingParty.Start(new() { Issuer = instance.Origin, ClientId = id, ClientSecret = secret, Port = port });

        await ada.Page.GotoAsync($"{wiki.Url}/login");
        await Assertions.Expect(ada.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in to Wiki" })).ToBeVisibleAsync();
        await ada.Follow("Back to Wiki");
        await Assertions.Expect(ada.Page.Locator("pre#error")).ToContainTextAsync("access_denied");
        Assert.StartsWith(wiki.Url, ada.Page.Url, StringComparison.Ordinal);

        await ada.Page.GotoAsync($"{wiki.Url}/login");
        await ada.Touch(() => ada.Press("Use a passkey"));
        await StoryTests.IsIn(ada, "ada@example.com");
        ada.SawNothingWrong();
    }
}
