using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Data;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.Sessions;

public partial class SessionPolicyTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);

    internal static Task Set(TestInstance instance, SessionPolicy policy) => instance.Database.Write(sql => policy.Save(sql, instance.Services.GetRequiredService<Settings>()));

    private static string SessionCookie(TestBrowser browser) => browser.CookieLines.Last(l => l.StartsWith("__Host-gatehouse=", StringComparison.Ordinal));

    [Theory, InlineData(false), InlineData(true)]
    public async Task B07_an_idle_session_ends_and_says_after_what_and_leads_back_to_where_the_person_was_going(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        await Set(instance, new() { Idle = 30, Absolute = 1440 });
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        instance.Clock.Advance(TimeSpan.FromMinutes(25));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        // What was done meanwhile counts: the limit begins anew.
        instance.Clock.Advance(TimeSpan.FromMinutes(25));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(31));
        var away = await ada.Browser.Get("/account/activity");
        Assert.StartsWith("/sign-in?return=%2Faccount%2Factivity", away.Location!, StringComparison.Ordinal);
        Assert.Contains("Your session ended after 30 minutes without activity.", (await ada.Browser.Get(away.Location!)).Body);
        var back = await ada.SignIn(away.Location!["/sign-in".Length..]);
        Assert.Contains("\"next\":\"/account/activity\"", back.Body);
        Assert.DoesNotContain("Your session ended", (await ada.Browser.Get("/account")).Body);
        // A stranger, and whoever makes a cookie up, hears nothing.
        using var stranger = instance.Browser();
        await stranger.Get("/sign-in");
        stranger.Cookies["__Host-gatehouse"] = new string('A', 43);
        Assert.DoesNotContain("session ended", (await stranger.Get("/sign-in")).Body);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task B07_the_absolute_limit_ends_a_busy_session_and_a_clock_set_back_gives_no_more_than_the_jump(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        await Set(instance, new() { Idle = 60, Absolute = 120 });
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        for (var i = 0; i < 3; i++)
        {
            instance.Clock.Advance(TimeSpan.FromMinutes(39));
            Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
        }
        instance.Clock.Advance(TimeSpan.FromHours(-1));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(64));
        var over = await ada.Browser.Get("/account");
        Assert.Contains("because you signed in 2 hours ago or more", (await ada.Browser.Get(over.Location!)).Body);
        instance.Clock.Advance(TimeSpan.FromDays(400));
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
    }

    [Fact]
    public async Task Whoever_does_not_choose_to_stay_has_a_cookie_that_ends_with_the_browser_and_whoever_does_one_that_lasts_as_long_as_the_session()
    {
        await using var instance = await Start(false);
        await Set(instance, new() { Idle = 60, Absolute = 600, RememberedIdle = 2880, RememberedAbsolute = 14400 });
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.Browser.Post("/sign-out");
        await ada.SignIn();
        Assert.DoesNotContain("max-age", SessionCookie(ada.Browser));
        // A confirmation changes the id and not that.
        await ada.StepUp();
        Assert.DoesNotContain("max-age", SessionCookie(ada.Browser));
        await ada.Browser.Post("/sign-out");
        await ada.SignIn(stay: true);
        Assert.InRange(MaxAge(SessionCookie(ada.Browser)), 10 * 86_400, 11 * 86_400);
        await ada.StepUp();
        Assert.InRange(MaxAge(SessionCookie(ada.Browser)), 10 * 86_400, 11 * 86_400);
        Assert.Contains("closing the browser does not end it", (await ada.Browser.Get("/account/sessions")).Body);
        instance.Clock.Advance(TimeSpan.FromHours(47));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
        // Signing in once more in a session that ends with the browser keeps it from then on.
        using var other = new TestPerson(instance) { Authenticator = ada.Authenticator };
        await other.SignIn();
        await other.SignIn(stay: true);
        Assert.InRange(MaxAge(SessionCookie(other.Browser)), 10 * 86_400 - 60, 11 * 86_400);
        instance.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.OK, (await other.Browser.Get("/account")).Status);
        // The cookie's own life decides nothing: the server keeps the limit.
        instance.Clock.Advance(TimeSpan.FromDays(11));
        Assert.StartsWith("/sign-in", (await other.Browser.Get("/account")).Location!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_that_offers_no_staying_ignores_whoever_asks_for_it_and_bites_those_who_have_it()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.Browser.Post("/sign-out");
        Assert.Contains("name=\"stay\"", (await ada.Browser.Get("/sign-in")).Body);
        await ada.SignIn(stay: true);
        instance.Clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
        instance.Clock.Advance(TimeSpan.FromDays(8));
        await Set(instance, new() { Remember = SessionPolicy.Never });
        Assert.Contains("ended after 7 days without activity", (await ada.Browser.Get("/sign-in")).Body);
        Assert.DoesNotContain("name=\"stay\"", (await ada.Browser.Get("/sign-in")).Body);
        await ada.SignIn(stay: true);
        Assert.DoesNotContain("max-age", SessionCookie(ada.Browser));
        Assert.False(await instance.Database.Read(sql => sql.One<bool>("select remembered from sessions order by began_at desc limit 1")));
    }

    [Fact]
    public async Task Staying_is_chosen_on_the_form_of_a_password_and_a_second_step_carries_it_without_a_script()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await SecondFactors.Holder.New(instance);
        await ada.Browser.Get("/sign-in");
        var second = await ada.Browser.Post("/sign-in/name", ("name", ada.User.Email), ("stay", "on"));
        Assert.Matches("name=\"stay\"[^>]* checked", second.Body);
        var step = await ada.Browser.Post("/sign-in/password", ("name", ada.User.Email), ("password", PasswordSite.Good), ("stay", "on"));
        Assert.Equal("/sign-in/second", step.Location);
        var pending = Regex.Match((await ada.Browser.Get("/sign-in/second")).Body, "name=\"pending\" value=\"([^\"]+)\"").Groups[1].Value;
        Assert.True(PasswordSite.IsIn(await ada.Give(pending, await ada.Code())));
        Assert.InRange(MaxAge(SessionCookie(ada.Browser)), 90 * 86_400, 91 * 86_400);
        await ada.Browser.Post("/sign-out");
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), ada.Codes[0])));
        Assert.DoesNotContain("max-age", SessionCookie(ada.Browser));
        // Unless they untick it, where the policy says so.
        await Set(instance, new() { Remember = SessionPolicy.Ticked });
        await ada.Browser.Post("/sign-out");
        Assert.Matches("name=\"stay\"[^>]* checked", (await ada.Browser.Get("/sign-in")).Body);
        Assert.DoesNotMatch("name=\"stay\"[^>]* checked", (await ada.Browser.Post("/sign-in/name", ("name", ada.User.Email))).Body);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_shorter_policy_says_how_many_sessions_end_before_it_is_saved_and_then_they_end(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob");
        instance.Clock.Advance(TimeSpan.FromMinutes(40));
        await admin.Browser.Get("/account");
        await bob.Browser.Get("/account");
        await admin.StepUp();
        (string, string)[] shorter = [("idle", "30"), ("idle_unit", "minutes"), ("absolute", "12"), ("absolute_unit", "hours"), ("remember", "offered"), ("long_idle", "7"), ("long_idle_unit", "days"), ("long_absolute", "30"), ("long_absolute_unit", "days")];
        var asked = await admin.Browser.Post("/admin/settings/sessions", shorter);
        Assert.Equal(HttpStatusCode.Conflict, asked.Status);
        Assert.Contains("Live sessions: 3. Sessions that end at once if you save this: 1.", asked.Body);
        Assert.DoesNotContain("Yours is one of them", asked.Body);
        Assert.Equal("/admin/settings/sessions?done=saved&ended=1", (await admin.Browser.Post("/admin/settings/sessions", [.. shorter, ("sure", "1")])).Location);
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await bob.Browser.Get("/account")).Status);
        Assert.Contains("30 minutes without activity, 12 hours at most", await instance.Database.Read(sql => sql.One<string>("select after from audit where action = 'setting.sessions_changed'")));
        // Nonsense changes nothing and says where.
        var wrong = await admin.Browser.Post("/admin/settings/sessions", ("idle", "2"), ("idle_unit", "weeks"), ("absolute", "-1"), ("long_idle", "x"), ("long_absolute", "999999"), ("long_absolute_unit", "days"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.Equal(4, Regex.Count(wrong.Body, "class=\"error\""));
        Assert.Equal(30, (await SessionPolicy.Of(instance.Services.GetRequiredService<Settings>())).Idle);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task B16_one_session_or_all_others_end_with_a_word_before_and_remembered_devices_stay(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var mallory = await TestPerson.User(instance, "mallory@example.com", "Mallory");
        using var lost = new TestPerson(instance) { Authenticator = ada.Authenticator };
        using var second = new TestPerson(instance) { Authenticator = ada.Authenticator };
        await lost.SignIn();
        await second.SignIn();
        var list = await ada.Browser.Get("/account/sessions");
        Assert.Equal(2, Regex.Count(list.Body, "First time with this browser"));
        var paths = EndPath().Matches(list.Body).Select(m => m.Value).ToArray();
        Assert.Equal(2, paths.Length);
        // Somebody else's session is no business of Mallory's.
        foreach (var path in paths) Assert.Equal("/account/sessions", (await mallory.Browser.Post(path)).Location);
        Assert.Equal(HttpStatusCode.OK, (await lost.Browser.Get("/account")).Status);
        Assert.Equal("/account/sessions?done=ended", (await ada.Browser.Post(paths[0])).Location);
        Assert.Equal("/account/sessions", (await ada.Browser.Post(paths[0])).Location);
        Assert.Contains("Sessions that end now: 1. This one stays.", (await ada.Browser.Get("/account/sessions/end?which=others")).Body);
        Assert.Equal("/account/sessions?done=others", (await ada.Browser.Post("/account/sessions/end-others")).Location);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
        foreach (var gone in new[] { lost, second })
        {
            var away = await gone.Browser.Get("/account");
            Assert.Contains("Your session was ended, in another browser or by an administrator.", (await gone.Browser.Get(away.Location!)).Body);
        }
        Assert.Equal(HttpStatusCode.OK, (await mallory.Browser.Get("/account")).Status);
        await second.SignIn();
        await ada.Browser.Post("/account/sessions/end-all");
        Assert.Contains("All sessions of your account were ended", (await second.Browser.Get("/sign-in")).Body);
    }

    [Fact]
    public async Task A_remembered_device_is_forgotten_by_its_owner_only_and_the_way_back_stays_on_this_server()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var mallory = await TestPerson.User(instance, "mallory@example.com", "Mallory");
        var user = (await instance.Database.Read(sql => Gatehouse.Accounts.Users.UserStore.FindByEmail(sql, "ada@example.com")))!;
        await instance.Database.Write(sql => instance.Services.GetRequiredService<Gatehouse.SignIn.SecondFactors.RememberedDevices>().Remember(sql, user, "browser", "Firefox/140.0 Windows", 30));
        var id = await instance.Database.Read(sql => sql.One<string>("select id from remembered_devices"));
        Assert.Contains("Firefox 140 on Windows", (await ada.Browser.Get("/account/sessions")).Body);
        await mallory.Browser.Post($"/account/factors/remembered/{id}/forget");
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from remembered_devices")));
        foreach (var evil in new[] { "//evil.example", "https://evil.example/", "/\\evil.example" })
            Assert.Equal("/account/security", (await ada.Browser.Post($"/account/factors/remembered/{id}/forget", ("then", evil))).Location);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from remembered_devices")));
        Assert.Equal("/account/sessions?done=forgotten", (await ada.Browser.Post($"/account/factors/remembered/{id}/forget", ("then", "/account/sessions?done=forgotten"))).Location);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_application_takes_no_sign_in_older_than_its_own_limit_and_says_so(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--session-max-minutes", "30");
        using var ada = await site.SignedIn();
        await site.Code(ada);
        site.Server.Clock.Advance(TimeSpan.FromMinutes(31));
        var waiting = await ada.Get(site.AuthorizePath());
        Assert.StartsWith("/sign-in?continue=", waiting.Location!, StringComparison.Ordinal);
        Assert.Contains("Grafana takes no sign-in older than 30 minutes.", (await ada.Get(waiting.Location!)).Body);
        // Our own pages go on meanwhile, another application too.
        Assert.Equal(HttpStatusCode.OK, (await ada.Get("/account")).Status);
        // No page may be shown: the application hears that somebody must sign in, and the case names the rule.
        var silent = OidcSite.Answer(await ada.Get(site.AuthorizePath(("prompt", "none"))));
        Assert.Equal("login_required", silent["error"]);
        await site.Server.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        Assert.Contains("30 minutes (set on its page)", await site.Server.Database.Read(sql => sql.One<string>("select data from cases order by at desc limit 1")));
        // The stricter of the two limits holds.
        Assert.StartsWith("/sign-in", (await ada.Get(site.AuthorizePath(("max_age", "86400")))).Location!, StringComparison.Ordinal);
        await site.SignIn(ada);
        Assert.NotEmpty(OidcSite.Answer(await ada.Get("/authorize?pending=" + waiting.Location!.Split("continue=")[1]))["code"]);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_application_that_was_not_opened_for_too_long_asks_again_and_asking_twice_does_not_help(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--session-idle-minutes", "30");
        using var ada = await site.SignedIn();
        for (var i = 0; i < 3; i++)
        {
            site.Server.Clock.Advance(TimeSpan.FromMinutes(20));
            await site.Code(ada);
        }
        var refresh = (await site.Token(("code", await site.Code(ada)))).Json.GetProperty("refresh_token").GetString()!;
        site.Server.Clock.Advance(TimeSpan.FromMinutes(29));
        refresh = (await site.Refresh(refresh)).Json.GetProperty("refresh_token").GetString()!;
        site.Server.Clock.Advance(TimeSpan.FromMinutes(29));
        await site.Code(ada);
        site.Server.Clock.Advance(TimeSpan.FromMinutes(31));
        for (var i = 0; i < 3; i++)
        {
            var waiting = await ada.Get(site.AuthorizePath());
            Assert.Contains("Grafana asks again after 30 minutes without a visit.", (await ada.Get(waiting.Location!)).Body);
            Assert.Equal(HttpStatusCode.OK, (await ada.Get("/account")).Status);
        }
        await site.SignIn(ada);
        await site.Code(ada);
        Assert.Equal(200, (await site.Refresh(refresh)).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_refresh_token_outlives_a_session_that_merely_ran_out_and_not_one_that_was_ended(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        await Set(site.Server, new() { Idle = 60, Absolute = 120 });
        using var ada = await site.SignedIn();
        using var other = await site.SignedIn();
        var refresh = (await site.Token(("code", await site.Code(ada)))).Json.GetProperty("refresh_token").GetString()!;
        site.Server.Clock.Advance(TimeSpan.FromDays(20));
        await site.Server.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<SweepSignIn>().Single().Run();
        Assert.StartsWith("/sign-in", (await ada.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.Equal(1, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from sessions")));
        Assert.Equal(200, (await site.Refresh(refresh)).Status);
    }

    private static int MaxAge(string cookie) => int.Parse(Regex.Match(cookie, "max-age=([0-9]+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex("/account/sessions/[0-9a-f]{32}/end")]
    private static partial Regex EndPath();
}
