using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>
/// The one way to send a mail: it is written in the transaction that causes it and sent behind it, never twice for one cause.
/// The content may hold a link that lets somebody in, so it is encrypted and dropped as soon as it is not needed any more.
/// </summary>
public sealed class Outbox(ServerConfiguration configuration, Secrets secrets, IRefusalLog log, TimeProvider clock) : ISealed
{
    private readonly SemaphoreSlim wake = new(0, 1);

    /// <summary>Writes the letter in the caller's transaction and wakes the sender after the commit. The id of the ledger entry, also when this cause has one already.</summary>
    public async Task<string> Queue(Sql sql, Letter letter)
    {
        var (id, now) = (clock.NewId(), clock.Now());
        var malformed = Address.TryParse(letter.To, out _) ? null : new AddressMalformed(Web.Printable.Cap(letter.To, 100));
        var written = await sql.Run("""
            insert into mails (id, cause, kind, about_kind, about_id, user_id, recipient, subject, content, message_id, state, created_at, expires_at, attempts, next_attempt_at, doubtful, settled_at, code)
            values (@id, @Cause, @Kind, @aboutKind, @aboutId, @UserId, @to, @subject, @content, @messageId, @state, @now, @ExpiresAt, 0, @now, 0, @settled, @code)
            on conflict (cause) do nothing
            """, new
        {
            id,
            letter.Cause,
            letter.Kind,
            aboutKind = letter.About.Kind,
            aboutId = letter.About.Id,
            letter.UserId,
            to = Web.Printable.Cap(letter.To, 320),
            subject = Web.Printable.Cap(letter.Subject, 200),
            content = malformed is null ? Seal(id, letter) : null,
            messageId = MessageId(id),
            state = malformed is null ? MailStates.Queued : MailStates.Failed,
            now,
            letter.ExpiresAt,
            settled = malformed is null ? (long?)null : now,
            code = malformed?.Facts.Code,
        });
        if (written == 0) return (await sql.One<string>("select id from mails where cause = @Cause", new { letter.Cause }))!;
        if (malformed is not null) sql.AfterCommit(() => log.Record(malformed, new() { UserId = letter.UserId }));
        else sql.AfterCommit(Wake);
        return id;
    }

    /// <summary>Keeps a letter that was sent or refused while somebody watched.</summary>
    internal Task Keep(Sql sql, Letter letter, string messageId, string server, IReadOnlyList<SmtpStep> steps, Refusal? refusal, string? reference, Handed? handed)
    {
        var now = clock.Now();
        return sql.Run("""
            insert into mails (id, cause, kind, about_kind, about_id, recipient, subject, message_id, state, created_at, attempts, next_attempt_at, doubtful, settled_at, server, reply, queue_id, code, reference, transcript)
            values (@id, @Cause, @Kind, @aboutKind, @aboutId, @To, @Subject, @messageId, @state, @now, 1, @now, 0, @now, @server, @reply, @queue, @code, @reference, @transcript)
            """, new
        {
            id = messageId.Split('@')[0],
            letter.Cause,
            letter.Kind,
            aboutKind = letter.About.Kind,
            aboutId = letter.About.Id,
            letter.To,
            letter.Subject,
            messageId,
            state = refusal is null ? MailStates.Accepted : MailStates.Failed,
            now,
            server,
            reply = handed?.Reply ?? refusal?.Evidence,
            queue = handed?.QueueId,
            code = refusal?.Facts.Code,
            reference,
            transcript = Transcript.Write(steps),
        });
    }

    /// <summary>The Message-ID of a letter, the same for every attempt; without angle brackets.</summary>
    internal string MessageId(string id) => $"{id}@{(configuration.AppUrl.HostNameType == UriHostNameType.Dns ? configuration.AppUrl.IdnHost : "gatehouse.invalid")}";

    /// <summary>The letters about a thing, newest first. For kind "user" also those that only concern the user.</summary>
    public static Task<IReadOnlyList<LedgerEntry>> Of(Sql sql, string kind, string id, int limit = 20) => sql.List<LedgerEntry>($"""
        select {LedgerEntry.Columns} from mails m
        where m.about_kind = @kind and m.about_id = @id or (@kind = 'user' and m.user_id = @id)
        order by m.created_at desc, m.id desc limit @limit
        """, new { kind, id, limit });

    /// <summary>One letter; null when there is none.</summary>
    public static Task<LedgerEntry?> Find(Sql sql, string id) => sql.One<LedgerEntry>($"select {LedgerEntry.Columns} from mails m where m.id = @id", new { id });

    /// <summary>Takes back what is about a thing and was not sent yet (its link was revoked or replaced). What is on the wire at this moment still goes.</summary>
    public Task<int> Cancel(Sql sql, About about) => sql.Run("""
        update mails set state = 'cancelled', content = null, settled_at = @now
        where about_kind = @Kind and about_id = @Id and state in ('queued', 'deferred')
        """, new { about.Kind, about.Id, now = clock.Now() });

    /// <summary>Tries a deferred or failed letter again at once; false when it is in another state or its content is gone.</summary>
    public async Task<bool> Retry(Sql sql, string id)
    {
        var now = clock.Now();
        var again = await sql.Run("""
            update mails set state = 'queued', next_attempt_at = @now, settled_at = null, attempts = 0, claim = null, claim_until = null
            where id = @id and state in ('deferred', 'failed') and content is not null and (expires_at is null or expires_at > @now)
            """, new { id, now }) == 1;
        if (again) sql.AfterCommit(Wake);
        return again;
    }

    /// <summary>The content of a letter that still has one.</summary>
    internal async Task<Letter?> Read(Sql sql, string id) =>
        await sql.One<string?>("select content from mails where id = @id", new { id }) is { } sealedText ? Open(id, sealedText) : null;

    internal Letter? Open(string id, string content) =>
        secrets.Reveal(Place(id), content) is { } plain ? JsonSerializer.Deserialize<Letter>(plain) : null;

    /// <summary>Returns when something was queued, or after a while.</summary>
    internal Task<bool> Woken(TimeSpan atMost, CancellationToken stop) => wake.WaitAsync(atMost, stop);

    internal void Wake()
    {
        try
        {
            if (wake.CurrentCount == 0) wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has just woken it.
        }
    }

    private string Seal(string id, Letter letter) => secrets.Protect(Place(id), Encoding.UTF8.GetBytes(JsonSerializer.Serialize(letter)));

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        foreach (var (id, content) in await sql.List<(string, string)>("select id, content from mails where content is not null"))
            if (again(Place(id), content) is { } box) await sql.Run("update mails set content = @box where id = @id and content is not null", new { box, id });
    }

    private static string Place(string id) => $"mails.content.{id}";
}
