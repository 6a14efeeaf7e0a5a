using System.Globalization;
using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>The mails about break-glass, each to every admin. They are queued in the transaction of the act, also when no mail server can be reached.</summary>
public sealed class BreakGlassLetters(Outbox outbox, LetterPaper paper, Settings settings, ServerConfiguration configuration)
{
    public const string UsedKind = "break_glass_used", CodeKind = "break_glass_code", SealedKind = "break_glass_sealed", DrillKind = "break_glass_drill";

    internal static readonly LetterTemplate[] All =
    [
        new(UsedKind, "Break-glass was used", "To every admin, when somebody gets in by break-glass.", (t, origin) => Used(t, "Example", "BG-7F3KQX", "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 1_767_225_600_000, 1_767_227_400_000, GlassKind.Sealed, origin)),
        new(CodeKind, "A break-glass code was made", "To every admin, when the console makes a one-time code for break-glass.", (t, origin) => Code(t, "Example", "console:root@server", "nobody can sign in", origin)),
        new(SealedKind, "The break-glass credential changed", "To every admin, when a credential is sealed or withdrawn.", (t, origin) => Changed(t, "Example", "grace@example.com", made: true, origin)),
        new(DrillKind, "The break-glass credential was rehearsed", "To every admin, when somebody rehearses break-glass without opening it.", (t, origin) => Drilled(t, "Example", "grace@example.com", "192.0.2.7", origin)),
    ];

    internal Task Opened(Sql sql, Opening o) => ToAdmins(sql, UsedKind, o.Id, (t, name) => Used(t, name, o.Label, o.Address, o.UserAgent, o.OpenedAt, o.ExpiresAt, o.Kind, configuration.Origin));

    internal Task CodeMade(Sql sql, string id, string by, string reason) => ToAdmins(sql, CodeKind, id, (t, name) => Code(t, name, by, reason, configuration.Origin));

    internal Task Sealed(Sql sql, string id, string by, bool made) => ToAdmins(sql, SealedKind, id, (t, name) => Changed(t, name, by, made, configuration.Origin));

    internal Task Rehearsed(Sql sql, string id, string by, string address) => ToAdmins(sql, DrillKind, id, (t, name) => Drilled(t, name, by, address, configuration.Origin));

    private async Task ToAdmins(Sql sql, string kind, string cause, Func<Texts, string, LetterBody> body)
    {
        var texts = Texts.In("en");
        var written = await paper.Write(body(texts, (await Sender.Of(settings)).Name), texts);
        foreach (var admin in await UserStore.ActiveAdmins(sql))
            await outbox.Queue(sql, new Letter
            {
                To = admin.Email,
                Subject = written.Subject,
                Text = written.Text,
                Html = written.Html,
                Kind = kind,
                Cause = $"{kind}:{cause}:{admin.Id}",
                About = new About("break_glass", cause),
                UserId = admin.Id,
            });
    }

    private static LetterBody Used(Texts t, string instance, string label, string address, string agent, long at, long until, string kind, string origin) => new()
    {
        Subject = t["Break-glass was used at {0}", instance],
        Lead =
        [
            kind == GlassKind.Sealed ? t["Somebody typed the sealed break-glass credential of {0} and administers it now, as {1}.", instance, label] : t["Somebody typed a one-time code of the server's console and administers {0} now, as {1}.", instance, label],
            t["The session ends at {0} at the latest. Everything done in it stands in the audit log under that name.", At(until)],
        ],
        Button = new(t["Look at it"], origin + "/admin/break-glass"),
        Facts = [(t["At"], At(at)), (t["From the address"], address), (t["With"], UserAgentName.InWords(t, agent))],
        After = [t["If nobody told you about it, end the session on that page at once, or run on the server: gatehouse break-glass close"]],
    };

    private static LetterBody Code(Texts t, string instance, string by, string reason, string origin) => new()
    {
        Subject = t["A break-glass code was made at {0}", instance],
        Lead = [t["At the console of the server of {0}, {1} made a one-time code that lets its reader administer for half an hour. It works once, within {2} minutes.", instance, by, (long)GlassLimits.Code.TotalMinutes]],
        Facts = [(t["Reason given"], reason.Length > 0 ? reason : t["none"])],
        Button = new(t["Look at it"], origin + "/admin/break-glass"),
        After = [t["If nobody told you about it, run on the server: gatehouse break-glass close"]],
    };

    private static LetterBody Changed(Texts t, string instance, string by, bool made, string origin) => new()
    {
        Subject = made ? t["A new break-glass credential for {0}", instance] : t["{0} has no break-glass credential any more", instance],
        Lead = [made ? t["{0} sealed a new break-glass credential for {1}. An older one works no more.", by, instance] : t["{0} withdrew the break-glass credential of {1}. Until a new one is sealed, only the server's console gets you in when nothing else does.", by, instance]],
        Button = new(t["Look at it"], origin + "/admin/break-glass"),
        After = [t["If nobody told you about it, look at once who did it, in the audit log."]],
    };

    private static LetterBody Drilled(Texts t, string instance, string by, string address, string origin) => new()
    {
        Subject = t["Break-glass was rehearsed at {0}", instance],
        Lead = [t["{0} typed the sealed break-glass credential of {1} to rehearse. Nothing was opened, and the credential is still good.", by, instance]],
        Facts = address.Length > 0 ? [(t["From the address"], address)] : [],
        Button = new(t["Look at it"], origin + "/admin/break-glass"),
        After = [t["If nobody told you about it, somebody has the paper: seal a new credential at once."]],
    };

    private static string At(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
