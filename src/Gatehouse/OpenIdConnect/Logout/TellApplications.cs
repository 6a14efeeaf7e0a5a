using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Logout;

/// <summary>
/// OpenID Connect Back-Channel Logout 1.0: tells each application that was entered from a session that the session is over. Nobody waits for it:
/// logging out is instant, what does not arrive is tried again, and what never arrives is a case.
/// </summary>
internal sealed partial class TellApplications : BackgroundService
{
    private static readonly TimeSpan TokenValidity = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly Database database;
    private readonly SigningKeys keys;
    private readonly Egress egress;
    private readonly FlagInstantLogout flag;
    private readonly ServerConfiguration configuration;
    private readonly IRefusalLog log;
    private readonly TimeProvider clock;
    private readonly ILogger<TellApplications> logger;
    private readonly SemaphoreSlim ring = new(0, 1);
    private readonly SemaphoreSlim one = new(1, 1);

    public TellApplications(Database database, SigningKeys keys, Egress egress, FlagInstantLogout flag, ServerConfiguration configuration, IRefusalLog log, TimeProvider clock, ILogger<TellApplications> logger)
    {
        (this.database, this.keys, this.egress, this.flag, this.configuration) = (database, keys, egress, flag, configuration);
        (this.log, this.clock, this.logger) = (log, clock, logger);
        database.Moved += Wake;
    }

    /// <summary>Does what is due now; for the loop, and for tests.</summary>
    public async Task Run(CancellationToken stop = default)
    {
        await one.WaitAsync(stop);
        try
        {
            while (await Step(stop)) { }
        }
        finally
        {
            one.Release();
        }
    }

    private async Task<bool> Step(CancellationToken stop)
    {
        // Most of the time there is nothing, and that is found out without writing.
        var now = clock.Now();
        var due = await database.Read(sql => sql.One<long>(
            "select (select count(*) from ended_sessions) + (select count(*) from logout_notices where state = 'waiting' and next_at <= @now)", new { now }));
        if (due == 0) return false;
        await flag.Look();
        var (ended, notices) = await database.Write(async sql => (await LogoutNotices.Fan(sql, clock), await LogoutNotices.Take(sql, now)));
        await Task.WhenAll(notices.Select(n => Tell(n, stop)));
        return ended + notices.Count > 0;
    }

    private async Task Tell(LogoutNotice notice, CancellationToken stop)
    {
        if (await database.Read(sql => ClientStore.Find(sql, notice.ClientId)) is not { Enabled: true, DeletedAt: null, BackchannelLogoutUri: { } url } client)
        {
            await database.Write(sql => LogoutNotices.Settle(sql, notice, LogoutNotice.Failed, 0, "the application no longer wants to be told", clock.Now()));
            return;
        }
        var answer = await egress.PostForm(url, client.BackchannelPrivate, [new("logout_token", await Token(notice, client))], stop);
        var delay = notice.Attempts <= LogoutNotices.Delays.Length ? LogoutNotices.Delays[notice.Attempts - 1] : (TimeSpan?)null;
        var now = clock.Now();
        await database.Write(sql => answer.IsGood
            ? LogoutNotices.Settle(sql, notice, LogoutNotice.Told, 0, answer.Detail, now)
            : LogoutNotices.Settle(sql, notice, delay is null ? LogoutNotice.Failed : LogoutNotice.Waiting, now + (long)(delay ?? TimeSpan.Zero).TotalMilliseconds, answer.Detail, now));
        if (answer.IsGood) log.Passed(BackchannelFailed.Entry.Code, client.Id);
        else log.Record(new BackchannelFailed(client.Ref, UrlParts.Split(url).Host, answer.Detail, notice.Attempts, delay is null ? null : (long)delay.Value.TotalSeconds), new() { ClientId = client.Id, UserId = notice.UserId });
    }

    /// <summary>Section 2.4: it carries no nonce, so that it is never taken for an ID token.</summary>
    private async Task<string> Token(LogoutNotice notice, Client client)
    {
        var key = await keys.For(client.IdTokenAlgorithm == "RS256" ? JwsAlgorithm.RS256 : JwsAlgorithm.ES256);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return Jwt.Sign(key, TokenKind.Logout, IssueTokens.Json(json =>
        {
            json.WriteString("iss", configuration.Origin);
            json.WriteString("sub", notice.UserId);
            json.WriteString("aud", client.Id);
            json.WriteNumber("iat", now);
            json.WriteNumber("exp", now + (long)TokenValidity.TotalSeconds);
            json.WriteString("jti", StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(16)));
            json.WriteString("sid", notice.SessionPublicId);
            json.WriteStartObject("events");
            json.WriteStartObject("http://schemas.openid.net/event/backchannel-logout");
            json.WriteEndObject();
            json.WriteEndObject();
        }).Span);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        Task<bool>? tick = null;
        var bell = ring.WaitAsync(stoppingToken);
        var swept = 0L;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    await Run(stoppingToken);
                    if (clock.Now() - swept > 3_600_000)
                    {
                        swept = clock.Now();
                        await database.Write(sql => LogoutNotices.Sweep(sql, swept - (long)Kept.TotalMilliseconds));
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    CouldNot(logger, e);
                }
                tick ??= timer.WaitForNextTickAsync(stoppingToken).AsTask();
                var first = await Task.WhenAny(tick, bell);
                if (first == tick) tick = null;
                else bell = ring.WaitAsync(stoppingToken);
                await first;
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; what waits goes on at the next start.
        }
    }

    private void Wake(string moved)
    {
        if (moved != EndedSessions.VersionName || ring.CurrentCount > 0) return;
        try
        {
            ring.Release();
        }
        catch (SemaphoreFullException)
        {
            // It rings already.
        }
    }

    public override void Dispose()
    {
        database.Moved -= Wake;
        ring.Dispose();
        one.Dispose();
        base.Dispose();
    }

    [LoggerMessage(1, LogLevel.Warning, "applications could not be told about logouts; the next try is in 5 seconds")]
    private static partial void CouldNot(ILogger logger, Exception e);
}
