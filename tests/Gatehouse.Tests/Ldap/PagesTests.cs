using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Ldap;

/// <summary>The pages and the console through the front door, with a real slapd behind.</summary>
public sealed partial class PagesTests(Chromium chromium) : IAsyncLifetime
{
    private TestInstance instance = null!;
    private Slapd slapd = null!;
    private TestBrowser admin = null!;

    public async ValueTask InitializeAsync()
    {
        slapd = await Slapd.Start(Slapd.Person("ada") + Slapd.Person("bob", more: "title: guest") + Slapd.Person("cyd") + Slapd.Person("eva", at: $"ou=external,{Slapd.Suffix}") + Slapd.Group("staff", Slapd.PersonDn("ada"), Slapd.PersonDn("cyd")));
        instance = await TestInstance.Start();
        admin = await Somebody.With(instance, Role.Admin);
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await instance.DisposeAsync();
        await slapd.DisposeAsync();
    }

    private const string Settings = "/admin/settings/ldap";

    private static (string, string)[] Form(DirectorySettings s, string password = "", long version = 0) =>
    [
        ("version", version.ToString(CultureInfo.InvariantCulture)), ("preset", s.Preset), ("urls", string.Join("\r\n", s.Urls)), ("ca", s.CaPem), ("bind_dn", s.BindDn), ("bind_password", password),
        ("user_bases", string.Join("\r\n", s.UserBases)), ("group_bases", string.Join("\r\n", s.GroupBases)), ("scope", s.OneLevel ? "one" : "sub"), ("user_filter", s.UserFilter), ("group_filter", s.GroupFilter),
        ("map_id", s.Mapping.Id), ("map_user_name", s.Mapping.UserName), ("map_email", s.Mapping.Email), ("map_display_name", s.Mapping.DisplayName), ("map_given_name", s.Mapping.GivenName), ("map_family_name", s.Mapping.FamilyName),
        ("map_group_id", s.Mapping.GroupId), ("map_group_name", s.Mapping.GroupName), ("map_member", s.Mapping.Member), ("admin_group", s.AdminGroup), ("gone", "disable"), ("interval", "60"), ("brake", "20"), ("password_tries", "4"),
        ("page_size", "500"), ("enabled", "on"), ("password_sign_in", "on"),
    ];

    private async Task Save(DirectorySettings? settings = null)
    {
        await admin.Get(Settings);
        var page = await admin.Post(Settings, Form(settings ?? CorpDirectory.Settings(slapd), Slapd.ReaderPassword));
        Assert.True(page.Status == HttpStatusCode.SeeOther, Text(page.Body));
    }

    private async Task<string> Test(DirectorySettings settings, string password = Slapd.ReaderPassword)
    {
        await admin.Get(Settings);
        var page = await admin.Post(Settings + "/test", Form(settings, password));
        return Text(page.Body);
    }

    private static string Text(string html) => WebUtility.HtmlDecode(Space().Replace(Tags().Replace(html, " "), " "));

