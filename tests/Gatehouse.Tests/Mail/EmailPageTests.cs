using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Mail;
using Gatehouse.Mail.Smtp;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>Settings > Administration > Application Configuration > Email, through the front door.</summary>
public sealed class EmailPageTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private TestInstance instance = null!;
    private ScriptedSmtp server = null!;
    private TestBrowser admin = null!;

    public async ValueTask InitializeAsync()
    {
        instance = await TestInstance.Start();
        server = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]), Account = ("gatehouse", "s3cret-4711") };
        admin = await Somebody.With(instance, Role.Admin);
        var test = instance.Services.GetRequiredService<TestMail>();
        test.Patience = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        test.OtherPorts = [];
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await instance.DisposeAsync();
        await server.DisposeAsync();
        authority.Dispose();
    }

    private (string, string)[] Fields(params (string Name, string Value)[] changed)
    {
        var fields = new Dictionary<string, string>
        {
            ["version"] = "0",
            ["host"] = "localhost",
            ["port"] = server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["security"] = "starttls",
            ["user"] = "gatehouse",
            ["password"] = "s3cret-4711",
            ["method"] = "auto",
            ["from"] = "noreply@example.com",
            ["from_name"] = "Gatehouse",
            ["authorities"] = authority.Pem,
            ["test_to"] = "ada@example.com",
        };
        foreach (var (name, value) in changed) fields[name] = value;
        return [.. fields.Select(f => (f.Key, f.Value))];
    }

    private Task<Page> Post(string what, params (string Name, string Value)[] changed) => admin.Post(MailPaths.Settings + what, Fields(changed));

    [Fact]
    public async Task C080_C081_settings_survive_a_restart_and_the_password_is_never_shown()
    {
        Assert.Contains("Application Configuration: Email", (await admin.Get(MailPaths.Settings)).Body, StringComparison.Ordinal);
        var saved = await Post("");
        Assert.Equal((HttpStatusCode.SeeOther, MailPaths.Settings + "?done=saved"), (saved.Status, saved.Location));
        await instance.Restart();
        var page = await admin.Get(MailPaths.Settings);
        Assert.Contains("value=\"noreply@example.com\"", page.Body, StringComparison.Ordinal);
        Assert.Contains("A password is stored for this server", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'mail'")), StringComparison.Ordinal);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where before like '%4711%' or after like '%4711%'")));
        var console = await instance.Console("mail", "test", "ada@example.com");
        Assert.Equal(0, console.Code);
        Assert.Contains("queued as", console.Output, StringComparison.Ordinal);
        Assert.Contains("ada@example.com", (await instance.Console("mail", "log", "--to", "ada@")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task C081_C085_the_test_uses_the_values_on_screen_shows_the_dialogue_without_the_password_and_saves_nothing()
    {
        await admin.Get(MailPaths.Settings);
        var page = await Post("/test");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("The mail server took the test mail", page.Body, StringComparison.Ordinal);
        Assert.Contains("queued as Q000001", page.Body, StringComparison.Ordinal);
        Assert.Contains("They are not saved yet", page.Body, StringComparison.Ordinal);
        foreach (var step in new[] { "Find the server", "Connect", "Greeting", "Ask for TLS", "TLS and certificate", "Sign in to the mail server", "Name the sender", "Name the recipient" }) Assert.Contains(step, page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", page.Body, StringComparison.Ordinal);
        Assert.Single(server.Messages);
        Assert.DoesNotContain("value=\"localhost\"", (await admin.Get(MailPaths.Settings)).Body, StringComparison.Ordinal);

        // The typed password came along, sealed to this server: saving does not ask again, another server does.
        var held = System.Text.RegularExpressions.Regex.Match(page.Body, "name=\"held\" value=\"([^\"]+)\"").Groups[1].Value;
        var elsewhere = await Post("/test", ("password", ""), ("held", held), ("host", "127.0.0.1"));
        Assert.Equal(HttpStatusCode.BadRequest, elsewhere.Status);
        Assert.Contains("id=\"password-error\"", elsewhere.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await Post("", ("password", ""), ("held", held))).Status);
        Assert.Equal(0, (await instance.Console("mail", "test", "ada@example.com")).Code);
    }

    [Fact]
    public async Task Changing_the_encryption_key_keeps_the_mail_password_and_the_dkim_key()
    {
        await admin.Get(MailPaths.Settings);
        await Post("");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(MailPaths.Settings + "/dkim", ("version", "1"), ("selector", "gatehouse"), ("algorithm", "rsa-sha256"))).Status);
        var before = await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'mail'"));
        var record = (await admin.Get(MailPaths.Settings)).Body;
        var (code, told, _) = await instance.Console("encryption-key", "rotate");
        Assert.Equal(0, code);
        Assert.DoesNotContain("could be read by no key", told, StringComparison.Ordinal);
        var after = await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'mail'"));
        foreach (var name in new[] { "PasswordSeal", "DkimSeal" }) Assert.NotEqual(Seal(before!, name), Seal(after!, name));
        await instance.Restart();
        var test = instance.Services.GetRequiredService<TestMail>();
        test.Patience = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        await admin.Get(MailPaths.Settings);
        Assert.Contains("The mail server took the test mail", (await Post("/test", ("version", "2"), ("password", ""))).Body, StringComparison.Ordinal);
        Assert.Contains("DKIM-Signature", Assert.Single(server.Messages).Data, StringComparison.Ordinal);
        static string Published(string page) => System.Text.RegularExpressions.Regex.Match(page, "p=([A-Za-z0-9+/&#;=x]{100,})").Value;
        Assert.NotEmpty(Published(record));
        Assert.Equal(Published(record), Published((await admin.Get(MailPaths.Settings)).Body));

        static string Seal(string json, string name) => System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task D15_a_stored_password_is_not_used_for_another_server()
    {
        await admin.Get(MailPaths.Settings);
        await Post("");
        foreach (var (field, value) in new[] { ("host", "127.0.0.1"), ("port", "2525"), ("security", "tls"), ("user", "other"), ("authorities", "") })
            foreach (var what in new[] { "/test", "" })
            {
                var page = await Post(what, ("version", "1"), ("password", ""), (field, value));
                Assert.Equal(HttpStatusCode.BadRequest, page.Status);
                Assert.Contains("enter the password again", page.Body, StringComparison.Ordinal);
            }
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task C079_the_first_failing_step_is_red_and_leads_to_its_case()
    {
        await admin.Get(MailPaths.Settings);
        server.Replies["MAIL"] = "553 5.7.1 sender address rejected: not owned by user";
        var page = await Post("/test");
        Assert.Contains("Sender refused", page.Body, StringComparison.Ordinal);
        Assert.Contains("553 5.7.1 sender address rejected: not owned by user", page.Body, StringComparison.Ordinal);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(page.Body, "<li class=\"bad\">"));
        var reference = System.Text.RegularExpressions.Regex.Match(page.Body, "GH-[0-9A-Z]{4}-[0-9A-Z]{4}").Value;
        var found = await admin.Get("/admin/cases/" + reference);
        Assert.Contains("mail.from_rejected", found.Body, StringComparison.Ordinal);
        Assert.Contains(MailPaths.Settings, found.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task C086_a_closed_port_leads_to_trying_the_others_and_one_press_tests_them()
    {
        await using var tls = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]), Implicit = true };
        instance.Services.GetRequiredService<TestMail>().OtherPorts = [tls.Port, server.Port, LoopbackPort.Free()];
        await admin.Get(MailPaths.Settings);
        var closed = LoopbackPort.Free().ToString(System.Globalization.CultureInfo.InvariantCulture);
        var page = await Post("/test", ("port", closed), ("user", ""));
        Assert.Contains("Port is blocked, another one answers", page.Body, StringComparison.Ordinal);
        Assert.Contains($"value=\"{tls.Port}:tls\"", page.Body, StringComparison.Ordinal);
        Assert.Contains($"value=\"{server.Port}:starttls\"", page.Body, StringComparison.Ordinal);
        var other = await Post("/test", ("port", closed), ("user", ""), ("use", $"{tls.Port}:tls"));
        Assert.Contains("The mail server took the test mail", other.Body, StringComparison.Ordinal);
        Assert.Contains($"value=\"{tls.Port}\"", other.Body, StringComparison.Ordinal);
        Assert.Single(tls.Messages);
    }

    [Fact]
    public async Task C082_what_cannot_be_used_is_told_beside_its_field()
    {
        await admin.Get(MailPaths.Settings);
        foreach (var (field, value) in new[]
        {
            ("host", "smtp.example.com:587"),
            ("host", ""),
            ("host", "exa mple.com"),
            ("port", "0"),
            ("port", "x"),
            ("security", "ssl3"),
            ("from", "a@b@c.example"),
            ("from", "Ada <ada@example.com>"),
            ("from", "ada@example.com\r\nBcc: eve@example.com"),
            ("from_name", "Gate\r\nBcc: eve@example.com"),
            ("authorities", "no certificate"),
            ("test_to", "a@example.com,b@example.com"),
        })
        {
            var page = await Post("/test", (field, value));
            Assert.Equal(HttpStatusCode.BadRequest, page.Status);
            Assert.Contains($"id=\"{field}-error\"", page.Body, StringComparison.Ordinal);
        }
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task Two_admins_who_save_at_once_do_not_overwrite_each_other()
    {
        await admin.Get(MailPaths.Settings);
        Assert.Equal(HttpStatusCode.SeeOther, (await Post("")).Status);
        var late = await Post("", ("from", "other@example.com"));
        Assert.Equal(HttpStatusCode.Conflict, late.Status);
        Assert.Contains("Somebody else saved", late.Body, StringComparison.Ordinal);
        Assert.Contains("noreply@example.com", (await admin.Get(MailPaths.Settings)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dkim_key_is_made_shown_as_a_record_and_signs()
    {
        await admin.Get(MailPaths.Settings);
        await Post("");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(MailPaths.Settings + "/dkim", ("version", "1"), ("selector", "gh1"), ("algorithm", "rsa-sha256"))).Status);
        var page = await admin.Get(MailPaths.Settings);
        Assert.Contains("gh1._domainkey.example.com", page.Body, StringComparison.Ordinal);
        Assert.Contains("v=DKIM1; k=rsa; p=", page.Body, StringComparison.Ordinal);
        await Post("/test", ("version", "2"), ("password", ""));
        Assert.Contains("d=example.com; s=gh1;", Assert.Single(server.Messages).Header("DKIM-Signature"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(MailPaths.Settings + "/dkim/remove", ("version", "2"))).Status);
    }

    [Fact]
    public async Task C084_a_bounce_comes_back_by_webhook_or_pasted_and_shows_beside_the_user()
    {
        var sender = instance.Services.GetRequiredService<MailSender>();
        await SenderTests.Set(instance, new() { Host = "localhost", Port = server.Port, From = "noreply@example.com", Authorities = authority.Pem });
        var ids = new List<string>();
        for (var i = 0; i < 2; i++) ids.Add(await instance.Database.Write(sql => instance.Services.GetRequiredService<Outbox>().Queue(sql, OutboxTests.Letter($"b{i}"))));
        await sender.Run();
        var entries = (await instance.Database.Read(sql => Outbox.Of(sql, "user", "u1"))).OrderBy(e => e.Id).ToArray();
        Assert.All(entries, e => Assert.Equal(MailStates.Accepted, e.State));

        await admin.Get(MailPaths.Settings);
        var shown = (await admin.Post(MailPaths.Settings + "/bounces", ("version", "1"))).Body;
        var secret = System.Text.RegularExpressions.Regex.Match(shown, "Bearer ([A-Za-z0-9_-]{43})").Groups[1].Value;
        var json = $$"""{"message_id":"<{{entries[0].MessageId}}>","reason":"550 5.1.1 user unknown \u001b[31m"}""";
        Assert.Equal(HttpStatusCode.Unauthorized, (await Report(json, null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Report(json, "Bearer " + new string('x', 43))).Status);
        Assert.Equal(MailStates.Accepted, (await instance.Database.Read(sql => Outbox.Find(sql, entries[0].Id)))!.State);
        Assert.Equal(HttpStatusCode.NoContent, (await Report(json, "Bearer " + secret)).Status);
        var bounced = (await instance.Database.Read(sql => Outbox.Find(sql, entries[0].Id)))!;
        Assert.Equal((MailStates.Bounced, "550 5.1.1 user unknown \uFFFD[31m"), (bounced.State, bounced.Reply));
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        Assert.Contains("came back", (await instance.Console("why", bounced.Reference!)).Output, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await Report(json, "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("any:" + secret)))).Status);

        var dsn = $"Content-Type: multipart/report\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; ada@example.com\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 5.2.2\r\n mailbox full\r\n\r\nMessage-ID: <{entries[1].MessageId}>\r\nSubject: x\r\n";
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(MailPaths.Log + "/bounce", ("report", dsn))).Status);
        Assert.Equal("552 5.2.2 mailbox full", (await instance.Database.Read(sql => Outbox.Find(sql, entries[1].Id)))!.Reply);
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.Post(MailPaths.Log + "/bounce", ("report", dsn))).Status);
        var log = await admin.Get(MailPaths.Log + "?state=bounced");
        Assert.Contains("552 5.2.2 mailbox full", log.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await admin.Get($"{MailPaths.Log}/{ids[0]}")).Status);
    }

    private Task<Page> Report(string json, string? authorization)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, MailPaths.Bounces) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return admin.Send(request);
    }

    [Theory]
    [InlineData("""{"event-data":{"event":"failed","severity":"permanent","message":{"headers":{"message-id":"m1@x"}},"delivery-status":{"message":"no such user"}}}""", "no such user")]
    [InlineData("""{"event":"hard_bounce","message-id":"<m1@x>","reason":"no such user"}""", "no such user")]
    [InlineData("""{"detail-type":"Email Bounced","detail":{"eventType":"Bounce","mail":{"commonHeaders":{"messageId":"<m1@x>"}},"bounce":{"bouncedRecipients":[{"diagnosticCode":"no such user"}]}}}""", "no such user")]
    [InlineData("""{"detail":{"detail":{"detail":{"detail":{}}}}}""", null)]
    [InlineData("""{"event-data":{"event":"failed","severity":"temporary","message":{"headers":{"message-id":"m1@x"}}}}""", null)]
    [InlineData("""{"event":"delivered","message-id":"<m1@x>"}""", null)]
    [InlineData("""{"message_id":5}""", null)]
    [InlineData("""[1]""", null)]
    public void Reports_of_known_providers_are_read(string json, string? reason)
    {
        var report = BounceReport.FromJson(BounceReport.Parse(json)!.Value);
        Assert.Equal(reason, report?.Reason);
        if (report is not null) Assert.Equal("m1@x", report.MessageId);
    }
}
