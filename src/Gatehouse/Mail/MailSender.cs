using System.Security.Cryptography;
using Gatehouse.Data;
using Gatehouse.Mail.Mime;
using Gatehouse.Mail.Smtp;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>
/// Sends what the outbox holds, behind the requests. A letter is claimed, marked durably right before its last dot, and settled after the reply:
/// after a crash only a letter between mark and settlement is in doubt, and it goes again under the same Message-ID.
/// </summary>
public sealed partial class MailSender(Database database, Outbox outbox, MailSettingsStore store, AccessTokens tokens, LogoStore logos, IRefusalLog log, TimeProvider clock, ILogger<MailSender> logger) : BackgroundService
{
    private const int BatchSize = 20;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ClaimFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromDays(3);
    private static readonly TimeSpan KeepContent = TimeSpan.FromDays(7);
    private static readonly TimeSpan KeepLedger = TimeSpan.FromDays(180);
    private readonly string claim = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly SemaphoreSlim one = new(1, 1);

    /// <summary>After a server as a whole failed, new letters do not each try it anew, unless the settings change.</summary>
    private (long Until, long Version) held = (0, -1);

    /// <summary>Shorter in tests that let a server hang.</summary>
    internal Patience Patience { get; set; } = Patience.Background;

    /// <summary>Sends everything that is due; how many letters were tried.</summary>
    public async Task<int> Run(CancellationToken stop = default)
    {
        await one.WaitAsync(stop);
        try
        {
            await EndOverdue();
            var tried = 0;
            while (!stop.IsCancellationRequested && await IsDue())
            {
                var settings = await store.Read();
                if (!settings.IsSet || settings.Version == held.Version && clock.Now() < held.Until) return tried;
                var batch = await Claim();
                if (batch.Count == 0) return tried;
                tried += await Deliver(batch, settings, stop);
            }
            return tried;
        }
        finally
        {
            one.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Guarded(ReleaseOwnClaims);
            var swept = clock.Now();
            while (!stoppingToken.IsCancellationRequested)
            {
                await Guarded(() => Run(stoppingToken));
                if (clock.Now() - swept > TimeSpan.FromHours(1).TotalMilliseconds)
                {
                    swept = clock.Now();
                    await Guarded(Sweep);
                }
                await outbox.Woken(Poll, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is claimed is free again at the next start or when the claim ends.
        }
    }

    private async Task Guarded(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            CouldNot(logger, e);
        }
    }

    private Task<bool> IsDue() => database.Read(async sql =>
        await sql.One<long>("select count(*) from (select 1 as x from mails where state in ('queued', 'deferred') and next_attempt_at <= @now and (claim is null or claim_until < @now) and (expires_at is null or expires_at > @now) limit 1) t", new { now = clock.Now() }) > 0);

    /// <summary>SQLite has one server process: whatever a former one was sending is free.</summary>
    private Task ReleaseOwnClaims() => database.IsPostgres ? Task.CompletedTask : database.Write(sql => sql.Run("update mails set claim_until = 0 where claim is not null and state in ('queued', 'deferred')"));

    private Task<IReadOnlyList<Claimed>> Claim() => database.Write(async sql =>
    {
        var now = clock.Now();
        var rows = await sql.List<Claimed>("""
            update mails set claim = @claim, claim_until = @until, doubtful = doubtful + case when handed_at is null then 0 else 1 end, handed_at = null
            where id in (select id from mails where state in ('queued', 'deferred') and next_attempt_at <= @now and (claim is null or claim_until < @now) and (expires_at is null or expires_at > @now) order by next_attempt_at, id limit @BatchSize)
                and (claim is null or claim_until < @now)
            returning id as "Id", user_id as "UserId", content as "Content", message_id as "MessageId", recipient as "To", created_at as "CreatedAt", expires_at as "ExpiresAt", attempts as "Attempts", doubtful as "Doubtful"
            """, new { claim, now, until = now + (long)ClaimFor.TotalMilliseconds, BatchSize });
        return rows;
    });

    private async Task<int> Deliver(IReadOnlyList<Claimed> batch, MailSettings settings, CancellationToken stop)
    {
        if (!(await tokens.Target(settings, Patience, stop)).Passed(out var target, out var unfit))
        {
            await DeferAll(unfit, settings, "[]");
            return batch.Count;
        }
        var dkim = store.Dkim(settings);
        if (!Address.TryParse(settings.From, out var from)) return 0;
        SmtpConversation? conversation = null;
        // -1: one was accepted, so the server is well.
        var lostInARow = 0;
        try
        {
            foreach (var mail in batch)
            {
                if (conversation is not { IsUsable: true })
                {
                    if (conversation is not null) await conversation.DisposeAsync();
                    conversation = new(target);
                    if (await conversation.Open(stop) is { } closed)
                    {
                        if (closed is AccessTokenRefused) tokens.Forget();
                        await DeferAll(closed, settings, conversation.TranscriptJson);
                        return batch.Count;
                    }
                }
                else conversation.ForgetSteps();
                if (!await Begin(mail)) continue;
                if (mail.Content is null || outbox.Open(mail.Id, mail.Content) is not { } letter || !Address.TryParse(mail.To, out var to))
                {
                    await Fail(mail, new ContentUnreadable(mail.Id), target.Server, "[]", keep: false);
                    continue;
                }
                var (fitted, picture) = await logos.Fit(letter);
                var message = MimeMessage.Build(fitted, from, settings.FromName, to, mail.MessageId, DateTimeOffset.FromUnixTimeMilliseconds(mail.CreatedAt), picture);
                if (dkim is not null) message = DkimSigner.Sign(message, dkim, clock.GetUtcNow());
                if ((await conversation.Send(from, to, message, () => HandingOver(mail), stop)).Passed(out var handed, out var refusal))
                {
                    await Accept(mail, handed, target.Server, conversation.TranscriptJson);
                    if (lostInARow >= 0) AllPassed(target);
                    lostInARow = -1;
                    continue;
                }
                if (refusal is TakenBack) continue;
                if (IsFinal(refusal)) await Fail(mail, refusal, target.Server, conversation.TranscriptJson, keep: true);
                else await Defer(mail, refusal, target.Server, conversation.TranscriptJson);
                if (conversation.IsUsable) await conversation.Reset(stop);
                else if (++lostInARow >= 2)
                {
                    // Not this letter: the server. The others need not be tried to know it.
                    await DeferAll(refusal, settings, conversation.TranscriptJson);
                    return batch.Count;
                }
            }
            return batch.Count;
        }
        finally
        {
            if (conversation is not null) await conversation.DisposeAsync();
            await Release();
        }
    }

    /// <summary>What the mail server will say again tomorrow; everything else is tried again.</summary>
    private static bool IsFinal(Refusal refusal) => refusal is RecipientRefused or ContentRefused or MessageTooLarge or FromRejected or SesNotVerified or SesSandbox
        or SendAsDenied or BrevoSenderUnknown or OtherRefused;

    /// <summary>Doubles from half a minute to four hours, a tenth either way so that many do not come back at once.</summary>
    internal static TimeSpan Backoff(long attempts)
    {
        var seconds = Math.Min(30 * Math.Pow(2, Math.Min(attempts - 1, 20)), 4 * 3600);
        return TimeSpan.FromSeconds(seconds * (0.9 + RandomNumberGenerator.GetInt32(0, 201) / 1000.0));
    }

    private Task<bool> Begin(Claimed mail) => database.Write(async sql =>
        await sql.Run("update mails set attempts = attempts + 1, claim_until = @until where id = @Id and claim = @claim and state in ('queued', 'deferred')",
            new { mail.Id, claim, until = clock.Now() + (long)ClaimFor.TotalMilliseconds }) == 1);

    private Task<bool> HandingOver(Claimed mail) => database.Write(async sql =>
        await sql.Run("update mails set handed_at = @now where id = @Id and claim = @claim and state in ('queued', 'deferred')", new { mail.Id, claim, now = clock.Now() }) == 1);

    private async Task Accept(Claimed mail, Handed handed, string server, string transcript)
    {
        await database.Write(sql => sql.Run("""
            update mails set state = 'accepted', content = null, claim = null, claim_until = null, settled_at = @now, server = @server, reply = @Reply, queue_id = @QueueId,
                code = null, reference = null, transcript = @transcript
            where id = @Id and claim = @claim
            """, new { mail.Id, claim, now = clock.Now(), server, handed.Reply, handed.QueueId, transcript }));
        Accepted(logger, mail.Id, server, handed.QueueId ?? "-");
    }

    private async Task Fail(Claimed mail, Refusal refusal, string server, string transcript, bool keep)
    {
        var reference = log.Record(refusal, new() { UserId = mail.UserId }).Text;
        await database.Write(sql => sql.Run($"""
            update mails set state = 'failed', claim = null, claim_until = null, handed_at = null, settled_at = @now, server = @server, reply = @reply, code = @code, reference = @reference,
                transcript = @transcript{(keep ? "" : ", content = null")}
            where id = @Id and claim = @claim
            """, new { mail.Id, claim, now = clock.Now(), server, reply = refusal.Evidence, code = refusal.Facts.Code, reference, transcript }));
        Failed(logger, mail.Id, refusal.Facts.Code, reference);
    }

    private async Task Defer(Claimed mail, Refusal refusal, string server, string transcript)
    {
        var (now, attempts) = (clock.Now(), mail.Attempts + 1);
        var next = now + (long)Backoff(attempts).TotalMilliseconds;
        // One last try shortly before the link ends.
        if (mail.ExpiresAt is { } end && next >= end - 20_000) next = Math.Max(now + 5_000, end - 20_000);
        if (next - mail.CreatedAt > GiveUpAfter.TotalMilliseconds)
        {
            await Fail(mail, refusal, server, transcript, keep: true);
            return;
        }
        var reference = log.Record(refusal, new() { UserId = mail.UserId }).Text;
        var doubt = refusal is DroppedAfterData ? 1 : 0;
        await database.Write(sql => sql.Run("""
            update mails set state = 'deferred', claim = null, claim_until = null, handed_at = null, doubtful = doubtful + @doubt, next_attempt_at = @next, server = @server, reply = @reply,
                code = @code, reference = @reference, transcript = @transcript
            where id = @Id and claim = @claim
            """, new { mail.Id, claim, doubt, next, server, reply = refusal.Evidence, code = refusal.Facts.Code, reference, transcript }));
        Deferred(logger, mail.Id, refusal.Facts.Code, reference);
    }

    /// <summary>The server as a whole is not to be had: everything that is due waits, and one case says why.</summary>
    private async Task DeferAll(Refusal refusal, MailSettings settings, string transcript)
    {
        var (now, server) = (clock.Now(), settings.Server);
        held = (now + (long)Hold.TotalMilliseconds, settings.Version);
        var reference = log.Record(refusal, new()).Text;
        await database.Write(async sql =>
        {
            // By attempts, so that each letter keeps its own distance; ten rounds of doubling reach the longest pause.
            for (var attempts = 0; attempts <= 10; attempts++)
            {
                var next = now + (long)Backoff(attempts + 1).TotalMilliseconds;
                await sql.Run($"""
                    update mails set state = 'deferred', claim = null, claim_until = null, handed_at = null, attempts = attempts + 1,
                        next_attempt_at = case when expires_at is not null and @next > expires_at - 20000 and expires_at - 20000 > @now + 5000 then expires_at - 20000 else @next end,
                        server = @server, reply = @reply, code = @code, reference = @reference, transcript = @transcript
                    where state in ('queued', 'deferred') and next_attempt_at <= @now and (claim is null or claim = @claim or claim_until < @now)
                        and attempts {(attempts == 10 ? ">=" : "=")} @attempts
                    """, new { now, next, attempts, claim, server, reply = refusal.Evidence, code = refusal.Facts.Code, reference, transcript });
            }
            await sql.Run("update mails set state = 'failed', settled_at = @now where state = 'deferred' and created_at < @limit and reference = @reference",
                new { now, limit = now - (long)GiveUpAfter.TotalMilliseconds, reference });
        });
        AllDeferred(logger, refusal.Facts.Code, server, reference);
    }

    private Task Release() => database.Write(sql => sql.Run("update mails set claim = null, claim_until = null where claim = @claim", new { claim }));

    /// <summary>A link that has ended is not worth mailing.</summary>
    private async Task EndOverdue()
    {
        var now = clock.Now();
        var over = await database.Read(sql => sql.List<Claimed>("""
            select id as "Id", user_id as "UserId", recipient as "To", kind as "Kind" from mails
            where state in ('queued', 'deferred') and expires_at <= @now and (claim is null or claim_until < @now) order by id limit 200
            """, new { now }));
        foreach (var mail in over)
        {
            var refusal = new EndedUnsent(mail.To, mail.Kind);
            var reference = log.Record(refusal, new() { UserId = mail.UserId }).Text;
            await database.Write(sql => sql.Run("""
                update mails set state = 'failed', content = null, settled_at = @now, reply = coalesce(reply, @reply), code = @code, reference = @reference
                where id = @Id and state in ('queued', 'deferred')
                """, new { mail.Id, now, reply = refusal.Evidence, code = refusal.Facts.Code, reference }));
        }
    }

    private Task Sweep() => database.Write(async sql =>
    {
        var now = clock.Now();
        await sql.Run("update mails set content = null where content is not null and state in ('failed', 'bounced') and (settled_at < @old or expires_at <= @now)", new { now, old = now - (long)KeepContent.TotalMilliseconds });
        await sql.Run("delete from mails where settled_at < @old", new { old = now - (long)KeepLedger.TotalMilliseconds });
    });

    /// <summary>Every step has just passed for this server: problems that were mended may close.</summary>
    private void AllPassed(SmtpTarget target)
    {
        foreach (var code in ServerCodes) log.Passed(code, target.Server);
    }

    private static readonly string[] ServerCodes =
    [
        .. RefusalCatalogue.All.Where(i => i.Type.Namespace == typeof(SmtpTarget).Namespace && i.Example.Target == "smtp.example.com:587").Select(i => i.Entry.Code), PasswordForOtherServer.Entry.Code,
    ];

    [LoggerMessage(1, LogLevel.Warning, "mail could not be handled; the next try follows")]
    private static partial void CouldNot(ILogger logger, Exception e);

    [LoggerMessage(2, LogLevel.Information, "mail {Id} accepted by {Server} as {QueueId}")]
    private static partial void Accepted(ILogger logger, string id, string server, string queueId);

    [LoggerMessage(3, LogLevel.Warning, "mail {Id} failed: {Code} {Reference}")]
    private static partial void Failed(ILogger logger, string id, string code, string reference);

    [LoggerMessage(4, LogLevel.Information, "mail {Id} deferred: {Code} {Reference}")]
    private static partial void Deferred(ILogger logger, string id, string code, string reference);

    [LoggerMessage(5, LogLevel.Warning, "mail waits: {Code} at {Server} {Reference}")]
    private static partial void AllDeferred(ILogger logger, string code, string server, string reference);

    private sealed record Claimed
    {
        public string Id { get; init; } = "";
        public string? UserId { get; init; }
        public string Kind { get; init; } = "";
        public string? Content { get; init; }
        public string MessageId { get; init; } = "";
        public string To { get; init; } = "";
        public long CreatedAt { get; init; }
        public long? ExpiresAt { get; init; }
        public long Attempts { get; init; }
        public long Doubtful { get; init; }
    }
}