    [Fact]
    public async Task C123_C124_C125_the_test_goes_up_step_by_step_and_saves_nothing()
    {
        Assert.Contains("LDAP", (await admin.Get("/admin")).Body);
        var told = await Test(CorpDirectory.Settings(slapd));
        Assert.Contains("The test passed", told);
        foreach (var step in new[] { "localhost is 127.0.0.1", "connected to", "TLS 1.", "the certificate is good for localhost", $"bound as {Slapd.Reader}", $"{Slapd.People} is there", "3 entries fit", "ada, ada@corp.example", "1 group fits", "staff, 2 members", "All entries have what an account needs" })
            Assert.Contains(step, told);
        Assert.Empty((await instance.Services.GetRequiredService<SettingsStore>().Get()).Urls);
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where action = 'ldap.tested'")));
        // StartTLS, too.
        Assert.Contains("StartTLS, TLS 1.", await Test(CorpDirectory.Settings(slapd) with { Urls = [slapd.StartTlsUrl] }));
        // Each step fails for itself, and what lies behind is not reached.
        foreach (var (settings, code) in new[]
        {
            (CorpDirectory.Settings(slapd) with { Urls = ["ldaps://nobody.invalid"] }, "ldap.name_unknown"),
            (CorpDirectory.Settings(slapd) with { Urls = [$"ldaps://localhost:{LoopbackPort.Free()}"] }, "ldap.not_reachable"),
            (CorpDirectory.Settings(slapd) with { CaPem = new TestAuthority("CN=Other CA").Pem.Trim() }, "ldap.certificate_untrusted"),
            (CorpDirectory.Settings(slapd) with { Urls = [slapd.LdapsUrl.Replace("localhost", "127.0.0.1", StringComparison.Ordinal)] }, "ldap.certificate_wrong_name"),
            (CorpDirectory.Settings(slapd) with { Urls = [slapd.LdapsUrl.Replace($"{slapd.TlsPort}", $"{slapd.Port}", StringComparison.Ordinal)] }, "ldap.tls_failed"),
        })
        {
            told = await Test(settings);
            Assert.Contains(code, told);
            Assert.Contains("The test stopped", told);
            Assert.Contains("not reached", told);
        }
        // Failover: the first is dead, the second carries on.
        told = await Test(CorpDirectory.Settings(slapd) with { Urls = [$"ldaps://localhost:{LoopbackPort.Free()}", slapd.LdapsUrl] });
        Assert.Contains("ldap.not_reachable", told);
        Assert.Contains("3 entries fit", told);
    }

    [Fact]
    public async Task L07_wrong_name_wrong_password_missing_base_and_no_rights_are_four_diagnoses_with_the_servers_code()
    {
        await using var strict = await Slapd.Start(Slapd.Person("ada"), $"""
            access to dn.subtree="{Slapd.Groups}" by * search
            access to dn.subtree="{Slapd.People}" by * none
            access to attrs=userPassword by anonymous auth by * none
            access to * by * read
            """);
        var settings = CorpDirectory.Settings(strict) with { UserBases = [Slapd.Suffix], GroupFilter = "" };
        foreach (var (tried, password, code, said) in new[]
        {
            (settings with { BindDn = "cn=nobody,ou=services,dc=corp,dc=example" }, Slapd.ReaderPassword, "ldap.bind_dn_unknown", "49 invalidCredentials"),
            (settings, "wrong", "ldap.bind_password_wrong", "49 invalidCredentials"),
            (settings with { UserBases = ["ou=peple,dc=corp,dc=example"] }, Slapd.ReaderPassword, "ldap.base_missing", "32 noSuchObject"),
            (settings with { UserBases = [Slapd.Groups] }, Slapd.ReaderPassword, "ldap.no_right_to_read", ""),
        })
        {
            var told = await Test(tried, password);
            Assert.Contains(code, told);
            Assert.Contains(said, told);
        }
        // Where the server keeps it to itself, so do we.
        Assert.Contains("ldap.bind_refused", await Test(CorpDirectory.Settings(slapd), "wrong"));
        Assert.Contains("ldap.filter_finds_nobody", await Test(CorpDirectory.Settings(slapd) with { UserFilter = "(objectClass=device)" }));
    }

    [Fact]
    public async Task A_size_limit_of_the_directory_is_named_and_nothing_is_half_read()
    {
        await using var limited = await Slapd.Start(string.Concat(Enumerable.Range(0, 30).Select(i => Slapd.Person($"u{i}"))), limits: $"limits dn.exact=\"{Slapd.Reader}\" size.soft=10 size.hard=10 size.prtotal=10");
        var told = await Test(CorpDirectory.Settings(limited));
        Assert.True(told.Contains("ldap.answer_cut_short", StringComparison.Ordinal) && told.Contains("4 sizeLimitExceeded", StringComparison.Ordinal), told);
    }

