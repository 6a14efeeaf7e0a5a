using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>Marks an accepted mail as come back; the same report twice changes nothing.</summary>
public sealed class NoteBounce(Database database, IRefusalLog log, TimeProvider clock)
{
    public async Task<Outcome<LedgerEntry>> Run(BounceReport report)
    {
        var found = await database.Write(async sql =>
            await sql.One<string?>("""
                update mails set state = 'bounced', settled_at = @now, reply = @Reason, code = @code
                where message_id = @MessageId and state = 'accepted' returning id
                """, new { report.MessageId, report.Reason, code = Bounced.Entry.Code, now = clock.Now() }) is { } id ? await Outbox.Find(sql, id) : null);
        if (found is null) return new BounceUnknown(Web.Printable.Cap(report.MessageId, 120));
        var reference = log.Record(new Bounced(found.To, found.MessageId, report.Reason), new() { UserId = found.UserId }).Text;
        await database.Write(sql => sql.Run("update mails set reference = @reference where id = @Id", new { found.Id, reference }));
        return found with { Reference = reference };
    }
}
