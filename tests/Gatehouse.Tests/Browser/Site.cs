using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>A page of the site: whose, where it begins, and what that person does to get there.</summary>
/// <param name="Path">Where the browser goes first.</param>
/// <param name="Then">For pages that only a form shows; null when the path is the page.</param>
sealed record SitePage(string Name, Person Person, string Path, Func<IPage, Task>? Then = null)
{
    public async Task Open(string origin)
    {
        await Person.Page.GotoAsync(Path.StartsWith('/') ? origin + Path : Path);
        if (Then is not null) await Then(Person.Page);
    }
}

/// <summary>An instance with some life in it: people, groups, applications, a day of sign-ins and refusals, and the list of all its pages.</summary>
public sealed class Site(Chromium chromium) : IAsyncLifetime
{
    private readonly List<SitePage> pages = [];
    private readonly ConcurrentDictionary<string, bool> rendered = new();
    private readonly MeterListener components = new();
    private RelyingParty? wiki;
    private string photos = "";
    private string invitation = "";
    private string expired = "";
    private int made;

    public TestInstance Instance { get; private set; } = null!;
    internal Person Admin { get; private set; } = null!;
    internal Person User { get; private set; } = null!;
    internal Person Newcomer { get; private set; } = null!;
    internal Person Stranger { get; private set; } = null!;
    internal IReadOnlyList<SitePage> Pages => pages;

    /// <summary>Full names of the page components that the server has rendered so far.</summary>
    public IReadOnlyCollection<string> Rendered => [.. rendered.Keys];

    /// <summary>Names and values that were typed by people: never translated.</summary>
    public static string[] Typed { get; } =
    [
        "Kathleen Antonelli of the Very Long Names that do not end", "kathleen.antonelli.of.the.long.names", "@example.com", "Ada Lovelace", "Grace Hopper", "Alan Turing", "Annie Easley",
        "Katherine Johnson", "Margaret Hamilton", "Your invitation to", "Open day", "Orders", "orders:read", "See orders", "margaret", "dorothy", "Radia Perlman", "Barbara Liskov", "ada", "grace", "alan", "annie", "barbara", "katherine", "radia", "Accounting", "Editors", "Everybody else in the house", "Payroll of the whole company and its many subsidiaries", "Wiki", "Photos", "Team calendar",
        "Old intranet", "Another app without script", "Another app", "Gatehouse", "localhost", "HeadlessChrome", "console:", "ES256", "RS256", "JWT",
    ];

