using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Doctor;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>Whose address a request counts for, and requests that no browser would send.</summary>
public class AddressTests
{
    private static readonly IPNetwork[] Trusted = [IPNetwork.Parse("10.0.0.0/24"), IPNetwork.Parse("2001:db8:1::/64")];

    [Theory]
    [InlineData("203.0.113.9", "1.2.3.4", "203.0.113.9")]
    [InlineData("10.0.0.5", "1.2.3.4", "1.2.3.4")]
    [InlineData("::ffff:10.0.0.5", "1.2.3.4", "1.2.3.4")]
    [InlineData("2001:db8:1::7", "2001:db8:2::1", "2001:db8:2::1")]
    [InlineData("10.0.0.5", "6.6.6.6, 1.2.3.4", "1.2.3.4")]
    [InlineData("10.0.0.5", "6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4")]
    [InlineData("10.0.0.5", "1.2.3.4 , 10.0.0.7|10.0.0.8", "1.2.3.4")]
    [InlineData("10.0.0.5", "::ffff:1.2.3.4", "1.2.3.4")]
    [InlineData("10.0.0.5", "1.2.3.4:8080", "10.0.0.5")]
    [InlineData("10.0.0.5", "fe80::1%eth0", "10.0.0.5")]
    [InlineData("10.0.0.5", "127.1", "10.0.0.5")]
    [InlineData("10.0.0.5", "010.0.0.1", "10.0.0.5")]
    [InlineData("10.0.0.5", "unknown", "10.0.0.5")]
    [InlineData("10.0.0.5", "", "10.0.0.5")]
    [InlineData("10.0.0.5", "1.2.3.4,", "10.0.0.5")]
    [InlineData("10.0.0.5", "1.2.3.4, garbage, 10.0.0.7", "10.0.0.7")]
    [InlineData("10.0.0.5", "10.0.0.6, 10.0.0.7", "10.0.0.6")]
    public void CVE_2024_47070_CVE_2023_36456_I01_the_right_most_untrusted_hop_counts_and_garbage_ends_the_walk(string peer, string forwarded, string expected) =>
        Assert.Equal(expected, ClientAddress.Find(IPAddress.Parse(peer), forwarded.Split('|'), Trusted).ToString());

    [Fact]
    public void I01_ten_thousand_entries_are_walked_only_from_the_right()
    {
        var hops = string.Join(", ", Enumerable.Repeat("10.0.0.9", 10_000));
        Assert.Equal("10.0.0.9", ClientAddress.Find(IPAddress.Parse("10.0.0.5"), ["1.2.3.4, " + hops], Trusted).ToString());
    }

    [Fact]
    public async Task I01_C091_forged_headers_change_nothing_and_the_doctor_notices()
    {
        await using var instance = await TestInstance.Start();
        using var browser = instance.Browser();
        foreach (var value in new[] { "1.2.3.4", "a, b", ",,,,", "1.2.3.4:99999", new string('1', 9000), string.Join(',', Enumerable.Repeat("1.2.3.4", 3000)) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in");
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", value);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", "5.6.7.8");
            request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
            Assert.True((int)(await browser.Send(request)).Status < 500);
        }
        using var admin = await Somebody.With(instance, "viewer");
        var page = await admin.Get("/admin/doctor");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("is not in TRUSTED_PROXIES", page.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CVE_2026_110723_CVE_2025_64484_CVE_2026_34457_no_header_gives_a_stranger_a_fresh_limit_or_another_right()
    {
        await using var instance = await TestInstance.Start();
        using var stranger = instance.Browser();
        await stranger.Get("/sign-in");
        var rates = instance.Services.GetRequiredService<StrangerRates>();
        rates.Refill = 0;
        foreach (var loopback in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
            while (rates.Allow(ClientAddress.Block(loopback))) { }
        var names = new[] { "X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Forwarded", "X-Client-IP" };
        for (var i = 0; i < 20; i++)
            foreach (var name in names)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/passkeys/assertion/options") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
                request.Headers.Add("Sec-Fetch-Site", "same-origin");
                request.Headers.Add("Gatehouse-Form", stranger.Token);
                request.Headers.TryAddWithoutValidation(name, name == "Forwarded" ? $"for=198.51.100.{i}" : $"198.51.100.{i}");
                Assert.Equal(HttpStatusCode.TooManyRequests, (await stranger.Send(request)).Status);
            }
        foreach (var (name, value) in new[] { ("User-Agent", "kube-probe/1.30"), ("User-Agent", "GoogleHC/1.0"), ("User-Agent", "ELB-HealthChecker/2.0"), ("X-Forwarded-User", "admin@example.com"), ("Remote-User", "admin"), ("X-Auth-Request-Email", "admin@example.com"), ("X-Original-URL", "/admin"), ("X-Rewrite-URL", "/admin") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/admin");
            request.Headers.TryAddWithoutValidation(name, value);
            Assert.StartsWith("/sign-in", (await stranger.Send(request)).Location, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: http", "ops.proxy_plain_http")]
    [InlineData("X-Forwarded-For: 1.2.3.4", "ops.proxy_without_proto")]
    [InlineData("X-Forwarded-Proto: https", "ops.proxy_without_for")]
    public async Task C091_a_trusted_proxy_that_is_set_up_badly_is_told(string headers, string code)
    {
        await using var instance = await TestInstance.Start(null, ("APP_URL", "https://id.example.com"), ("TRUSTED_PROXIES", "127.0.0.1, ::1"));
        var port = instance.Services.GetRequiredService<ServerConfiguration>().Port;
        Assert.StartsWith("HTTP/1.1 200", await Raw(port, $"GET /sign-in HTTP/1.1\r\nHost: id.example.com\r\n{headers}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        var examination = instance.Services.GetRequiredService<Examination>();
        Assert.Contains((await examination.Run()).Findings, f => f.Refusal?.Facts.Code == code);
    }

    [Theory]
    [InlineData("GET /sign-in HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n")]
    [InlineData("GET http://evil.example/sign-in HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /sign-in HTTP/1.1\r\n\r\n")]
    [InlineData("POST /preferences HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nzz\r\nabc\r\n0\r\n\r\n")]
    [InlineData("POST /preferences HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n3;\nabc\r\n0\r\n\r\n")]
    [InlineData("POST /preferences HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc")]
    [InlineData("POST /preferences HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\nabc")]
    [InlineData("GET /sign-in HTTP/1.1\r\nHost : {host}\r\n\r\n")]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /%zz HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /assets/x/..%2f..%2fgatehouse.db HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("NONSENSE\r\n\r\n")]
    public async Task B11_what_no_browser_would_send_is_answered_4xx(string request)
    {
        await using var instance = await TestInstance.Start();
        var origin = new Uri(instance.Origin);
        var answer = await Raw(origin.Port, request.Replace("{host}", origin.Authority, StringComparison.Ordinal));
        Assert.Matches("^HTTP/1.1 4[0-9][0-9]", answer);
    }

    private static async Task<string> Raw(int port, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        var buffer = new byte[4096];
        return Encoding.Latin1.GetString(buffer, 0, await stream.ReadAsync(buffer));
    }
}