    [Fact]
    public async Task C127_the_command_shown_finds_the_same_people_and_holds_no_password()
    {
        await Save();
        var body = (await admin.Get(Settings)).Body;
        var command = WebUtility.HtmlDecode(Regex.Match(body, "<code id=\"users-command\"[^>]*>([^<]+)</code>").Groups[1].Value);
        Assert.DoesNotContain(Slapd.ReaderPassword, body);
        Assert.Contains(" -W ", command);
        var found = await slapd.RunPrinted(command);
        Assert.Equal(3, Regex.Count(found, "(?m)^dn: "));
        Assert.Contains("entryUUID: ", found);
    }

    [Fact]
    public async Task C129_L05_a_broken_filter_is_marked_and_nothing_is_saved()
    {
        await admin.Get(Settings);
        var page = await admin.Post(Settings, Form(CorpDirectory.Settings(slapd) with { UserFilter = "(&(objectClass=person)(uid={0}))" }, Slapd.ReaderPassword));
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Contains("(uid=<mark>{</mark>0}))", WebUtility.HtmlDecode(page.Body));
        Assert.Contains("placeholder", page.Body);
        Assert.Contains("aria-invalid=\"true\"", page.Body);
        foreach (var filter in new[] { "(&(a=b)", "(a=b))", "uid=*", "" })
            Assert.Equal(HttpStatusCode.BadRequest, (await admin.Post(Settings, Form(CorpDirectory.Settings(slapd) with { UserFilter = filter }, Slapd.ReaderPassword))).Status);
        Assert.Equal(0, (await instance.Services.GetRequiredService<SettingsStore>().Get()).Version);
        // Every fault at once.
        page = await admin.Post(Settings, Form(CorpDirectory.Settings(slapd) with { Urls = ["http://dc1"], BindDn = "reader", UserBases = ["corp.example"], CaPem = "nonsense", GroupFilter = "(" }, "x"));
        foreach (var field in new[] { "urls", "bind_dn", "user_bases", "ca", "group_filter" }) Assert.Contains($"href=\"#{field}\"", page.Body);
    }

