using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.HardwareKeys;
using Gatehouse.Tests.SignIn.Passkeys;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignUp;
using Gatehouse.Web;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.SecondFactors;

/// <summary>What went wrong in other servers' second factors and passkeys, tried here. The names carry the published ids.</summary>
public partial class KnownFaultTests(PostgresCluster postgres)
{
    /// <summary>CVE-2026-9091, CVE-2024-28197, CVE-2025-64103, CVE-2024-45042: the second factor was skipped on some route.</summary>
    [Fact]
    public async Task CVE_2026_9091_no_route_there_is_opens_anything_to_a_password_alone()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        // An admin, so that every route would have something to give.
        Assert.Equal(0, (await instance.Console("user", "promote", "ada@example.com")).Code);
        await ada.Leave();
        var sessions = (await ada.Sessions()).Count;
        var routes = instance.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(method => (Method: method, Path: Parameter().Replace("/" + e.RoutePattern.RawText!.TrimStart('/'), m => m.Value.Contains(":int", StringComparison.Ordinal) ? "0" : ada.User.Id), e.Metadata.GetMetadata<RequiresAccess>()!.Level)))
            .Where(r => r.Method is "GET" or "POST").ToArray();
        Assert.True(routes.Length > 150, $"only {routes.Length}");
        var wrong = new List<string>();
        var pending = "";
        foreach (var (method, path, level) in routes)
        {
            // Some of them end the sign-in that waits; the attack goes on with a new one.
            if (await instance.Database.Read(sql => sql.One<long>("select count(*) from pending_sign_ins where user_id = @Id and ended_at is null", new { ada.User.Id })) == 0) pending = await ada.ToSecondStep();
            Page page;
            if (method == "GET")
                page = await ada.Browser.Get($"{path}?pending={pending}");
            else
            {
                var fields = new[] { ("pending", pending), ("id", ada.User.Id), ("then", "/"), ("then_post", "yes"), ("remember", "on"), ("confirm_password", PasswordSite.Good), ("current", PasswordSite.Good), ("name", "x"), ("sure", "yes"), ("t", pending), ("challenge", new string('A', 43)), ("credential", "{}") };
                page = await ada.Browser.Post(path, fields);
                if (level > Access.Anyone && !IsWayToSignIn(page)) wrong.Add($"{method} {path}: {page.Status}");
                page = await ada.Browser.PostJson(path, JsonSerializer.Serialize(new { pending, name = "ada@example.com", t = pending }));
            }
            if (level > Access.Anyone && !IsWayToSignIn(page) && page.Status != HttpStatusCode.Unauthorized) wrong.Add($"{method} {path}: {page.Status}");
            if (page.Body.Contains("data-signed-in", StringComparison.Ordinal)) wrong.Add($"{method} {path} signs in");
        }
        Assert.Empty(wrong);
        Assert.Equal(sessions, (await ada.Sessions()).Count);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from grants")));
        // And the sign-in that waits is still good for who has the key.
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
    }

    /// <summary>IncludeSec M1 (2025-09), CVE-2024-32868, CVE-2025-64102, CVE-2018-14657, CVE-2026-43914: parallel guesses slipped past the counter, or there was none.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task IncludeSec_M1_two_hundred_parallel_guesses_at_a_code_count_as_two_hundred(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        var pending = await ada.ToSecondStep();
        var right = await ada.Code();
        var wrong = Enumerable.Range(0, 201).Select(i => i.ToString("d6", System.Globalization.CultureInfo.InvariantCulture)).Where(c => c != right).Take(200);
        var pages = new List<Page>();
        // Twenty-five at a time: more than that waits for a connection and proves no more.
        foreach (var wave in wrong.Chunk(25)) pages.AddRange(await Task.WhenAll(wave.Select(code => ada.Give(pending, code))));
        var judged = 0;
        foreach (var page in pages.Where(p => p.Status == HttpStatusCode.Forbidden))
            if (await PasswordSite.CodeOf(instance, page) is "mfa.code_wrong" or "mfa.clock_off") judged++;
        // The lock-out may end the sign-in before the first of them is looked at: five at most, never more.
        Assert.InRange(judged, 0, GiveCode.PerAccount);
        Assert.Contains(pages, p => p.Status == HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ada.Give(await ada.ToSecondStep(), right)).Status);
    }

    /// <summary>kc#26177, kc#26180, kc#46164: the lock-out left the sign-in alive, and one counter for password and code let strangers lock people out.</summary>
    [Fact]
    public async Task Kc_26180_wrong_passwords_of_strangers_take_no_place_of_the_codes_and_wrong_codes_none_of_the_passwords()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        var pending = await ada.ToSecondStep();
        using var stranger = instance.Browser();
        for (var i = 0; i < 12; i++) await PasswordSite.Enter(stranger, "ada@example.com", $"no password of hers {i}");
        Assert.True(PasswordSite.IsIn(await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("backup", ada.Codes[0]))));
        await ada.Leave();
        instance.Clock.Advance(TimeSpan.FromMinutes(16));
        pending = await ada.ToSecondStep();
        for (var i = 0; i <= GiveCode.PerAccount; i++) await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("code", "000000"));
        // The pending sign-in ended with the lock-out; the password is taken again, and the key opens.
        Assert.Equal("/sign-in", (await ada.Browser.Get("/sign-in/second")).Location);
        Assert.Equal("/sign-in", (await ada.Browser.Post("/sign-in/second/key", ("pending", pending), ("challenge", new string('A', 43)), ("credential", KeyHolder.Signed(ada.Key, new string('A', 43))))).Location);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
    }

    /// <summary>GHSA-hp74-gm6m-2qm5: any fresh sign-in counted as a confirmation by passkey.</summary>
    [Fact]
    public async Task GHSA_hp74_a_fresh_login_link_or_password_is_no_confirmation_by_passkey()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await PasswordSite.Give(instance, "ada@example.com", PasswordSite.Good);
        Assert.Equal(0, (await instance.Console("user", "promote", "ada@example.com")).Code);
        using var byPassword = instance.Browser();
        Assert.True(PasswordSite.IsIn(await PasswordSite.Enter(byPassword, "ada@example.com", PasswordSite.Good)));
        Assert.Equal(HttpStatusCode.Forbidden, (await byPassword.Post("/admin/groups", ("name", "painters"))).Status);
        // The password again does not do either: she has a passkey.
        await byPassword.Post("/account/confirm", ("then", "/account/security"), ("confirm_password", PasswordSite.Good));
        Assert.Equal(HttpStatusCode.Forbidden, (await byPassword.Post("/admin/groups", ("name", "painters"))).Status);
        using var byLink = new TestPerson(instance);
        await byLink.FollowLoginLink(await TestPerson.LoginLink(instance, "ada@example.com"));
        Assert.Equal(HttpStatusCode.Forbidden, (await byLink.Browser.Post("/admin/groups", ("name", "painters"))).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await byLink.StepUp()).Status);
        var (_, groups, _) = await instance.Console("group", "list");
        Assert.DoesNotContain("painters", groups, StringComparison.Ordinal);
    }

    /// <summary>GHSA-h4fw-6r7f-w494: the browser could lower user verification. Here the options that do with a touch belong to hardware keys alone.</summary>
    [Fact]
    public async Task GHSA_h4fw_a_passkey_that_was_only_touched_opens_and_confirms_nothing_whatever_options_were_asked_for()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        // She has a passkey as well, on a stick whose PIN the thief does not know.
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        using var owner = new TestPerson(instance) { Browser = ada.Browser };
        Assert.Equal(HttpStatusCode.OK, (await owner.Register()).Status);
        await ada.Leave();
        var stick = owner.Authenticator;
        stick.Flags = SoftAuthenticator.Present | SoftAuthenticator.Eligible | SoftAuthenticator.BackedUp;
        using var thief = new TestPerson(instance) { Browser = ada.Browser, Authenticator = stick };
        Assert.NotEqual(HttpStatusCode.OK, (await thief.SignIn()).Status);
        // With the password he comes to the second step; the challenge handed out there is no way around.
        var pending = await ada.ToSecondStep();
        var lowered = await ada.Options(pending);
        Assert.DoesNotContain(stick.Id, KeyHolder.AllowedBy(lowered));
        Assert.NotEqual(HttpStatusCode.OK, (await thief.CompleteAssertion("/passkeys/assertion", lowered)).Status);
        var refused = await ada.Touch(pending, stick);
        Assert.Equal("mfa.key_of_another", await PasswordSite.CodeOf(instance, refused));
        // Nor in a session.
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.NotEqual(HttpStatusCode.OK, (await thief.StepUp()).Status);
        var forKeys = await ada.Browser.PostJson("/account/confirm/key/options", "{}");
        Assert.NotEqual(HttpStatusCode.OK, (await thief.CompleteAssertion("/passkeys/step-up", forKeys)).Status);
        Assert.Equal("mfa.key_of_another", await PasswordSite.CodeOf(instance, await ada.StepUp(stick)));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/account/factors/backup-codes")).Status);
    }

    /// <summary>CVE-2020-15105: the password was kept while the second step was waited for.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task CVE_2020_15105_nothing_that_was_typed_rests_anywhere_while_the_second_step_is_waited_for(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        var pending = await ada.ToSecondStep();
        await ada.Give(pending, "918273");
        await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("backup", ada.Codes[2].Replace('-', ' ') + "x"));
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        var dump = new StringBuilder();
        foreach (var table in new[] { "pending_sign_ins", "cases", "problems", "audit", "sign_ins", "guesses", "one_time_tokens", "sessions" })
            dump.AppendJoin('\n', await instance.Database.Read(sql => sql.List<string>(sql.IsPostgres ? $"select t::text from {table} t" : $"select {Columns(table)} from {table}")));
        Assert.Contains(ada.User.Id, dump.ToString(), StringComparison.Ordinal);
        foreach (var secret in new[] { PasswordSite.Good, "918273", ada.Codes[2], ada.Codes[2].Replace('-', ' ') })
        {
            Assert.DoesNotContain(secret, dump.ToString(), StringComparison.OrdinalIgnoreCase);
            foreach (var (_, value) in ada.Browser.Cookies) Assert.DoesNotContain(secret, value, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Not_me_takes_newer_second_factors_where_an_older_one_stays_and_never_the_only_one(bool older)
    {
        await using var instance = await PasswordSite.Start(postgres);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await KeyHolder.New(instance, withKey: older);
        using var first = instance.Browser();
        if (!older) await ada.Password();
        else Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        await ada.Leave();
        // Somebody comes by another browser and leaves a key, and backup codes of their own.
        var left = KeyHolder.NewKey(instance);
        if (older) Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        else Assert.True(PasswordSite.IsIn(await ada.Password()));
        await ada.ConfirmByPassword();
        instance.Clock.Advance(TimeSpan.FromSeconds(5));
        var made = await ada.Register("Left behind", left);
        Assert.True(made.Location == "/account/security" || Holder.CodesIn(made.Body).Count == BackupCodes.PerSet, made.Body);
        if (older) Assert.Equal(BackupCodes.PerSet, Holder.CodesIn((await ada.Browser.Post("/account/factors/backup-codes")).Body).Count);
        var link = instance.LinkIn((await instance.Mails("ada@example.com")).Last(m => m.Kind == "new_device"));
        using var reader = instance.Browser();
        await reader.Get(link);
        Assert.Equal(HttpStatusCode.OK, (await reader.Post("/not-me", ("t", SignUpSite.Token(link)))).Status);
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account/security")).Location!, StringComparison.Ordinal);
        Assert.Equal(older ? ["Blue key"] : ["Left behind"], await instance.Database.Read(sql => sql.List<string>("select name from hardware_keys where removed_at is null")));
        Assert.Equal(older ? 0 : BackupCodes.PerSet, await instance.Database.Read(sql => sql.One<long>("select count(*) from backup_codes")));
        Assert.Contains(older ? "1 hardware keys, the backup codes removed" : "second factors registered since were left",
            await instance.Database.Read(sql => sql.One<string>("select after from audit where action = 'session.reported_not_me'")), StringComparison.Ordinal);
        // Either way a password alone does not do.
        Assert.StartsWith("/sign-in/second", (await ada.Password()).Location!, StringComparison.Ordinal);
    }

    private static bool IsWayToSignIn(Page page) => page.Status == HttpStatusCode.SeeOther && page.Location!.StartsWith("/sign-in", StringComparison.Ordinal);

    private static string Columns(string table) => table switch
    {
        "pending_sign_ins" => "user_id || proofs || demands || onward || browser",
        "cases" => "data || coalesce(reference, '')",
        "problems" => "code || target",
        "audit" => "coalesce(before, '') || coalesce(after, '') || target_name",
        "sign_ins" => "method || user_agent",
        "guesses" => "lane || times",
        "one_time_tokens" => "payload",
        _ => "factors || user_agent",
    };

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
