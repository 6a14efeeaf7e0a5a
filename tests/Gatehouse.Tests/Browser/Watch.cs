using System.Collections.Concurrent;
using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>Sees everything a browser complains about and every host it talks to.</summary>
sealed class Watch
{
    private readonly ConcurrentQueue<string> faults = new();

    private Watch(IBrowserContext context)
    {
        context.Console += (_, message) =>
        {
            // A refused request is a 4xx on purpose, and the browser notes each; what may never fail is judged below, by answer.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                faults.Enqueue($"console: {message.Text} ({message.Location})");
        };
        context.WebError += (_, error) => faults.Enqueue($"script: {error.Error}");
        context.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("http://localhost:", StringComparison.Ordinal) && !request.Url.StartsWith("http://127.0.0.1:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                faults.Enqueue($"request to another host: {request.Url}");
        };
        context.Response += (_, response) =>
        {
            var page = response.Request.ResourceType is "document" or "fetch";
            if (response.Status >= 500 || (response.Status >= 400 && !page)) faults.Enqueue($"{response.Status}: {response.Url}");
        };
    }

    public static Watch On(IBrowserContext context) => new(context);

    /// <summary>Fails with the list when there was anything.</summary>
    public void SawNothingWrong() => Assert.True(faults.IsEmpty, string.Join('\n', faults));
}

/// <summary>One person before one browser, with an authenticator of their own.</summary>
sealed class Person : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly Watch watch;

    private Person(IBrowserContext context, IPage page, Watch watch, VirtualAuthenticator authenticator) =>
        (this.context, Page, this.watch, Authenticator) = (context, page, watch, authenticator);

    public IPage Page { get; }
    public IBrowserContext Context => context;
    public VirtualAuthenticator Authenticator { get; private set; }

    /// <summary>Puts the authenticator away and takes a new one, which holds nothing yet.</summary>
    public async Task AnotherDevice()
    {
        await Authenticator.Remove();
        Authenticator = await VirtualAuthenticator.AddTo(Page);
    }

    public static async Task<Person> With(Chromium chromium, bool dark = false, int width = 1280)
    {
        var context = await chromium.NewContext(dark, width);
        context.SetDefaultTimeout(60_000);
        var watch = Watch.On(context);
        var page = await context.NewPageAsync();
        return new(context, page, watch, await VirtualAuthenticator.AddTo(page));
    }

    /// <summary>Opens the set-up link and becomes the first admin.</summary>
    public async Task SetUp(TestInstance instance, string name = "Ada Admin", string email = "ada@example.com")
    {
        var (code, link, error) = await instance.Console("setup-link");
        Assert.True(code == 0, error);
        await Page.GotoAsync(link.Trim());
        await Page.GetByLabel("Your name").FillAsync(name);
        await Page.GetByLabel("E-mail").FillAsync(email);
        await Press("Create administrator with a passkey");
        await Page.WaitForURLAsync(url => !url.Contains("/setup", StringComparison.Ordinal));
    }

    /// <summary>Enters by a login link of the console and registers a passkey.</summary>
    public async Task EnterByLink(TestInstance instance, string email)
    {
        await Page.GotoAsync(await LoginLink(instance, email));
        await Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Sign in as") }).ClickAsync();
        await Page.WaitForURLAsync(url => url.Contains("/account", StringComparison.Ordinal));
        if (!Page.Url.Contains("/passkeys/new", StringComparison.Ordinal)) await Page.GotoAsync($"{instance.Origin}/account/passkeys/new");
        await Press("Create the passkey");
        await Page.WaitForURLAsync(url => !url.Contains("/passkeys/new", StringComparison.Ordinal));
    }

    public static async Task<string> LoginLink(TestInstance instance, string email)
    {
        var (code, output, error) = await instance.Console("user", "link", email, "--json");
        Assert.True(code == 0, error);
        return System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("url").GetString()!;
    }

    public Task Press(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    /// <summary>Begins a ceremony at sign-in with an authenticator that was left alone so far, and touches it when that ceremony, and not the offer of the field, asks.</summary>
    public async Task Touch(Func<Task> begin)
    {
        // The offer of the field has asked by now, and waits for a touch that does not come.
        await Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Page.RouteAsync("**/passkeys/assertion/options", async route =>
        {
            await Authenticator.UserIsPresent(true);
            await route.ContinueAsync();
        }, new() { Times = 1 });
        await begin();
    }

    public Task Follow(string link) => Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).ClickAsync();

    /// <summary>Confirms with the passkey when the page asks for it, and waits until the page that was wanted is there.</summary>
    public async Task ConfirmIfAsked()
    {
        var ask = Page.GetByRole(AriaRole.Button, new() { Name = "Confirm with a passkey", Exact = true });
        if (!await ask.IsVisibleAsync()) return;
        await ask.ClickAsync();
        await Assertions.Expect(ask).ToBeHiddenAsync();
    }

    public Task Sees(string text) => Assertions.Expect(Page.GetByText(text).First).ToBeVisibleAsync();

    public void SawNothingWrong() => watch.SawNothingWrong();

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
