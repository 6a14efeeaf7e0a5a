using System.Net;
using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.BreakGlass;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Ldap;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;
using static Gatehouse.Tests.SignIn.BreakGlass.GlassSite;

namespace Gatehouse.Tests.SignIn.BreakGlass;

/// <summary>What break-glass must bear: crashes, dead neighbours, and people who should not have it.</summary>
public class BreakGlassAttackTests(PostgresCluster postgres)
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_crash_neither_prolongs_a_session_nor_gives_a_credential_back_and_no_secret_is_left_anywhere(bool onPostgres)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-glass-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            environment["LOG_LEVEL"] = "debug";
            if (onPostgres) environment["DB_CONNECTION_STRING"] = await postgres.NewDatabase();
            string credential, code, cookie, said;
            using var night = new TestBrowser(environment["APP_URL"]);
            await using (var server = await ServerProcess.Start(environment))
            {
                var (made, output, _) = await Command(environment, "break-glass", "seal", "--json");
                Assert.Equal(0, made);
                credential = JsonDocument.Parse(output).RootElement.GetProperty("credential").GetString()!;
                code = JsonDocument.Parse((await Command(environment, "break-glass", "open", "--json")).Output).RootElement.GetProperty("code").GetString()!;
                using var wrong = new TestBrowser(environment["APP_URL"]);
                await Open(wrong, Foreign());
                await Open(wrong, credential[..^1] + "!");
                Assert.True(IsIn(await Open(wrong, code)));
                Assert.True(IsIn(await Open(night, credential)));
                cookie = night.Cookies.Single(c => c.Key.EndsWith("gatehouse", StringComparison.Ordinal)).Value;
                await server.Kill();
                said = await server.Said();
            }
            Assert.Contains("break-glass: the session BG-", said, StringComparison.Ordinal);
            await using (var server = await ServerProcess.Start(environment))
            {
                Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
                using var again = new TestBrowser(environment["APP_URL"]);
                Assert.Equal(HttpStatusCode.Forbidden, (await Open(again, credential)).Status);
                await server.Kill();
                said += await server.Said();
            }
            await Shift(environment, TimeSpan.FromMinutes(31));
            await using (var server = await ServerProcess.Start(environment))
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await night.Get("/admin")).Status);
                await server.Kill();
                said += await server.Said();
            }
            var stored = onPostgres ? "" : string.Concat(Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".key", StringComparison.Ordinal)).Select(f => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(f))));
            foreach (var secret in new[] { credential, code, cookie })
                foreach (var form in new[] { secret, secret.Replace("-", "", StringComparison.Ordinal), secret.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant() })
                {
                    Assert.DoesNotContain(form, said, StringComparison.Ordinal);
                    Assert.DoesNotContain(form, stored, StringComparison.Ordinal);
                }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task It_works_while_mail_and_directory_are_dead_and_the_mails_wait()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        // Linus is an admin without any way in, Grace's account is switched off: nobody can repair anything.
        Assert.Equal(0, (await instance.Console("user", "add", "--email", "linus@example.com", "--name", "Linus")).Code);
        Assert.Equal(0, (await instance.Console("user", "promote", "linus@example.com")).Code);
        var credential = await Seal(grace.Browser);
        var dead = LoopbackPort.Free();
        await CorpDirectory.Save(instance.Services, Gatehouse.Ldap.Configure.Presets.Apply(new(), "openldap") with { Enabled = true, Urls = [$"ldaps://localhost:{dead}"], BindDn = "cn=reader", UserBases = ["ou=people"] }, "reader-secret");
        await instance.Database.Write(sql => instance.Services.GetRequiredService<Gatehouse.Mail.MailSettingsStore>().Write(sql, new() { Host = "localhost", Port = dead, From = "gate@example.com" }));
        Assert.Equal(0, (await instance.Console("user", "disable", "admin@example.com")).Code);
        using var night = instance.Browser();
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.True(IsIn(await Open(night, credential)));
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin/settings/ldap")).Status);
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin/settings/email")).Status);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
        // The way back: the admin is restored, gets a link, and comes in.
        var admin = await PasswordSite.Find(instance, "admin@example.com");
        Assert.Equal(HttpStatusCode.SeeOther, (await night.Post($"/admin/users/{admin.Id}/enable")).Status);
        var link = await night.Post($"/admin/users/{admin.Id}/login-link", ("valid", "15m"), ("how", "show"));
        var at = link.Body.IndexOf("/link?t=", StringComparison.Ordinal);
        Assert.True(at > 0, link.Body[..Math.Min(500, link.Body.Length)]);
        using var back = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.SeeOther, (await back.FollowLoginLink(instance.Origin + link.Body[at..].Split('"', '<', '&')[0])).Status);
        // The second opening is told to the admin that there is again, though nothing can be sent.
        using var second = instance.Browser();
        Assert.True(IsIn(await Open(second, await Code(instance))));
        Assert.Single(await instance.Mails("admin@example.com"), m => m.Kind == BreakGlassLetters.UsedKind);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_or_a_row_that_was_lengthened_keeps_nobody_in()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, await Code(instance))));
        // The browser is told to forget a session that is over; a thief's does not.
        var kept = night.Cookies.ToArray();
        void Keep()
        {
            foreach (var (name, value) in kept) night.Cookies[name] = value;
        }
        instance.Clock.Advance(TimeSpan.FromMinutes(-20));
        Assert.Equal(HttpStatusCode.Forbidden, (await night.Get("/admin")).Status);
        Keep();
        instance.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
        await instance.Restart();
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
        await instance.Database.Write(sql => sql.Run("update break_glass_openings set expires_at = expires_at + 86400000"));
        instance.Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(HttpStatusCode.Forbidden, (await night.Get("/admin")).Status);
        await instance.Restart();
        Keep();
        Assert.Equal(HttpStatusCode.Forbidden, (await night.Get("/admin")).Status);
    }

    [Fact]
    public async Task A_break_glass_session_is_nobody_to_applications_and_a_stranger_to_what_people_do()
    {
        await using var site = await OidcSite.Start();
        using var night = site.Server.Browser();
        Assert.True(IsIn(await Open(night, await Code(site.Server))));
        Assert.StartsWith("/sign-in", (await night.Get(site.AuthorizePath())).Location!, StringComparison.Ordinal);
        Assert.DoesNotContain("code=", (await night.Get(site.AuthorizePath(("prompt", "none")))).Location!, StringComparison.Ordinal);
        foreach (var path in new[] { "/passkeys/step-up/options", "/account/passkeys/options" }) Assert.Equal(HttpStatusCode.Forbidden, (await night.PostJson(path, "{}")).Status);
        foreach (var path in new[] { "/account/confirm", "/account/confirm/code", "/account/factors/backup-codes", "/account/sessions/end-all" }) Assert.Equal(HttpStatusCode.Forbidden, (await night.Post(path)).Status);
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from grants")));
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from users where id = 'break-glass' or user_name = 'break-glass'")));
        // Nobody becomes it by a name.
        var (code, _, _) = await site.Server.Console("user", "link", "break-glass");
        Assert.Equal(1, code);
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
    }

    [Fact]
    public async Task D03_it_cannot_take_the_last_admin_away_nor_hide_what_it_did()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        var admin = await PasswordSite.Find(instance, "admin@example.com");
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, await Code(instance))));
        foreach (var act in new[] { "disable", "delete", "role" }) await night.Post($"/admin/users/{admin.Id}/{act}", ("role", "user"), ("reason", "x"), ("confirm", admin.Email));
        var after = await PasswordSite.Find(instance, "admin@example.com");
        Assert.True(after is { IsAdmin: true, IsActive: true });
        // No route deletes or edits the audit log, whatever session asks.
        var routes = instance.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>();
        Assert.DoesNotContain(routes, r => r.RoutePattern.RawText!.Contains("audit", StringComparison.Ordinal) && r.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods.Contains("POST"));
        Assert.Contains("break_glass.opened", await AuditOf(instance, "break-glass:%"));
    }

    [Fact]
    public async Task Two_values_other_sites_and_a_session_of_before_open_nothing()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        var credential = await Seal(grace.Browser);
        using var night = instance.Browser();
        Assert.Equal(HttpStatusCode.BadRequest, (await night.Post("/break-glass", ("credential", credential), ("credential", Foreign()))).Status);
        var cross = new HttpRequestMessage(HttpMethod.Post, "/break-glass") { Content = new FormUrlEncodedContent([new("credential", credential), new("_token", night.Token)]) };
        cross.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.Equal(HttpStatusCode.Forbidden, (await night.Send(cross)).Status);
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/break-glass?credential=" + credential)).Status);
        Assert.StartsWith("/sign-in", (await night.Get("/admin")).Location!, StringComparison.Ordinal);
        foreach (var odd in new[] { "", " ", credential[..39], credential + "-0000", new string('0', 36), new string('A', 100_00), credential.Replace('-', '\0'), "' or 1=1 --", "\ud83d\udd11" })
            Assert.Equal(HttpStatusCode.BadRequest, (await night.Post("/break-glass", ("credential", odd))).Status);
        // Opened in a browser where an admin is signed in: that session ends, and what follows is the break-glass session's.
        Assert.True(IsIn(await Open(grace.Browser, credential)));
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from sessions where ended_because = 'replaced by a break-glass session'")));
        Assert.Equal(HttpStatusCode.Forbidden, (await grace.Browser.Get("/account/security")).Status);
        // A passkey in the same browser is a sign-in like any other.
        await grace.SignIn();
        Assert.DoesNotContain("glass-banner", (await grace.Browser.Get("/admin")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_page_and_form_of_administration_bears_somebody_without_an_account()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, await Code(instance))));
        var user = (await PasswordSite.Find(instance, "ada@example.com")).Id;
        var wrong = new List<string>();
        var routes = instance.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Where(r => r.Metadata.GetMetadata<Gatehouse.Web.RequiresAccess>()!.Level >= Gatehouse.Web.Access.Viewer && r.RoutePattern.RawText! is not ("/break-glass/confirm" or "/admin/break-glass/openings/{id}/end"));
        foreach (var route in routes)
            foreach (var method in route.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods)
            {
                var path = System.Text.RegularExpressions.Regex.Replace("/" + route.RoutePattern.RawText!.TrimStart('/'), "{id}", user);
                path = System.Text.RegularExpressions.Regex.Replace(path, "{[^}]+}", "0");
                var page = method == "GET" ? await night.Get(path) : await night.Post(path, ("method", "in_person"), ("note", "saw the passport"), ("name", "Editors"), ("addresses", "eve@example.com"), ("valid", "24"), ("email", "eve@example.com"), ("callbacks", "https://x.example.com/cb"), ("days", "90"));
                if ((int)page.Status >= 500 || page.Status == HttpStatusCode.SeeOther && page.Location!.StartsWith("/sign-in", StringComparison.Ordinal)) wrong.Add($"{method} {path}: {(int)page.Status}");
                if (method == "GET" && page.Status == HttpStatusCode.OK && page.Headers["Content-Type"].Contains("html", StringComparison.Ordinal) && !page.Body.Contains("glass-banner", StringComparison.Ordinal) && !path.EndsWith("/html", StringComparison.Ordinal)) wrong.Add($"{path} carries no banner");
            }
        Assert.Empty(wrong);
        // Whoever is told who did it reads the name of the session, and no account's.
        var actors = await instance.Database.Read(sql => sql.List<string>("select distinct actor from audit where actor like 'break-glass%'"));
        Assert.Single(actors);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where actor = 'break-glass'")));
    }

    [Fact]
    public async Task An_instance_that_was_emptied_knows_no_paper_of_before()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        var credential = await Seal(grace.Browser);
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, await Code(instance))));
        Assert.Equal(0, (await instance.Console("reset", "--yes-delete-everything")).Code);
        Assert.StartsWith("/sign-in", (await night.Get("/admin")).Location!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await Open(night, credential)).Status);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from break_glass_credentials")));
    }

    [Fact]
    public async Task A_change_of_the_root_key_leaves_the_paper_good()
    {
        await using var instance = await TestInstance.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        var credential = await Seal(grace.Browser);
        Assert.Equal(0, (await instance.Console("encryption-key", "rotate")).Code);
        await instance.Restart();
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, credential)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void The_gate_spares_it_rules_that_yield_and_no_other(bool yields)
    {
        var clock = new TestClock();
        var rules = new AccessRules([new Never(yields)], clock, new Deaf());
        var now = clock.Now();
        var opening = new Opening { Id = "o", Label = "BG-000000", OpenedAt = now, ExpiresAt = now + 60_000, ConfirmedAt = now };
        Assert.Equal(yields, rules.Judge(opening).Passed(out var granted, out _));
        if (yields) Assert.Equal(Opening.UserId, granted!.User.Id);
        Assert.IsType<BreakGlassOver>(rules.Judge(opening with { ExpiresAt = now }).Refusal);
        Assert.IsType<BreakGlassOver>(rules.Judge(opening with { EndedAt = now - 1 }).Refusal);
        // An account is judged by every rule, whether it yields or not.
        Assert.IsType<Undecided>(rules.Judge(new User { Id = "u", Role = Role.Admin }, [], null, null).Refusal);
    }

    private sealed class Never(bool yields) : IAccessRule
    {
        public bool YieldsToBreakGlass => yields;
        public Refusal? Judge(AccessQuestion question) => new Undecided();
    }

    private sealed class Deaf : IRefusalLog
    {
        public Reference Record(Refusal refusal, RefusalContext context) => Reference.Draw();
        public void Passed(string code, string target)
        {
        }
    }

    private static async Task<(int Code, string Output, string Error)> Command(Dictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.Run(args, environment, output, error);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>As if so much time had passed since.</summary>
    private static async Task Shift(Dictionary<string, string> environment, TimeSpan by)
    {
        await using var instance = await Instance.Open(ReadConfiguration.From(environment).Configuration!, create: false, TimeProvider.System);
        await instance.Database.Write(sql => sql.Run("update break_glass_openings set opened_at = opened_at - @ms, expires_at = expires_at - @ms, confirmed_at = confirmed_at - @ms", new { ms = (long)by.TotalMilliseconds }));
    }
}
