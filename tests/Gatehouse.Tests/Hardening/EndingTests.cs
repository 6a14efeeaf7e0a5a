using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>What was ended has ended: at once, on every node, and for good.</summary>
public sealed partial class EndingTests(PostgresCluster postgres)
{
    private const string Session = "__Host-gatehouse";

    private static TestBrowser With(TestInstance node, string session)
    {
        var browser = node.Browser();
        browser.Cookies[Session] = session;
        return browser;
    }

    private static bool IsOut(Page page) => page.Status == HttpStatusCode.SeeOther && page.Location!.StartsWith("/sign-in", StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task B01_the_session_id_changes_at_sign_in_step_up_and_sign_out_and_the_old_one_is_dead_here(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var ids = new List<string> { ada.Browser.Cookies[Session] };
        async Task Changed(Func<Task<Page>> act)
        {
            Assert.Equal(HttpStatusCode.OK, (await act()).Status);
            ids.Add(ada.Browser.Cookies[Session]);
            Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        }

        await Changed(() => ada.SignIn());
        await Changed(() => ada.StepUp());
        // What an attacker planted before the sign-in is nobody's session after it.
        await ada.Browser.Post("/sign-out");
        Assert.DoesNotContain(Session, ada.Browser.Cookies.Keys);
        ada.Browser.Cookies[Session] = new string('A', 43);
        await Changed(() => ada.SignIn());
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.DoesNotContain(new string('A', 43), ids);
        foreach (var old in ids[..^1].Append(new string('A', 43)))
        {
            using var thief = With(instance, old);
            Assert.True(IsOut(await thief.Get("/account/security")));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CVE_2026_43911_CVE_2026_95814_GHSA_x883_2vmg_xwf7_B06_F24_disabling_a_new_password_signing_out_everywhere_and_leaving_a_group_count_at_once_on_every_node(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        await using var second = onPostgres ? await site.Server.AnotherNode() : null;
        var there = second ?? site.Server;
        await PasswordSite.Set(site.Server, new PasswordSettings { Enabled = true });
        await site.Run("group", "add", "ops");
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        var (wiki, _) = await site.AddClient("Wiki", "--group", "ops");

        // Each is asked for on one node, and the very next request on the other is refused: nothing of this is cached.
        async Task<(TestBrowser Here, TestBrowser There, string Access, string Refresh)> Two()
        {
            var (one, other) = (await site.SignedIn(), await site.SignedIn());
            var (_, tokens, _) = await site.Token(("code", await site.Code(other)));
            var elsewhere = With(there, other.Cookies[Session]);
            Assert.Equal(HttpStatusCode.OK, (await elsewhere.Get("/account")).Status);
            return (one, elsewhere, tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!);
        }
        async Task Dead((TestBrowser Here, TestBrowser There, string Access, string Refresh) two)
        {
            Assert.True(IsOut(await two.There.Get("/account")));
            Assert.True(IsOut(await two.There.Get($"/authorize?{OidcSite.Query(site.AuthorizeParameters())}")));
            using var asked = new HttpRequestMessage(HttpMethod.Get, "/userinfo");
            asked.Headers.TryAddWithoutValidation("Authorization", "Bearer " + two.Access);
            using var application = there.Browser();
            Assert.Equal(HttpStatusCode.Unauthorized, (await application.Send(asked)).Status);
            Assert.Equal(400, (await site.Refresh(two.Refresh)).Status);
        }

        var group = await Two();
        Assert.Contains("code=", (await group.There.Get(site.AuthorizePath(("client_id", wiki)))).Location, StringComparison.Ordinal);
        var (opsId, adaId) = await site.Server.Database.Read(async sql => (
            (await GroupStore.All(sql)).Single(g => g.Name == "ops").Id, (await UserStore.FindByEmail(sql, "ada@example.com"))!.Id));
        Assert.Null((await site.Server.Services.GetRequiredService<RemoveMember>().Run(opsId, adaId, new("test", ""))).Refusal);
        Assert.Equal(HttpStatusCode.Forbidden, (await group.There.Get(site.AuthorizePath(("client_id", wiki)))).Status);

        var everywhere = await Two();
        await everywhere.Here.Get("/account/sessions");
        Assert.Equal(HttpStatusCode.SeeOther, (await everywhere.Here.Post("/account/sessions/end-all")).Status);
        await Dead(everywhere);

        var password = await Two();
        await PasswordSite.Give(site.Server, "ada@example.com", PasswordSite.Good);
        await Dead(password);

        var disabled = await Two();
        await site.Run("user", "disable", "ada@example.com", "--reason", "left");
        await Dead(disabled);
        foreach (var two in new[] { group, everywhere, password, disabled })
        {
            two.Here.Dispose();
            two.There.Dispose();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CVE_2026_55670_D10_a_deleted_user_is_dead_with_everything_they_held_and_nobody_gets_their_id_again(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var admin = await TestPerson.FirstAdmin(site.Server);
        using var bea = await TestPerson.User(site.Server, "bea@example.com", "Bea");
        var id = (await site.Server.Database.Read(sql => UserStore.FindByEmail(sql, "bea@example.com")))!.Id;
        var (_, tokens, _) = await site.Token(("code", await site.Code(bea.Browser)));
        var code = await site.Code(bea.Browser);
        var link = new Uri(await TestPerson.LoginLink(site.Server, "bea@example.com")).PathAndQuery;

        await admin.Browser.Get($"/admin/users/{id}");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/users/{id}/delete")).Status);
        Assert.True(IsOut(await bea.Browser.Get("/account")));
        Assert.Equal(401, (await site.Userinfo(tokens.GetProperty("access_token").GetString()!)).Status);
        Assert.Equal(400, (await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Status);
        Assert.Equal(400, (await site.Token(("code", code))).Status);
        using var anybody = site.Server.Browser();
        Assert.Equal(HttpStatusCode.Gone, (await anybody.Get(link)).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await bea.SignIn()).Status);

        // After the week in which it can be taken back there is nothing left to take back, and a namesake begins from nothing.
        site.Server.Clock.Advance(TimeSpan.FromDays(8));
        using var purge = new PurgeDeletedUsers(site.Server.Database, site.Server.Services.GetServices<Gatehouse.Data.PersonalData>(), site.Server.Services.GetRequiredService<AuditLog>(), site.Server.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<PurgeDeletedUsers>.Instance);
        await purge.Run();
        await site.Run("user", "add", "--email", "bea@example.com", "--name", "Bea");
        var again = (await site.Server.Database.Read(sql => UserStore.FindByEmail(sql, "bea@example.com")))!;
        Assert.NotEqual(id, again.Id);
        Assert.NotEqual(HttpStatusCode.OK, (await bea.SignIn()).Status);
        var left = await site.Server.Database.Read(async sql => (
            Held: await sql.One<long>("select (select count(*) from passkeys where user_id = @id) + (select count(*) from sessions where user_id = @id) + (select count(*) from grants where user_id = @id)", new { id }),
            Audit: await sql.List<string>("select action from audit where target_id = @id", new { id })));
        Assert.Equal(0, left.Held);
        Assert.Contains("user.deleted", left.Audit);
        Assert.Contains("user.created", left.Audit);
    }

    [Fact]
    public async Task B14_sign_in_consent_administration_and_every_other_page_refuse_to_be_framed()
    {
        await using var site = await OidcSite.Start(null, "--ask");
        using var ada = await site.SignedIn();
        using var admin = await Somebody.With(site.Server, Role.Admin);
        using var stranger = site.Server.Browser();
        var consent = await ada.Get(site.AuthorizePath());
        Assert.StartsWith("/consent", consent.Location, StringComparison.Ordinal);
        foreach (var page in new[]
        {
            await stranger.Get("/sign-in"), consent, await ada.Get(consent.Location!), await admin.Get("/admin"), await admin.Get("/admin/settings/email-templates/login_link/html"),
            await stranger.Get("/nothing"), await stranger.Get(site.AuthorizePath(("redirect_uri", "https://evil.example/"))), await ada.Get(site.AuthorizePath(("prompt", "none"), ("response_mode", "form_post"))),
        })
        {
            Assert.Contains("frame-ancestors 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.Equal("DENY", page.Headers["X-Frame-Options"]);
        }
    }

    [Fact]
    public async Task D05_markup_in_names_and_texts_of_people_is_inert_wherever_it_is_shown()
    {
        const string evil = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script><svg onload=alert(3)>{{7*7}}";
        await using var site = await OidcSite.Start();
        using var admin = await TestPerson.FirstAdmin(site.Server);
        var browser = admin.Browser;
        var name = evil[..60];
        async Task Add(string path, params (string, string)[] fields)
        {
            await browser.Get("/admin");
            var page = await browser.Post(path, fields);
            Assert.True((int)page.Status is 200 or 303 or 400, $"{path}: {page.Status}");
            Inert(path, page);
        }

        await Add("/admin/users/new", ("email", "eve@example.com"), ("display_name", name), ("given_name", name), ("family_name", name));
        await Add("/admin/groups", ("name", name), ("description", evil));
        await Add("/admin/apis", ("name", name), ("identifier", "https://api.example.com/" + Uri.EscapeDataString(evil)), ("description", evil));
        await Add("/admin/invite/link", ("label", evil), ("uses", "1"), ("valid", "24"));
        await Add("/admin/settings/email-templates", ("name", name), ("contact", evil[..80]), ("colour", "#3446c9"));
        await site.AddClient(name, "--launch-url", "https://app.example.com/?q=%3Cscript%3E");
        await site.Run("user", "disable", "eve@example.com", "--reason", evil);
        using var stranger = site.Server.Browser();
        await stranger.Get(site.AuthorizePath(("redirect_uri", "https://evil.example/" + evil), ("state", evil)));
        await stranger.Get("/join?t=" + Uri.EscapeDataString(evil));

        var seen = 0;
        var todo = new Queue<string>(["/", "/apps", "/account", "/admin", "/admin/users", "/admin/groups", "/admin/clients", "/admin/apis", "/admin/invitations", "/admin/audit", "/admin/sign-ins", "/admin/problems?state=all",
            "/admin/settings/email-templates", "/admin/preview", "/admin/lookup?q=" + Uri.EscapeDataString(evil), "/admin/users?q=" + Uri.EscapeDataString(evil), "/admin/mail"]);
        var known = new HashSet<string>(todo, StringComparer.Ordinal);
        while (todo.TryDequeue(out var path) && seen < 150)
        {
            var page = await browser.Get(path);
            seen++;
            Inert(path, page);
            foreach (Match link in Links().Matches(page.Body))
                if (WebUtility.HtmlDecode(link.Groups[1].Value) is var to && !to.StartsWith("/assets", StringComparison.Ordinal) && known.Add(to)) todo.Enqueue(to);
        }
        Assert.InRange(seen, 40, 150);
        foreach (var letter in await site.Server.Mails())
            Assert.DoesNotMatch("<(img|script|svg)", letter.Html);

        static void Inert(string path, Page page)
        {
            Assert.False(Live().IsMatch(page.Body), $"{path}: {Live().Match(page.Body).Value}");
        }
    }

    // Our own pages hold scripts by src and drawings without handlers only.
    [GeneratedRegex("<img src=x|<script>|<svg onload| onerror=alert\\(1\\)>\"'>")]
    private static partial Regex Live();

    [GeneratedRegex("href=\"(/[^\"#]*)")]
    private static partial Regex Links();
}
