using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Refusals;
using Gatehouse.SignIn.HardwareKeys;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passkeys;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignIn.SecondFactors;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.HardwareKeys;

/// <summary>Hardware keys as second factor, through the front door.</summary>
public class HardwareKeyTests(PostgresCluster postgres)
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task C068_keys_are_registered_named_used_and_removed_and_one_alone_asks_for_a_second(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        Assert.Equal(BackupCodes.PerSet, ada.Codes.Count);
        Assert.Contains(await PasswordSite.Mails(instance, ada.User.Id), m => m.Text.Contains("A hardware key was added", StringComparison.Ordinal));

        var pending = await ada.ToSecondStep();
        Assert.Contains("Use your hardware key", (await ada.Browser.Get("/sign-in/second")).Body, StringComparison.Ordinal);
        Assert.True(PasswordSite.IsIn(await ada.Touch(pending)));
        var session = (await ada.Sessions()).MaxBy(s => s.BeganAt)!;
        Assert.Equal(["pwd", "hwk"], session.Factors.Select(f => f.Method));
        Assert.True(session.Factors[1].TouchOnly);
        var page = (await ada.Browser.Get("/account/security")).Body;
        Assert.Contains("You have one hardware key", page, StringComparison.Ordinal);
        Assert.Contains("Blue key", page, StringComparison.Ordinal);

        var desk = KeyHolder.NewKey(instance);
        Assert.Equal("/account/security", (await ada.Register("Desk", desk)).Location);
        page = (await ada.Browser.Get("/account/security")).Body;
        Assert.DoesNotContain("You have one hardware key", page, StringComparison.Ordinal);
        Assert.Contains("Add another hardware key", page, StringComparison.Ordinal);
        await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Desk")}/rename", ("name", "Drawer"));
        Assert.Contains("Drawer", (await ada.Browser.Get("/account/security")).Body, StringComparison.Ordinal);

        // Either signs in; a removed one does not, and says so.
        await ada.Leave();
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep(), desk)));
        await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Blue key")}/remove");
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        Assert.Contains("Undo removal", (await ada.Browser.Get("/account/security")).Body, StringComparison.Ordinal);
        Assert.Contains(await PasswordSite.Mails(instance, ada.User.Id), m => m.Text.Contains("A hardware key was removed", StringComparison.Ordinal));
        using var other = instance.Browser();
        await ada.Leave();
        var refused = await ada.Touch(await ada.ToSecondStep());
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Equal("mfa.key_removed", await PasswordSite.CodeOf(instance, refused));
        Assert.Contains("was removed from your account", refused.Body, StringComparison.Ordinal);
        var (_, why, _) = await instance.Console("why", refused.Reference!);
        Assert.Contains("\"Blue key\"", why, StringComparison.Ordinal);
        Assert.Contains("Drawer", why, StringComparison.Ordinal);

        // The removal is undone, and the key opens again.
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep(), desk)));
        await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Blue key")}/restore");
        await ada.Leave();
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        Assert.Equal(["mfa.key_added", "mfa.key_added", "mfa.key_removed", "mfa.key_renamed", "mfa.key_restored"],
            (await instance.Database.Read(sql => sql.List<string>("select action from audit where action like 'mfa.key%' and target_id = @Id", new { ada.User.Id }))).Order());
    }

    [Fact]
    public async Task The_options_ask_for_a_touch_and_leave_nothing_on_the_key()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        var options = JsonNode.Parse((await ada.RegisterOptions()).Body)!;
        var selection = options["authenticatorSelection"]!;
        Assert.Equal(("discouraged", false, "discouraged", "cross-platform"), ((string)selection["residentKey"]!, (bool)selection["requireResidentKey"]!, (string)selection["userVerification"]!, (string)selection["authenticatorAttachment"]!));
        Assert.Equal(ada.Key.Id, (string)options["excludeCredentials"]![0]!["id"]!);
        Assert.Equal("usb", (string)options["excludeCredentials"]![0]!["transports"]![0]!);
        // The handle is another one than that of passkeys: a device that keeps both must not put one in the place of the other.
        var passkey = JsonNode.Parse((await ada.Browser.PostJson("/account/passkeys/options", "{}")).Body)!;
        Assert.NotEqual((string)passkey["user"]!["id"]!, (string)options["user"]!["id"]!);
        Assert.Equal("required", (string)passkey["authenticatorSelection"]!["residentKey"]!);
        var assertion = JsonNode.Parse((await ada.Browser.PostJson("/account/confirm/key/options", "{}")).Body)!;
        Assert.Equal("discouraged", (string)assertion["userVerification"]!);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task K19_a_key_of_another_account_does_not_do_and_no_stranger_sees_whose_keys_there_are(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        using var eve = await KeyHolder.New(instance, "eve@example.com", "Eve");
        // Before the password was given, with an invented and with somebody else's pending sign-in, nothing comes back.
        var pending = await ada.ToSecondStep();
        using var stranger = instance.Browser();
        await stranger.Get("/sign-in");
        var answers = new List<string>();
        foreach (var id in new[] { "", "0199aaaaaaaa7000800000000000abcd", pending })
        {
            var page = await stranger.PostJson("/sign-in/second/key/options", $$"""{"pending":"{{id}}"}""");
            Assert.DoesNotContain(ada.Key.Id, page.Body, StringComparison.Ordinal);
            Assert.NotEqual(HttpStatusCode.OK, page.Status);
            answers.Add(page.Body.Replace(page.Reference!, "", StringComparison.Ordinal));
        }
        Assert.Single(answers.Distinct());
        Assert.Equal([ada.Key.Id], KeyHolder.AllowedBy(await ada.Options(pending)));

        foreach (var (key, known) in new[] { (eve.Key, "another account"), (KeyHolder.NewKey(instance), "nobody here") })
        {
            var refused = await ada.Touch(pending, key);
            Assert.Equal("mfa.key_of_another", await PasswordSite.CodeOf(instance, refused));
            Assert.Contains(known, await EvidenceOf(instance, refused), StringComparison.Ordinal);
            Assert.Contains("not registered with your account", refused.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("Eve", refused.Body, StringComparison.Ordinal);
        }
        // Somebody else's id under the own key: the signature does not fit.
        var forged = KeyHolder.NewKey(instance);
        forged.CredentialId = ada.Key.CredentialId;
        Assert.Equal("mfa.key_signature_invalid", await PasswordSite.CodeOf(instance, await ada.Touch(pending, forged)));
        // The wrong tries left the sign-in alone, and took no place among the guesses.
        for (var i = 0; i < GiveCode.PerAccount; i++) Assert.Equal(HttpStatusCode.Forbidden, (await ada.Touch(pending, eve.Key)).Status);
        Assert.True(PasswordSite.IsIn(await ada.Touch(pending)));

        // At step-up, too.
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("mfa.key_of_another", await PasswordSite.CodeOf(instance, await ada.StepUp(eve.Key)));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/account/factors/backup-codes")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.StepUp()).Status);
        Assert.Equal(BackupCodes.PerSet, Holder.CodesIn((await ada.Browser.Post("/account/factors/backup-codes")).Body).Count);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task K01_a_challenge_is_good_once_for_one_sign_in_of_one_browser_and_one_purpose(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        var first = await ada.ToSecondStep();
        var old = KeyHolder.ChallengeIn(await ada.Options(first));
        // A newer sign-in of the same browser and person.
        var pending = await ada.ToSecondStep();
        async Task Refused(string challenge) => Assert.Equal("mfa.key_challenge_gone", await PasswordSite.CodeOf(instance, await ada.Answer(pending, challenge, ada.Key)));
        await Refused(old);
        await Refused("");
        await Refused(new string('A', 43));
        // Of a sign-in by passkey, which anybody can begin.
        await Refused(KeyHolder.ChallengeIn(await ada.Browser.PostJson("/passkeys/assertion/options", "{}")));
        // Of another browser with the same password.
        using var other = instance.Browser();
        var theirs = Holder.Field((await other.Get((await PasswordSite.Enter(other, ada.User.Email, PasswordSite.Good)).Location!)).Body, "pending");
        var foreign = KeyHolder.ChallengeIn(await other.PostJson("/sign-in/second/key/options", $$"""{"pending":"{{theirs}}"}"""));
        await Refused(foreign);
        // Too old: the challenge dies with the sign-in at the latest.
        var late = KeyHolder.ChallengeIn(await ada.Options(pending));
        var answer = KeyHolder.Signed(ada.Key, late);
        Assert.True(PasswordSite.IsIn(await ada.Touch(pending)));
        // Used twice, in the very sign-in and after it.
        Assert.StartsWith("/sign-in", (await ada.Browser.Post("/sign-in/second/key", ("pending", pending), ("challenge", late), ("credential", answer))).Location!, StringComparison.Ordinal);
        // A challenge of the second step confirms nothing in a session, nor one of a passkey's step-up.
        var next = await ada.ToSecondStep();
        var second = KeyHolder.ChallengeIn(await ada.Options(next));
        Assert.True(PasswordSite.IsIn(await ada.Touch(next)));
        Assert.Equal("mfa.key_challenge_gone", await PasswordSite.CodeOf(instance, await ada.Confirm(second, ada.Key)));
        var ofPasskey = KeyHolder.ChallengeIn(await ada.Browser.PostJson("/passkeys/step-up/options", "{}"));
        Assert.Equal("mfa.key_challenge_gone", await PasswordSite.CodeOf(instance, await ada.Confirm(ofPasskey, ada.Key)));
        // And a passkey cannot be confirmed with a challenge of a key, nor a passkey registered with one: neither is a way around user verification.
        var ofKey = KeyHolder.ChallengeIn(await ada.Browser.PostJson("/account/confirm/key/options", "{}"));
        Assert.Equal(HttpStatusCode.BadRequest, (await ada.PostJson("/passkeys/step-up", ofKey, KeyHolder.Signed(ada.Key, ofKey))).Status);
    }

    [Fact]
    public async Task One_answer_of_a_key_sent_many_times_at_once_opens_one_session()
    {
        await using var instance = await PasswordSite.Start(postgres);
        using var ada = await KeyHolder.New(instance);
        for (var round = 0; round < 5; round++)
        {
            var before = (await ada.Sessions()).Count;
            var pending = await ada.ToSecondStep();
            var challenge = KeyHolder.ChallengeIn(await ada.Options(pending));
            var signed = KeyHolder.Signed(ada.Key, challenge);
            var pages = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => ada.Browser.Post("/sign-in/second/key", ("pending", pending), ("challenge", challenge), ("credential", signed))));
            Assert.Single(pages, PasswordSite.IsIn);
            Assert.Equal(before + 1, (await ada.Sessions()).Count);
            await ada.Leave();
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task K06_a_counter_that_goes_back_is_refused_and_told(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        ada.Key.Counter = 40;
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        await ada.Leave();
        var pending = await ada.ToSecondStep();
        // The copy counts from where it was made; the same number again is no better.
        foreach (var counter in new uint[] { 8, 40 })
        {
            ada.Key.Counter = counter;
            var refused = await ada.Touch(pending);
            Assert.Equal("mfa.key_counter_went_back", await PasswordSite.CodeOf(instance, refused));
            Assert.Contains("may have been copied", refused.Body, StringComparison.Ordinal);
        }
        Assert.Contains("after 41 had been seen", await EvidenceOf(instance, await Again(ada, pending, 3)), StringComparison.Ordinal);
        ada.Key.Counter = 41;
        Assert.True(PasswordSite.IsIn(await ada.Touch(pending)));
        // The owner reads of it, too.
        Assert.Contains("may have been copied", (await ada.Browser.Get("/account/activity")).Body, StringComparison.Ordinal);
    }

    private static Task<Page> Again(KeyHolder ada, string pending, uint counter)
    {
        ada.Key.Counter = counter;
        return ada.Touch(pending);
    }

    [Fact]
    public async Task K02_K03_K04_what_a_key_says_is_judged_as_strictly_as_a_passkey()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        var pending = await ada.ToSecondStep();
        async Task Refused(string code, string says, Action bend, Action back)
        {
            bend();
            var refused = await ada.Touch(pending);
            back();
            Assert.Equal(code, await PasswordSite.CodeOf(instance, refused));
            Assert.Contains(says, await EvidenceOf(instance, refused), StringComparison.Ordinal);
        }
        var key = ada.Key;
        await Refused("mfa.key_at_another_address", "http://gatehouse.lan", () => key.Origin = "http://gatehouse.lan", () => key.Origin = instance.Origin);
        await Refused("mfa.key_answer_invalid", "passkey.rp_id_mismatch", () => key.RpId = "example.com", () => key.RpId = "localhost");
        await Refused("mfa.key_answer_invalid", "passkey.user_not_present", () => key.Flags = 0, () => key.Flags = SoftAuthenticator.Present);
        await Refused("mfa.key_answer_invalid", "passkey.user_not_present", () => key.Flags = SoftAuthenticator.Verified, () => key.Flags = SoftAuthenticator.Present);
        await Refused("mfa.key_answer_invalid", "passkey.backup_eligibility_changed", () => key.Flags = SoftAuthenticator.Present | SoftAuthenticator.Eligible, () => key.Flags = SoftAuthenticator.Present);
        // Unreadable: refused without a word about the account, and without a 500.
        foreach (var junk in new[] { "", "{}", "[]", "null", "{\"id\":1}", new string('x', 60_000), "{\"type\":\"public-key\",\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"response\":{}}" })
            Assert.Equal(HttpStatusCode.BadRequest, (await ada.Browser.Post("/sign-in/second/key", ("pending", pending), ("challenge", new string('A', 43)), ("credential", junk))).Status);
        Assert.True(PasswordSite.IsIn(await ada.Touch(pending)));
    }

    [Fact]
    public async Task K07_K12_what_is_no_hardware_key_or_known_already_is_not_registered()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        using var eve = await KeyHolder.New(instance, "eve@example.com", "Eve", withKey: false);
        using var grace = await TestPerson.User(instance, "grace@example.com", "Grace");
        Assert.True(PasswordSite.IsIn(await eve.Password()));
        await eve.ConfirmByPassword();
        async Task Refused(string code, SoftAuthenticator key) => Assert.Equal(code, await PasswordSite.CodeOf(instance, await eve.Register("x", key)));
        // Ids of others: another person's hardware key, another person's passkey.
        var copy = KeyHolder.NewKey(instance);
        copy.CredentialId = ada.Key.CredentialId;
        await Refused("mfa.key_already_registered", copy);
        copy.CredentialId = grace.Authenticator.CredentialId;
        await Refused("mfa.key_already_registered", copy);
        // Synced: amr would call it what it is not.
        var phone = KeyHolder.NewKey(instance);
        phone.Flags = SoftAuthenticator.Present | SoftAuthenticator.Verified | SoftAuthenticator.Eligible | SoftAuthenticator.BackedUp;
        await Refused("mfa.key_synced", phone);
        phone.Flags = SoftAuthenticator.Present | SoftAuthenticator.BackedUp;
        await Refused("mfa.key_not_registered", phone);
        phone.Flags = 0;
        await Refused("mfa.key_not_registered", phone);
        var elsewhere = KeyHolder.NewKey(instance);
        elsewhere.Origin = "https://evil.example";
        await Refused("mfa.key_not_registered", elsewhere);
        // The options of a passkey do not register a key, nor the other way round.
        var ofPasskey = await eve.Browser.PostJson("/account/passkeys/options", "{}");
        Assert.Equal("mfa.key_challenge_gone", await PasswordSite.CodeOf(instance, await eve.CompleteRegistration(ofPasskey)));
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys")));

        // And the passkey door does not take a credential that is somebody's hardware key.
        using var mallory = await TestPerson.User(instance, "mallory@example.com", "Mallory");
        mallory.Authenticator = new SoftAuthenticator(-7) { RpId = "localhost", Origin = instance.Origin, CredentialId = ada.Key.CredentialId };
        Assert.Equal(HttpStatusCode.Conflict, (await mallory.Register()).Status);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
    }

    [Fact]
    public async Task A_hardware_key_opens_nothing_alone()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        using var thief = new TestPerson(instance) { Authenticator = ada.Key };
        await thief.Browser.Get("/sign-in");
        var refused = await thief.SignIn(name: "ada@example.com");
        var stranger = await new TestPerson(instance).SignIn();
        Assert.Equal(stranger.Body.Replace(stranger.Reference!, "", StringComparison.Ordinal), refused.Body.Replace(refused.Reference!, "", StringComparison.Ordinal));
        Assert.Equal("passkey.is_hardware_key", await PasswordSite.CodeOf(instance, refused));
        // Its id is not told to who types the name, either.
        var options = await thief.Browser.PostJson("/passkeys/assertion/options", """{"name":"ada@example.com"}""");
        Assert.DoesNotContain(ada.Key.Id, options.Body, StringComparison.Ordinal);
        // Nor is it a way in that would let somebody give up the last one.
        var (_, output, _) = await instance.Console("user", "list");
        Assert.Contains("ada@example.com", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task M07_without_the_key_nothing_opens()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        var pending = await ada.ToSecondStep();
        foreach (var path in new[] { "/account/security", "/account/factors/keys/new", "/account/sessions", "/", "/account/passkeys/new" })
            Assert.StartsWith("/sign-in", (await ada.Browser.Get(path)).Location ?? "", StringComparison.Ordinal);
        foreach (var (path, body) in new[] { ("/account/factors/keys/options", "{}"), ("/account/confirm/key/options", "{}"), ("/account/passkeys/options", "{}") })
            Assert.NotEqual(HttpStatusCode.OK, (await ada.Browser.PostJson(path, body)).Status);
        // The password again is no second factor.
        Assert.StartsWith("/sign-in/second", (await ada.Password()).Location!, StringComparison.Ordinal);
        // Another browser that learned the id, with the key in its hand.
        pending = await ada.ToSecondStep();
        using var thief = instance.Browser();
        await thief.Get("/sign-in");
        var challenge = KeyHolder.ChallengeIn(await ada.Options(pending));
        Assert.Equal("/sign-in", (await thief.Post("/sign-in/second/key", ("pending", pending), ("challenge", challenge), ("credential", KeyHolder.Signed(ada.Key, challenge)))).Location);
        // The account has moved on meanwhile.
        await instance.Database.Write(sql => UserStore.RaiseEpoch(sql, ada.User.Id));
        Assert.Equal("/sign-in", (await ada.Touch(pending)).Location);
    }

    [Fact]
    public async Task A_key_of_this_session_confirms_nothing_in_it()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        var fresh = KeyHolder.NewKey(instance);
        Assert.Equal("/account/security", (await ada.Register("New", fresh)).Location);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        // Stale: neither the page nor the options of another key open.
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/factors/keys/new")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.RegisterOptions()).Status);
        var ask = await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Blue key")}/remove");
        Assert.Equal(HttpStatusCode.Forbidden, ask.Status);
        Assert.Contains("Confirm with your hardware key", ask.Body, StringComparison.Ordinal);
        Assert.Equal("mfa.too_new", await PasswordSite.CodeOf(instance, await ada.StepUp(fresh)));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Blue key")}/remove")).Status);
        // Removed and brought back it is as old as it was; the older key confirms.
        Assert.Equal(HttpStatusCode.OK, (await ada.StepUp()).Status);
        Assert.Equal("/account/security", (await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("New")}/remove")).Location);
        await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("New")}/restore");
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("mfa.too_new", await PasswordSite.CodeOf(instance, await ada.StepUp(fresh)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M10_the_last_key_stays_while_the_policy_demands_one(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        await Holder.Policy(instance, new() { Who = FactorSettings.Everyone });
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        var blue = $"/account/factors/keys/{await ada.IdOf("Blue key")}/remove";
        var refused = await ada.Browser.Post(blue);
        Assert.Equal("mfa.is_demanded", await PasswordSite.CodeOf(instance, refused));
        // Two keys, both removed at once: one stays.
        Assert.Equal("/account/security", (await ada.Register("Desk", KeyHolder.NewKey(instance))).Location);
        var desk = $"/account/factors/keys/{await ada.IdOf("Desk")}/remove";
        await Task.WhenAll(ada.Browser.Post(blue), ada.Browser.Post(desk));
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys where removed_at is null")));
    }

    [Fact]
    public async Task With_the_last_factor_its_backup_codes_go()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        Assert.Equal("/account/security", (await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Blue key")}/remove")).Location);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from backup_codes")));
        await ada.Leave();
        Assert.True(PasswordSite.IsIn(await ada.Password()));
        // After seven days it is gone for good.
        instance.Clock.Advance(TimeSpan.FromDays(8));
        await instance.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<Gatehouse.SignIn.Sessions.SweepSignIn>().Single().Run();
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys")));
    }

    [Fact]
    public async Task Who_needs_a_factor_and_has_none_may_register_a_key_first_and_goes_on()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance, withKey: false);
        await Holder.Policy(instance, new() { Who = FactorSettings.Everyone });
        await ada.Password();
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/sessions")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/factors/keys/new")).Status);
        Assert.Equal(BackupCodes.PerSet, Holder.CodesIn((await ada.Register()).Body).Count);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/sessions")).Status);
        Assert.DoesNotContain("asks for a second factor", (await ada.Browser.Get("/account/security")).Body, StringComparison.Ordinal);
        await ada.Leave();
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
    }

    [Fact]
    public async Task Guesses_at_codes_do_not_keep_the_owner_of_a_key_out()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        var pending = await ada.ToSecondStep();
        for (var i = 0; i < GiveCode.PerAccount; i++) Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("code", "123456"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("code", "123456"))).Status);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        // Nor did the key give the guesses back.
        await ada.Leave();
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ada.Browser.Post("/sign-in/second/code", ("pending", await ada.ToSecondStep()), ("backup", ada.Codes[0]))).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M09_a_reset_takes_the_keys_those_put_away_among_them(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await KeyHolder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        await ada.Register("Lost", KeyHolder.NewKey(instance));
        await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Lost")}/remove");
        var page = (await grace.Browser.Get($"/admin/users/{ada.User.Id}")).Body;
        Assert.Contains("Blue key", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Lost", page, StringComparison.Ordinal);
        Assert.Contains("Make a temporary access pass", page, StringComparison.Ordinal);
        var pass = Assert.Single(Holder.CodesIn((await grace.Browser.Post($"/admin/users/{ada.User.Id}/access-pass", ("method", "in_person"), ("note", "saw her passport"))).Body));

        var (code, output, error) = await instance.Console("user", "mfa", "reset", "ada@example.com", "--method", "in_person", "--note", "saw her passport");
        Assert.True(code == 0, error + output);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys")));
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account/security")).Location!, StringComparison.Ordinal);
        await ada.Leave();
        await ada.Password();
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/sessions")).Status);
        Assert.Contains("None.", (await grace.Browser.Get($"/admin/users/{ada.User.Id}")).Body, StringComparison.Ordinal);
        Assert.NotEmpty(pass);
    }

    [Fact]
    public async Task A_browser_may_be_remembered_after_a_key_until_a_key_is_removed()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        await Holder.Policy(instance, new() { RememberDays = 30 });
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep(), null, "", ("remember", "on"))));
        await ada.Register("Desk", KeyHolder.NewKey(instance));
        await ada.Browser.Post("/sign-out");
        Assert.True(PasswordSite.IsIn(await ada.Password()));
        await ada.StepUp();
        await ada.Browser.Post($"/account/factors/keys/{await ada.IdOf("Desk")}/remove");
        await ada.Browser.Post("/sign-out");
        Assert.StartsWith("/sign-in/second", (await ada.Password()).Location!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task C068_a_browser_that_got_no_answer_says_so_and_why_names_the_keys()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        await ada.ToSecondStep();
        const string report = """{"ceremony":"second-key","error":"NotAllowedError","guess":"cancelled","after":4100,"origin":"http://localhost"}""";
        var page = await ada.Browser.PostJson("/passkeys/report", report);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.DoesNotContain("Blue", page.Body, StringComparison.Ordinal);
        await instance.Services.GetRequiredService<RefusalLog>().Flush();
        var (_, why, _) = await instance.Console("why", page.Reference!);
        Assert.Contains("mfa.key_no_answer", why, StringComparison.Ordinal);
        Assert.Contains("Blue key", why, StringComparison.Ordinal);
        // Somebody who waits in no sign-in reports of nobody.
        using var stranger = instance.Browser();
        await stranger.Get("/sign-in");
        await stranger.Get("/sign-in");
        Assert.Equal("passkey.ceremony_failed", await PasswordSite.CodeOf(instance, await stranger.PostJson("/passkeys/report", report)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task K15_two_tabs_that_register_at_once_never_leave_a_key_that_was_refused(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        var (one, two) = (await ada.RegisterOptions(), await ada.RegisterOptions());
        var pages = await Task.WhenAll(ada.CompleteRegistration(one, "One", KeyHolder.NewKey(instance)), ada.CompleteRegistration(two, "Two", KeyHolder.NewKey(instance)));
        Assert.Equal(pages.Count(p => p.Location == "/account/security"), await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys where name <> 'Blue key'")));
        Assert.Contains(pages, p => p.Location == "/account/security");
        // One and the same answer twice at once: one key.
        await ada.Leave();
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        var same = KeyHolder.NewKey(instance);
        var options = await ada.RegisterOptions();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ada.CompleteRegistration(options, "Same", same)));
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys where name = 'Same'")));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_key_that_is_registered_while_the_factors_are_reset_does_not_stay(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await KeyHolder.New(instance);
        var resets = instance.Services.GetRequiredService<ResetFactors>();
        for (var round = 0; round < 8; round++)
        {
            if (round == 0) Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
            else await ada.Password();
            var options = await ada.RegisterOptions();
            Assert.Equal(HttpStatusCode.OK, options.Status);
            var register = ada.CompleteRegistration(options, "Late", KeyHolder.NewKey(instance));
            await Task.WhenAll(register, Task.Run(() => resets.Ask(ada.User.Id, new("in_person", "saw her passport"), null, Actor.Console)));
            Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from hardware_keys")));
            await ada.Leave();
        }
    }

    [Fact]
    public async Task Twenty_keys_are_enough()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await KeyHolder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Touch(await ada.ToSecondStep())));
        for (var i = 1; i < KeyFactor.PerUser; i++)
        {
            // A session keeps the last ten proofs: the one that confirms would fall out of them.
            Assert.Equal(HttpStatusCode.OK, (await ada.StepUp()).Status);
            Assert.Equal("/account/security", (await ada.Register(null, KeyHolder.NewKey(instance))).Location);
        }
        Assert.Equal("mfa.keys_too_many", await PasswordSite.CodeOf(instance, await ada.Register(null, KeyHolder.NewKey(instance))));
    }

    private static async Task<string> EvidenceOf(TestInstance instance, Page page)
    {
        await instance.Services.GetRequiredService<RefusalLog>().Flush();
        var code = await instance.Database.Read(sql => sql.One<string>("select code from cases where reference = @Reference", new { page.Reference }));
        var data = await instance.Database.Read(sql => sql.One<string>("select data from cases where reference = @Reference", new { page.Reference }));
        return RefusalCatalogue.Read(code!, data!)!.Evidence;
    }
}
