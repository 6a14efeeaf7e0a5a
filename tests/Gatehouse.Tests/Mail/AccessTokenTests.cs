using System.Collections.Concurrent;
using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Mail;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Mail;

/// <summary>XOAUTH2 with access tokens that the server fetches by itself.</summary>
public class AccessTokenTests(PostgresCluster postgres)
{
    /// <summary>A token endpoint that says what it is told to.</summary>
    private sealed class Endpoint : IAsyncDisposable
    {
        private WebApplication app = null!;
        public ConcurrentQueue<IFormCollection> Asked { get; } = new();
        public Func<(int Status, string Body)> Says { get; set; } = () => (200, """{"access_token":"at-1","expires_in":3600,"token_type":"Bearer"}""");
        public string Url { get; } = $"http://localhost:{LoopbackPort.Free()}/token";

        public static async Task<Endpoint> Start()
        {
            var endpoint = new Endpoint();
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls(new Uri(endpoint.Url).GetLeftPart(UriPartial.Authority));
            endpoint.app = builder.Build();
            endpoint.app.MapPost("/token", async (HttpContext http) =>
            {
                endpoint.Asked.Enqueue(await http.Request.ReadFormAsync());
                var (status, body) = endpoint.Says();
                http.Response.StatusCode = status;
                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(body);
            });
            await endpoint.app.StartAsync();
            return endpoint;
        }

        public async ValueTask DisposeAsync() => await app.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refresh_token_brings_access_tokens_is_exchanged_and_each_failure_is_told_by_name(bool onPostgres)
    {
        using var authority = new TestAuthority();
        await using var server = new ScriptedSmtp { Certificate = authority.Issue(["localhost"]), Account = ("noreply@example.com", "at-1") };
        await using var endpoint = await Endpoint.Start();
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var admin = await Somebody.With(instance, Role.Admin);
        Task<Page> Post(string what, string version, params (string Name, string Value)[] changed) => admin.Post(MailPaths.Settings + what, [.. new Dictionary<string, string>(
            new Dictionary<string, string>
            {
                ["version"] = version, ["host"] = "localhost", ["port"] = $"{server.Port}", ["security"] = "starttls", ["user"] = "noreply@example.com", ["method"] = "xoauth2", ["from"] = "noreply@example.com",
                ["authorities"] = authority.Pem, ["token_url"] = endpoint.Url, ["token_client"] = "client-7", ["token_scope"] = "smtp.send", ["test_to"] = "ada@example.com",
            }.Where(f => changed.All(c => c.Name != f.Key))).Select(f => (f.Key, f.Value)), .. changed]);
        await admin.Get(MailPaths.Settings);
        Assert.Equal(HttpStatusCode.SeeOther, (await Post("", "0", ("password", "rt-1-canary"), ("token_secret", "cs-canary"))).Status);
        Assert.DoesNotContain("canary", await instance.Database.Read(sql => sql.One<string>("select value from settings where name = 'mail'")), StringComparison.Ordinal);

        // Fetched once, used while it lives, fetched again after.
        var sender = instance.Services.GetRequiredService<MailSender>();
        async Task<string> Send(int n)
        {
            var id = await instance.Database.Write(sql => instance.Services.GetRequiredService<Outbox>().Queue(sql, OutboxTests.Letter($"x{n}")));
            await sender.Run();
            return (await instance.Database.Read(sql => Outbox.Find(sql, id)))!.State;
        }
        Assert.Equal(MailStates.Accepted, await Send(1));
        Assert.Equal(MailStates.Accepted, await Send(2));
        var asked = Assert.Single(endpoint.Asked);
        Assert.Equal(("refresh_token", "rt-1-canary", "client-7", "cs-canary", "smtp.send"), (asked["grant_type"].ToString(), asked["refresh_token"].ToString(), asked["client_id"].ToString(), asked["client_secret"].ToString(), asked["scope"].ToString()));
        endpoint.Says = () => (200, """{"access_token":"at-2","expires_in":3600,"refresh_token":"rt-2-canary"}""");
        server.Account = ("noreply@example.com", "at-2");
        instance.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(MailStates.Accepted, await Send(3));
        endpoint.Says = () => (200, """{"access_token":"at-2","expires_in":3600}""");
        instance.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(MailStates.Accepted, await Send(4));
        Assert.Equal("rt-2-canary", endpoint.Asked.Last()["refresh_token"].ToString());
        Assert.Equal("cs-canary", endpoint.Asked.Last()["client_secret"].ToString());

        // Each failure has its own code; nothing of a secret is shown.
        foreach (var (status, body, code) in new[]
        {
            (400, """{"error":"invalid_grant","error_description":"rt-2-canary revoked"}""", "mail.refresh_token_refused"), (401, """{"error":"invalid_client"}""", "mail.token_client_refused"),
            (500, "{}", "mail.token_endpoint_failed"), (200, "{}", "mail.token_endpoint_failed"), (200, "no json", "mail.token_endpoint_failed"), (302, "{}", "mail.token_endpoint_failed"),
        })
        {
            endpoint.Says = () => (status, body);
            instance.Clock.Advance(TimeSpan.FromHours(2));
            await admin.Get(MailPaths.Settings);
            var page = await Post("/test", "1", ("password", ""));
            // Two hours are long enough for the confirmation to grow old as well; these are written anew.
            if (page.Status == HttpStatusCode.Forbidden)
            {
                using var again = await Somebody.With(instance, Role.Admin);
                foreach (var (name, value) in again.Cookies) admin.Cookies[name] = value;
                await admin.Get(MailPaths.Settings);
                page = await Post("/test", "1", ("password", ""));
            }
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.DoesNotContain("canary", page.Body, StringComparison.Ordinal);
            await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
            Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from problems where code = @code", new { code })));
        }

        // Another token endpoint never gets the stored refresh token (D15).
        var elsewhere = await Post("/test", "1", ("password", ""), ("token_url", "https://evil.example/token"));
        Assert.Equal(HttpStatusCode.BadRequest, elsewhere.Status);
        Assert.Contains("id=\"password-error\"", elsewhere.Body, StringComparison.Ordinal);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where before like '%canary%' or after like '%canary%'")));
    }
}
