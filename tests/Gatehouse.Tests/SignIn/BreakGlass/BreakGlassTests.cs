using System.Net;
using Gatehouse.Refusals;
using Gatehouse.SignIn.BreakGlass;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;
using static Gatehouse.Tests.SignIn.BreakGlass.GlassSite;

namespace Gatehouse.Tests.SignIn.BreakGlass;

/// <summary>The last way in, through the front door.</summary>
public class BreakGlassTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres, params (string, string)[] settings) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null, settings);

    [Theory, InlineData(false), InlineData(true)]
    public async Task I06_C072_a_sealed_credential_opens_the_administration_once_loudly_and_for_half_an_hour(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var linus = await TestPerson.User(instance, "linus@example.com", "Linus");
        Assert.Equal(0, (await instance.Console("user", "promote", "linus@example.com")).Code);
        Assert.IsType<BreakGlassMissing>((await Finding(instance)).Refusal);
        Assert.Contains("No credential is sealed", (await grace.Browser.Get("/admin/break-glass")).Body, StringComparison.Ordinal);
        var credential = await Seal(grace.Browser);
        Assert.Matches("^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$", credential);
        Assert.IsType<BreakGlassNotRehearsed>((await Finding(instance)).Refusal);

        using var night = instance.Browser();
        for (var i = 0; i < 3; i++) Assert.Equal("signin.break_glass_unknown", await PasswordSite.CodeOf(instance, await Open(night, Foreign())));
        var opened = await Open(night, credential.ToLowerInvariant().Replace("-", "  ", StringComparison.Ordinal).Replace('0', 'o').Replace('1', 'l'));
        Assert.True(IsIn(opened), opened.Body);

        // Loud: on every page, in the audit log, as a problem, with the doctor, and by a mail to each admin.
        foreach (var path in new[] { "/admin", "/admin/break-glass", "/admin/users", "/sign-in", "/sign-in/help" })
        {
            var page = await night.Get(path);
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.Contains("glass-banner", page.Body, StringComparison.Ordinal);
        }
        var open = Assert.IsType<BreakGlassOpenNow>((await Finding(instance)).Refusal);
        await Settle(instance);
        Assert.Contains("Break-glass was used", (await grace.Browser.Get("/admin/problems")).Body, StringComparison.Ordinal);
        Assert.Contains("by break-glass", (await grace.Browser.Get("/admin/sign-ins")).Body, StringComparison.Ordinal);
        Assert.Contains($"{open.Label} is open now", (await grace.Browser.Get("/admin/break-glass")).Body, StringComparison.Ordinal);
        foreach (var admin in new[] { "admin@example.com", "linus@example.com" })
            Assert.Single(await instance.Mails(admin), m => m.Kind == BreakGlassLetters.UsedKind && m.Text.Contains(open.Label, StringComparison.Ordinal));

        // Once.
        using var second = instance.Browser();
        Assert.Equal("signin.break_glass_used_before", await PasswordSite.CodeOf(instance, await Open(second, credential)));
        Assert.StartsWith("/sign-in", (await second.Get("/admin")).Location!, StringComparison.Ordinal);

        // It administers; what is done carries its name.
        Assert.Equal("/admin/settings/login-links?done=saved", (await night.Post("/admin/settings/login-links", ("self_service", "on"))).Location);
        var user = await PasswordSite.Find(instance, "linus@example.com");
        var link = await night.Post($"/admin/users/{user.Id}/login-link", ("valid", "15m"), ("how", "show"));
        Assert.Contains("/link?t=", link.Body, StringComparison.Ordinal);
        Assert.Equal(["break_glass.opened", "setting.login_links", "login_link.made"], await AuditOf(instance, $"break-glass:{open.Label}"));

        Assert.Contains("login_link.made", (await grace.Browser.Get($"/admin/audit?q={open.Label}")).Body, StringComparison.Ordinal);

        // Nothing of an account, no application, whatever is asked.
        foreach (var path in new[] { "/account", "/account/security", "/account/sessions", "/apps", "/consent" })
            Assert.Equal("signin.break_glass_administers_only", await PasswordSite.CodeOf(instance, await night.Get(path)));
        Assert.Equal("/admin", (await night.Get("/")).Location);

        // Ten minutes later an act asks again, and neither a wrong nor another credential does.
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        var asked = await night.Post("/admin/settings/login-links", ("self_service", "off"));
        Assert.Equal(HttpStatusCode.Forbidden, asked.Status);
        Assert.Contains("action=\"/break-glass/confirm\"", asked.Body, StringComparison.Ordinal);
        foreach (var wrong in new[] { Foreign(), "nonsense", "" })
            Assert.Equal("signin.break_glass_not_confirmed", await PasswordSite.CodeOf(instance, await night.Post("/break-glass/confirm", ("then", "/admin"), ("confirm_credential", wrong))));
        var before = night.Cookies.Single(c => c.Key.EndsWith("gatehouse", StringComparison.Ordinal));
        Assert.Equal("/admin/users", (await night.Post("/break-glass/confirm", ("then", "/admin/users"), ("confirm_credential", credential))).Location);
        Assert.NotEqual(before.Value, night.Cookies[before.Key]);
        using var thief = instance.Browser();
        await thief.Get("/sign-in");
        thief.Cookies[before.Key] = before.Value;
        Assert.StartsWith("/sign-in", (await thief.Get("/admin")).Location!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await night.Post("/admin/settings/login-links", ("self_service", "on"))).Status);

        // The confirmation moved the end by nothing.
        instance.Clock.Advance(TimeSpan.FromMinutes(18));
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("signin.break_glass_over", await PasswordSite.CodeOf(instance, await night.Get("/admin")));
        Assert.DoesNotContain("glass-banner", (await night.Get("/sign-in")).Body, StringComparison.Ordinal);
        Assert.IsType<BreakGlassMissing>((await Finding(instance)).Refusal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_code_of_the_console_opens_once_within_its_minutes_and_confirms(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        var older = await Code(instance);
        var code = await Code(instance, "the key ring of \u001b[31mevery admin is gone");
        using var night = instance.Browser();
        Assert.Equal("signin.break_glass_ended", await PasswordSite.CodeOf(instance, await Open(night, older)));
        Assert.True(IsIn(await Open(night, code)));
        Assert.Equal("signin.break_glass_used_before", await PasswordSite.CodeOf(instance, await Open(night, code)));
        Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
        Assert.Equal(2, (await instance.Mails("admin@example.com")).Count(m => m.Kind == BreakGlassLetters.CodeKind));
        Assert.DoesNotContain(await instance.Mails("admin@example.com"), m => m.Text.Contains('\u001b', StringComparison.Ordinal) || m.Text.Contains(code, StringComparison.Ordinal));

        // Such a session is confirmed by a fresh code and by nothing else; the code is spent by it.
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, (await night.Post("/admin/break-glass/seal")).Status);
        Assert.Equal("signin.break_glass_not_confirmed", await PasswordSite.CodeOf(instance, await night.Post("/break-glass/confirm", ("then", "/admin"), ("confirm_credential", code))));
        var fresh = await Code(instance);
        Assert.Equal("/admin", (await night.Post("/break-glass/confirm", ("then", "/admin"), ("confirm_credential", fresh))).Location);
        Assert.Equal("signin.break_glass_not_confirmed", await PasswordSite.CodeOf(instance, await night.Post("/break-glass/confirm", ("then", "/admin"), ("confirm_credential", fresh))));
        Assert.NotEmpty(await Seal(night));

        // A code that waits too long, and one that is withdrawn.
        var late = await Code(instance);
        instance.Clock.Advance(GlassLimits.Code + TimeSpan.FromSeconds(1));
        using var morning = instance.Browser();
        Assert.Equal("signin.break_glass_ended", await PasswordSite.CodeOf(instance, await Open(morning, late)));
        instance.Clock.Advance(-GlassLimits.Code - TimeSpan.FromMinutes(11));
        var withdrawn = await Code(instance);
        Assert.Equal(0, (await instance.Console("break-glass", "close")).Code);
        Assert.Equal("signin.break_glass_ended", await PasswordSite.CodeOf(instance, await Open(morning, withdrawn)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Twenty_at_once_have_one_winner_and_two_who_seal_leave_one_credential(bool onPostgres)
    {
        await using var instance = await Start(onPostgres, ("TRUSTED_PROXIES", "127.0.0.1"));
        using var grace = await TestPerson.FirstAdmin(instance);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => grace.Browser.Post("/admin/break-glass/seal")));
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from break_glass_credentials where used_at is null and ended_at is null")));
        var credential = await Seal(grace.Browser);
        var browsers = Enumerable.Range(0, 20).Select(_ => instance.Browser()).ToArray();
        foreach (var browser in browsers) await browser.Get("/break-glass");
        var pages = await Task.WhenAll(browsers.Select((b, i) => OpenFrom(b, $"203.0.113.{i}", credential)));
        Assert.Single(pages, IsIn);
        Assert.Equal(19, pages.Count(p => p.Status == HttpStatusCode.Forbidden));
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from break_glass_openings")));
        foreach (var browser in browsers) browser.Dispose();
    }

    [Fact]
    public async Task Strangers_use_up_only_the_tries_of_their_own_address()
    {
        await using var instance = await Start(false, ("TRUSTED_PROXIES", "127.0.0.1"));
        using var grace = await TestPerson.FirstAdmin(instance);
        var credential = await Seal(grace.Browser);
        instance.Services.GetRequiredService<Gatehouse.SignIn.Passwords.AnswerFloor>().Least = TimeSpan.Zero;
        using var stranger = instance.Browser();
        await stranger.Get("/break-glass");
        for (var i = 0; i < 150; i++) Assert.Equal(HttpStatusCode.Forbidden, (await OpenFrom(stranger, $"198.51.{i % 100}.{i}", Foreign())).Status);
        for (var i = 0; i < GlassLimits.PerAddress; i++) Assert.Equal(HttpStatusCode.Forbidden, (await OpenFrom(stranger, "203.0.113.7", Foreign(), i % 2 == 0 ? "/break-glass" : "/break-glass/drill")).Status);
        // The right one comes too late from there, and is not judged.
        var full = await OpenFrom(stranger, "203.0.113.7", credential);
        Assert.Equal(HttpStatusCode.TooManyRequests, full.Status);
        Assert.InRange(int.Parse(full.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 900);
        // A /64 is one address, whatever it calls itself.
        for (var i = 0; i < GlassLimits.PerAddress; i++) await OpenFrom(stranger, $"2001:db8:1:2::{i + 1:x}", Foreign());
        Assert.Equal(HttpStatusCode.TooManyRequests, (await OpenFrom(stranger, "2001:db8:1:2:ffff::9", credential)).Status);
        // What is mistyped costs nothing: no address gets used up by it, and it says so before anybody looks anything up.
        for (var i = 0; i < GlassLimits.PerAddress + 5; i++) Assert.Equal(HttpStatusCode.BadRequest, (await OpenFrom(stranger, "203.0.113.8", credential[..^1] + (credential[^1] == '7' ? '8' : '7'))).Status);
        Assert.True(IsIn(await OpenFrom(stranger, "203.0.113.8", credential)));

        // A console code gives everybody new tries; so does a quarter of an hour.
        var code = await Code(instance);
        Assert.Equal(HttpStatusCode.Forbidden, (await OpenFrom(stranger, "203.0.113.7", Foreign())).Status);
        using var night = instance.Browser();
        await night.Get("/break-glass");
        Assert.True(IsIn(await OpenFrom(night, "203.0.113.7", code)));
    }

    [Fact]
    public async Task Guesses_are_counted_before_they_are_judged_whatever_comes_at_once()
    {
        await using var instance = await Start(true);
        using var grace = await TestPerson.FirstAdmin(instance);
        await Seal(grace.Browser);
        using var stranger = instance.Browser();
        await stranger.Get("/break-glass");
        var pages = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => Open(stranger, Foreign())));
        Assert.Equal(GlassLimits.PerAddress, pages.Count(p => p.Status == HttpStatusCode.Forbidden));
        Assert.Equal(50, pages.Count(p => p.Status == HttpStatusCode.TooManyRequests));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Every_answer_to_a_stranger_is_the_same_bytes_and_comes_no_sooner_than_the_floor(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var stranger = instance.Browser();
        await stranger.Get("/break-glass");
        await stranger.Get("/break-glass");
        var shown = new HashSet<string>();
        var refused = new HashSet<string>();
        var codes = new List<string>();
        async Task Look(string credential, string code)
        {
            foreach (var path in new[] { "/break-glass", "/break-glass/drill" })
            {
                shown.Add(Masked(await stranger.Get("/break-glass")));
                var began = System.Diagnostics.Stopwatch.GetTimestamp();
                var page = await stranger.Post(path, ("credential", credential));
                Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) > TimeSpan.FromMilliseconds(145));
                refused.Add(Masked(page).Replace("/break-glass/drill", "/break-glass", StringComparison.Ordinal));
                codes.Add(await PasswordSite.CodeOf(instance, page));
                Assert.Equal(code, codes[^1]);
            }
            await instance.Database.Write(sql => sql.Run("update guesses set times = ''"));
        }
        await Look(Foreign(), "signin.break_glass_nothing_sealed");
        var first = await Seal(grace.Browser);
        await Look(Foreign(), "signin.break_glass_unknown");
        var second = await Seal(grace.Browser);
        await Look(first, "signin.break_glass_ended");
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, second)));
        await Look(second, "signin.break_glass_used_before");
        await Seal(grace.Browser);
        await grace.Browser.Post("/admin/break-glass/withdraw");
        await Look(Foreign(), "signin.break_glass_nothing_sealed");
        var code = await Code(instance);
        await Look(Foreign(), "signin.break_glass_unknown");
        instance.Clock.Advance(TimeSpan.FromMinutes(16));
        await Look(code, "signin.break_glass_ended");
        Assert.Single(shown);
        Assert.Single(refused);
        Assert.Equal(4, codes.Distinct().Count());
    }

    [Fact]
    public async Task The_time_of_an_answer_does_not_tell_what_is_sealed()
    {
        await using var instance = await Start(false);
        using var grace = await TestPerson.FirstAdmin(instance);
        var floor = TimeSpan.FromMilliseconds(40);
        instance.Services.GetRequiredService<Gatehouse.SignIn.Passwords.AnswerFloor>().Least = floor;
        var used = await Seal(grace.Browser);
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, used)));
        var ended = await Seal(grace.Browser);
        await Seal(grace.Browser);
        using var stranger = instance.Browser();
        await stranger.Get("/break-glass");
        var times = new Dictionary<string, List<double>>();
        for (var round = 0; round < (Repository.Full ? 2000 : 25); round++)
            foreach (var something in new[] { true, false })
            {
                await instance.Database.Write(sql => sql.Run($"update break_glass_credentials set ended_at = {(something ? "null" : "1")} where used_at is null and ended_because is null"));
                await instance.Database.Write(sql => sql.Run("update guesses set times = ''"));
                // In turn, so that what comes first after the writes is not always the same.
                var classes = new[] { ("unknown", Foreign()), ("used", used), ("ended", ended) };
                foreach (var (name, typed) in classes.Skip(round % 3).Concat(classes.Take(round % 3)))
                {
                    var began = System.Diagnostics.Stopwatch.GetTimestamp();
                    Assert.Equal(HttpStatusCode.Forbidden, (await Open(stranger, typed)).Status);
                    if (!times.TryGetValue($"{name}, {(something ? "one sealed" : "none sealed")}", out var all)) times[$"{name}, {(something ? "one sealed" : "none sealed")}"] = all = [];
                    all.Add(System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            }
        var medians = times.ToDictionary(t => t.Key, t => t.Value.Order().ElementAt(t.Value.Count / 2));
        var middle = medians.Values.Order().ElementAt(medians.Count / 2);
        foreach (var (name, median) in medians)
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name,-22} n={times[name].Count} median {median:0.00} ms ({(median / middle - 1) * 100:+0.00;-0.00} %)"));
        Assert.All(times.Values, all => Assert.True(all.Min() >= floor.TotalMilliseconds - 2, $"answered after {all.Min():0.0} ms"));
        if (Repository.Full) Assert.All(medians.Values, m => Assert.InRange(m / middle, 0.95, 1.05));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_drill_opens_nothing_spends_nothing_and_is_recorded(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        var credential = await Seal(grace.Browser);
        var drilled = await grace.Browser.Post("/break-glass/drill", ("credential", credential));
        Assert.Equal(HttpStatusCode.OK, drilled.Status);
        Assert.Contains("Rehearsed", drilled.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(credential, drilled.Body, StringComparison.Ordinal);
        Assert.Equal(FindingStatus.Pass, (await Finding(instance)).Status);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from break_glass_openings")));
        Assert.Contains("break_glass.drilled", await AuditOf(instance, "admin@example.com"));
        Assert.Single(await instance.Mails("admin@example.com"), m => m.Kind == BreakGlassLetters.DrillKind);

        // A code of the console is no paper.
        using var stranger = instance.Browser();
        Assert.Equal("signin.break_glass_unknown", await PasswordSite.CodeOf(instance, await stranger.Post("/break-glass/drill", ("credential", await Code(instance)))));

        // Half a year later it is due again; a stranger with the paper is heard of too.
        instance.Clock.Advance(GlassLimits.DrillEvery + TimeSpan.FromDays(1));
        Assert.IsType<BreakGlassNotRehearsed>((await Finding(instance)).Refusal);
        Assert.Equal(HttpStatusCode.OK, (await stranger.Post("/break-glass/drill", ("credential", credential))).Status);
        Assert.StartsWith("/sign-in", (await stranger.Get("/admin")).Location!, StringComparison.Ordinal);
        Assert.Contains("break_glass.drilled", await AuditOf(instance, "somebody with the credential"));

        // At the console, from a file as it was printed.
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, credential.Replace('-', '\n') + "\n");
        Assert.Equal(0, (await instance.Console("break-glass", "drill", "--file", file)).Code);
        await File.WriteAllTextAsync(file, Foreign());
        var (code, output, error) = await instance.Console("break-glass", "drill", "--file", file);
        Assert.Equal(1, code);
        Assert.Contains("signin.break_glass_unknown", error, StringComparison.Ordinal);
        Assert.Empty(output);
        File.Delete(file);
        using var night = instance.Browser();
        Assert.True(IsIn(await Open(night, credential)));
    }

    [Fact]
    public async Task Only_admins_with_a_fresh_confirmation_seal_and_withdraw()
    {
        await using var instance = await Start(false);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var vera = await TestPerson.User(instance, "vera@example.com", "Vera");
        Assert.Equal(0, (await instance.Console("user", "promote", "vera@example.com", "--role", "viewer")).Code);
        await vera.SignIn();
        var credential = await Seal(grace.Browser);
        foreach (var path in new[] { "/admin/break-glass/seal", "/admin/break-glass/withdraw" })
            Assert.Equal("account.not_allowed", await PasswordSite.CodeOf(instance, await vera.Browser.Post(path)));
        Assert.Equal("account.not_allowed", await PasswordSite.CodeOf(instance, await vera.Browser.Get("/admin/break-glass")));
        Assert.Equal(HttpStatusCode.NotFound, (await vera.Browser.Post("/break-glass/confirm", ("confirm_credential", credential))).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, (await grace.Browser.Post("/admin/break-glass/seal")).Status);
        Assert.DoesNotContain(credential, (await grace.Browser.Get("/admin/break-glass")).Body, StringComparison.Ordinal);
        await grace.StepUp();
        Assert.Equal("/admin/break-glass?done=withdrawn", (await grace.Browser.Post("/admin/break-glass/withdraw")).Location);
        Assert.Equal("/admin/break-glass", (await grace.Browser.Post("/admin/break-glass/withdraw")).Location);
        using var night = instance.Browser();
        Assert.Equal("signin.break_glass_ended", await PasswordSite.CodeOf(instance, await Open(night, credential)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task It_is_over_when_its_holder_another_admin_or_the_console_says_so(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        foreach (var how in new[] { "banner", "sign-out", "admin", "console" })
        {
            using var night = instance.Browser();
            Assert.True(IsIn(await Open(night, await Code(instance))));
            Assert.Equal(HttpStatusCode.OK, (await night.Get("/admin")).Status);
            var id = await instance.Database.Read(sql => sql.One<string>("select id from break_glass_openings order by opened_at desc, id desc limit 1"));
            var kept = night.Cookies.ToArray();
            switch (how)
            {
                case "banner": Assert.Equal("/sign-in", (await night.Post("/break-glass/end")).Location); break;
                case "sign-out": Assert.Equal("/sign-in", (await night.Post("/sign-out")).Location); break;
                case "admin": Assert.Equal("/admin/break-glass?done=ended", (await grace.Browser.Post($"/admin/break-glass/openings/{id}/end")).Location); break;
                default: Assert.Contains("1 session ended", (await instance.Console("break-glass", "close")).Output, StringComparison.Ordinal); break;
            }
            // Told once, however its cookie comes back; and the browser forgets it.
            foreach (var path in new[] { "/admin", "/admin/break-glass/seal" })
            {
                foreach (var (name, value) in kept) night.Cookies[name] = value;
                Assert.Equal("signin.break_glass_over", await PasswordSite.CodeOf(instance, path == "/admin" ? await night.Get(path) : await night.Post(path)));
                Assert.StartsWith("/sign-in", (await night.Get("/admin")).Location!, StringComparison.Ordinal);
            }
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Status_at_the_console_tells_what_is_so_and_no_secret(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        Assert.Contains("No credential is sealed", (await instance.Console("break-glass", "status")).Output, StringComparison.Ordinal);
        var (code, sealedThere, _) = await instance.Console("break-glass", "seal", "--json");
        Assert.Equal(0, code);
        var credential = System.Text.Json.JsonDocument.Parse(sealedThere).RootElement.GetProperty("credential").GetString()!;
        Assert.Single(await instance.Mails("admin@example.com"), m => m.Kind == BreakGlassLetters.SealedKind);
        using var night = instance.Browser();
        var status = (await instance.Console("break-glass", "status")).Output;
        Assert.Contains("never rehearsed", status, StringComparison.Ordinal);
        Assert.DoesNotContain(credential, status, StringComparison.Ordinal);
        Assert.True(IsIn(await Open(night, credential)));
        Assert.Contains("OPEN: BG-", (await instance.Console("break-glass", "status")).Output, StringComparison.Ordinal);
        Assert.Contains("\"sealed\":false", (await instance.Console("break-glass", "status", "--json")).Output, StringComparison.Ordinal);
    }

    private static string Masked(Page page)
    {
        var text = $"{page.Status} {string.Join('|', page.Headers.Where(h => h.Key is not ("Date" or "Gatehouse-Reference")).OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => h.Key + h.Value))} {page.Body}";
        return page.Reference is null ? text : text.Replace(page.Reference, "REF", StringComparison.Ordinal);
    }
}
