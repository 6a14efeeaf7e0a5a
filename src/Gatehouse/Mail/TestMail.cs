using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail.Mime;
using Gatehouse.Mail.Smtp;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>How a test went: the staircase, and what stood in the way.</summary>
/// <param name="Refusal">Null when the mail server took the test mail.</param>
/// <param name="Ports">What other ports of the same host said, when the one that is set was closed.</param>
/// <param name="MessageId">To find it in the mail server's log.</param>
public sealed record TestResult(IReadOnlyList<SmtpStep> Steps, Refusal? Refusal, string? Reference, Handed? Handed, IReadOnlyList<OpenPort> Ports, string MessageId);

/// <summary>A port that answers.</summary>
public sealed record OpenPort(int Port, string Security)
{
    public string Text => $"{Port} ({(Security == Smtp.Security.Tls ? "TLS" : "STARTTLS")})";
}

/// <summary>Sends one mail with the values on screen while somebody waits, and tells each step.</summary>
public sealed class TestMail(MailSettingsStore store, AccessTokens tokens, Database database, Outbox outbox, LetterPaper paper, LogoStore logos, IRefusalLog log, AuditLog audit, ServerConfiguration configuration, TimeProvider clock)
{
    private static readonly TimeSpan PortPatience = TimeSpan.FromSeconds(3);

    /// <summary>The submission ports that are tried when the one that is set is closed.</summary>
    internal IReadOnlyList<int> OtherPorts { get; set; } = [465, 587, 2525];
    internal Patience Patience { get; set; } = Patience.OnScreen;

    /// <param name="settings">As they stand on the screen; a password only counts for the endpoint it was entered for.</param>
    public async Task<TestResult> Run(MailSettings settings, Address to, Actor actor, CancellationToken stop)
    {
        var id = clock.NewId();
        var letter = await Letter(to, id);
        var messageId = outbox.MessageId(id);
        if (!(await tokens.Target(settings, Patience, stop)).Passed(out var target, out var unfit)) return await Tell(settings, letter, messageId, [], unfit, null, [], actor);
        if (!Address.TryParse(settings.From, out var from)) return await Tell(settings, letter, messageId, [], new AddressMalformed(Web.Printable.Cap(settings.From, 100)), null, [], actor);
        await using var conversation = new SmtpConversation(target);
        var refusal = await conversation.Open(stop);
        Handed? handed = null;
        if (refusal is null)
        {
            var (fitted, picture) = await logos.Fit(letter);
            var message = MimeMessage.Build(fitted, from, settings.FromName, to, messageId, clock.GetUtcNow(), picture);
            if (store.Dkim(settings) is { } key) message = DkimSigner.Sign(message, key, clock.GetUtcNow());
            if ((await conversation.Send(from, to, message, () => Task.FromResult(true), stop)).Passed(out handed, out var refused)) refusal = null;
            else refusal = refused;
        }
        IReadOnlyList<OpenPort> open = [];
        if (refusal is ConnectTimedOut or ConnectRefused)
        {
            open = await TryOtherPorts(settings, stop);
            if (open.Count > 0) refusal = new PortBlocked(target.Server, refusal is ConnectTimedOut ? "no answer, as behind a firewall" : "nothing listens there", [.. open.Select(p => p.Text)]);
        }
        return await Tell(settings, letter, messageId, conversation.Steps, refusal, handed, open, actor);
    }

    private async Task<TestResult> Tell(MailSettings settings, Letter letter, string messageId, IReadOnlyList<SmtpStep> steps, Refusal? refusal, Handed? handed, IReadOnlyList<OpenPort> ports, Actor actor)
    {
        var reference = refusal is null ? null : log.Record(refusal, new()).Text;
        await database.Write(async sql =>
        {
            await outbox.Keep(sql, letter, messageId, settings.Server, steps, refusal, reference, handed);
            await audit.Write(sql, actor, "mail.tested", new("setting", "mail", "E-mail"), after: refusal is null ? $"{settings.Server} took it for {letter.To}" : $"{settings.Server}: {refusal.Facts.Code}", reference: reference);
        });
        return new(steps, refusal, reference, handed, ports, messageId);
    }

    /// <summary>Asks each other port whether a mail server answers there, all at once.</summary>
    internal async Task<IReadOnlyList<OpenPort>> TryOtherPorts(MailSettings settings, CancellationToken stop)
    {
        var found = await Task.WhenAll(OtherPorts.Where(p => p != settings.Port).Select(p => Ask(settings.Host, p, stop)));
        return [.. found.OfType<OpenPort>()];
    }

    private static async Task<OpenPort?> Ask(string host, int port, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(PortPatience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, limit.Token);
            var first = new byte[3];
            try
            {
                // Who waits for TLS says nothing first.
                return await client.GetStream().ReadAtLeastAsync(first, 3, throwOnEndOfStream: false, limit.Token) == 3 && Encoding.ASCII.GetString(first) == "220" ? new(port, Security.StartTls) : null;
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                return new(port, Security.Tls);
            }
        }
        catch (Exception e) when (e is SocketException or IOException || e is OperationCanceledException && !stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<Letter> Letter(Address to, string id)
    {
        var texts = Texts.In("en");
        var written = await paper.Write(Body(texts, configuration.AppUrl.Authority, clock.GetUtcNow()), texts);
        return new()
        {
            To = to.Text,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = Kind,
            Cause = "test:" + id,
            About = new("setting", "mail"),
        };
    }

    private const string Kind = "test";

    internal static LetterTemplate Template { get; } = new(Kind, "Test mail", "Sent from the Email page, to see whether mail arrives.",
        (t, origin) => Body(t, new Uri(origin).Authority, DateTimeOffset.FromUnixTimeSeconds(1_767_225_600)));

    private static LetterBody Body(Texts t, string host, DateTimeOffset at) => new()
    {
        Subject = t["Test mail from {0}", host],
        Lead = [t["This is a test mail from {0}, sent {1}.", host, at.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)]],
        After = [t["If you read this, mail from this server arrives. Look whether it lay among the unwanted mail, and paste its headers on the Email page to see what your provider made of it."]],
    };
}
