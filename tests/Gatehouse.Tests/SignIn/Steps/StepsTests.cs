using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.Steps;

/// <summary>Between the first proof and the session, with a second factor of the test's own.</summary>
public class StepsTests(PostgresCluster postgres)
{
    private sealed class Coin : ISecondFactor
    {
        public bool Has { get; set; } = true;
        public string Id => "coin";
        public int Order => 1;
        public Task<bool> IsEnrolled(Sql sql, string userId) => Task.FromResult(Has);
        public Type Component => typeof(OnwardPage);
    }

    private sealed class Demands(FactorDemand? demand) : ISecondFactorPolicy
    {
        public Task<FactorDemand?> Judge(Sql sql, FactorQuestion question) => Task.FromResult(question.Proofs.Count > 1 ? null : demand);
    }

    private static readonly Factor Password = new("pwd", 1, null, null);
    private static readonly Factor Second = new("otp", 2, "coin-1", 0);

    private static SignInSteps Steps(TestInstance instance, ISecondFactor? factor, params ISecondFactorPolicy[] policies)
    {
        var s = instance.Services;
        return new(s.GetRequiredService<AccessRules>(), s.GetRequiredService<BeginSession>(), s.GetRequiredService<PendingSignIns>(), factor is null ? [] : [factor],
            policies.Length > 0 ? policies : s.GetServices<ISecondFactorPolicy>(), s.GetRequiredService<Gatehouse.Audit.SignInLog>());
    }

    private static Visit Browser(TestInstance instance, string id) => new(instance.Clock) { BrowserId = id };

    private static async Task<User> Ada(TestInstance instance)
    {
        Assert.Equal(0, (await instance.Console("user", "add", "--email", "ada@example.com", "--name", "Ada")).Code);
        return (await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, "ada")))!;
    }

    private static Task<Outcome<SignInStep>> First(TestInstance instance, SignInSteps steps, User user, Visit visit, string kind = SessionKind.Full, Factor? proof = null) =>
        instance.Database.Write(sql => steps.First(sql, user, proof ?? Password, kind, "continue=x", new ClientRef("c1", "Grafana"), null, visit));

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_second_factor_stands_between_the_first_proof_and_the_session(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        var ada = await Ada(instance);
        var steps = Steps(instance, new Coin());
        var visit = Browser(instance, "browser-a");
        var step = (await First(instance, steps, ada, visit, SessionKind.Enrolment, Password with { Method = "link" })).Value;
        Assert.Null(step.CookieValue);
        var pending = (await instance.Services.GetRequiredService<PendingSignIns>().Of(visit))!;
        Assert.Equal((ada.Id, step.PendingId, "link", "coin", "Grafana"), (pending.UserId, pending.Id, pending.Proofs.Single().Method, pending.Offers.Single(), pending.Client!.Name));
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from sessions")));
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from pending_sign_ins where browser = 'browser-a'")));

        // Another browser that learnt the id has nothing of it.
        Assert.Null(await instance.Services.GetRequiredService<PendingSignIns>().Of(Browser(instance, "browser-b")));
        Assert.Null(await instance.Database.Write(sql => steps.Second(sql, pending.Id, Second, null, Browser(instance, "browser-b"))));

        var won = (await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => instance.Database.Write(sql => steps.Second(sql, pending.Id, Second, null, visit))))).OfType<Outcome<SignInStep>>().ToArray();
        Assert.Single(won);
        Assert.NotNull(won[0].Value.CookieValue);
        var session = Assert.Single(await instance.Database.Read(sql => SessionStore.Of(sql, ada.Id, instance.Clock.Now())));
        Assert.Equal((SessionKind.Full, "link otp"), (session.Kind, string.Join(' ', session.Factors.Select(f => f.Method))));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_pending_sign_in_ends_with_time_with_the_account_and_with_a_newer_one(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        var ada = await Ada(instance);
        var steps = Steps(instance, new Coin());
        var visit = Browser(instance, "browser-a");
        Task<Outcome<SignInStep>?> Complete(string id) => instance.Database.Write(sql => steps.Second(sql, id, Second, null, visit));

        var older = (await First(instance, steps, ada, visit)).Value.PendingId!;
        var newer = (await First(instance, steps, ada, visit)).Value.PendingId!;
        Assert.Null(await Complete(older));
        await instance.Database.Write(sql => UserStore.RaiseEpoch(sql, ada.Id));
        Assert.Null(await Complete(newer));

        ada = (await instance.Database.Read(sql => UserStore.Find(sql, ada.Id)))!;
        var third = (await First(instance, steps, ada, visit)).Value.PendingId!;
        instance.Clock.Advance(PendingSignIns.Validity + TimeSpan.FromSeconds(1));
        Assert.Null(await Complete(third));

        var fourth = (await First(instance, steps, ada, visit)).Value.PendingId!;
        await instance.Database.Write(sql => instance.Services.GetRequiredService<PendingSignIns>().EndAll(sql, ada.Id, "too many wrong codes"));
        Assert.Null(await Complete(fourth));

        // C112: disabled between the two steps.
        var fifth = (await First(instance, steps, ada, visit)).Value.PendingId!;
        await instance.Database.Write(sql => sql.Run("update users set disabled_at = 1, disabled_by = 'grace' where id = @Id", new { ada.Id }));
        Assert.IsType<AccountDisabled>((await Complete(fifth))!.Value.Refusal);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from sessions")));
    }

    [Fact]
    public async Task Who_has_to_register_a_factor_first_gets_in_for_that_alone()
    {
        await using var instance = await TestInstance.Start();
        var ada = await Ada(instance);
        var visit = Browser(instance, "browser-a");
        var open = (await First(instance, Steps(instance, new Coin { Has = false }), ada, visit)).Value;
        Assert.Equal(SessionKind.Full, open.Kind);
        var enrol = (await First(instance, Steps(instance, new Coin { Has = false }, new Demands(new FactorDemand("everyone needs one", ["coin"], Enrol: true))), ada, visit)).Value;
        Assert.Equal((SessionKind.Enrolment, true), (enrol.Kind, enrol.CookieValue is not null));
        // One policy lets enrol, another wants a proof: the proof it is.
        var both = (await First(instance, Steps(instance, new Coin { Has = false }, new Demands(new FactorDemand("a", ["coin"], Enrol: true)), new Demands(new FactorDemand("b", ["coin"]))), ada, visit)).Value;
        Assert.NotNull(both.PendingId);
    }

    [Fact]
    public async Task The_page_of_the_second_step_leads_back_when_nothing_is_pending()
    {
        await using var instance = await TestInstance.Start();
        using var browser = instance.Browser();
        Assert.Equal("/sign-in", (await browser.Get("/sign-in/second")).Location);
        Assert.Equal("/sign-in", (await browser.Post("/sign-in/start-over")).Location);
    }
}
