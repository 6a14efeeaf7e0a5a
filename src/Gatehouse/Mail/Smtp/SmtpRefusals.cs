using Gatehouse.Refusals;

namespace Gatehouse.Mail.Smtp;

/// <summary>What goes wrong between Gatehouse and a mail server.</summary>
/// <param name="Server">Host and port: "smtp.example.com:587".</param>
public abstract record SmtpRefusal<TSelf>(string Server) : Refusal<TSelf> where TSelf : SmtpRefusal<TSelf>, IRefusal<TSelf>
{
    public override string Target => Server;
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the e-mail settings", MailPaths.Settings)];

    /// <summary>Whoever waits for the mail learns only that it is late; the rest is for admins.</summary>
    protected static RefusalEntry Make(string code, string title, string fix) =>
        new(code, title, Public: "The mail could not be sent.", Fix: fix, Audience: Audience.AfterProof, Causer: Causer.Operator);
}

public sealed record HostUnknown(string Server) : SmtpRefusal<HostUnknown>(Server), IRefusal<HostUnknown>
{
    public static RefusalEntry Entry { get; } = Make("mail.host_unknown", "Mail server's name does not exist",
        "Correct the host name; copy it from your provider's page.");
    public static HostUnknown Example => new("smtp.example.com:587");
    public override string Evidence => $"The name of the mail server {Server} does not exist in DNS.";
}

public sealed record ResolverFailed(string Server, string Detail) : SmtpRefusal<ResolverFailed>(Server), IRefusal<ResolverFailed>
{
    public static RefusalEntry Entry { get; } = Make("mail.resolver_failed", "Name resolution failed",
        "Check /etc/resolv.conf and the network of this machine; the name itself may be right.");
    public static ResolverFailed Example => new("smtp.example.com:587", "TryAgain");
    public override string Evidence => $"This machine's resolver gave no answer about {Server} ({Detail}).";
}

public sealed record ConnectTimedOut(string Server, long Seconds) : SmtpRefusal<ConnectTimedOut>(Server), IRefusal<ConnectTimedOut>
{
    public static RefusalEntry Entry { get; } = Make("mail.timeout", "Mail server does not answer",
        "Let a firewall pass outgoing connections to this host and port; many hosts block 25 and 587, then try 465 or 2525.");
    public static ConnectTimedOut Example => new("smtp.example.com:587", 8);
    public override string Evidence => $"{Server} gave no answer within {Seconds} seconds: a firewall swallows the connection, or the address is wrong.";
}

public sealed record PortBlocked(string Server, string Fault, string[] Open) : SmtpRefusal<PortBlocked>(Server), IRefusal<PortBlocked>
{
    public static RefusalEntry Entry { get; } = Make("mail.port_blocked", "Port is blocked, another one answers",
        "Use the port that answers: 465 with TLS, 587 or 2525 with STARTTLS.");
    public static PortBlocked Example => new("smtp.example.com:587", "no answer", ["465 (TLS)"]);
    public override string Evidence => $"{Server}: {Fault}. But the same host answers on {List(Open)}.";
}

public sealed record ConnectRefused(string Server) : SmtpRefusal<ConnectRefused>(Server), IRefusal<ConnectRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.connection_refused", "Nothing listens on the mail server's port",
        "Correct the port, or start the mail server.");
    public static ConnectRefused Example => new("smtp.example.com:587");
    public override string Evidence => $"{Server} refused the connection: the machine answers, but nothing listens on that port.";
}

public sealed record NetworkUnreachable(string Server, string Detail) : SmtpRefusal<NetworkUnreachable>(Server), IRefusal<NetworkUnreachable>
{
    public static RefusalEntry Entry { get; } = Make("mail.network_unreachable", "No way to the mail server",
        "Check the network of this machine or container; where IPv6 does not work, use a host name that has an IPv4 address.");
    public static NetworkUnreachable Example => new("smtp.example.com:587", "NetworkUnreachable");
    public override string Evidence => $"There is no route to {Server} ({Detail}).";
}

