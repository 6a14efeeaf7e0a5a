using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Mail;

/// <summary>The mail log, single letters, and reports of what came back.</summary>
internal static class MailRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(MailPaths.Log, (HttpContext http, Visit _) => Log(http)).For(Access.Viewer);
        routes.MapGet(MailPaths.Log + "/{id}", One).For(Access.Viewer);
        routes.MapPost(MailPaths.Log + "/{id}/retry", Retry).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Log + "/bounce", PasteBounce).For(Access.Admin, recent: true);
        routes.MapPost(MailPaths.Bounces, TakeBounce).ForProtocol();
    }

    private static async Task<IResult> Log(HttpContext http, FieldError? error = null)
    {
        var visit = http.RequestServices.GetRequiredService<Visit>();
        var search = visit.Query?.Text("q") is { Length: <= 200 } q ? q : "";
        var state = visit.Query?["state"] ?? "";
        var page = int.TryParse(visit.Query?["page"], out var p) && p is > 0 and < 100_000 ? p : 1;
        var (entries, total) = await http.RequestServices.GetRequiredService<Database>().Read(sql => MailLog.Read(sql, search, state, page));
        return new RazorComponentResult<MailLogPage>(new { Entries = entries, Total = total, Page = page, Search = search, State = state, Done = visit.Query?["done"], Error = error?.Message })
        {
            StatusCode = error is null ? 200 : 400,
        };
    }

    private static async Task<IResult> One(HttpContext http, string id, Database database, Refuse refuse) =>
        await database.Read(sql => Outbox.Find(sql, id)) is { } entry ? new RazorComponentResult<LetterPage>(new { Entry = entry }) : refuse.NotFound(http);

    private static async Task<IResult> Retry(Visit visit, Database database, Outbox outbox, string id)
    {
        await database.Write(sql => outbox.Retry(sql, id));
        return SeeOther.To(LocalPath.Or(visit.Form["back"], MailPaths.Log));
    }

    private static async Task<IResult> PasteBounce(HttpContext http, Visit visit, Outbox outbox, NoteBounce note, Texts texts)
    {
        var report = BounceReport.FromText(visit.Form["report"] ?? "", outbox.MessageId("x").Split('@')[1]);
        if (report is not null && (await note.Run(report)).Passed(out var entry, out _)) return SeeOther.To($"{MailPaths.Log}/{entry.Id}");
        var unknown = new BounceUnknown(report?.MessageId ?? "");
        http.RequestServices.GetRequiredService<Refuse>().Record(http, unknown);
        return await Log(http, new("report", texts[unknown.Facts.Public]));
    }

    /// <summary>A provider's webhook. Nothing in it decides more than the state of one letter that was accepted before.</summary>
    private static async Task<IResult> TakeBounce(HttpContext http, MailSettingsStore store, Secrets secrets, NoteBounce note, Refuse refuse)
    {
        var settings = await store.Read();
        var secret = SecretOf(http.Request.Headers.Authorization.ToString());
        if (settings.BounceHash is not { } hash || secret is null
            || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(secrets.Hash("mail_bounces", secret)), Encoding.ASCII.GetBytes(hash)))
            return refuse.Protocol(http, new BounceSecretWrong(settings.BounceHash is not null, secret is not null));
        using var body = new MemoryStream();
        var buffer = new byte[8192];
        int read;
        while (body.Length <= 128 * 1024 && (read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0) body.Write(buffer, 0, read);
        if (body.Length > 128 * 1024 || BounceReport.Parse(Encoding.UTF8.GetString(body.ToArray())) is not { } json) return refuse.Protocol(http, new BounceUnknown(""));
        var reports = json.ValueKind == System.Text.Json.JsonValueKind.Array ? json.EnumerateArray().Take(1000).Select(BounceReport.FromJson) : [BounceReport.FromJson(json)];
        foreach (var report in reports)
            if (report is not null) await note.Run(report);
        // Providers repeat what is not answered with 2xx; an event of no interest is taken like any other.
        return Results.NoContent();
    }

    /// <summary>Bearer, or the password of Basic for providers that know nothing else.</summary>
    private static string? SecretOf(string header)
    {
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return header[7..].Trim() is { Length: > 0 and <= 200 } token ? token : null;
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) || header.Length > 500) return null;
        var encoded = header[6..].Trim().TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return Jose.StrictBase64Url.TryDecode(encoded, 400, out var pair) && Encoding.UTF8.GetString(pair).Split(':', 2) is [_, { Length: > 0 } password] ? password : null;
    }
}
