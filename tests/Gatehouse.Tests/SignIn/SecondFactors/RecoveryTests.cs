using System.Net;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;

namespace Gatehouse.Tests.SignIn.SecondFactors;

/// <summary>The device is lost: what the admin can do, and what nobody can.</summary>
public class RecoveryTests(PostgresCluster postgres)
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task M09_C066_an_admin_resets_after_an_identity_check_and_the_person_registers_anew(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await Holder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code())));
        var path = $"/admin/users/{ada.User.Id}/second-factors/reset";
        Assert.Contains("The person does not have the device", (await grace.Browser.Get($"/admin/users/{ada.User.Id}")).Body, StringComparison.Ordinal);

        foreach (var (method, note) in new[] { ("", "saw her passport"), ("in_person", ""), ("in_person", "    "), ("by_magic", "saw her passport") })
            Assert.Equal("mfa.identity_not_checked", await PasswordSite.CodeOf(instance, await grace.Browser.Post(path, ("method", method), ("note", note))));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);

        Assert.Equal($"/admin/users/{ada.User.Id}", (await grace.Browser.Post(path, ("method", "in_person"), ("note", "saw her passport"))).Location);
        // Everything the person was signed in to is over, and the mail says why.
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account/security")).Location!, StringComparison.Ordinal);
        Assert.Contains(await PasswordSite.Mails(instance, ada.User.Id), m => m.Text.Contains("has reset the second factor", StringComparison.Ordinal));
        Assert.Equal("in_person: saw her passport", await instance.Database.Read(sql => sql.One<string>("select after from audit where action = 'mfa.reset' and target_id = @Id", new { ada.User.Id })));

        // The old factors are gone; only registering anew is open, and no factor was chosen by the admin.
        await ada.Leave();
        await ada.Password();
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/sessions")).Status);
        var old = ada.Codes[0];
        await ada.Enrol();
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/sessions")).Status);
        await ada.Leave();
        Assert.Equal("mfa.code_wrong", await PasswordSite.CodeOf(instance, await ada.Give(await ada.ToSecondStep(), old)));
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code())));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C067_where_the_policy_says_so_a_second_admin_approves(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var linus = await TestPerson.User(instance, "linus@example.com", "Linus");
        Assert.Equal(0, (await instance.Console("user", "promote", "linus@example.com")).Code);
        using var ada = await Holder.New(instance);
        await Holder.Policy(instance, new() { SecondApprover = true });
        var page = $"/admin/users/{ada.User.Id}";
        await grace.Browser.Post(page + "/second-factors/reset", ("method", "video_call"), ("note", "she showed her badge"));
        Assert.Equal(1, await Apps(instance));
        Assert.Equal("mfa.second_admin_needed", await PasswordSite.CodeOf(instance, await grace.Browser.Post(page + "/second-factors/approve")));
        Assert.Equal(1, await Apps(instance));
        instance.Clock.Advance(TimeSpan.FromSeconds(90));
        await linus.SignIn();
        Assert.Contains("she showed her badge", (await linus.Browser.Get(page)).Body, StringComparison.Ordinal);
        Assert.Equal(page, (await linus.Browser.Post(page + "/second-factors/approve")).Location);
        Assert.Equal(0, await Apps(instance));
        Assert.Contains("approved by linus@example.com", await instance.Database.Read(sql => sql.One<string>("select after from audit where action = 'mfa.reset'")), StringComparison.Ordinal);
        // Twice is once (D14).
        Assert.Equal(page, (await linus.Browser.Post(page + "/second-factors/approve")).Location);
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where action = 'mfa.reset'")));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_temporary_access_pass_stands_in_once_and_confirms_nothing(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await Holder.New(instance);
        var path = $"/admin/users/{ada.User.Id}/access-pass";
        Assert.Equal("mfa.identity_not_checked", await PasswordSite.CodeOf(instance, await grace.Browser.Post(path, ("method", "call_back"), ("note", ""))));
        var pass = Assert.Single(Holder.CodesIn((await grace.Browser.Post(path, ("method", "call_back"), ("note", "called her desk phone"))).Body));
        Assert.DoesNotContain(pass, (await grace.Browser.Get($"/admin/users/{ada.User.Id}")).Body, StringComparison.Ordinal);

        var pending = await ada.ToSecondStep();
        Assert.True(PasswordSite.IsIn(await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("pass", pass.ToUpperInvariant()))));
        // It is no step-up, and registers nothing.
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/account/factors/app/remove")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/factors/app")).Status);
        await ada.Leave();
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Give(await ada.ToSecondStep(), pass)).Status);

        var late = Assert.Single(Holder.CodesIn((await grace.Browser.Post(path, ("method", "call_back"), ("note", "called her desk phone"))).Body));
        instance.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Give(await ada.ToSecondStep(), late)).Status);
    }

    [Fact]
    public async Task The_console_resets_with_a_reason_and_nobody_resets_their_own()
    {
        await using var instance = await PasswordSite.Start();
        using var grace = await TestPerson.FirstAdmin(instance);
        using var ada = await Holder.New(instance);
        Assert.NotEqual(0, (await instance.Console("user", "mfa", "reset", "ada@example.com")).Code);
        Assert.NotEqual(0, (await instance.Console("user", "mfa", "reset", "ada@example.com", "--method", "in_person", "--note", "x")).Code);
        Assert.Equal(1, await Apps(instance));
        var (code, output, error) = await instance.Console("user", "mfa", "reset", "ada@example.com", "--method", "in_person", "--note", "she stands beside me");
        Assert.True(code == 0, error);
        Assert.Contains("registers a new one", output, StringComparison.Ordinal);
        Assert.Equal(0, await Apps(instance));
        var own = await PasswordSite.Find(instance, "admin@example.com");
        foreach (var act in new[] { "second-factors/reset", "access-pass" })
            Assert.Equal("mfa.reset_of_oneself", await PasswordSite.CodeOf(instance, await grace.Browser.Post($"/admin/users/{own.Id}/{act}", ("method", "in_person"), ("note", "it is me, really"))));
    }

    private static Task<long> Apps(TestInstance instance) => instance.Database.Read(sql => sql.One<long>("select count(*) from authenticator_apps"));
}
