using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;

namespace Gatehouse.Tests.Audit;

/// <summary>What admins and viewers see of refusals, and what they may press.</summary>
public sealed partial class AuditPagesTests(PostgresCluster cluster)
{
    private const string Hostile = "<img src=x onerror=alert(1)>\u202Egro.live\u202C\r\nX-Injected: 1\u001b[31mred\u001b]8;;http://evil.example\u0007link\u200b";

    [Theory, InlineData(false), InlineData(true)]
    public async Task D14_a_remedy_pressed_twice_is_done_once_and_can_be_taken_back(bool postgres)
    {
        await using var server = await AuditServer.Start(postgres ? await cluster.NewDatabase() : null);
        using var browser = server.Browser();
        var reference = await Refused(server, live: true);
        var index = LiftIndex;

        var page = await browser.Get($"/admin/cases/{reference}");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains($"/admin/cases/{reference}/remedies/{index}", page.Body, StringComparison.Ordinal);
        var confirm = await browser.Get($"/admin/cases/{reference}/remedies/{index}");
        Assert.Contains("Ada may open &lt;Grafana&gt;", confirm.Body, StringComparison.Ordinal);
        Assert.Equal("restricted", await server.Paper());

        var presses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => browser.Post($"/admin/cases/{reference}/remedies/{index}")));
        Assert.All(presses, p => Assert.Equal(HttpStatusCode.SeeOther, p.Status));
        Assert.Single(presses, p => p.Location!.EndsWith("said=done", StringComparison.Ordinal));
        Assert.Equal(7, presses.Count(p => p.Location!.EndsWith("said=already", StringComparison.Ordinal)));
        Assert.Equal("lifted", await server.Paper());
        Assert.Equal(1, await Count(server, $"audit where reference = '{reference}' and actor = 'grace@example.com'"));
        Assert.Equal(1, await Count(server, "problems where state = 'waiting'"));

        page = await browser.Get($"/admin/cases/{reference}?said=done");
        var undo = UndoPath().Match(page.Body).Groups[1].Value;
        Assert.EndsWith("said=undone", (await browser.Post(undo)).Location, StringComparison.Ordinal);
        Assert.Equal("restricted", await server.Paper());
        Assert.Equal(1, await Count(server, "problems where state = 'open'"));
        Assert.EndsWith("said=not-undone", (await browser.Post(undo)).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mended_problem_closes_when_the_rule_passes()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        var reference = await Refused(server, live: true);
        await browser.Get($"/admin/cases/{reference}");
        await browser.Post($"/admin/cases/{reference}/remedies/{LiftIndex}");
        server.Log.Passed("oidc.access_denied.group", "c1");
        var page = await browser.Get("/admin/problems?state=closed");
        Assert.Contains("User is in none of the allowed groups", page.Body, StringComparison.Ordinal);
    }

    [Fact]
    public void X07_what_a_stranger_caused_widens_nothing_in_one_click()
    {
        var offer = new RemedyOffer(true, true, "", []);
        var widens = new AddCallbackUrl(new("c1", "Grafana"), "https://evil.example/");
        Assert.False(RemedyDesk.Guard(offer, widens, new("GH-1", Causer.Stranger, LiveSession: false)).OneClick);
        Assert.True(RemedyDesk.Guard(offer, widens, new("GH-1", Causer.Stranger, LiveSession: true)).OneClick);
        Assert.True(RemedyDesk.Guard(offer, widens, new("GH-1", Causer.ProvenUser, LiveSession: false)).OneClick);
        Assert.True(RemedyDesk.Guard(offer, new OpenPage("Open", "/admin"), new("GH-1", Causer.Stranger, LiveSession: false)).OneClick);
    }

    [Fact]
    public async Task A_case_that_this_version_cannot_read_is_shown_without_remedies()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        var reference = server.Log.Record(new StrangersWish(), AuditStore.From("198.51.100.7")).Text;
        await server.Log.Flush();
        var page = await browser.Get($"/admin/cases/{reference}");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.DoesNotContain("/remedies/", page.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.Get($"/admin/cases/{reference}/remedies/0")).Status);
    }

    [Fact]
    public async Task X06_hostile_evidence_is_inert_on_every_page_and_on_the_console()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        var context = AuditStore.From("198.51.100.7") with { UserAgent = Hostile, ClientId = Hostile, TraceId = Hostile, Steps = [new(Hostile, 1)] };
        var reference = server.Log.Record(UserNotInAllowedGroup.Example with { Client = new("c9", Hostile), Has = [Hostile] }, context).Text;
        await server.Log.Flush();
        var problem = await server.Database.Read(sql => sql.One<string>("select id from problems"));
        foreach (var path in new[] { "/admin/sign-ins", "/admin/problems?state=all", $"/admin/problems/{problem}", $"/admin/cases/{reference}", "/admin/lookup?q=%3Cimg%20src%3Dx%3E%E2%80%AE", "/admin/sign-ins?user=%3Cimg%20src%3E%E2%80%AE" })
        {
            var page = await browser.Get(path);
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.DoesNotContain("<img src", page.Body, StringComparison.Ordinal);
            Assert.DoesNotContain(page.Body, c => c is '\u202E' or '\u202C' or '\u001b' or '\u0007' or '\u200b');
        }
        var (code, output, _) = await server.Console("why", reference);
        Assert.Equal(0, code);
        Assert.Contains("is in", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output, c => char.IsControl(c) && c != '\n' || c is '\u202E' or '\u200b');
    }

    [Fact]
    public async Task A_viewer_reads_everything_and_presses_nothing()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        var reference = await Refused(server, live: true);
        server.At.Role = "viewer";
        foreach (var path in new[] { "/admin/sign-ins", "/admin/problems", $"/admin/cases/{reference}", "/admin/audit", "/admin/lookup" })
            Assert.Equal(HttpStatusCode.OK, (await browser.Get(path)).Status);
        Assert.DoesNotContain("/remedies/", (await browser.Get($"/admin/cases/{reference}")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Post($"/admin/cases/{reference}/remedies/{LiftIndex}")).Status);
        Assert.Equal("restricted", await server.Paper());
        server.At.Role = "user";
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Get($"/admin/cases/{reference}")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_look_up_finds_references_people_addresses_applications_and_urls(bool postgres)
    {
        await using var server = await AuditServer.Start(postgres ? await cluster.NewDatabase() : null);
        using var browser = server.Browser();
        await Seed(server);
        var reference = await Refused(server, live: true);
        async Task Leads(string typed, string to) => Assert.Equal(to, (await browser.Get("/admin/lookup?q=" + Uri.EscapeDataString(typed))).Location);

        await Leads(reference, $"/admin/cases/{reference}");
        await Leads(reference.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal), $"/admin/cases/{reference}");
        await Leads("Ada@Example.com", "/admin/users/u1");
        await Leads("192.0.2.77", "/admin/sign-ins?address=192.0.2.77");
        await Leads("grafana", "/admin/clients/c1");
        await Leads("c1", "/admin/clients/c1");
        await Leads("https://grafana.example/other", "/admin/clients/c1");
        Assert.Contains("Nothing found", (await browser.Get("/admin/lookup?q=100%25_nobody")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.Get("/admin/cases/GH-0000-0000")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Sign_ins_are_filtered_by_user_client_code_outcome_time_and_address(bool postgres)
    {
        await using var server = await AuditServer.Start(postgres ? await cluster.NewDatabase() : null);
        using var browser = server.Browser();
        await Seed(server);
        await Refused(server, live: true);
        server.Log.Note(new NotedSignIn(SignInLog.App, "u1", "c1", "hwk", "192.0.2.9", "Firefox", TimeProvider.System.Now()));
        await server.Log.Flush();
        async Task<(bool Success, bool Refusal)> Shown(string query)
        {
            var page = await browser.Get("/admin/sign-ins?" + query);
            Assert.Equal(HttpStatusCode.OK, page.Status);
            return (page.Body.Contains("Opened the application", StringComparison.Ordinal), page.Body.Contains("/admin/cases/GH-", StringComparison.Ordinal));
        }

        Assert.Equal((true, true), await Shown(""));
        Assert.Equal((true, true), await Shown("user=ADA%40example.com&client=graf"));
        Assert.Equal((false, false), await Shown("user=nobody"));
        Assert.Equal((false, false), await Shown("client=nothing"));
        Assert.Equal((false, true), await Shown("code=oidc.access_denied"));
        Assert.Equal((false, false), await Shown("code=mail"));
        Assert.Equal((true, false), await Shown("outcome=success"));
        Assert.Equal((false, true), await Shown("outcome=refused"));
        Assert.Equal((true, false), await Shown("address=192.0.2.9"));
        Assert.Equal((true, true), await Shown("from=2020-01-01T00:00"));
        Assert.Equal((false, false), await Shown("to=2020-01-01T00:00"));
    }

    [Fact]
    public async Task A_reference_beyond_the_rate_leads_to_its_problem()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        var all = Enumerable.Range(0, 30).Select(_ => server.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1")).Text).ToList();
        await server.Log.Flush();
        Assert.Equal(HttpStatusCode.OK, (await browser.Get($"/admin/cases/{all[0]}")).Status);
        var page = await browser.Follow(await browser.Get($"/admin/cases/{all[25]}"));
        Assert.Contains("has no record of its own", page.Body, StringComparison.Ordinal);
        var (code, output, _) = await server.Console("why", all[25]);
        Assert.Equal(0, code);
        Assert.Contains("30 times", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task X09_a_refusal_is_answered_while_the_store_is_broken()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        await browser.Get("/help/account.disabled");
        await server.Database.Write(sql => sql.Run("drop table loose_references"));
        await server.Database.Write(sql => sql.Run("drop table cases"));
        var page = await browser.Send(new HttpRequestMessage(HttpMethod.Post, "/preferences") { Content = new StringContent("x") });
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Matches("^GH-", page.Reference);
    }

    [Fact]
    public async Task Help_is_open_for_public_codes_only()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        server.At.Role = "stranger";
        var missing = (await browser.Get("/help/no.such_code")).Body;
        Assert.Contains(AccountDisabled.Entry.Public, (await browser.Get("/help/account.disabled")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain(AccountDisabled.Entry.Fix, (await browser.Get("/help/account.disabled")).Body, StringComparison.Ordinal);
        foreach (var item in RefusalCatalogue.All)
        {
            var page = await browser.Get("/help/" + item.Entry.Code);
            if (RefusalCatalogue.All.Any(i => i.Entry.CodeForStrangers == item.Entry.Code)) Assert.Equal(HttpStatusCode.OK, page.Status);
            else Assert.Equal((HttpStatusCode.NotFound, missing), (page.Status, page.Body));
        }
        server.At.Role = "viewer";
        Assert.Contains(AccountDeleted.Entry.Fix, WebUtility.HtmlDecode((await browser.Get("/help/account.deleted")).Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_explains_codes()
    {
        await using var server = await AuditServer.Start();
        var (code, output, _) = await server.Console("explain", "account.disabled");
        Assert.Equal(0, code);
        Assert.Contains("What mends it", output, StringComparison.Ordinal);
        Assert.Equal(1, (await server.Console("explain", "no.such")).Code);
        Assert.Equal(1, (await server.Console("why", "GH-0000-0000")).Code);
        Assert.Equal(1, (await server.Console("why", "nonsense")).Code);
    }

    [Fact]
    public async Task The_audit_log_is_searched_and_paged()
    {
        await using var server = await AuditServer.Start();
        using var browser = server.Browser();
        var audit = new AuditLog(TimeProvider.System);
        for (var i = 0; i < 60; i++) await server.Database.Write(sql => audit.Write(sql, new("ada@example.com", ""), "user.disabled", new("user", $"u{i}", $"User {i:00}")));
        Assert.Contains("1 to 50 of 60", (await browser.Get("/admin/audit")).Body, StringComparison.Ordinal);
        Assert.Contains("51 to 60 of 60", (await browser.Get("/admin/audit?page=2")).Body, StringComparison.Ordinal);
        Assert.Contains("1 to 1 of 1", (await browser.Get("/admin/audit?q=User%2042")).Body, StringComparison.Ordinal);
        Assert.Contains("1 to 1 of 1", (await browser.Get("/admin/audit?target=u7")).Body, StringComparison.Ordinal);
    }

    private static int LiftIndex => UserNotInAllowedGroup.Example.Remedies.ToList().FindIndex(r => r is LiftGroupRestriction);

    private static async Task<string> Refused(AuditServer server, bool live)
    {
        var reference = server.Log.Record(UserNotInAllowedGroup.Example, AuditStore.From("192.0.2.77", live ? "u1" : null) with { ClientId = "c1" }).Text;
        await server.Log.Flush();
        return reference;
    }

    private static Task Seed(AuditServer server) => server.Database.Write(async sql =>
    {
        await Gatehouse.Accounts.Users.UserStore.Insert(sql, new() { Id = "u1", UserName = "ada", Email = "ada@example.com", DisplayName = "Ada Lovelace", CreatedAt = 1 });
        await sql.Run("""
            insert into clients (id, name, is_public, is_native, pkce_required, auth_method, id_token_algorithm, restricted, enabled, created_at, updated_at, row_version)
            values ('c1', 'Grafana', false, false, true, 'client_secret_basic', 'ES256', true, true, 1, 1, 1)
            """);
        await sql.Run("insert into client_urls (client_id, kind, url, position) values ('c1', 'callback', 'https://grafana.example/login', 0)");
    });

    private static Task<long> Count(AuditServer server, string what) => server.Database.Read(sql => sql.One<long>("select count(*) from " + what));

    [GeneratedRegex("action=\"(/admin/remedies/[0-9a-f]+/undo)\"")]
    private static partial Regex UndoPath();

    private sealed record StrangersWish : Refusal
    {
        public override RefusalEntry Facts { get; } = new("browser.strangers_wish", "A wish", "No.", "Nothing.");
        public override string Evidence => "A stranger wishes.";
        public override IEnumerable<Remedy> Remedies => [new LiftGroupRestriction(new("c1", "Grafana"))];
    }
}