public sealed record ClearBeyondLoopback(string Server, string Address) : SmtpRefusal<ClearBeyondLoopback>(Server), IRefusal<ClearBeyondLoopback>
{
    public static RefusalEntry Entry { get; } = Make("mail.clear_text", "Mail without TLS beyond this machine",
        "Choose STARTTLS or TLS.");
    public static ClearBeyondLoopback Example => new("smtp.example.com:587", "192.0.2.7");
    public override string Evidence => $"{Server} is {Address}, not this machine; without TLS everybody on the way could read the links in the mails.";
}

public sealed record TlsExpected(string Server) : SmtpRefusal<TlsExpected>(Server), IRefusal<TlsExpected>
{
    public static RefusalEntry Entry { get; } = Make("mail.tls_expected", "Server waits for TLS",
        "Choose TLS instead of STARTTLS for port 465.");
    public static TlsExpected Example => new("smtp.example.com:587");
    public override string Evidence => $"{Server} said nothing: on port 465 the server waits for TLS to begin.";
}

public sealed record TlsUnexpected(string Server, string Began) : SmtpRefusal<TlsUnexpected>(Server), IRefusal<TlsUnexpected>
{
    public static RefusalEntry Entry { get; } = Make("mail.tls_unexpected", "Server begins without TLS",
        "Choose STARTTLS instead of TLS for this port (587, 2525 and 25 usually), or port 465 with TLS.");
    public static TlsUnexpected Example => new("smtp.example.com:587", "220 mail.exampl");
    public override string Evidence => $"{Server} began in the clear with '{Began}' where TLS was expected.";
}

public sealed record SpeaksNoSmtp(string Server, string Step, string Began) : SmtpRefusal<SpeaksNoSmtp>(Server), IRefusal<SpeaksNoSmtp>
{
    public static RefusalEntry Entry { get; } = Make("mail.not_smtp", "No SMTP reply",
        "Check host and port: something else than a mail server answers there, or a device in between changes what is said.");
    public static SpeaksNoSmtp Example => new("smtp.example.com:587", "greeting", "HTTP/1.1 400 Bad Request");
    public override string Evidence => $"{Server} answered at {Step} with something that is no SMTP reply, beginning '{Began}'.";
}

public sealed record GreetingRefused(string Server, string Reply) : SmtpRefusal<GreetingRefused>(Server), IRefusal<GreetingRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.greeting_refused", "Server turns this machine away",
        "The mail server does not want connections from this machine's address: ask its operator, or send through the provider's submission port 587.");
    public static GreetingRefused Example => new("smtp.example.com:587", "554 5.7.1 no service for you");
    public override string Evidence => $"{Server} greeted with: {Reply}";
}

public sealed record EhloRefused(string Server, string Reply) : SmtpRefusal<EhloRefused>(Server), IRefusal<EhloRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.ehlo_refused", "Server refuses our name",
        "The mail server does not accept the host of APP_URL as a greeting name: make that name exist in DNS, or ask the server's operator.");
    public static EhloRefused Example => new("smtp.example.com:587", "550 5.7.1 invalid name");
    public override string Evidence => $"{Server} answered EHLO with: {Reply}";
}

public sealed record StartTlsMissing(string Server) : SmtpRefusal<StartTlsMissing>(Server), IRefusal<StartTlsMissing>
{
    public static RefusalEntry Entry { get; } = Make("mail.starttls_missing", "Server offers no STARTTLS",
        "Use port 465 with TLS; if the server is yours, give it a certificate.");
    public static StartTlsMissing Example => new("smtp.example.com:587");
    public override string Evidence => $"{Server} does not offer STARTTLS, so nothing was sent. A device in between may strip the offer to read along.";
}

public sealed record StartTlsRefused(string Server, string Reply) : SmtpRefusal<StartTlsRefused>(Server), IRefusal<StartTlsRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.starttls_refused", "STARTTLS refused",
        "Use port 465 with TLS, or mend the certificate of the mail server.");
    public static StartTlsRefused Example => new("smtp.example.com:587", "454 4.7.0 TLS not available");
    public override string Evidence => $"{Server} offers STARTTLS and then refused it: {Reply}";
}