    /// <summary>Reference of the callback with a slash too much, and the id of its client.</summary>
    public string Reference { get; private set; } = "";
    public string ClientId { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Instance = await TestInstance.Start();
        var ours = Instance.Services.GetRequiredService<IMeterFactory>();
        components.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Microsoft.AspNetCore.Components.Lifecycle" && instrument.Meter.Scope == ours) listener.EnableMeasurementEvents(instrument);
        };
        components.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            foreach (var tag in tags)
                if (tag is { Key: "aspnetcore.components.type", Value: string type }) rendered[type] = true;
        });
        components.Start();
        Admin = await Person.With(chromium);
        User = await Person.With(chromium);
        Newcomer = await Person.With(chromium);
        Stranger = await Person.With(chromium);
        await Fill();
    }

    private async Task Fill()
    {
        await SetUpPage();
        await Admin.SetUp(Instance, "Ada Lovelace");
        await InviteThem();
        foreach (var (email, name) in new[]
        {
            ("grace@example.com", "Grace Hopper"), ("kathleen.antonelli.of.the.long.names@example.com", "Kathleen Antonelli of the Very Long Names that do not end"), ("alan@example.com", "Alan Turing"),
            ("annie@example.com", "Annie Easley"), ("katherine@example.com", "Katherine Johnson"), ("radia@example.com", "Radia Perlman"), ("barbara@example.com", "Barbara Liskov"),
        })
            await Run("user", "add", "--email", email, "--name", name);
        await Run("user", "disable", "annie@example.com", "--reason", "left in May");
        foreach (var group in new[] { "Accounting", "Editors", "Everybody else in the house" }) await Run("group", "add", group);
        foreach (var member in new[] { "radia@example.com", "katherine@example.com" }) await Run("group", "member", "add", "Accounting", member);
        await Run("group", "member", "add", "Editors", "grace@example.com");
        await User.EnterByLink(Instance, "grace@example.com");

        var port = LoopbackPort.Free();
        var (id, secret) = await StoryTests.AddClient(Instance, "Wiki", RelyingParty.CallbackUrl(port), "--launch-url", $"http://localhost:{port}/");
        ClientId = id;
        var (payroll, _) = await StoryTests.AddClient(Instance, "Payroll of the whole company and its many subsidiaries", "https://payroll.example.com/oauth2/callback", "--group", "Accounting");
        (photos, _) = await StoryTests.AddClient(Instance, "Photos", "https://photos.example.com/auth/login", "--launch-url", "https://photos.example.com/");
        await StoryTests.AddClient(Instance, "Team calendar", "https://calendar.example.com/apps/oidc/callback", "--launch-url", "https://calendar.example.com/", "--public");
        var (intranet, _) = await StoryTests.AddClient(Instance, "Old intranet", "https://intranet.example.com/callback");
        await Run("client", "disable", intranet);
        wiki = await RelyingParty.Start(new() { Issuer = Instance.Origin, ClientId = id, ClientSecret = secret, Port = port });

        // A day passes: people open the wiki, and some are refused.
        var restricted = Authorize(payroll, "https://payroll.example.com/oauth2/callback");
        for (var hour = 0; hour < 20; hour += 2)
        {
            for (var times = 0; times <= hour % 3; times++)
            {
                await User.Page.GotoAsync($"{wiki.Url}/login");
                await StoryTests.IsIn(User, "grace@example.com");
            }
            if (hour % 8 == 4) await User.Page.GotoAsync(restricted);
            if (hour == 10) await Stranger.Page.GotoAsync($"{Instance.Origin}/link?t=nonsense");
            Instance.Clock.Advance(TimeSpan.FromMinutes(118));
        }
        await wiki.SetCallback("/cb/");
        await User.Page.GotoAsync($"{wiki.Url}/login");
        Reference = await StoryTests.ReferenceShown(User);
        var wrong = User.Page.Url;
        var help = await User.Page.Locator("a[href^='/help/']").First.GetAttributeAsync("href") ?? "";
        await User.Page.GotoAsync(restricted);
        var groupReference = await StoryTests.ReferenceShown(User);
        // A confirmation that is fresh, so that the admin's forms go through; the user's has grown old.
        await Admin.Page.GotoAsync($"{Instance.Origin}/admin/cases/{Reference}/remedies/0");
        await Admin.ConfirmIfAsked();
        var link = await Link("alan@example.com");
        invitation = await SignUpLink("24");

        // The page that posts itself onward is to be looked at before it does.
        await User.Context.RouteAsync("**/form-post.js", route => route.AbortAsync());
        Public(wrong, help, link);
        Own(restricted, id, port);
        Administration(groupReference);
        await FirstLinks();
        Unusual();
    }

    // Anybody may ask to sign up; one invitation will be over before it is opened.
    private async Task InviteThem()
    {
        await Admin.Page.GotoAsync($"{Instance.Origin}/admin/settings/sign-up");
        await Admin.Page.Locator("#main input[name=mode][value=open]").CheckAsync();
        await Admin.Page.Locator("#main form button.primary").ClickAsync();
        await Admin.Page.GotoAsync($"{Instance.Origin}/admin/settings/login-links");
        await Admin.Page.Locator("#main [name=self_service]").CheckAsync();
        await Admin.Page.Locator("#main form button.primary").ClickAsync();
        await Admin.Page.GotoAsync($"{Instance.Origin}/admin/invite");
        await Admin.Page.Locator("#main form[action$='/mail'] [name=valid]").SelectOptionAsync("1");
        await Invite(Admin.Page, "dorothy@example.com");
        await Admin.Page.GetByText("dorothy@example.com").First.WaitForAsync();
        expired = Instance.LinkIn((await Instance.Mails("dorothy@example.com"))[^1]);
    }

    private static async Task Invite(IPage page, string addresses)
    {
        await page.Locator("#main [name=addresses]").FillAsync(addresses);
        await page.Locator("#main form[action$='/mail'] button").ClickAsync();
    }

    private async Task<string> SignUpLink(string hours)
    {
        await Admin.Page.GotoAsync($"{Instance.Origin}/admin/invite");
        var form = Admin.Page.Locator("#main form[action$='/link']");
        await form.Locator("[name=valid]").SelectOptionAsync(hours);
        await form.Locator("[name=label]").FillAsync("Open day");
        await form.Locator("[name=uses]").FillAsync("5");
        await form.Locator("button").ClickAsync();
        return await Admin.Page.GetByText($"{Instance.Origin}/join?t=").First.InnerTextAsync();
    }

    private static async Task Join(IPage page, string email)
    {
        // A link that was begun before shows the passkey step; its other button leads back.
        if (await page.Locator("#main [name=email]").CountAsync() == 0) await page.GotoAsync(page.Url + "&edit=1");
        await page.Locator("#main form").First.EvaluateAsync("form => form.noValidate = true");
        await page.Locator("#main [name=display_name]").FillAsync("Margaret Hamilton");
        await page.Locator("#main [name=email]").FillAsync(email);
        await page.Locator("#main form button.primary").ClickAsync();
        await page.WaitForLoadStateAsync();
    }

    private async Task SetUpPage()
    {
        var (_, setup, _) = await Instance.Console("setup-link");
        var page = new SitePage("setup", Stranger, setup.Trim());
        await page.Open(Instance.Origin);
        await PagesTests.Keep(page, "light", 1280);
        foreach (var dark in new[] { false, true })
        {
            await Stranger.Page.EmulateMediaAsync(new() { ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light });
            await Stranger.Page.SetViewportSizeAsync(320, 900);
            await AxeCheck.HasNoViolation(Stranger.Page, "setup");
            await PagesTests.Keep(page, dark ? "dark" : "light", 320);
        }
        await Stranger.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
    }

    private void Public(string wrong, string help, string link)
    {
        Add("stranger-sign-in", Stranger, "/sign-in");
        Add("stranger-sign-in-to-app", Stranger, Authorize(ClientId, wiki!.Url + "/cb"));
        Add("stranger-sign-in-help", Stranger, "/sign-in/help");
        Add("stranger-reset-off", Stranger, "/sign-in/reset");
        Add("stranger-reset-unknown", Stranger, "/reset?t=nonsense");
        Add("stranger-ask-link", Stranger, "/sign-in/link");
        foreach (var press in new[] { "verify", "change", "stop" }) Add("stranger-email-" + press, Stranger, $"/email/{press}?t=nonsense");
        Add("stranger-not-me-unknown", Stranger, "/not-me?t=nonsense");
        Add("stranger-link-asked", Stranger, "/sign-in/link", async page =>
        {
            await page.Locator("#main [name=name]").FillAsync("nobody@example.com");
            await page.Locator("#main form button.primary").ClickAsync();
            await page.WaitForLoadStateAsync();
        });
        Add("stranger-second-step", Stranger, "/sign-in/second");
        Add("stranger-break-glass", Stranger, "/break-glass");
        Add("stranger-break-glass-drill", Stranger, "/break-glass/drill");
        Add("stranger-link", Stranger, link);
        Add("stranger-link-unknown", Stranger, "/link?t=nonsense");
        Add("stranger-join", Stranger, invitation);
        Add("stranger-join-wrong", Stranger, invitation, page => Join(page, "no address"));
        Add("stranger-join-passkey", Stranger, invitation, page => Join(page, "margaret@example.com"));
        Add("stranger-join-expired", Stranger, expired);
        Add("stranger-join-asked-again", Stranger, expired, page => page.Locator("#main form[action='/join/again'] button").ClickAsync());
        Add("stranger-sign-up", Stranger, "/sign-up");
        Add("stranger-sign-up-mailbox", Stranger, "/sign-up", page => Join(page, "margaret@example.com"));
        Add("stranger-code", Stranger, help);
        Add("stranger-not-found", Stranger, "/nothing-here");
        Add("stranger-wrong-host", Stranger, Instance.Origin.Replace("localhost", "127.0.0.1", StringComparison.Ordinal) + "/sign-in");
        Add("stranger-logged-out", Stranger, "/logout");
        Add("user-refusal-callback", User, wrong);
    }

    private void Own(string restricted, string id, int port)
    {
        Add("user-start", User, "/");
        Add("user-apps", User, "/apps");
        Add("user-profile", User, "/account");
        Add("user-security", User, "/account/security");
        Add("user-sessions", User, "/account/sessions");
        Add("user-sessions-end-others", User, "/account/sessions/end?which=others");
        Add("user-sessions-end-all", User, "/account/sessions/end?which=all");
        Add("user-data", User, "/account/data");
        Add("user-data-ready", User, "/account/data?ready=1");
        Add("user-data-confirm", User, "/account/data/confirm");
        Add("user-delete", User, "/account/delete");
        Add("user-activity", User, "/account/activity");
        Add("user-consent", User, Authorize(photos, "https://photos.example.com/auth/login"), page => page.WaitForURLAsync("**/consent**"));
        Add("user-consent-gone", User, "/consent?continue=nonsense");
        Add("user-password", User, "/account/password");
        Add("user-authenticator", User, "/account/factors/app", page => page.WaitForLoadStateAsync());
        Add("user-email", User, "/account/email");
        Add("user-refusal-group", User, restricted);
        Add("user-logout", User, "/logout");
        Add("user-step-up", User, "/account/security", page => page.Locator("form[action$='/rename'] button").First.ClickAsync());
        Add("user-form-post", User, Authorize(id, RelyingParty.CallbackUrl(port)) + "&response_mode=form_post", page => Assertions.Expect(page.Locator("#form-post")).ToBeVisibleAsync());
    }

    private void Administration(string groupReference)
    {
        foreach (var (name, path) in new[]
        {
            ("overview", "/admin"), ("doctor", "/admin/doctor"), ("audit", "/admin/audit"), ("sign-ins", "/admin/sign-ins"), ("sign-ins-none", "/admin/sign-ins?user=nobody-of-this-name"),
            ("problems", "/admin/problems"), ("problems-none", "/admin/problems?state=closed"), ("case-callback", $"/admin/cases/{Reference}"), ("case-group", $"/admin/cases/{groupReference}"),
            ("case-not-stored", "/admin/cases/GH-0000-0000"), ("remedy", $"/admin/cases/{Reference}/remedies/0"), ("lookup", "/admin/lookup?q=example.com"), ("lookup-nothing", "/admin/lookup?q=nothing-of-the-kind"),
            ("users", "/admin/users"), ("users-none", "/admin/users?q=nobody-of-this-name"), ("user-new", "/admin/users/new"), ("groups", "/admin/groups"), ("clients", "/admin/clients"), ("clients-none", "/admin/clients?q=nothing"), ("client-new", "/admin/clients/new"),
            ("break-glass", "/admin/break-glass"), ("email", "/admin/settings/email"), ("mail-log", "/admin/mail"), ("passwords", "/admin/settings/passwords"), ("apis", "/admin/apis"), ("api-new", "/admin/apis/new"), ("keys", "/admin/keys"), ("login-links", "/admin/settings/login-links"), ("second-factors", "/admin/settings/second-factors"), ("templates", "/admin/settings/email-templates"), ("preview", "/admin/preview"), ("ldap", "/admin/settings/ldap"), ("ldap-explain", "/admin/ldap/explain"), ("ldap-syncs", "/admin/ldap/syncs"), ("invite", "/admin/invite"), ("invitations", "/admin/invitations"), ("invitations-none", "/admin/invitations?q=nobody-of-this-name"), ("sign-up", "/admin/settings/sign-up"), ("client-claims", $"/admin/clients/{ClientId}/claims"),
            ("client", $"/admin/clients/{ClientId}"), ("setup-closed", "/setup"), ("code", "/help/oidc.redirect_uri_mismatch"), ("code-public", "/help/oidc.client_refused"),
        })
            Add("admin-" + name, Admin, path);
        Add("admin-session-policy", Admin, "/admin/settings/sessions");
        Add("admin-session-policy-wrong", Admin, "/admin/settings/sessions", async page =>
        {
            await page.Locator("#main [name=idle]").FillAsync("40");
            await page.Locator("#main form button.primary").ClickAsync();
        });
        Add("admin-deletion", Admin, "/admin/settings/deletion");
        Add("admin-delete-last-admin", Admin, "/account/delete");
        Add("admin-api", Admin, "/admin/apis/new", async page =>
        {
            await page.Locator("#main [name=identifier]").FillAsync(string.Create(CultureInfo.InvariantCulture, $"https://orders{Interlocked.Increment(ref made)}.example.com"));
            await page.Locator("#main [name=name]").FillAsync("Orders");
            await page.Locator("#main [name=scopes]").FillAsync("orders:read See orders");
            await page.Locator("#main form button.primary").ClickAsync();
            await page.WaitForURLAsync(url => !url.EndsWith("/new", StringComparison.Ordinal));
        });
        Add("admin-invited", Admin, "/admin/invite", page => Invite(page, "margaret@example.com\nradia@example.com\nno address"));
        Add("admin-sign-up-link", Admin, "/admin/invite", async page =>
        {
            await page.Locator("#main [name=label]").FillAsync("Open day");
            await page.Locator("#main form[action$='/link'] button").ClickAsync();
        });
        Add("admin-client-new-wrong", Admin, "/admin/clients/new", page => ClientNamed(page, "Another app", "javascript:alert(1)"));
        Add("admin-client-new-who", Admin, "/admin/clients/new", page => ClientNamed(page, "Another app", "https://app.example.com/cb"));
        Add("admin-client-new-secret", Admin, "/admin/clients/new", async page =>
        {
            await ClientNamed(page, $"Another app {Interlocked.Increment(ref made)}", "https://app.example.com/cb");
            await page.Locator("#main input[name=access][value=all]").CheckAsync();
            await page.Locator("#main form button.primary").ClickAsync();
            await page.Locator("#client-secret").WaitForAsync();
        });
    }

    private async Task FirstLinks()
    {
        foreach (var (name, list, selector) in new[]
        {
            ("user", "/admin/users?q=grace", "#main tbody th a"), ("user-disabled", "/admin/users?q=annie", "#main tbody th a"), ("user-no-passkey", "/admin/users?q=kathleen", "#main tbody th a"),
            ("group", "/admin/groups", "#main tbody th a"), ("problem", "/admin/problems", "#main tbody th a"), ("invitation", "/admin/invitations", "#main tbody th a"), ("letter", "/admin/mail", "#main tbody a[href^='/admin/mail/']"), ("template", "/admin/settings/email-templates", "#main a[href^='/admin/settings/email-templates/']"),
        })
        {
            await Admin.Page.GotoAsync(Instance.Origin + list);
            var path = await Admin.Page.Locator(selector).First.GetAttributeAsync("href") ?? throw new InvalidOperationException(list);
            Add("admin-" + name, Admin, path);
            if (name == "user") Add("admin-login-link", Admin, path, page => page.Locator("form[action$='/login-link'] button[value=show]").ClickAsync());
        }
    }

    private void Unusual()
    {
        Add("newcomer-security", Newcomer, "/sign-in", page => Enter(page, "/account/security"));
        Add("newcomer-hardware-key", Newcomer, "/sign-in", page => Enter(page, "/account/factors/keys/new"));
        Add("newcomer-passkey-new", Newcomer, "/sign-in", page => Enter(page, "/account/passkeys/new"));
        Add("newcomer-must-enrol", Newcomer, "/sign-in", page => Enter(page, "/apps"));
        Add("newcomer-logged-out", Newcomer, "/sign-in", async page =>
        {
            await Enter(page, "/logout");
            await page.Locator("#main form button").First.ClickAsync();
        });
    }

    // By the admin's page: the console would make one by the real clock, a day too early.
    private async Task<string> Link(string email)
    {
        await Admin.Page.GotoAsync($"{Instance.Origin}/admin/users?q={email}");
        await Admin.Page.Locator("#main tbody th a").First.ClickAsync();
        await Admin.Page.Locator("form[action$='/login-link'] button[value=show]").ClickAsync();
        return await Admin.Page.Locator("#login-link").InnerTextAsync();
    }

    private async Task Enter(IPage page, string path)
    {
        await page.GotoAsync(await Link("barbara@example.com"));
        await page.Locator("#main form button.primary").ClickAsync();
        await page.WaitForURLAsync("**/account/**");
        await page.GotoAsync(Instance.Origin + path);
    }

    private static async Task ClientNamed(IPage page, string name, string callback)
    {
        await page.Locator("#main [name=name]").FillAsync(name);
        await page.Locator("#main [name=callbacks]").FillAsync(callback);
        await page.Locator("#main form button.primary").ClickAsync();
        await page.WaitForLoadStateAsync();
    }

    private string Authorize(string client, string callback) => string.Create(CultureInfo.InvariantCulture,
        $"{Instance.Origin}/authorize?client_id={client}&redirect_uri={Uri.EscapeDataString(callback)}&response_type=code&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=abc");

    private void Add(string name, Person person, string path, Func<IPage, Task>? then = null) => pages.Add(new(name, person, path, then));

    private async Task Run(params string[] command)
    {
        var (code, _, error) = await Instance.Console(command);
        Assert.True(code == 0, error);
    }

    internal Person[] People => [Admin, User, Newcomer, Stranger];

    public async ValueTask DisposeAsync()
    {
        components.Dispose();
        foreach (var person in People) await person.DisposeAsync();
        if (wiki is not null) await wiki.DisposeAsync();
        await Instance.DisposeAsync();
    }
}
