using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>Whoever has a second factor is asked for it, unless the browser is remembered; whoever needs one and has none registers it first.</summary>
public sealed class FactorPolicy(Settings settings, RememberedDevices devices, TimeProvider clock) : ISecondFactorPolicy
{
    public async Task<FactorDemand?> Judge(Sql sql, FactorQuestion question)
    {
        if (question.Proofs.Any(IsSecond)) return null;
        var policy = await FactorSettings.Of(settings);
        var byClient = policy.DemandedBy(question.Client);
        var demand = byClient ? $"{question.Client!.Name} needs a second factor" : policy.Demand(question.User, question.Groups);
        if (question.Enrolled.Count > 0)
            return policy.RememberDays > 0 && !byClient && !question.User.IsViewer && await devices.Knows(sql, question.User, question.BrowserId)
                ? null : new FactorDemand(demand ?? "the user has a second factor", question.Enrolled);
        if (await FactorResets.Of(sql, question.User.Id) is not null) return new("the second factor was reset", [], Enrol: true);
        return demand is null || !byClient && clock.Now() < policy.GraceEnds(question.User) ? null : new(demand, [], Enrol: true);
    }

    /// <summary>True for everything but a password or a link: those are the first proof, however often they are given.</summary>
    public static bool IsSecond(Factor factor) => factor.Method is not ("pwd" or "link");
}

/// <summary>Browsers in which a person chose not to be asked again. They end with the account's epoch: a new password, a changed factor, a reset.</summary>
public sealed class RememberedDevices(Secrets secrets, TimeProvider clock)
{
    /// <summary>One remembered browser, for its owner.</summary>
    public sealed record Line
    {
        public string Id { get; init; } = "";
        public string UserAgent { get; init; } = "";
        public long CreatedAt { get; init; }
        public long ExpiresAt { get; init; }
    }

    public async Task<bool> Knows(Sql sql, User user, string browserId) => browserId.Length > 0 && await sql.One<long>("""
        select count(*) from remembered_devices where user_id = @Id and browser = @browser and epoch = @Epoch and expires_at > @now
        """, new { user.Id, browser = Hash(browserId), user.Epoch, now = clock.Now() }) > 0;

    public async Task Remember(Sql sql, User user, string browserId, string userAgent, int days)
    {
        var (now, browser) = (clock.Now(), Hash(browserId));
        await sql.Run("delete from remembered_devices where expires_at < @now or user_id = @Id and (browser = @browser or epoch <> @Epoch)", new { now, user.Id, browser, user.Epoch });
        await sql.Run("""
            insert into remembered_devices (id, user_id, browser, epoch, created_at, expires_at, user_agent) values (@id, @userId, @browser, @Epoch, @now, @expires, @userAgent)
            """, new { id = clock.NewId(), userId = user.Id, browser, user.Epoch, now, expires = now + (long)TimeSpan.FromDays(days).TotalMilliseconds, userAgent });
    }

    public Task<IReadOnlyList<Line>> Of(Sql sql, User user) => sql.List<Line>("""
        select id as "Id", user_agent as "UserAgent", created_at as "CreatedAt", expires_at as "ExpiresAt" from remembered_devices
        where user_id = @Id and epoch = @Epoch and expires_at > @now order by created_at desc
        """, new { user.Id, user.Epoch, now = clock.Now() });

    public Task<int> Forget(Sql sql, string userId, string id) => sql.Run("delete from remembered_devices where id = @id and user_id = @userId", new { id, userId });

    public Task<int> ForgetAll(Sql sql, string userId) => sql.Run("delete from remembered_devices where user_id = @userId", new { userId });

    private string Hash(string browserId) => secrets.Hash("remembered-browser", browserId);
}

/// <summary>A reset that waits for the person to register anew.</summary>
public sealed record FactorReset
{
    public string UserId { get; init; } = "";
    public long At { get; init; }
    public string ByName { get; init; } = "";
    public string Method { get; init; } = "";
    public string Note { get; init; } = "";
}

/// <summary>SQL of <see cref="FactorReset"/>.</summary>
public static class FactorResets
{
    public static Task<FactorReset?> Of(Sql sql, string userId) => sql.One<FactorReset>("""
        select user_id as "UserId", at as "At", by_name as "ByName", method as "Method", note as "Note" from factor_resets where user_id = @userId
        """, new { userId });

    public static Task<int> Done(Sql sql, string userId) => sql.Run("delete from factor_resets where user_id = @userId", new { userId });
}