public sealed record StartTlsInjected(string Server, long Bytes) : SmtpRefusal<StartTlsInjected>(Server), IRefusal<StartTlsInjected>
{
    public static RefusalEntry Entry { get; } = Make("mail.starttls_injected", "Bytes before TLS",
        "Look for a device between this machine and the mail server; if the server is yours, update it (CVE-2011-0411). Port 465 with TLS does not have this step.");
    public static StartTlsInjected Example => new("smtp.example.com:587", 25);
    public override string Evidence => $"{Server} sent {Bytes} bytes more than its answer to STARTTLS: somebody in between may have put them there. The connection was dropped.";
}

public sealed record TlsFailed(string Server, string Detail) : SmtpRefusal<TlsFailed>(Server), IRefusal<TlsFailed>
{
    public static RefusalEntry Entry { get; } = Make("mail.tls_failed", "TLS failed",
        "The mail server must offer TLS 1.2 or newer with a current cipher.");
    public static TlsFailed Example => new("smtp.example.com:587", "handshake_failure");
    public override string Evidence => $"{Server} and Gatehouse found no common TLS: {Detail}.";
}

public sealed record CertificateNameDiffers(string Server, string Host, string[] Names) : SmtpRefusal<CertificateNameDiffers>(Server), IRefusal<CertificateNameDiffers>
{
    public static RefusalEntry Entry { get; } = Make("mail.certificate_name", "Certificate is for another name",
        "Enter the host name that stands in the certificate, or give the server a certificate for its name.");
    public static CertificateNameDiffers Example => new("smtp.example.com:587", "smtp.example.com", ["mail.example.net"]);
    public override string Evidence => $"{Server} showed a certificate for {List(Names)}, not for {Host}.";
}

public sealed record CertificateUntrusted(string Server, string Subject, string Issuer, string Status) : SmtpRefusal<CertificateUntrusted>(Server), IRefusal<CertificateUntrusted>
{
    public static RefusalEntry Entry { get; } = Make("mail.certificate_untrusted", "Certificate of an unknown authority",
        "If the authority is your own, paste its certificate on the Email page; otherwise the server needs a certificate from a public one.");
    public static CertificateUntrusted Example => new("smtp.example.com:587", "CN=smtp.example.com", "CN=Home CA", "PartialChain");
    public override string Evidence => $"{Server} showed a certificate of {Subject}, issued by {Issuer}, which is not trusted ({Status}).";
}

public sealed record CertificateOutOfDate(string Server, string Subject, string From, string Until) : SmtpRefusal<CertificateOutOfDate>(Server), IRefusal<CertificateOutOfDate>
{
    public static RefusalEntry Entry { get; } = Make("mail.certificate_expired", "Certificate out of date",
        "Renew the certificate of the mail server; if it is valid today, set the clock of this machine.");
    public static CertificateOutOfDate Example => new("smtp.example.com:587", "CN=smtp.example.com", "2025-01-01", "2025-04-01");
    public override string Evidence => $"{Server} showed a certificate of {Subject} that is valid from {From} until {Until}.";
}

public sealed record AuthNotOffered(string Server, string Method, string[] Offered) : SmtpRefusal<AuthNotOffered>(Server), IRefusal<AuthNotOffered>
{
    public static RefusalEntry Entry { get; } = Make("mail.auth_not_offered", "Sign-in method not offered",
        "Choose another sign-in method, or leave the user name empty when the server lets this machine send without one.");
    public static AuthNotOffered Example => new("smtp.example.com:587", "PLAIN", ["CRAM-MD5"]);
    public override string Evidence => $"{Server} does not offer AUTH {Method}; it offers {List(Offered)}.";
}

