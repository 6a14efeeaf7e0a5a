using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail.Smtp;

/// <summary>Turns what a mail server said, or failed to say, into the refusal with the cure for exactly that.</summary>
internal sealed class SmtpFailureReader(SmtpTarget target)
{
    private string Server => target.Server;

    public Refusal TimedOut(string step, TimeSpan limit)
    {
        var seconds = (long)limit.TotalSeconds;
        return step switch
        {
            "resolve" => new ResolverFailed(Server, $"no answer for {seconds} seconds"),
            "connect" => new ConnectTimedOut(Server, (long)target.Patience.Connect.TotalSeconds),
            "greeting" when target is { Port: 465, Security: not Security.Tls } => new TlsExpected(Server),
            "handover" => new DroppedAfterData(Server, string.Create(CultureInfo.InvariantCulture, $"said nothing for {seconds} seconds")),
            _ => new StepHangs(Server, step, seconds),
        };
    }

    public Refusal Broke(string step, Exception e) => e switch
    {
        ReplyFault fault => new SpeaksNoSmtp(Server, step, fault.Began),
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new ConnectRefused(Server),
        SocketException { SocketErrorCode: SocketError.TimedOut } when step == "connect" => new ConnectTimedOut(Server, (long)target.Patience.Connect.TotalSeconds),
        SocketException socket when step == "connect" => new NetworkUnreachable(Server, socket.SocketErrorCode.ToString()),
        _ when step == "handover" => new DroppedAfterData(Server, "closed the connection"),
        _ => new ConnectionDropped(Server, step),
    };

    /// <param name="began">The first bytes that came where TLS should have begun.</param>
    public Refusal Tls(Exception e, SeenCertificate seen, string began)
    {
        if (began.Length >= 3 && began[..3].All(char.IsAsciiDigit)) return new TlsUnexpected(Server, Printable.Cap(began, 16));
        if (seen.Shown && seen.Errors != SslPolicyErrors.None)
        {
            const X509ChainStatusFlags time = X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotTimeNested;
            var chain = seen.Errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
            // The name first: a wrong server often has a wrong authority as well.
            if (seen.Errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return new CertificateNameDiffers(Server, target.Host, seen.Names);
            if (chain && (seen.Chain & ~time) == X509ChainStatusFlags.NoError && (seen.Chain & time) != 0)
                return new CertificateOutOfDate(Server, seen.Subject, Day(seen.From), Day(seen.Until));
            return new CertificateUntrusted(Server, seen.Subject, seen.Issuer, seen.Chain.ToString());
        }
        if (e is AuthenticationException) return new TlsFailed(Server, Printable.Cap(e.GetBaseException().Message, 200));
        return began.Length == 0 ? new ConnectionDropped(Server, "tls") : new TlsFailed(Server, $"it began with {began.Length} bytes that are no TLS");
    }

    public Refusal Auth(SmtpReply reply, string method)
    {
        var text = reply.Text;
        if (Says(text, "5.7.139") || Says(text, "SmtpClientAuthentication is disabled")) return new SmtpAuthDisabled(Server, target.User, text);
        if (Says(text, "Unauthorized IP")) return new ClientAddressRefused(Server, text);
        if (reply.IsTransient) return new ServerDeferred(Server, "auth", text);
        if (method == "XOAUTH2") return new AccessTokenRefused(Server, target.User, text);
        if (Providers.Of(target.Host)?.Name == "Gmail" || Says(text, "Application-specific password") || Says(text, "5.7.8 https://support.google.com")) return new AppPasswordNeeded(Server, target.User, text);
        return reply.Code is >= 500 and < 600 ? new AuthRefused(Server, target.User, text) : new SpeaksNoSmtp(Server, "auth", text);
    }

    /// <summary>A refused MAIL, RCPT, DATA or end of message.</summary>
    public Refusal Reply(string step, SmtpReply reply, Address from, Address to)
    {
        var text = reply.Text;
        if (reply.Code is 530 || reply.Enhanced is "5.7.57" || Says(text, "authentication required")) return new AuthRequired(Server, step, text);
        if (Says(text, "Unauthorized IP")) return new ClientAddressRefused(Server, text);
        if (Says(text, "SendAsDenied") || reply.Enhanced is "5.7.60") return new SendAsDenied(Server, from.Text, text);
        if (Says(text, "Sandbox subdomains") || Says(text, "sandbox") && Says(text, "authorized recipients")) return new MailgunSandbox(Server, to.Text, text);
        if (Says(text, "address is not verified") || Says(text, "not verified") && Providers.Of(target.Host)?.Name == "Amazon SES")
            return Says(text, to.Text) && !Says(text, from.Text) ? new SesSandbox(Server, to.Text, text) : new SesNotVerified(Server, from.Text, text);
        if (Says(text, "the sender you used") || Says(text, "Validate your sender")) return new BrevoSenderUnknown(Server, from.Text, text);
        if (reply.Enhanced is "5.4.5" or "4.7.28" || Says(text, "sending limit") || Says(text, "sending quota") || Says(text, "message quota exceeded") || Says(text, "Maximum sending rate") || Says(text, "rate exceeded"))
            return new SendingLimit(Server, text);
        if (reply.IsTransient) return new ServerDeferred(Server, step, text);
        if (reply.Code is 552 || reply.Enhanced is "5.3.4") return new MessageTooLarge(Server, text);
        if (step == "mail" && (reply.Code is 550 or 551 or 553 or 554 || reply.Enhanced.StartsWith("5.1", StringComparison.Ordinal) || reply.Enhanced.StartsWith("5.7", StringComparison.Ordinal))) return new FromRejected(Server, from.Text, step, text);
        if (BlamesSender(reply, from)) return new FromRejected(Server, from.Text, step, text);
        if (step == "rcpt") return new RecipientRefused(Server, to.Text, text);
        return step == "handover" ? new ContentRefused(Server, step, text) : new OtherRefused(Server, step, text);
    }

    /// <summary>Many servers take MAIL FROM and turn the sender down only at RCPT or after DATA.</summary>
    private static bool BlamesSender(SmtpReply reply, Address from) =>
        reply.Code is 550 or 551 or 553 or 554
        && (reply.Enhanced is "5.1.7" or "5.1.8" or "5.7.26" || Says(reply.Text, "sender address") || Says(reply.Text, "sender rejected") || Says(reply.Text, "not owned by user")
            || Says(reply.Text, "not allowed to send") || Says(reply.Text, "from address") || Says(reply.Text, "sender verify") || Says(reply.Text, from.Text) && Says(reply.Text, "sender"));

    /// <summary>A server that echoes a secret does not get it into the transcript.</summary>
    public SmtpReply Scrubbed(SmtpReply reply)
    {
        if (target.Secret.Length == 0) return reply;
        string[] forms =
        [
            target.Secret,
            Convert.ToBase64String(Encoding.UTF8.GetBytes(target.Secret)),
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{target.User}\0{target.Secret}")),
        ];
        return reply with { Lines = [.. reply.Lines.Select(l => forms.Aggregate(l, (line, form) => line.Replace(form, "(hidden)", StringComparison.OrdinalIgnoreCase)))] };
    }

    private static bool Says(string text, string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static string Day(DateTimeOffset at) => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
