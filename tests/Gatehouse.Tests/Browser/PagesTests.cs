using System.Globalization;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>Every page, in the light and the dark, on a phone, a tablet and a desk, by the rules of WCAG 2.2 AA.</summary>
public class PagesTests(Chromium chromium, Site site) : IClassFixture<Site>
{
    private static readonly int[] Widths = [1280, 768, 320];
    private static readonly string[] Themes = ["light", "dark"];

    [Fact]
    public async Task B15_every_page_fits_every_width_in_both_themes_and_is_accessible()
    {
        var faults = new List<string>();
        var asked = new List<string>();
        foreach (var page in site.Pages)
        {
            var at = page.Person.Page;
            await at.SetViewportSizeAsync(1280, 900);
            await at.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
            await page.Open(site.Instance.Origin);
            asked.AddRange([page.Path.Split('?')[0], new Uri(at.Url).AbsolutePath]);
            foreach (var theme in Themes)
            {
                await at.EmulateMediaAsync(new() { ColorScheme = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light });
                foreach (var width in Widths)
                {
                    await at.SetViewportSizeAsync(width, 900);
                    var where = string.Create(CultureInfo.InvariantCulture, $"{page.Name} {theme} {width}");
                    if (await TooWide(at) is { } wide) faults.Add($"{where}: {wide}");
                    await Keep(page, theme, width);
                    if (await AxeCheck.Violations(at, where) is { } violations) faults.Add(violations);
                }
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        foreach (var person in site.People) person.SawNothingWrong();

        var pages = site.Instance.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true && e.Metadata.GetMetadata<CookieFree>() is null)
            .Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/')).Where(p => !p.EndsWith(".css", StringComparison.Ordinal));
        // Pages about a directory's runs need a directory: Ldap.PagesTests looks at those. The last is a letter, not a page of ours.
        string[] lookedAtElsewhere = ["/admin/ldap/syncs/{id}", "/admin/settings/email-templates/{kind}/html"];
        Assert.Equal([], pages.Except(lookedAtElsewhere).Where(pattern => !asked.Any(path => Matches(pattern, path))).ToArray());
        var components = typeof(Layout).Assembly.GetTypes().Where(t => t.Name.EndsWith("Page", StringComparison.Ordinal) && t.IsAssignableTo(typeof(IComponent))).Select(t => t.FullName!);
        // What this instance cannot reach: it has neither second factors nor passwords; those pages have tests in their rooms.
        var elsewhere = components.Where(c => c.StartsWith("Gatehouse.SignIn.Passwords.", StringComparison.Ordinal) || c.StartsWith("Gatehouse.SignIn.Steps.", StringComparison.Ordinal) || c.StartsWith("Gatehouse.SignIn.SecondFactors.", StringComparison.Ordinal))
            .Append(typeof(Gatehouse.Ldap.Sync.RunPage).FullName!)
            // Seen only by whoever follows a mailed link, goes round in circles (RarePagesTests looks at those) or gives up the last passkey.
            .Concat(["Gatehouse.OpenIdConnect.Authorize.LoopPage", "Gatehouse.OpenIdConnect.Logout.InstantLogoutPage", "Gatehouse.SignIn.NewDevices.NotMePage", "Gatehouse.SignIn.NewDevices.NotMeDonePage",
                "Gatehouse.Accounts.Email.EmailLinkPage", "Gatehouse.Accounts.Email.EmailDonePage", "Gatehouse.SignIn.Passkeys.RemoveLastPage", "Gatehouse.SignIn.BreakGlass.BreakGlassSealedPage", "Gatehouse.SignIn.BreakGlass.BreakGlassDrilledPage"])
            .Append(typeof(Gatehouse.SignIn.OnwardPage).FullName!).Append(typeof(Gatehouse.SignIn.StepUp.ConfirmedPage).FullName!);
        Assert.Equal([], components.Except(site.Rendered).Except(elsewhere).ToArray());
    }

    private static bool Matches(string pattern, string path) =>
        Regex.IsMatch(path.Replace("http://", "", StringComparison.Ordinal) is var bare && bare != path ? bare[bare.IndexOf('/', StringComparison.Ordinal)..] : path, $"^{Regex.Replace(pattern, "{[^}]+}", "[^/]+")}$");

