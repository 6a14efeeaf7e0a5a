using System.Text.Json;
using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>The main job from an empty data folder, in a real browser and with a strict third-party client.</summary>
public class StoryTests(Chromium chromium, PostgresCluster postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C098_C099_C100_C101_C105_C106_a_wrong_callback_is_refused_explained_mended_by_a_button_and_tried_again(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);

        var port = LoopbackPort.Free();
        var (id, secret) = await RegisterInBrowser(ada, instance, "Wiki", RelyingParty.CallbackUrl(port));
        await using var wiki = await RelyingParty.Start(new() { Issuer = instance.Origin, ClientId = id, ClientSecret = secret, Port = port });

        await Run(instance, "user", "add", "--email", "grace@example.com", "--name", "Grace Hopper");
        await using var grace = await Person.With(chromium);
        await grace.EnterByLink(instance, "grace@example.com");
        await grace.Page.GotoAsync($"{wiki.Url}/login");
        await IsIn(grace, "grace@example.com");

        // The application is updated, and its callback gets a slash.
        await wiki.SetCallback("/cb/");
        await grace.Page.GotoAsync($"{wiki.Url}/login");
        Assert.StartsWith(instance.Origin, grace.Page.Url, StringComparison.Ordinal);
        var reference = await ReferenceShown(grace);

        await OpenCase(ada, instance, reference);
        await ada.Sees("redirect_uri");
        Assert.Contains("/", await ada.Page.Locator("#main mark").AllInnerTextsAsync());
        await PressRemedy(ada, instance);

        await grace.Page.GotoAsync($"{wiki.Url}/login");
        await IsIn(grace, "grace@example.com");
        await ProblemIsClosed(ada, instance, reference);

        ada.SawNothingWrong();
        grace.SawNothingWrong();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C108_C109_C111_a_group_restriction_is_refused_explained_mended_by_a_button_and_tried_again(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        await using var ada = await Person.With(chromium);
        await ada.SetUp(instance);

        await Run(instance, "group", "add", "writers");
        var port = LoopbackPort.Free();
        var (id, secret) = await RegisterInBrowser(ada, instance, "Wiki", RelyingParty.CallbackUrl(port), "writers");
        await using var wiki = await RelyingParty.Start(new() { Issuer = instance.Origin, ClientId = id, ClientSecret = secret, Port = port });
        await Run(instance, "user", "add", "--email", "grace@example.com", "--name", "Grace Hopper");
        await using var grace = await Person.With(chromium);
        await grace.EnterByLink(instance, "grace@example.com");

        await grace.Page.GotoAsync($"{wiki.Url}/login");
        await Assertions.Expect(grace.Page.GetByRole(AriaRole.Heading, new() { Name = "You cannot open Wiki" })).ToBeVisibleAsync();
        var reference = await ReferenceShown(grace);

        await OpenCase(ada, instance, reference);
        await ada.Sees("writers");
        await PressRemedy(ada, instance);

        await grace.Follow("Try again");
        await IsIn(grace, "grace@example.com");
        await ProblemIsClosed(ada, instance, reference);

        ada.SawNothingWrong();
        grace.SawNothingWrong();
    }

    private static async Task Run(TestInstance instance, params string[] command)
    {
        var (code, _, error) = await instance.Console(command);
        Assert.True(code == 0, error);
    }

    private static async Task<(string Id, string? Secret)> RegisterInBrowser(Person admin, TestInstance instance, string name, string callback, string? group = null)
    {
        await admin.Page.GotoAsync($"{instance.Origin}/admin/clients/new");
        await admin.Page.Locator("#main [name=name]").FillAsync(name);
        await admin.Page.Locator("#main [name=callbacks]").FillAsync(callback);
        await admin.Press("Next: who may use it?");
        await Assertions.Expect(admin.Page.GetByRole(AriaRole.Heading, new() { Name = $"Who may use {name}?" })).ToBeVisibleAsync();
        await admin.Page.Locator($"#main input[type=radio][value={(group is null ? "all" : "groups")}]").CheckAsync();
        if (group is not null) await admin.Page.GetByLabel(group, new() { Exact = true }).CheckAsync();
        await admin.Press("Register it");
        return (await admin.Page.Locator("#client-id").InnerTextAsync(), await admin.Page.Locator("#client-secret").InnerTextAsync());
    }

    internal static async Task<(string Id, string? Secret)> AddClient(TestInstance instance, string name, string callback, params string[] more)
    {
        var (code, output, error) = await instance.Console(["client", "add", "--name", name, "--redirect-uri", callback, "--json", .. more]);
        Assert.True(code == 0, error);
        var printed = JsonDocument.Parse(output).RootElement;
        return (printed.GetProperty("client_id").GetString()!, printed.GetProperty("client_secret").GetString());
    }

    internal static async Task IsIn(Person person, string email)
    {
        var claims = person.Page.Locator("pre#claims");
        var agree = person.Page.GetByRole(AriaRole.Button, new() { Name = "Yes, share and continue" });
        await Assertions.Expect(claims.Or(agree)).ToBeVisibleAsync();
        if (await agree.IsVisibleAsync())
        {
            await person.Sees(email);
            await agree.ClickAsync();
        }
        await Assertions.Expect(claims).ToBeVisibleAsync();
        Assert.Contains(email, await claims.InnerTextAsync(), StringComparison.Ordinal);
    }

    internal static async Task<string> ReferenceShown(Person person)
    {
        var reference = person.Page.Locator("#reference");
        await Assertions.Expect(reference).ToBeVisibleAsync();
        return await reference.InnerTextAsync();
    }

    private static async Task OpenCase(Person admin, TestInstance instance, string reference)
    {
        await admin.Page.GotoAsync($"{instance.Origin}/account");
        await admin.Page.GetByRole(AriaRole.Searchbox).FillAsync(reference);
        await admin.Page.GetByRole(AriaRole.Searchbox).PressAsync("Enter");
        await admin.Page.WaitForURLAsync(url => url.EndsWith($"/admin/cases/{reference}", StringComparison.Ordinal));
    }

    // The confirmation of sign-in has grown old meanwhile: the page asks for the passkey, keeps what was asked for, and does it.
    private static async Task PressRemedy(Person admin, TestInstance instance)
    {
        await admin.Page.Locator("#main a.primary").First.ClickAsync();
        await admin.Page.WaitForURLAsync(url => url.Contains("/remedies/", StringComparison.Ordinal));
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        await admin.Page.Locator("#main form[method=post] button.primary").ClickAsync();
        await admin.ConfirmIfAsked();
        await admin.Sees("Done.");
    }

    private static async Task ProblemIsClosed(Person admin, TestInstance instance, string reference)
    {
        await admin.Page.GotoAsync($"{instance.Origin}/admin/cases/{reference}");
        await Assertions.Expect(admin.Page.Locator(".pill").Filter(new() { HasText = "Closed" }).First).ToBeVisibleAsync();
    }
}
