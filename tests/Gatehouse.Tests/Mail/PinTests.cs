using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>Settings of the pages that the environment holds fast.</summary>
public sealed class PinTests(PostgresCluster postgres) : IDisposable
{
    private readonly TestAuthority authority = new();

    public void Dispose() => authority.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_SMTP_variables_say_is_used_shown_locked_and_cannot_be_changed_on_the_page(bool onPostgres)
    {
        await using var server = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]), Account = ("gatehouse", "s3cret-4711") };
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null,
            ("SMTP_HOST", "localhost"), ("SMTP_PORT", $"{server.Port}"), ("SMTP_USER", "gatehouse"), ("SMTP_PASSWORD", "s3cret-4711"), ("SMTP_FROM", "noreply@example.com"), ("SMTP_CA", authority.Pem));
        using var admin = await Somebody.With(instance, Role.Admin);
        var page = (await admin.Get(MailPaths.Settings)).Body;
        foreach (var name in new[] { "SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "SMTP_PASSWORD", "SMTP_FROM", "SMTP_CA" })
            Assert.Contains($"Set by {name} in the server&#x27;s environment", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Set by SMTP_FROM_NAME", page, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", page, StringComparison.Ordinal);
        Assert.Matches("id=\"host\"[^>]* readonly", page);
        Assert.Matches("id=\"security\"[^>]* disabled", page);

        // What somebody posts all the same leaves it alone; the free field is saved.
        var saved = await admin.Post(MailPaths.Settings, ("version", "1"), ("host", "evil.example"), ("port", "25"), ("security", "none"), ("user", "mallory"), ("password", "other"), ("method", "auto"),
            ("from", "mallory@evil.example"), ("from_name", "Example Inc"), ("authorities", ""));
        Assert.Equal(HttpStatusCode.SeeOther, saved.Status);
        var stored = await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'mail'"));
        Assert.DoesNotContain("evil", stored, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", stored, StringComparison.Ordinal);
        Assert.Contains("Example Inc", stored, StringComparison.Ordinal);
        await admin.Get(MailPaths.Settings);
        Assert.Contains("The mail server took the test mail", (await admin.Post(MailPaths.Settings + "/test", ("version", "2"), ("host", "evil.example"), ("port", "25"), ("security", "none"), ("from", "a@evil.example"), ("test_to", "ada@example.com"))).Body, StringComparison.Ordinal);
        Assert.Single(server.Messages);

        // A start that finds everything as it is changes nothing; the doctor names what is held, without its value.
        var before = await instance.Database.Read(sql => sql.One<long>("select count(*) from audit"));
        await instance.Restart();
        Assert.Equal(before, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where actor <> 'nobody'")));
        var doctor = (await admin.Get("/admin/doctor")).Body;
        Assert.Contains("Held fast by the environment: SMTP_CA, SMTP_FROM, SMTP_HOST, SMTP_PASSWORD", doctor, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", doctor, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SMTP_PORT", "twenty", "SMTP_PORT cannot be used")]
    [InlineData("SMTP_FROM", "a@b@c", "SMTP_FROM cannot be used")]
    [InlineData("SMTP_SECURITY", "ssl3", "SMTP_SECURITY cannot be used")]
    [InlineData("SMTP_CA", "nonsense", "SMTP_CA cannot be used")]
    [InlineData("LDAP_URL", "http://dc1.example.com", "LDAP_URL cannot be used")]
    [InlineData("LDAP_USER_FILTER", "(uid=*", "LDAP_USER_FILTER cannot be used")]
    [InlineData("LDAP_ENABLED", "maybe", "neither true nor false")]
    [InlineData("SMTP_PASSWORD", "x", "SMTP_HOST is not set")]
    [InlineData("LDAP_BIND_PASSWORD", "x", "LDAP_URL is not set")]
    [InlineData("SMTP_HOSTT", "x", "Did you mean SMTP_HOST?")]
    public async Task What_cannot_be_used_stops_the_start_by_name(string variable, string value, string says)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-pin-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            environment[variable] = value;
            using var output = new StringWriter();
            using var error = new StringWriter();
            Assert.Equal(2, await Commands.Run([], environment, output, error));
            Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_cannot_be_used_is_told_all_at_once_whichever_room_it_belongs_to()
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-pin-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            foreach (var (variable, value) in new[] { ("SMTP_HOST", "mail.example.com"), ("SMTP_PORT", "twenty"), ("SMTP_FROM", "a@b@c"), ("LDAP_URL", "http://dc1.example.com"), ("LDAP_USER_FILTER", "(uid=*") }) environment[variable] = value;
            using var error = new StringWriter();
            Assert.Equal(2, await Commands.Run([], environment, TextWriter.Null, error));
            var told = error.ToString();
            Assert.Contains("4 environment variables cannot be used", told, StringComparison.Ordinal);
            foreach (var name in new[] { "SMTP_PORT", "SMTP_FROM", "LDAP_URL", "LDAP_USER_FILTER" }) Assert.Contains($"\n  {name} cannot be used: ", told, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_LDAP_variables_say_is_locked_on_the_page_and_its_password_goes_nowhere_else()
    {
        await using var instance = await TestInstance.Start(null, ("LDAP_URL", "ldaps://dc1.example.com ldaps://dc2.example.com"), ("LDAP_BIND_DN", "cn=reader,dc=example,dc=com"),
            ("LDAP_BIND_PASSWORD", "canary-4711"), ("LDAP_BASE_DN", "ou=people,dc=example,dc=com;ou=guests,dc=example,dc=com"));
        using var admin = await Somebody.With(instance, Role.Admin);
        var page = (await admin.Get("/admin/settings/ldap")).Body;
        foreach (var name in new[] { "LDAP_URL", "LDAP_BIND_DN", "LDAP_BIND_PASSWORD", "LDAP_BASE_DN", "LDAP_CA" }) Assert.Contains($"Set by {name} in", page, StringComparison.Ordinal);
        Assert.Contains("ldaps://dc2.example.com", page, StringComparison.Ordinal);
        Assert.Contains("ou=guests,dc=example,dc=com", page, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", page, StringComparison.Ordinal);
        var fields = new List<(string, string)>
        {
            ("version", "1"), ("preset", "openldap"), ("urls", "ldaps://evil.example"), ("ca", ""), ("bind_dn", "cn=evil,dc=example,dc=com"), ("bind_password", "other"), ("user_bases", "dc=evil"), ("scope", "sub"),
            ("user_filter", "(uid=*)"), ("group_bases", ""), ("group_filter", ""), ("map_id", "entryUUID"), ("map_user_name", "uid"), ("map_email", "mail"), ("map_display_name", "cn"), ("admin_group", ""),
            ("gone", "disable"), ("interval", "60"), ("brake", "20"), ("password_tries", "4"), ("page_size", "500"),
        };
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post("/admin/settings/ldap", [.. fields])).Status);
        var stored = await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'ldap'"));
        Assert.DoesNotContain("evil", stored, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", stored, StringComparison.Ordinal);
        Assert.Contains("(uid=*)", stored, StringComparison.Ordinal);
    }
}