public sealed record AuthNeedsTls(string Server) : SmtpRefusal<AuthNeedsTls>(Server), IRefusal<AuthNeedsTls>
{
    public static RefusalEntry Entry { get; } = Make("mail.auth_needs_tls", "Password without TLS",
        "Choose STARTTLS or TLS, or leave the user name empty.");
    public static AuthNeedsTls Example => new("smtp.example.com:587");
    public override string Evidence => $"A user name is set for {Server}, but the connection has no TLS, so the password was not sent.";
}

public sealed record AuthRequired(string Server, string Step, string Reply) : SmtpRefusal<AuthRequired>(Server), IRefusal<AuthRequired>
{
    public static RefusalEntry Entry { get; } = Make("mail.auth_required", "Server wants a user name",
        "Enter user name and password for the mail server.");
    public static AuthRequired Example => new("smtp.example.com:587", "mail", "530 5.7.0 Authentication required");
    public override string Evidence => $"{Server} answered at {Step}: {Reply}";
}

public sealed record AuthRefused(string Server, string User, string Reply) : SmtpRefusal<AuthRefused>(Server), IRefusal<AuthRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.auth_refused", "User name or password refused",
        "Enter the user name and password that the mail server knows; providers often want an API key or an app password here.");
    public static AuthRefused Example => new("smtp.example.com:587", "gatehouse", "535 5.7.8 authentication failed");
    public override string Evidence => $"{Server} refused user {User}: {Reply}";
}

public sealed record AppPasswordNeeded(string Server, string User, string Reply) : SmtpRefusal<AppPasswordNeeded>(Server), IRefusal<AppPasswordNeeded>
{
    public static RefusalEntry Entry { get; } = Make("mail.gmail_app_password", "Google wants an app password",
        "Google takes no account password here: switch on 2-Step Verification and make an app password at myaccount.google.com/apppasswords, or use the SMTP relay of Google Workspace.");
    public static AppPasswordNeeded Example => new("smtp.example.com:587", "ada@gmail.com", "534 5.7.9 Application-specific password required");
    public override string Evidence => $"{Server} refused user {User}: {Reply}";
}

public sealed record SmtpAuthDisabled(string Server, string User, string Reply) : SmtpRefusal<SmtpAuthDisabled>(Server), IRefusal<SmtpAuthDisabled>
{
    public static RefusalEntry Entry { get; } = Make("mail.microsoft_smtp_auth", "SMTP sign-in is switched off at Microsoft 365",
        "In the Microsoft 365 admin centre switch on Authenticated SMTP for this mailbox (Mail > Manage email apps); security defaults may forbid it for the whole tenant, then use XOAUTH2 or another provider.");
    public static SmtpAuthDisabled Example => new("smtp.example.com:587", "ada@example.com", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant");
    public override string Evidence => $"{Server} refused user {User}: {Reply}";
}

public sealed record AccessTokenRefused(string Server, string User, string Reply) : SmtpRefusal<AccessTokenRefused>(Server), IRefusal<AccessTokenRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.oauth_token_refused", "Access token refused",
        "Access tokens live about an hour: enter a fresh one with the scope for sending mail, or use a password.");
    public static AccessTokenRefused Example => new("smtp.example.com:587", "ada@example.com", "535 5.7.3 Authentication unsuccessful");
    public override string Evidence => $"{Server} refused the access token of {User}: {Reply}";
}

public sealed record ClientAddressRefused(string Server, string Reply) : SmtpRefusal<ClientAddressRefused>(Server), IRefusal<ClientAddressRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.client_address_refused", "Provider does not know this machine's address",
        "Add this machine's public address to the provider's list of authorised addresses (Brevo: Security > Authorised IPs), or switch that list off there.");
    public static ClientAddressRefused Example => new("smtp.example.com:587", "525 5.7.1 Unauthorized IP address");
    public override string Evidence => $"{Server} answered: {Reply}";
}

public sealed record FromRejected(string Server, string From, string Step, string Reply) : SmtpRefusal<FromRejected>(Server), IRefusal<FromRejected>
{
    public static RefusalEntry Entry { get; } = Make("mail.from_rejected", "Sender refused",
        "Use an address as From that this mail account may send for (often the user name itself), or verify the domain with your provider.");
    public static FromRejected Example => new("smtp.example.com:587", "noreply@example.com", "mail", "553 5.7.1 sender address rejected: not owned by user");
    public override string Evidence => $"{Server} refused the sender {From} at {Step}: {Reply}";
}

