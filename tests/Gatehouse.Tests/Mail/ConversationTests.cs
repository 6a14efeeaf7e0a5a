using System.Security.Cryptography.X509Certificates;
using Gatehouse.Mail;
using Gatehouse.Mail.Mime;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;

namespace Gatehouse.Tests.Mail;

/// <summary>Every way in which a mail server can fail has a code of its own.</summary>
public sealed class ConversationTests : IDisposable
{
    private readonly TestAuthority authority = new();
    private static readonly Patience Short = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    public void Dispose() => authority.Dispose();

    private ScriptedSmtp Server() => new() { Certificate = authority.Issue(["localhost"]) };

    private SmtpTarget Target(int port, string security = Security.StartTls, string user = "", string secret = "", string method = AuthMethods.Auto) => new()
    {
        Host = "localhost",
        Port = port,
        Security = security,
        User = user,
        Secret = secret,
        Method = method,
        OwnName = "id.example.com",
        Authorities = authority.Roots,
        Patience = Short,
    };

    private static Address A(string text) => Address.TryParse(text, out var address) ? address : throw new ArgumentException(text);

    private static async Task<(Refusal? Refusal, Handed? Handed, IReadOnlyList<SmtpStep> Steps, string Transcript)> Talk(SmtpTarget target, string subject = "Hi", string text = "Hello", string to = "ada@example.com")
    {
        await using var conversation = new SmtpConversation(target);
        if (await conversation.Open(TestContext.Current.CancellationToken) is { } closed) return (closed, null, conversation.Steps, conversation.TranscriptJson);
        var letter = OutboxTests.Letter("talk") with { Subject = subject, Text = text };
        var message = MimeMessage.Build(letter, A("noreply@example.com"), "Gatehouse", A(to), "1@id.example.com", DateTimeOffset.UnixEpoch);
        var outcome = await conversation.Send(A("noreply@example.com"), A(to), message, () => Task.FromResult(true), TestContext.Current.CancellationToken);
        return outcome.Passed(out var handed, out var refusal) ? (null, handed, conversation.Steps, conversation.TranscriptJson) : (refusal, null, conversation.Steps, conversation.TranscriptJson);
    }

