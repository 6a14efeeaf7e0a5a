using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>What admins do with single letters.</summary>
internal static class MailRoutes
{
    public static async Task<IResult> Retry(Visit visit, Database database, Outbox outbox, string id)
    {
        await database.Write(sql => outbox.Retry(sql, id));
        return SeeOther.To(LocalPath.Or(visit.Form["back"], "/admin"));
    }
}