public sealed record SesNotVerified(string Server, string From, string Reply) : SmtpRefusal<SesNotVerified>(Server), IRefusal<SesNotVerified>
{
    public static RefusalEntry Entry { get; } = Make("mail.ses_not_verified", "Amazon SES has not verified the sender",
        "In the Amazon SES console of this region open Verified identities, verify the From address or its domain, and wait until it says Verified; identities of another region do not count.");
    public static SesNotVerified Example => new("smtp.example.com:587", "noreply@example.com", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: noreply@example.com");
    public override string Evidence => $"{Server} refused {From}: {Reply}";
}

public sealed record SesSandbox(string Server, string To, string Reply) : SmtpRefusal<SesSandbox>(Server), IRefusal<SesSandbox>
{
    public static RefusalEntry Entry { get; } = Make("mail.ses_sandbox", "Amazon SES is in its sandbox",
        "The sender is fine, but the SES account is in the sandbox and mails only to verified recipients: open Account dashboard > Request production access, or verify this recipient.");
    public static SesSandbox Example => new("smtp.example.com:587", "ada@example.com", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: ada@example.com");
    public override string Evidence => $"{Server} refused the recipient {To}: {Reply}";
}

public sealed record SendAsDenied(string Server, string From, string Reply) : SmtpRefusal<SendAsDenied>(Server), IRefusal<SendAsDenied>
{
    public static RefusalEntry Entry { get; } = Make("mail.microsoft_send_as", "Microsoft 365 does not let this user send as From",
        "Use the mailbox's own address as From, or give the user Send As permission on the From mailbox in the Exchange admin centre.");
    public static SendAsDenied Example => new("smtp.example.com:587", "noreply@example.com", "554 5.2.252 SendAsDenied; ada@example.com not allowed to send as noreply@example.com");
    public override string Evidence => $"{Server} refused {From}: {Reply}";
}

public sealed record MailgunSandbox(string Server, string To, string Reply) : SmtpRefusal<MailgunSandbox>(Server), IRefusal<MailgunSandbox>
{
    public static RefusalEntry Entry { get; } = Make("mail.mailgun_sandbox", "Mailgun sandbox domain",
        "A Mailgun sandbox domain mails only to authorised recipients: add your own domain in Mailgun and use its SMTP user, or authorise this recipient.");
    public static MailgunSandbox Example => new("smtp.example.com:587", "ada@example.com", "421 Sandbox subdomains are for test purposes only. Please add your own domain");
    public override string Evidence => $"{Server} refused the recipient {To}: {Reply}";
}

public sealed record BrevoSenderUnknown(string Server, string From, string Reply) : SmtpRefusal<BrevoSenderUnknown>(Server), IRefusal<BrevoSenderUnknown>
{
    public static RefusalEntry Entry { get; } = Make("mail.brevo_sender", "Brevo does not know the sender",
        "In Brevo open Senders, Domains & Dedicated IPs, add the From address as sender or authenticate its domain.");
    public static BrevoSenderUnknown Example => new("smtp.example.com:587", "noreply@example.com", "550 Sending has been rejected because the sender you used is not valid. Validate your sender or authenticate your domain");
    public override string Evidence => $"{Server} refused {From}: {Reply}";
}

public sealed record SendingLimit(string Server, string Reply) : SmtpRefusal<SendingLimit>(Server), IRefusal<SendingLimit>
{
    public static RefusalEntry Entry { get; } = Make("mail.sending_limit", "Provider's sending limit is reached",
        "Wait until the provider's limit is over (mails are kept and tried again), or raise it with the provider.");
    public static SendingLimit Example => new("smtp.example.com:587", "550 5.4.5 Daily user sending limit exceeded");
    public override string Evidence => $"{Server} answered: {Reply}";
}

public sealed record RecipientRefused(string Server, string To, string Reply) : SmtpRefusal<RecipientRefused>(Server), IRefusal<RecipientRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.recipient_refused", "Recipient refused",
        "Correct the address; the server says that it takes no mail for it.");
    public static RecipientRefused Example => new("smtp.example.com:587", "ada@example.com", "550 5.1.1 no such user");
    public override string Evidence => $"{Server} refused the recipient {To}: {Reply}";
}