    [Theory]
    [InlineData(AuthMethods.Auto, false)]
    [InlineData(AuthMethods.Plain, false)]
    [InlineData(AuthMethods.Login, true)]
    [InlineData(AuthMethods.XOAuth2, true)]
    public async Task C085_each_step_is_timed_and_the_transcript_holds_no_secret(string method, bool atOnce)
    {
        await using var server = Server();
        server.Implicit = atOnce;
        server.Account = ("gatehouse", "pässword-4711");
        var (refusal, handed, steps, transcript) = await Talk(Target(server.Port, atOnce ? Security.Tls : Security.StartTls, "gatehouse", "pässword-4711", method));
        Assert.Null(refusal);
        Assert.Equal("Q000001", handed!.QueueId);
        Assert.Equal(atOnce ? ["resolve", "connect", "tls", "greeting", "ehlo", "auth", "mail", "rcpt", "data", "handover"]
            : ["resolve", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "auth", "mail", "rcpt", "data", "handover"], steps.Select(s => s.Name));
        Assert.All(steps, s => Assert.True(s.Passed && s.Milliseconds >= 0));
        Assert.Contains(steps.Single(s => s.Name == "tls").Lines, l => l.Contains("CN=localhost", StringComparison.Ordinal));
        Assert.DoesNotContain("4711", transcript, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String("pässword-4711"u8), transcript, StringComparison.Ordinal);
        Assert.DoesNotContain("Hello", transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_echoes_the_password_does_not_get_it_into_the_transcript()
    {
        await using var server = Server();
        server.Account = ("gatehouse", "right");
        var (refusal, _, _, transcript) = await Talk(Target(server.Port, user: "gatehouse", secret: "wrong-4711"));
        Assert.Equal("mail.auth_refused", refusal!.Facts.Code);
        Assert.DoesNotContain("4711", transcript + refusal.Evidence, StringComparison.Ordinal);
        Assert.Contains("(hidden)", refusal.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    // E12: down, 4xx, 5xx, hangs, drops; C082, C083: sender refused and the providers' own words.
    [InlineData("GREETING", "554 5.7.1 no service", "mail.greeting_refused")]
    [InlineData("GREETING", "421 4.3.2 too busy", "mail.deferred")]
    [InlineData("GREETING", "HTTP/1.1 400 Bad Request", "mail.not_smtp")]
    [InlineData("GREETING", null, "mail.hangs")]
    [InlineData("GREETING", "", "mail.connection_dropped")]
    [InlineData("EHLO", "550 5.7.1 go away", "mail.ehlo_refused")]
    [InlineData("EHLO", null, "mail.hangs")]
    [InlineData("STARTTLS", "454 4.7.0 TLS not available", "mail.starttls_refused")]
    [InlineData("AUTH", "535 5.7.8 no", "mail.auth_refused")]
    [InlineData("AUTH", "454 4.7.0 temporary", "mail.deferred")]
    [InlineData("AUTH", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant", "mail.microsoft_smtp_auth")]
    [InlineData("AUTH", "534 5.7.9 Application-specific password required", "mail.gmail_app_password")]
    [InlineData("AUTH", "525 5.7.1 Unauthorized IP address", "mail.client_address_refused")]
    [InlineData("AUTH", null, "mail.hangs")]
    [InlineData("MAIL", "550 5.7.1 sender not allowed", "mail.from_rejected")]
    [InlineData("MAIL", "553 5.7.1 sender address rejected: not owned by user", "mail.from_rejected")]
    [InlineData("MAIL", "554 5.7.1 no", "mail.from_rejected")]
    [InlineData("MAIL", "530 5.7.0 Authentication required", "mail.auth_required")]
    [InlineData("MAIL", "451 4.3.0 later", "mail.deferred")]
    [InlineData("MAIL", "552 5.3.4 too big", "mail.too_large")]
    [InlineData("MAIL", "", "mail.connection_dropped")]
    [InlineData("RCPT", "450 4.7.1 greylisted", "mail.deferred")]
    [InlineData("RCPT", "550 5.1.1 no such user", "mail.recipient_refused")]
    [InlineData("RCPT", "553 5.1.8 sender address rejected", "mail.from_rejected")]
    [InlineData("RCPT", null, "mail.hangs")]
    [InlineData("DATA", "554 no valid recipients", "mail.refused")]
    [InlineData(".", "554 5.7.1 spam", "mail.content_refused")]
    [InlineData(".", "451 4.3.0 later", "mail.deferred")]
    [InlineData(".", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: noreply@example.com", "mail.ses_not_verified")]
    [InlineData(".", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: ada@example.com", "mail.ses_sandbox")]
    [InlineData(".", "554 5.2.252 SendAsDenied; x not allowed to send as noreply@example.com", "mail.microsoft_send_as")]
    [InlineData("RCPT", "421 Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized recipients", "mail.mailgun_sandbox")]
    [InlineData("MAIL", "550 Sending has been rejected because the sender you used is not valid. Validate your sender or authenticate your domain", "mail.brevo_sender")]
    [InlineData("MAIL", "550 5.4.5 Daily user sending limit exceeded", "mail.sending_limit")]
    [InlineData(".", null, "mail.dropped_after_data")]
    [InlineData(".", "", "mail.dropped_after_data")]
    public async Task C083_E12_each_fault_has_its_own_code_and_shows_the_servers_own_words(string verb, string? reply, string code)
    {
        await using var server = Server();
        server.Replies[verb] = reply;
        var (refusal, _, steps, _) = await Talk(Target(server.Port, user: "gatehouse", secret: "x"));
        Assert.Equal(code, refusal!.Facts.Code);
        if (reply is { Length: > 0 } && reply[0] != 'H') Assert.Contains(reply, refusal.Evidence, StringComparison.Ordinal);
        Assert.Equal(code, Assert.Single(steps, s => !s.Passed).Code);
        Assert.False(steps[^1].Passed);
        Assert.Contains(refusal.Remedies, r => r is OpenPage { Path: MailPaths.Settings });
    }

    [Fact]
    public async Task E12_a_certificate_for_another_name_is_refused_and_both_names_are_shown()
    {
        await using var server = Server();
        server.Certificate = authority.Issue(["mail.example.net"]);
        var refusal = Assert.IsType<CertificateNameDiffers>((await Talk(Target(server.Port))).Refusal);
        Assert.Contains("mail.example.net", refusal.Evidence, StringComparison.Ordinal);
        Assert.Contains("localhost", refusal.Evidence, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Said, l => l.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_of_another_authority_or_out_of_date_is_refused_by_name()
    {
        await using var server = Server();
        using var other = new TestAuthority("Somebody");
        server.Certificate = other.Issue(["localhost"]);
        Assert.Equal("mail.certificate_untrusted", (await Talk(Target(server.Port))).Refusal!.Facts.Code);
        server.Certificate = authority.Issue(["localhost"], DateTimeOffset.UtcNow.AddDays(-90), DateTimeOffset.UtcNow.AddDays(-1));
        Assert.Equal("mail.certificate_expired", (await Talk(Target(server.Port))).Refusal!.Facts.Code);
        server.Certificate = authority.Issue(["localhost"]);
        Assert.Equal("mail.certificate_untrusted", (await Talk(Target(server.Port) with { Authorities = null })).Refusal!.Facts.Code);
    }

    [Fact]
    public async Task E16_bytes_after_the_answer_to_starttls_drop_the_connection()
    {
        await using var server = Server();
        server.Injected = "250 2.1.0 injected\r\n";
        var (refusal, _, _, _) = await Talk(Target(server.Port, user: "gatehouse", secret: "x"));
        Assert.Equal("mail.starttls_injected", refusal!.Facts.Code);
        Assert.Equal(["EHLO id.example.com", "STARTTLS"], server.Said.Take(2));
        Assert.DoesNotContain(server.Said, l => l.StartsWith("AUTH", StringComparison.Ordinal) || l.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stripped_starttls_sends_nothing()
    {
        await using var server = Server();
        server.Before = ["AUTH PLAIN LOGIN", "8BITMIME"];
        Assert.Equal("mail.starttls_missing", (await Talk(Target(server.Port, user: "gatehouse", secret: "x"))).Refusal!.Facts.Code);
        Assert.DoesNotContain(server.Said, l => l.StartsWith("AUTH", StringComparison.Ordinal) || l.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_never_goes_over_a_connection_without_tls()
    {
        await using var server = Server();
        server.Before = ["AUTH PLAIN"];
        Assert.Equal("mail.auth_needs_tls", (await Talk(Target(server.Port, Security.None, "gatehouse", "x"))).Refusal!.Facts.Code);
        Assert.DoesNotContain(server.Said, l => l.StartsWith("AUTH", StringComparison.Ordinal));
        Assert.Null((await Talk(Target(server.Port, Security.None))).Refusal);
        Assert.Equal("mail.clear_text", (await Talk(Target(25, Security.None) with { Host = "192.0.2.7" })).Refusal!.Facts.Code);
    }

    [Fact]
    public async Task TLS_on_a_port_without_it_and_the_other_way_round_are_named()
    {
        await using var server = Server();
        Assert.Equal("mail.tls_unexpected", (await Talk(Target(server.Port, Security.Tls))).Refusal!.Facts.Code);
        server.Implicit = true;
        Assert.Equal("mail.hangs", (await Talk(Target(server.Port))).Refusal!.Facts.Code);
        Assert.Equal("mail.tls_expected", new SmtpFailureReader(Target(465)).TimedOut("greeting", TimeSpan.FromSeconds(1)).Facts.Code);
    }

    [Fact]
    public async Task C086_a_refusal_and_a_silence_are_told_apart()
    {
        Assert.Equal("mail.connection_refused", (await Talk(Target(Parts.LoopbackPort.Free()))).Refusal!.Facts.Code);
        using var full = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        full.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        full.Listen(0);
        // A full backlog drops further connections silently, as a firewall does.
        var port = ((System.Net.IPEndPoint)full.LocalEndPoint!).Port;
        var fill = new List<System.Net.Sockets.TcpClient>();
        for (var i = 0; i < 4; i++)
        {
            var client = new System.Net.Sockets.TcpClient();
            fill.Add(client);
            _ = client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken).AsTask();
        }
        Assert.Equal("mail.timeout", (await Talk(Target(port) with { Host = "127.0.0.1" })).Refusal!.Facts.Code);
        fill.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_told_from_a_resolver_that_fails() =>
        Assert.Contains((await Talk(Target(25) with { Host = "no-such-host.invalid" })).Refusal!.Facts.Code, new[] { "mail.host_unknown", "mail.resolver_failed" });

    [Fact]
    public async Task E17_dots_are_stuffed_and_no_bare_line_break_leaves()
    {
        await using var server = Server();
        var (refusal, _, _, _) = await Talk(Target(server.Port), "Sub\r\nBcc: eve@example.com\r\n\r\nject", ".\r\n..\n.x\rQUIT\n\r\n.\r\nend");
        Assert.Null(refusal);
        var message = Assert.Single(server.Messages);
        Assert.Equal("", message.Header("Bcc"));
        Assert.Equal("Sub  Bcc: eve@example.com    ject", message.Header("Subject"));
        Assert.Contains("\r\n.\r\n..\r\n.x\r\nQUIT\r\n\r\n.\r\nend\r\n", message.Data, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_break_in_a_command_is_a_bug_not_a_second_command()
    {
        foreach (var to in new[] { "ada@example.com>\r\nRCPT TO:<eve@example.com", "ada@exa\nmple.com", "ada\u0000@example.com", "ada @example.com", "ada@example.com\u2028" })
            Assert.False(Address.TryParse(to, out _), to);
        Assert.True(Address.TryParse("o'neil+x@bücher.example", out var idn));
        Assert.Equal("o'neil+x@xn--bcher-kva.example", idn.Text);
    }
}