    [Fact]
    public async Task D15_a_changed_endpoint_never_gets_the_stored_password()
    {
        await Save();
        var stored = await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'ldap'"));
        Assert.DoesNotContain(Slapd.ReaderPassword, stored);
        var authority = slapd.Authority;
        await using var evil = new ScriptedDirectory(authority.Issue(["localhost"]), talk => talk.Obey((id, _) => talk.Send(Answers.Done(id))));
        foreach (var (act, path) in new[] { ("test", Settings + "/test"), ("save", Settings) })
            foreach (var changed in new[]
            {
                CorpDirectory.Settings(slapd) with { Urls = [evil.Url] },
                CorpDirectory.Settings(slapd) with { Urls = [slapd.LdapsUrl, evil.Url] },
                CorpDirectory.Settings(slapd) with { Urls = [slapd.StartTlsUrl] },
                CorpDirectory.Settings(slapd) with { CaPem = new TestAuthority().Pem.Trim() },
            })
            {
                await admin.Get(Settings);
                var page = await admin.Post(path, Form(changed, "", version: 1));
                Assert.True(page.Status == HttpStatusCode.BadRequest, $"{act}: {page.Status}");
                Assert.Contains("href=\"#bind_password\"", page.Body);
            }
        Assert.Equal(0, evil.Connections);
        // Nothing of it changed: the stored one is used.
        Assert.Contains("The test passed", await Test(CorpDirectory.Settings(slapd) with { UserFilter = "(uid=ada)" }, ""));
        await admin.Get(Settings);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(Settings, Form(CorpDirectory.Settings(slapd) with { UserFilter = "(uid=*)" }, "", version: 1))).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Post(Settings, Form(CorpDirectory.Settings(slapd), "", version: 1))).Status);
    }

    [Fact]
    public async Task Changing_the_encryption_key_keeps_the_bind_password()
    {
        await Save();
        var rotation = instance.Services.GetRequiredService<KeyRotation>();
        var root = await rotation.Begin();
        typeof(Secrets).GetMethod("Adopt", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.Invoke(instance.Services.GetRequiredService<Secrets>(), [root]);
        var before = await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'ldap'"));
        Assert.True((await rotation.Finish())!.Again > 0);
        Assert.NotEqual(before, await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'ldap'")));
        Assert.Contains("The test passed", await Test(CorpDirectory.Settings(slapd), ""));
    }

    [Fact]
    public async Task C122_C128_C130_explain_names_the_place_the_clause_and_the_attribute()
    {
        await Save(CorpDirectory.Settings(slapd) with { UserFilter = "(&(objectClass=inetOrgPerson)(!(title=guest))(|(uid=ada)(uid=bob)(uid=zoe)))" });
        async Task<string> Explain(string name)
        {
            await admin.Get("/admin/ldap/explain");
            return Text((await admin.Post("/admin/ldap/explain", ("name", name))).Body);
        }
        Assert.Contains("Nothing stands in the way", await Explain("ADA@corp.example"));
        var bob = await Explain("bob");
        Assert.Contains("does not fit (!(title=guest)).", bob);
        Assert.Contains("✓ (objectClass=inetOrgPerson)", bob);
        Assert.Contains("✗ (!(title=guest))", bob);
        Assert.Contains("✓ (uid=bob)", bob);
        Assert.Contains("does not fit (uid=ada) nor (uid=bob) nor (uid=zoe).", await Explain("cyd"));
        var eva = await Explain("eva");
        Assert.Contains("ldap.outside_base", eva);
        Assert.Contains($"uid=eva,ou=external,{Slapd.Suffix} is not below {Slapd.People}", eva);
        Assert.Contains("ldap.not_in_directory", await Explain("nobody"));
        Assert.Contains("It is " + Slapd.PersonDn("ada"), await Explain(Slapd.PersonDn("ada")));
        // L01: a name is taken literally.
        foreach (var name in new[] { "*", "a*", "*)(uid=*", "ada)(|(uid=*", "\\2a", new string('a', 400) })
            Assert.Contains("ldap.not_in_directory", await Explain(name));
        // L06: two entries of one address.
        await slapd.Change(Slapd.Person("ada2", "ada@corp.example").Replace("\nobjectClass", "\nchangetype: add\nobjectClass", StringComparison.Ordinal));
        var two = await Explain("ada@corp.example");
        Assert.Contains("ldap.ambiguous", two);
        Assert.Contains(Slapd.PersonDn("ada2"), two);
        // A missing attribute, an entry switched off, a collision, a deleted account.
        await slapd.Change($"dn: {Slapd.PersonDn("ada")}\nchangetype: modify\ndelete: mail\n");
        Assert.Contains("mail: missing", await Explain("ada"));
        await slapd.Change($"dn: {Slapd.PersonDn("ada")}\nchangetype: modify\nadd: mail\nmail: boss@example.com\n");
        await instance.Console("user", "add", "--email", "boss@example.com");
        Assert.Contains("ldap.email_conflict", await Explain("ada"));
    }

    [Fact]
    public async Task A_plan_is_looked_at_applied_and_taken_back_with_plain_forms_and_on_the_console()
    {
        await Save();
        Assert.Contains("No sync yet", (await admin.Get("/admin/ldap/syncs")).Body);
        var to = (await admin.Post("/admin/ldap/syncs/rehearse")).Location!;
        var plan = await admin.Get(to);
        Assert.Contains("Apply this plan", plan.Body);
        Assert.Contains("ada@corp.example", plan.Body);
        var dry = await instance.Console("ldap", "sync", "--dry-run");
        Assert.Equal(0, dry.Code);
        Assert.Matches(@"create +ada +Ada Person, ada@corp\.example", dry.Output);
        Assert.Contains("rehearsed: 3 people and 1 groups read: 3 created", dry.Output);
        Assert.Null(await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, "ada")));
        var applied = await admin.Post(to + "/apply");
        Assert.Equal(HttpStatusCode.SeeOther, applied.Status);
        var page = await admin.Get(applied.Location!);
        Assert.Contains("Take this sync back", page.Body);
        Assert.Contains("applied", Text((await admin.Get("/admin/ldap/syncs")).Body));
        var ada = (await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, "ada")))!;
        var card = Text((await admin.Get($"/admin/users/{ada.Id}")).Body);
        Assert.Contains(Slapd.PersonDn("ada"), card);
        Assert.Contains("comes from your organisation's directory", card);
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Post($"/admin/users/{ada.Id}", ("row_version", "1"), ("user_name", "ada"), ("email", "else@corp.example"), ("display_name", "Ada Person"), ("given_name", "Ada"), ("family_name", "Person"))).Status);
        var undone = await admin.Post(applied.Location + "/undo");
        Assert.Equal(HttpStatusCode.SeeOther, undone.Status);
        Assert.Contains("Taken back: 4", Text((await admin.Get(undone.Location!)).Body));
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Post(applied.Location + "/undo")).Status);
        Assert.Contains("Let it go on", (await admin.Get("/admin/ldap/syncs")).Body);
        Assert.Contains("ldap.sync_paused", (await instance.Console("doctor")).Output);
        await admin.Post("/admin/ldap/syncs/resume");
        Assert.DoesNotContain("Let it go on", (await admin.Get("/admin/ldap/syncs")).Body);

        var run = await instance.Console("ldap", "sync");
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("applied: ", run.Output);
        Assert.Contains("PASS  ldap.sync", Regex.Replace((await instance.Console("doctor")).Output, " +", "  "));
        var test = await instance.Console("ldap", "test");
        Assert.Equal(0, test.Code);
        Assert.Contains("PASS  Bind", test.Output);
        var told = await instance.Console("ldap", "explain", "eva");
        Assert.Equal(1, told.Code);
        Assert.Contains("FAIL  It stands below a base DN", told.Output);
        Assert.Contains("ldapsearch", told.Output);
        await slapd.Down();
        var away = await instance.Console("ldap", "sync");
        Assert.Equal(1, away.Code);
        Assert.Contains("ldap.not_reachable", away.Error);
    }

    [Fact]
    public async Task An_admin_joins_an_account_to_an_entry_and_parts_them_again()
    {
        await Save();
        await instance.Console("user", "add", "--email", "ada@corp.example", "--user-name", "lady");
        var lady = (await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, "lady")))!;
        var conflict = await instance.Console("ldap", "sync");
        Assert.Contains("ldap.email_conflict", conflict.Output);
        await admin.Get($"/admin/users/{lady.Id}");
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.Post($"/admin/users/{lady.Id}/directory/link", ("dn", $"uid=eva,ou=external,{Slapd.Suffix}"))).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Post($"/admin/users/{lady.Id}/directory/link", ("dn", Slapd.PersonDn("cyd")))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post($"/admin/users/{lady.Id}/directory/link", ("dn", Slapd.PersonDn("ada")))).Status);
        await instance.Console("ldap", "sync");
        var joined = (await instance.Database.Read(sql => UserStore.Find(sql, lady.Id)))!;
        Assert.Equal(("ldap", "ada"), (joined.Source, joined.UserName));
        await admin.Post($"/admin/users/{lady.Id}/directory/unlink");
        Assert.Equal("local", (await instance.Database.Read(sql => UserStore.Find(sql, lady.Id)))!.Source);
        // Its entry is now a stranger with a taken name, and nothing of the account moves.
        Assert.Contains("conflict", (await instance.Console("ldap", "sync")).Output);
    }

    [Fact]
    public async Task A_persons_own_profile_says_which_fields_come_from_the_directory_and_keeps_them()
    {
        await Save();
        await instance.Console("ldap", "sync");
        var link = await TestPerson.LoginLink(instance, "ada@corp.example");
        using var person = new TestPerson(instance);
        await person.FollowLoginLink(link);
        await person.Register();
        var page = await person.Browser.Get("/account");
        Assert.Contains("comes from your organisation's directory", WebUtility.HtmlDecode(page.Body));
        Assert.Contains("readonly", page.Body);
        var version = Regex.Match(page.Body, "name=\"row_version\" value=\"(\\d+)\"").Groups[1].Value;
        var refused = await person.Browser.Post("/account", ("row_version", version), ("display_name", "Somebody Else"), ("given_name", "Ada"), ("family_name", "Person"));
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Equal("Ada Person", (await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, "ada")))!.DisplayName);
    }

    [Theory, InlineData(320, false), InlineData(768, true), InlineData(1280, false)]
    public async Task The_pages_fit_every_width_and_break_no_accessibility_rule(int width, bool dark)
    {
        await using var context = await chromium.NewContext(dark, width);
        await context.AddCookiesAsync(admin.Cookies.Select(c => new Microsoft.Playwright.Cookie { Name = c.Key, Value = c.Value, Domain = "localhost", Path = "/", Secure = true }));
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) complaints.Add(message.Text); };
        var shot = 0;
        async Task Look(string what)
        {
            await AxeCheck.HasNoViolation(page, $"{what} at {width} px");
            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(over <= 0, $"{what} is {over} px wider than {width}");
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"ldap-{++shot}-{what}-{width}{(dark ? "-dark" : "")}.png"), FullPage = true });
        }
        await page.GotoAsync(instance.Origin + Settings);
        await Look("empty");
        await page.GotoAsync(instance.Origin + "/admin/ldap/syncs");
        await Look("no-syncs");
        await Save(CorpDirectory.Settings(slapd) with { UserFilter = "(&(objectClass=inetOrgPerson)(!(title=guest)))" });
        await page.GotoAsync(instance.Origin + Settings);
        await Look("filled");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Test", Exact = true }).ClickAsync();
        await page.WaitForSelectorAsync("#test-result");
        await Look("test-passed");
        await page.FillAsync("#bind_password", "wrong");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Test", Exact = true }).ClickAsync();
        await page.WaitForSelectorAsync("#test-result .bad");
        await Look("test-stopped");
        await page.FillAsync("#user_filter", "(&(objectClass=person)(uid={0})");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await page.WaitForSelectorAsync("#errors");
        await Look("broken-filter");
        await page.GotoAsync(instance.Origin + "/admin/ldap/syncs");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Trial sync: show the plan" }).ClickAsync();
        await page.WaitForURLAsync("**/syncs/*");
        await Look("plan");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Apply this plan" }).ClickAsync();
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Take this sync back" }).WaitForAsync();
        await Look("applied");
        await CorpDirectory.Save(instance.Services, CorpDirectory.Settings(slapd) with { UserFilter = "(objectClass=device)" }, null);
        await instance.Console("ldap", "sync");
        await page.GotoAsync(instance.Origin + "/admin/ldap/syncs");
        await Look("history");
        await page.Locator("tbody tr a").First.ClickAsync();
        await Look("braked");
        await CorpDirectory.Save(instance.Services, CorpDirectory.Settings(slapd) with { UserFilter = "(&(objectClass=inetOrgPerson)(!(title=guest)))" }, null);
        await page.GotoAsync(instance.Origin + "/admin/ldap/explain");
        await page.FillAsync("#name", "bob");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Explain", Exact = true }).ClickAsync();
        await page.WaitForSelectorAsync("#told");
        await Look("explain");
        var ada = (await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, "ada")))!;
        await page.GotoAsync(instance.Origin + "/admin/users/" + ada.Id);
        await Look("user");
        Assert.Empty(complaints);
    }

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
