using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Mail;
using Gatehouse.Mail.Dns;
using Gatehouse.Mail.Mime;
using Gatehouse.Refusals;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>What receivers will see, against a real name server, on the page and in the doctor.</summary>
public sealed class DeliverabilityTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private TestInstance instance = null!;
    private ScriptedSmtp smtp = null!;

    public async ValueTask InitializeAsync()
    {
        instance = await TestInstance.Start();
        smtp = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]) };
        instance.Services.GetRequiredService<LookAtMail>().Patience = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public async ValueTask DisposeAsync()
    {
        await instance.DisposeAsync();
        await smtp.DisposeAsync();
        authority.Dispose();
    }

    private static readonly string[] Good =
    [
        "mx-host=gatehouse.dev,mail.gatehouse.dev,10", "address=/mail.gatehouse.dev/203.0.113.7", "ptr-record=7.113.0.203.in-addr.arpa,mail.gatehouse.dev",
        "txt-record=gatehouse.dev,\"v=spf1 mx -all\"", "txt-record=_dmarc.gatehouse.dev,\"v=DMARC1; p=quarantine\"",
    ];

    private static async Task<IReadOnlyList<Finding>> Look(string[] records, MailSettings settings, (string, string)? ours = null, string appUrl = "https://id.gatehouse.dev")
    {
        await using var names = await NameServer.Start(records);
        var (configuration, _) = Gatehouse.Configuration.ReadConfiguration.From(new Dictionary<string, string> { ["APP_URL"] = appUrl });
        return await new Deliverability(names.Resolver, configuration!).Look(settings, ours, TestContext.Current.CancellationToken);
    }

    private static MailSettings From(string from, string host = "mail.gatehouse.dev") => new() { Host = host, From = from };

    private static void Has(IReadOnlyList<Finding> findings, string id, string? code) => Assert.Equal(code, findings.Single(f => f.Id == id).Refusal?.Facts.Code);

    [Fact]
    public async Task C134_the_from_domain_exists_and_is_nobodys_example()
    {
        Has(await Look(Good, From("noreply@gatehouse.dev")), "mail.from_domain", null);
        Has(await Look(Good, From("noreply@gatehose.dev")), "mail.from_domain", "mail.from_domain_missing");
        foreach (var placeholder in new[] { "example.com", "mail.example.org", "localhost", "box.local", "yourdomain.com", "x.invalid" }) Has(await Look([], From("noreply@" + placeholder)), "mail.from_domain", "mail.from_placeholder");
    }

    [Fact]
    public async Task C135_SPF_DKIM_DMARC_and_the_reverse_name_are_judged_and_alignment_is_explained()
    {
        var key = DkimKey.Generate("gatehouse.dev", "gh", DkimKey.Ed25519);
        var ours = ("gh._domainkey.gatehouse.dev", key.Record);
        var all = await Look([.. Good, $"txt-record=gh._domainkey.gatehouse.dev,\"{key.Record}\""], From("noreply@gatehouse.dev"), ours);
        Assert.All(all, f => Assert.Equal(FindingStatus.Pass, f.Status));
        Assert.Contains("aligned", all.Single(f => f.Id == "mail.dkim").Sentence, StringComparison.Ordinal);

        Has(await Look([.. Good, $"txt-record=gh._domainkey.gatehouse.dev,\"{DkimKey.Generate("gatehouse.dev", "gh", DkimKey.Ed25519).Record}\""], From("noreply@gatehouse.dev"), ours), "mail.dkim", "mail.dkim_differs");
        var missing = await Look(Good, From("noreply@gatehouse.dev"), ours);
        Has(missing, "mail.dkim", "mail.dkim_missing");
        Has(await Look(Good, From("noreply@gatehouse.dev")), "mail.dkim", "mail.dkim_unknown");
        var seen = From("noreply@gatehouse.dev") with { SeenDkimSelector = "s1", SeenDkimDomain = "mailer.dev" };
        Has(await Look(Good, seen), "mail.dkim", "mail.dkim_gone");
        Has(await Look([.. Good, "txt-record=s1._domainkey.mailer.dev,\"v=DKIM1; p=AAAA\""], seen), "mail.dkim", "mail.dkim_unaligned");
        Has(await Look([.. Good, "txt-record=s1._domainkey.mail.gatehouse.dev,\"k=rsa; p=AAAA\""], seen with { SeenDkimDomain = "mail.gatehouse.dev" }), "mail.dkim", null);
        Has(await Look(Good[..3], From("noreply@gatehouse.dev")), "mail.dmarc", "mail.dmarc_missing");
        Has(await Look([.. Good[..3], "txt-record=_dmarc.gatehouse.dev,\"v=DMARC1; p=maybe\""], From("noreply@gatehouse.dev")), "mail.dmarc", "mail.dmarc_broken");
        Has(await Look([.. Good, "mx-host=news.gatehouse.dev,mail.gatehouse.dev,10"], From("a@news.gatehouse.dev")), "mail.dmarc", null);
        Has(await Look([.. Good[..2], .. Good[3..]], From("noreply@gatehouse.dev")), "mail.ptr", "mail.ptr_missing");
        Has(await Look([.. Good[..2], "ptr-record=7.113.0.203.in-addr.arpa,other.gatehouse.dev"], From("noreply@gatehouse.dev")), "mail.ptr", "mail.ptr_differs");
        Has(await Look(Good, From("noreply@gatehouse.dev"), appUrl: "https://id.other.dev"), "mail.link_host", "mail.link_host");
        Has(await Look([.. Good, "txt-record=gatehouse.dev,\"v=spf1 -all\""], From("noreply@gatehouse.dev")), "mail.spf", "mail.spf_broken");
    }

    [Theory]
    [InlineData("mail.gatehouse.dev", null, "v=spf1 ip4:203.0.113.7 ~all")]
    [InlineData("mail.gatehouse.dev", "v=spf1 include:_spf.other.dev -all", "v=spf1 include:_spf.other.dev ip4:203.0.113.7 -all")]
    [InlineData("smtp.gmail.com", "v=spf1 mx ~all", "v=spf1 mx include:_spf.google.com ~all")]
    [InlineData("smtp-relay.brevo.com", null, "v=spf1 include:spf.brevo.com ~all")]
    public async Task C136_the_record_to_publish_is_shown_ready_to_copy_with_the_providers_own_include(string host, string? record, string expected)
    {
        var findings = await Look([.. Good[..3], "txt-record=_spf.other.dev,\"v=spf1 ip4:192.0.2.1 -all\"", .. record is null ? Array.Empty<string>() : [$"txt-record=gatehouse.dev,\"{record}\""]], From("noreply@gatehouse.dev", host));
        var publish = Assert.IsAssignableFrom<IRecordToPublish>(findings.Single(f => f.Id == "mail.spf").Refusal);
        Assert.Equal(("gatehouse.dev", expected), (publish.RecordName, publish.RecordValue));
    }

    [Fact]
    public async Task C137_block_lists_are_asked_only_when_an_admin_named_some()
    {
        string[] listed = [.. Good, "host-record=7.113.0.203.bl.test.dev,127.0.0.2"];
        Has(await Look(listed, From("noreply@gatehouse.dev")), "mail.block_lists", null);
        Has(await Look(listed, From("noreply@gatehouse.dev") with { BlockLists = ["bl.test.dev"] }), "mail.block_lists", "mail.block_listed");
        Has(await Look(Good, From("noreply@gatehouse.dev") with { BlockLists = ["bl.test.dev"] }), "mail.block_lists", null);
        Assert.Equal("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2", Deliverability.Reverse(IPAddress.Parse("2001:db8::7")));
    }

    [Fact]
    public async Task C131_C133_the_page_and_the_doctor_show_what_was_found_and_the_doctor_foretells_the_failure()
    {
        await using var names = await NameServer.Start(Good);
        var look = instance.Services.GetRequiredService<LookAtMail>();
        look.Resolver = names.Resolver;
        await SenderTests.Set(instance, new() { Host = "localhost", Port = smtp.Port, From = "noreply@gatehouse.dev", Authorities = authority.Pem });
        smtp.Replies["MAIL"] = "553 5.7.1 sender address rejected";
        using var admin = await Somebody.With(instance, Role.Admin);
        await admin.Get(MailPaths.Settings);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post(MailPaths.Settings + "/look")).Status);
        var page = await admin.Get(MailPaths.Settings);
        foreach (var said in new[] { "Deliverability", "SPF", "DMARC", "Reverse name", "553 5.7.1 sender address rejected", "/help/mail.from_rejected" }) Assert.Contains(said, page.Body, StringComparison.Ordinal);
        Assert.Empty(smtp.Messages);
        var doctor = await instance.Console("doctor");
        Assert.Contains("mail.conversation", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("553 5.7.1 sender address rejected", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("mail.dmarc", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task C135_the_selector_is_read_from_the_headers_of_a_test_mail()
    {
        await using var names = await NameServer.Start([.. Good, "txt-record=s1._domainkey.gatehouse.dev,\"v=DKIM1; k=rsa; p=AAAA\""]);
        instance.Services.GetRequiredService<LookAtMail>().Resolver = names.Resolver;
        await SenderTests.Set(instance, new() { Host = "localhost", Port = smtp.Port, From = "noreply@gatehouse.dev", Authorities = authority.Pem });
        using var admin = await Somebody.With(instance, Role.Admin);
        await admin.Get(MailPaths.Settings);
        var page = await admin.Post(MailPaths.Settings + "/headers", ("version", "1"), ("headers",
            "Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@gatehouse.dev header.s=s1;\r\n spf=softfail smtp.mailfrom=x; dmarc=pass\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=gatehouse.dev; s=s1; h=From:To; bh=x; b=y\r\n"));
        Assert.Contains("Signed for gatehouse.dev with selector s1.", page.Body, StringComparison.Ordinal);
        Assert.Contains("SPF softfail, DKIM pass, DMARC pass", page.Body, StringComparison.Ordinal);
        Assert.Contains("its key is published at s1._domainkey.gatehouse.dev", page.Body, StringComparison.Ordinal);
        Assert.Contains("neither a signature", (await admin.Post(MailPaths.Settings + "/headers", ("version", "2"), ("headers", "<script>alert(1)</script>"))).Body, StringComparison.Ordinal);
    }

    [Fact]
    public void C132_a_mail_has_both_parts_proper_headers_and_no_list_headers()
    {
        Assert.True(Address.TryParse("noreply@gatehouse.dev", out var from));
        var text = System.Text.Encoding.ASCII.GetString(MimeMessage.Build(OutboxTests.Letter("c132"), from, "Gatehouse", from, "1@id.gatehouse.dev", DateTimeOffset.UnixEpoch));
        foreach (var header in new[] { "From:", "To:", "Subject:", "Date: Thu, 01 Jan 1970 00:00:00 +0000", "Message-ID: <1@id.gatehouse.dev>", "MIME-Version: 1.0", "Auto-Submitted: auto-generated" }) Assert.Contains(header, text, StringComparison.Ordinal);
        Assert.DoesNotContain("List-", text, StringComparison.Ordinal);
        Assert.True(text.IndexOf("text/plain", StringComparison.Ordinal) < text.IndexOf("text/html", StringComparison.Ordinal));
    }
}