public sealed record MessageTooLarge(string Server, string Reply) : SmtpRefusal<MessageTooLarge>(Server), IRefusal<MessageTooLarge>
{
    public static RefusalEntry Entry { get; } = Make("mail.too_large", "Message too large",
        "Shorten the texts of the mail or raise the server's limit.");
    public static MessageTooLarge Example => new("smtp.example.com:587", "552 5.3.4 message size exceeds limit");
    public override string Evidence => $"{Server} answered: {Reply}";
}

public sealed record ContentRefused(string Server, string Step, string Reply) : SmtpRefusal<ContentRefused>(Server), IRefusal<ContentRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.content_refused", "Message refused",
        "The server's filter took the message for unwanted: look at Deliverability on the Email page (SPF, DKIM, DMARC), and at the words of the reply.");
    public static ContentRefused Example => new("smtp.example.com:587", "handover", "554 5.7.1 message rejected as spam");
    public override string Evidence => $"{Server} refused the message at {Step}: {Reply}";
}

public sealed record ServerDeferred(string Server, string Step, string Reply) : SmtpRefusal<ServerDeferred>(Server), IRefusal<ServerDeferred>
{
    public static RefusalEntry Entry { get; } = Make("mail.deferred", "Server asks to try later",
        "Nothing to do at first: it is tried again by itself. When it stays so, the words of the reply say why.");
    public static ServerDeferred Example => new("smtp.example.com:587", "rcpt", "451 4.7.1 greylisted, try again later");
    public override string Evidence => $"{Server} answered at {Step}: {Reply}";
}

public sealed record OtherRefused(string Server, string Step, string Reply) : SmtpRefusal<OtherRefused>(Server), IRefusal<OtherRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.refused", "Server refused",
        "The words of the reply are the mail server's own; its log says more.");
    public static OtherRefused Example => new("smtp.example.com:587", "data", "554 no valid recipients");
    public override string Evidence => $"{Server} answered at {Step}: {Reply}";
}

public sealed record StepHangs(string Server, string Step, long Seconds) : SmtpRefusal<StepHangs>(Server), IRefusal<StepHangs>
{
    public static RefusalEntry Entry { get; } = Make("mail.hangs", "Mail server hangs",
        "The connection stands, but the server does not answer: look at its load and log. Mails are kept and tried again.");
    public static StepHangs Example => new("smtp.example.com:587", "ehlo", 60);
    public override string Evidence => $"{Server} said nothing for {Seconds} seconds at {Step}.";
}

public sealed record ConnectionDropped(string Server, string Step) : SmtpRefusal<ConnectionDropped>(Server), IRefusal<ConnectionDropped>
{
    public static RefusalEntry Entry { get; } = Make("mail.connection_dropped", "Connection dropped",
        "Look at the mail server's log; a firewall that cuts connections shows like this too. Mails are kept and tried again.");
    public static ConnectionDropped Example => new("smtp.example.com:587", "mail");
    public override string Evidence => $"{Server} closed the connection at {Step}.";
}

public sealed record DroppedAfterData(string Server, string Fault) : SmtpRefusal<DroppedAfterData>(Server), IRefusal<DroppedAfterData>
{
    public static RefusalEntry Entry { get; } = Make("mail.dropped_after_data", "Connection lost after handing over",
        "Search the mail server's log for the Message-ID; a server that takes mail and does not say so makes duplicates.");
    public static DroppedAfterData Example => new("smtp.example.com:587", "closed the connection");
    public override string Evidence => $"{Server} had the whole message and then {Fault}. It may have taken it; it is tried again under the same Message-ID.";
}