    [Fact]
    public async Task Every_text_of_every_page_can_be_translated()
    {
        var faults = new List<string>();
        Cookie language = new() { Name = "__Host-gatehouse-language", Value = "qps-ploc", Url = site.Instance.Origin.Replace("http:", "https:", StringComparison.Ordinal), Secure = true };
        foreach (var person in site.People) await person.Context.AddCookiesAsync([language]);
        // These two are the same bytes for everybody.
        foreach (var page in site.Pages.Where(p => p.Name is not ("stranger-not-found" or "stranger-wrong-host")))
        {
            var at = page.Person.Page;
            await at.SetViewportSizeAsync(320, 900);
            await page.Open(site.Instance.Origin);
            var found = await at.EvaluateAsync<string[]>(Untranslated, Site.Typed);
            if (found.Length > 0) faults.Add($"{page.Name}: {string.Join(" | ", found.Distinct())}");
            if (!(await at.ContentAsync()).Contains('⟦', StringComparison.Ordinal)) faults.Add($"{page.Name} has no text at all");
            if (await TooWide(at) is { } wide) faults.Add($"{page.Name} with long texts: {wide}");
        }
        foreach (var person in site.People) await person.Context.ClearCookiesAsync(new() { Name = language.Name });
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task Everything_but_the_ceremony_works_without_script()
    {
        await using var context = await chromium.NewContext(javaScript: false);
        context.SetDefaultTimeout(60_000);
        var cookies = await site.Admin.Context.CookiesAsync();
        await context.AddCookiesAsync(cookies.Where(c => c.Name != "__Host-gatehouse-language").Select(c => new Cookie { Name = c.Name, Value = c.Value, Domain = c.Domain, Path = c.Path, Secure = c.Secure, HttpOnly = c.HttpOnly, SameSite = c.SameSite }));
        var page = await context.NewPageAsync();
        foreach (var one in site.Pages.Where(p => p.Person == site.Admin))
        {
            await page.GotoAsync(site.Instance.Origin + one.Path);
            Assert.True(await page.Locator("h1").IsVisibleAsync(), $"{one.Name} shows no heading without script");
        }

        // Register an application.
        await page.GotoAsync($"{site.Instance.Origin}/admin/clients/new");
        await page.Locator("#main [name=name]").FillAsync("Another app without script");
        await page.Locator("#main [name=callbacks]").FillAsync("https://plain.example.com/cb");
        await page.Locator("#main form button.primary").ClickAsync();
        await page.Locator("#main input[name=access][value=groups]").CheckAsync();
        await page.GetByLabel("Editors").CheckAsync();
        await page.Locator("#main form button.primary").ClickAsync();
        Assert.NotEmpty(await page.Locator("#client-secret").InnerTextAsync());
        await page.GotoAsync($"{site.Instance.Origin}/admin/clients?q=without");
        await Assertions.Expect(page.GetByText("Another app without script").First).ToBeVisibleAsync();

        // Mend a refusal, and take it back.
        await page.GotoAsync($"{site.Instance.Origin}/admin/cases/{site.Reference}");
        await page.Locator("#main a.primary").First.ClickAsync();
        await page.Locator("#main form[method=post] button.primary").ClickAsync();
        await Assertions.Expect(page.Locator(".notice.ok")).ToBeVisibleAsync();
        var (_, client, _) = await site.Instance.Console("client", "show", site.ClientId);
        Assert.Contains("/cb/", client, StringComparison.Ordinal);
        await page.Locator("form[action$='/undo'] button").ClickAsync();
        await Assertions.Expect(page.Locator(".notice.ok")).ToBeVisibleAsync();
        (_, client, _) = await site.Instance.Console("client", "show", site.ClientId);
        Assert.DoesNotContain("/cb/", client, StringComparison.Ordinal);

        // Theme, and a filter of a list.
        await page.Locator("button[name=theme][value=dark]").ClickAsync();
        await Assertions.Expect(page.Locator("html[data-theme=dark]")).ToHaveCountAsync(1);
        await page.Locator("button[name=theme][value='']").ClickAsync();
    }

    [Fact]
    public async Task The_sign_in_page_weighs_less_than_60_kB_in_all()
    {
        await using var person = await Person.With(chromium);
        var weight = 0;
        var parts = new List<string>();
        var sizes = new List<Task>();
        person.Page.Response += (_, response) => sizes.Add(Weigh(response));
        await person.Page.GotoAsync($"{site.Instance.Origin}/sign-in");
        await person.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Task.WhenAll([.. sizes]);
        // Document, stylesheet, two scripts, icon, and the options of the autofill request.
        Assert.InRange(parts.Count, 5, 8);
        Assert.True(weight < 60_000, $"{weight} bytes: {string.Join(", ", parts)}");

        async Task Weigh(IResponse response)
        {
            var header = (await response.HeadersArrayAsync()).Sum(h => h.Name.Length + h.Value.Length + 4);
            var body = (await response.BodyAsync()).Length;
            lock (parts)
            {
                weight += header + body;
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{new Uri(response.Url).AbsolutePath} {header + body}"));
            }
        }
    }

    private static async Task<string?> TooWide(IPage page)
    {
        var excess = await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth");
        return excess <= 0 ? null : $"{excess.ToString(CultureInfo.InvariantCulture)} px too wide: {await Widest(page)}";
    }

    private static Task<string> Widest(IPage page) => page.EvaluateAsync<string>("""
        () => {
          const wide = [];
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
          while (walk.nextNode()) {
            const node = walk.currentNode, of = node.parentElement;
            if (of.closest('.scroll, pre, .hidden-text')) continue;
            const range = document.createRange();
            range.selectNode(node);
            if (range.getBoundingClientRect().right > innerWidth + 0.5) wide.push(of.tagName.toLowerCase() + '.' + of.className + ' ' + node.textContent.trim().slice(0, 30));
          }
          return wide.slice(0, 4).join('; ');
        }
        """);

    // Data may stay as it is: names, codes, times, addresses; they stand in elements that say so.
    internal const string Untranslated = """
        typed => {
          const data = 'code, time, bdi, pre, input, textarea, script, style, option, [data-says], mark, .brand, .who, .value, [data-value], svg text, noscript';
          const found = [];
          const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const node = walk.currentNode;
            let text = node.textContent.trim();
            for (const name of typed) text = text.replaceAll(name, '');
            if (!/[a-zA-Z]{2}/.test(text) || text.includes('⟦') || text.includes('⟧')) continue;
            if (node.parentElement.closest(data)) continue;
            found.push(text.slice(0, 80));
          }
          for (const e of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]'))
            for (const a of ['aria-label', 'placeholder', 'title', 'alt']) {
              const text = e.getAttribute(a);
              if (text && /[a-zA-Z]{2}/.test(text) && !text.includes('⟦') && !e.closest('time, bdi')) found.push(a + '=' + text.slice(0, 80));
            }
          return found;
        }
        """;

    // For whoever wants to look: GATEHOUSE_SHOTS=folder keeps a picture of every page.
    internal static async Task Keep(SitePage page, string theme, int width)
    {
        if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
            await page.Person.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{page.Name}-{theme}-{width}.png")), FullPage = true });
    }
}
