using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignIn.SecondFactors;

namespace Gatehouse.Tests.SignIn;

/// <summary>What holds at every door alike: a switched-off account, the counters, the last admin.</summary>
public class DoorsTests(PostgresCluster postgres)
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task C112_C019_a_disabled_account_is_refused_with_its_own_code_at_every_door_and_restored_whole_from_the_case(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var instance = site.Server;
        await PasswordSite.Set(instance, new() { Enabled = true });
        using var grace = await TestPerson.FirstAdmin(instance);
        using var cy = await TestPerson.User(instance, "cy@example.com", "Cy");
        await PasswordSite.Give(instance, "cy@example.com", PasswordSite.Good);
        await site.Run("group", "add", "ops");
        await site.Run("group", "member", "add", "ops", "cy@example.com");
        using var holder = await Holder.New(instance, "bea@example.com", "Bea");
        var factors = await instance.Database.Read(sql => sql.One<long>("select count(*) from authenticator_apps"));

        // What is open or on its way while the account is switched off.
        await cy.SignIn();
        var (_, tokens, _) = await site.Token(("code", await site.Code(cy.Browser)));
        var (access, refresh) = (tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!);
        var code = await site.Code(cy.Browser);
        var link = await TestPerson.LoginLink(instance, "cy@example.com");
        using var asking = instance.Browser();
        await asking.Post("/sign-in/reset", ("name", "cy@example.com"));
        var reset = Regex.Match((await instance.Mails("cy@example.com")).Last(m => m.Kind == "password_reset").Text, @"/reset\?t=([\w-]+)").Groups[1].Value;
        var pending = await holder.ToSecondStep();
        foreach (var email in new[] { "cy@example.com", "bea@example.com" })
        {
            var id = (await PasswordSite.Find(instance, email)).Id;
            Assert.Equal(HttpStatusCode.SeeOther, (await grace.Browser.Post($"/admin/users/{id}/disable", ("reason", "left in May"))).Status);
        }

        // Sessions: nobody's. Every proof that is still right: the account's own code, the same sentence.
        Assert.StartsWith("/sign-in", (await cy.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.StartsWith("/sign-in", (await cy.Browser.Get(site.AuthorizePath())).Location!, StringComparison.Ordinal);
        using var other = instance.Browser();
        var byPassword = await PasswordSite.Enter(other, "cy@example.com", PasswordSite.Good);
        var byPasskey = await cy.SignIn();
        var fresh = await TestPerson.LoginLink(instance, "cy@example.com");
        var byLink = await cy.FollowLoginLink(fresh);
        foreach (var page in new[] { byPassword, byPasskey, byLink })
        {
            Assert.Equal((HttpStatusCode.Forbidden, "account.disabled"), (page.Status, await PasswordSite.CodeOf(instance, page)));
            Assert.Contains("Your account is switched off", page.Body, StringComparison.Ordinal);
        }
        // What was begun before is dead: the older link, the reset, the half-done sign-in.
        Assert.NotEqual(HttpStatusCode.SeeOther, (await new TestPerson(instance).FollowLoginLink(link)).Status);
        await other.Get("/reset?t=" + reset);
        Assert.Equal(HttpStatusCode.Gone, (await other.Post("/reset", ("t", reset), ("password", PasswordSite.Other))).Status);
        Assert.False(PasswordSite.IsIn(await holder.Give(pending, await holder.Code())));
        Assert.Equal("account.disabled", await PasswordSite.CodeOf(instance, await holder.Password()));

        // Applications: strangers to the cause, the admin is told it.
        foreach (var answer in new[] { await site.Token(("code", code)), await site.Refresh(refresh) })
        {
            Assert.Equal((400, "invalid_grant"), (answer.Status, answer.Json.GetProperty("error").GetString()));
            Assert.Equal("oidc.account_off", await site.CodeOf(OidcSite.ReferenceIn(answer.Json)));
        }
        var userinfo = await site.Userinfo(access);
        Assert.Equal((401, "oidc.access_token_account_off"), (userinfo.Status, await site.CodeOf(userinfo.Response.Headers.GetValues("Gatehouse-Reference").Single())));
        foreach (var token in new[] { access, refresh })
        {
            var introspected = await site.Post("/introspect", new() { ["token"] = token }, OidcSite.Basic(site.ClientId, site.Secret));
            Assert.Equal("{\"active\":false}", introspected.Json.GetRawText());
        }
        var (_, why, _) = await instance.Console("why", byPasskey.Reference!);
        Assert.Contains("left in May", why, StringComparison.Ordinal);

        // One press on the case: the account is back with passkey, password, factor and group; its sessions and grants are not.
        await grace.StepUp();
        Assert.Contains("Restore Cy", (await grace.Browser.Get($"/admin/cases/{byPasskey.Reference}")).Body, StringComparison.Ordinal);
        Assert.Contains("Member of ops", (await grace.Browser.Get($"/admin/cases/{byPasskey.Reference}/remedies/0")).Body, StringComparison.Ordinal);
        var pressed = await grace.Browser.Follow(await grace.Browser.Post($"/admin/cases/{byPasskey.Reference}/remedies/0"));
        Assert.Equal(HttpStatusCode.OK, pressed.Status);
        var user = await PasswordSite.Find(instance, "cy@example.com");
        Assert.True(user.IsActive);
        Assert.StartsWith("/sign-in", (await cy.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.Equal("oidc.grant_ended", await site.CodeOf(OidcSite.ReferenceIn((await site.Refresh(refresh)).Json)));
        Assert.Equal(HttpStatusCode.OK, (await cy.SignIn()).Status);
        Assert.True(PasswordSite.IsIn(await PasswordSite.Enter(other, "cy@example.com", PasswordSite.Good)));
        Assert.Equal("ops", Assert.Single(await instance.Database.Read(sql => GroupStore.Of(sql, user.Id))).Name);
        Assert.Equal(factors, await instance.Database.Read(sql => sql.One<long>("select count(*) from authenticator_apps")));
        Assert.Equal(byPasskey.Reference, await instance.Database.Read(sql => sql.One<string>("select reference from audit where action = 'user.enabled' and target_id = @Id", new { user.Id })));
    }

    [Fact]
    public async Task P07_two_processes_on_one_database_judge_no_more_than_one_would()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-two-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
            environment["TRUSTED_PROXIES"] = "127.0.0.1";
            await using var one = await ServerProcess.Start(environment);
            await SwitchPasswordsOn(environment);
            await Run(environment, "user", "add", "--email", "ada@example.com", "--name", "Ada");
            var file = Path.Combine(folder, "password");
            await File.WriteAllTextAsync(file, PasswordSite.Good + "\n");
            await Run(environment, "user", "password", "ada@example.com", "--file", file, "--permanent");
            var second = new Dictionary<string, string>(environment) { ["PORT"] = LoopbackPort.Free().ToString(System.Globalization.CultureInfo.InvariantCulture) };
            using var beside = ServerProcess.Command(second);
            try
            {
                using var here = new TestBrowser(environment["APP_URL"]);
                using var there = new TestBrowser(environment["APP_URL"], int.Parse(second["PORT"], System.Globalization.CultureInfo.InvariantCulture));
                await here.Get("/sign-in");
                await Answers(there);

                var pages = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PasswordSite.EnterFrom(i % 2 == 0 ? here : there, $"10.{i}.1.1", "ada", $"guess number {i} of many")));
                Assert.All(pages, p => Assert.Contains(p.Status, new[] { HttpStatusCode.Forbidden, HttpStatusCode.ServiceUnavailable }));
                // Strangers' browsers get seven of ten; the right password from such a one is not judged any more, on neither node.
                for (var i = 0; i < 12; i++) await PasswordSite.EnterFrom(i % 2 == 0 ? here : there, $"10.1.{i}.1", "ada", $"one more guess {i} of them");
                foreach (var browser in new[] { here, there }) Assert.Equal(HttpStatusCode.Forbidden, (await PasswordSite.EnterFrom(browser, "10.2.2.2", "ada", PasswordSite.Good)).Status);
                Assert.Equal(7, (await Lane(environment, "password:user:%:strangers")).Split(',', StringSplitOptions.RemoveEmptyEntries).Length);
                var codes = await Codes(environment);
                Assert.Equal(7, codes.GetValueOrDefault("password.wrong"));
                Assert.True(codes.GetValueOrDefault("password.throttled") >= 5, string.Join(", ", codes));

                // The last door: each address has its ten, wherever they were typed.
                var opened = new List<Page>();
                for (var i = 0; i < 14; i++) opened.Add(await BreakGlass.GlassSite.OpenFrom(i % 2 == 0 ? here : there, "203.0.113.9", BreakGlass.GlassSite.Foreign()));
                Assert.Equal((10, 4), (opened.Count(p => p.Status == HttpStatusCode.Forbidden), opened.Count(p => p.Status == HttpStatusCode.TooManyRequests)));
            }
            finally
            {
                beside.Kill();
                await beside.WaitForExitAsync();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M04_twenty_at_once_with_one_backup_code_have_one_winner(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        var before = ada.Codes[1];
        for (var round = 0; round < 4; round++)
        {
            // Five are judged in a quarter of an hour: four rounds of five make twenty.
            var browsers = new List<(TestBrowser Browser, string Pending)>();
            for (var i = 0; i < 5; i++)
            {
                var browser = instance.Browser();
                browsers.Add((browser, Holder.Field((await browser.Get((await PasswordSite.Enter(browser, ada.User.Email, PasswordSite.Good)).Location!)).Body, "pending")));
            }
            string[] spellings = [before, before.ToUpperInvariant(), before.Replace("-", " ", StringComparison.Ordinal), before.Replace("-", "", StringComparison.Ordinal), " " + before + " "];
            var pages = await Task.WhenAll(browsers.Select((b, i) => b.Browser.Post("/sign-in/second/code", ("pending", b.Pending), ("backup", spellings[i]))));
            Assert.Equal(round == 0 ? 1 : 0, pages.Count(PasswordSite.IsIn));
            foreach (var (browser, _) in browsers) browser.Dispose();
            instance.Clock.Advance(TimeSpan.FromMinutes(16));
        }
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from backup_codes where used_at is not null")));
        Assert.Single(await PasswordSite.Mails(instance, ada.User.Id), m => m.Kind == "backup_code_used");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task D03_the_last_admin_stays_whoever_ends_them_and_by_whatever_page(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var linus = await TestPerson.User(instance, "linus@example.com", "Linus");
        Assert.Equal(0, (await instance.Console("user", "promote", "linus@example.com")).Code);
        await linus.SignIn();
        await linus.StepUp();
        var (one, two) = (await PasswordSite.Find(instance, "admin@example.com"), await PasswordSite.Find(instance, "linus@example.com"));
        foreach (var (act, back) in new[] { ("disable", "enable"), ("delete", "undelete"), ("role", "role") })
        {
            instance.Clock.Advance(TimeSpan.FromSeconds(90));
            foreach (var person in new[] { grace, linus })
            {
                await person.SignIn();
                await person.StepUp();
            }
            // Each ends the other at the same moment.
            await Task.WhenAll(grace.Browser.Post($"/admin/users/{two.Id}/{act}", ("role", "user")), linus.Browser.Post($"/admin/users/{one.Id}/{act}", ("role", "user")));
            Assert.Equal(1, await Admins(instance));
            var gone = (await PasswordSite.Find(instance, "admin@example.com")) is { IsAdmin: true, IsActive: true } ? two : one;
            var left = gone == one ? linus : grace;
            // The one who is left cannot leave either, on no page and at no console.
            foreach (var last in new[] { "disable", "delete", "role" }) await left.Browser.Post($"/admin/users/{(gone == one ? two.Id : one.Id)}/{last}", ("role", "viewer"));
            await left.Browser.Post("/admin/users/bulk", ("action", "disable"), ("users", gone == one ? two.Id : one.Id));
            Assert.NotEqual(0, (await instance.Console("user", "disable", gone == one ? "linus@example.com" : "admin@example.com")).Code);
            Assert.Equal(1, await Admins(instance));
            Assert.Equal(HttpStatusCode.SeeOther, (await left.Browser.Post($"/admin/users/{gone.Id}/{back}", ("role", "admin"))).Status);
            Assert.Equal(2, await Admins(instance));
        }
        // A reset of the second factors leaves the passkey, and with it the way in.
        Assert.Equal(0, (await instance.Console("user", "mfa", "reset", "linus@example.com", "--method", "in_person", "--note", "saw the passport")).Code);
        instance.Clock.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(HttpStatusCode.OK, (await linus.SignIn()).Status);
        Assert.Equal(HttpStatusCode.OK, (await linus.Browser.Get("/admin")).Status);
    }

    [Fact]
    public async Task D09_what_strangers_and_people_write_is_inert_and_short_in_the_audit_log()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        const string hostile = "Eve\r\n2026-01-01 user.promoted\u001b[31m\u202Elmth\u202C\u0007<script>alert(1)</script>";
        var made = await instance.Console("group", "add", "ops");
        Assert.Equal(0, made.Code);
        var victim = await TestPerson.User(instance, "eve@example.com", "Eve");
        var id = (await PasswordSite.Find(instance, "eve@example.com")).Id;
        var agent = new HttpRequestMessage(HttpMethod.Post, $"/admin/users/{id}/disable") { Content = new FormUrlEncodedContent([new("reason", hostile + new string('x', 20_000)), new("_token", grace.Browser.Token)]) };
        agent.Headers.Add("Sec-Fetch-Site", "same-origin");
        agent.Headers.TryAddWithoutValidation("User-Agent", new string('A', 12_000) + "\u001b[31m<b>");
        await grace.Browser.Send(agent);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "x");
        await instance.Console("user", "disable", "eve@example.com", "--reason", hostile);
        await instance.Console("break-glass", "open", "--reason", hostile + new string('y', 5_000));
        File.Delete(file);
        foreach (var path in new[] { "/admin/audit", $"/admin/users/{id}", "/admin/break-glass" })
        {
            var page = await grace.Browser.Get(path);
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.DoesNotContain("<script>alert", page.Body, StringComparison.Ordinal);
            Assert.DoesNotContain(page.Body, c => c is '\u001b' or '\u202E' or '\u202C' or '\u0007');
            Assert.True(page.Body.Length < 200_000, $"{path} has {page.Body.Length} characters");
        }
        Assert.All(await instance.Database.Read(sql => sql.List<string>("select after from audit where after is not null")), text => Assert.True(text.Length <= 1000, $"an entry of {text.Length} characters"));
        victim.Dispose();
    }

    [Fact]
    public async Task A_step_up_takes_a_passkey_of_before_and_no_fresh_login_however_new()
    {
        // GHSA-hp74-gm6m-2qm5: a login code counted as the confirmation by passkey.
        await using var instance = await PasswordSite.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        await PasswordSite.Give(instance, "admin@example.com", PasswordSite.Good);
        using var byPassword = instance.Browser();
        Assert.True(PasswordSite.IsIn(await PasswordSite.Enter(byPassword, "admin@example.com", PasswordSite.Good)));
        var id = (await PasswordSite.Find(instance, "admin@example.com")).Id;
        Assert.Equal(HttpStatusCode.Forbidden, (await byPassword.Post($"/admin/users/{id}/login-link", ("valid", "15m"), ("how", "show"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await byPassword.Post("/admin/break-glass/seal")).Status);
        using var byLink = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.SeeOther, (await byLink.FollowLoginLink(await TestPerson.LoginLink(instance, "admin@example.com"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await byLink.Register()).Status);
        // Its first use is a sign-in of its own; a key made in this session confirms nothing in it.
        Assert.Equal(HttpStatusCode.Forbidden, (await byLink.Browser.Post("/admin/break-glass/seal")).Status);
        await byLink.StepUp();
        Assert.Equal(HttpStatusCode.Forbidden, (await byLink.Browser.Post("/admin/break-glass/seal")).Status);
        await grace.SignIn();
        Assert.Equal(HttpStatusCode.OK, (await grace.Browser.Post("/admin/break-glass/seal")).Status);
    }

    private static Task<long> Admins(TestInstance instance) => instance.Database.Read(sql => sql.One<long>("select count(*) from users where role = 'admin' and disabled_at is null and deleted_at is null"));

    private static async Task Run(Dictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.True(await Commands.Run(args, environment, output, error) == 0, error.ToString());
    }

    private static Task SwitchPasswordsOn(Dictionary<string, string> environment) => WithDatabase(environment, database => database.Write(async sql =>
    {
        await sql.Run("insert into settings (name, value, updated_at) values ('passwords', '{\"Enabled\":true}', 0) on conflict (name) do update set value = excluded.value");
        await sql.Bump("settings");
        return 0;
    }));

    private static Task<string> Lane(Dictionary<string, string> environment, string like) =>
        WithDatabase(environment, database => database.Read(async sql => (await sql.List<string>("select times from guesses where lane like @like", new { like })).Single()));

    private static Task<Dictionary<string, long>> Codes(Dictionary<string, string> environment) => WithDatabase(environment, database => database.Read(async sql =>
        (await sql.List<Counted>("""select code as "Code", occurrences as "Times" from problems""")).GroupBy(c => c.Code).ToDictionary(g => g.Key, g => g.Sum(c => c.Times))));

    private sealed record Counted
    {
        public string Code { get; init; } = "";
        public long Times { get; init; }
    }

    private static async Task<T> WithDatabase<T>(Dictionary<string, string> environment, Func<Gatehouse.Data.Database, Task<T>> work)
    {
        await using var instance = await Gatehouse.Data.Instance.Open(Gatehouse.Configuration.ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
        return await work(instance.Database);
    }

    private static async Task Answers(TestBrowser browser)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var i = 0; i < 400; i++)
        {
            try
            {
                if ((await browser.Get("/sign-in")).Status == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }
            await timer.WaitForNextTickAsync();
        }
        throw new InvalidOperationException("the second server does not answer");
    }
}
