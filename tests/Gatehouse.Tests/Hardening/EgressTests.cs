using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Web;

namespace Gatehouse.Tests.Hardening;

/// <summary>The way out: what it refuses to connect to, and what it refuses to read.</summary>
public class EgressTests
{
    private static Egress Make(string appUrl) =>
        new(new() { AppUrl = new(appUrl), Listen = [IPAddress.Loopback], Port = 1, DataFolder = "/nowhere", KeyFile = "/nowhere/key" });

    private readonly Egress local = Make("http://localhost:1411");
    private readonly Egress deployed = Make("https://id.example.com");

    [Theory]
    [InlineData("127.0.0.1"), InlineData("127.8.8.8"), InlineData("::1"), InlineData("::ffff:127.0.0.1"), InlineData("64:ff9b::7f00:1"), InlineData("2002:7f00:1::")]
    [InlineData("10.0.0.1"), InlineData("172.31.255.255"), InlineData("192.168.1.1"), InlineData("100.64.0.1"), InlineData("fd12::1"), InlineData("::ffff:10.0.0.1"), InlineData("64:ff9b::a00:1")]
    [InlineData("169.254.169.254"), InlineData("::ffff:169.254.169.254"), InlineData("fe80::1"), InlineData("fd00:ec2::254"), InlineData("100.100.100.200"), InlineData("0.0.0.0"), InlineData("::")]
    [InlineData("224.0.0.1"), InlineData("255.255.255.255"), InlineData("ff02::1"), InlineData("2001:0:1::1"), InlineData("::7f00:1"), InlineData("192.0.0.192"), InlineData("2001:db8::1")]
    public void CVE_2026_55671_no_private_or_special_address_is_connected_to(string address) =>
        Assert.NotNull(Egress.Refused(IPAddress.Parse(address), allowPrivate: false, allowLoopback: false));

    [Theory]
    [InlineData("169.254.169.254"), InlineData("fe80::1"), InlineData("fd00:ec2::254"), InlineData("100.100.100.200"), InlineData("::ffff:169.254.169.254"), InlineData("224.0.0.1"), InlineData("0.0.0.0")]
    public void Metadata_and_link_local_stay_out_of_reach_whatever_an_admin_allows(string address) =>
        Assert.NotNull(Egress.Refused(IPAddress.Parse(address), allowPrivate: true, allowLoopback: true));

    [Theory]
    [InlineData("1.1.1.1", false), InlineData("2606:4700::1111", false), InlineData("10.1.2.3", true), InlineData("fd12::1", true), InlineData("192.168.0.9", true)]
    public void Public_addresses_are_open_and_private_ones_where_allowed(string address, bool allowPrivate) =>
        Assert.Null(Egress.Refused(IPAddress.Parse(address), allowPrivate, allowLoopback: false));

    [Theory]
    [InlineData(""), InlineData("ftp://a/"), InlineData("file:///etc/passwd"), InlineData("https://u:p@a/"), InlineData("https://good@evil/"), InlineData("https://a/#x"), InlineData("//a/"), InlineData("https:\\\\a"), InlineData("https://a b/"), InlineData("/etc/passwd"), InlineData("https:a")]
    public async Task Addresses_that_two_readers_read_in_two_ways_are_refused(string url)
    {
        Assert.NotNull(Egress.Fault(url));
        Assert.Equal(EgressFault.BadUrl, (await deployed.GetJson(url, allowPrivate: true)).Fault);
    }

    [Theory]
    [InlineData("http://127.1/"), InlineData("http://2130706433/"), InlineData("http://0x7f.1/"), InlineData("http://[::ffff:127.0.0.1]/"), InlineData("http://localhost/"), InlineData("https://[::1]/")]
    public async Task Loopback_is_refused_by_every_spelling_once_deployed(string url)
    {
        var answer = await deployed.GetJson(url, allowPrivate: true);
        Assert.True(answer.Fault is EgressFault.AddressRefused, $"{answer.Fault} {answer.Detail}");
    }

    [Fact]
    public async Task A_good_answer_is_read()
    {
        await using var server = new OneAnswer("HTTP/1.1 200 OK\r\ncontent-type: application/jwk-set+json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"keys\":[]}");
        var answer = await local.GetJson(server.Url, allowPrivate: false);
        Assert.True(answer.IsGood, answer.Detail);
        Assert.Equal("{\"keys\":[]}", Encoding.ASCII.GetString(answer.Body));
        Assert.StartsWith("GET / HTTP/1.1", server.Asked, StringComparison.Ordinal);
        Assert.DoesNotContain("ookie", server.Asked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n", EgressFault.Status)]
    [InlineData("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", EgressFault.Status)]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\n{}", EgressFault.NotJson)]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n{}", EgressFault.TooLarge)]
    [InlineData("nonsense\r\n\r\n", EgressFault.Unreachable)]
    [InlineData("", EgressFault.TooSlow)]
    public async Task Redirects_errors_other_types_and_floods_are_not_followed_or_read(string raw, EgressFault expected)
    {
        await using var server = new OneAnswer(raw);
        var answer = await local.GetJson(server.Url, allowPrivate: false);
        Assert.Equal(expected, answer.Fault);
        Assert.Empty(answer.Body);
    }

    [Fact]
    public async Task A_body_that_never_ends_is_cut()
    {
        await using var server = new OneAnswer("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + new string(' ', 70_000));
        Assert.Equal(EgressFault.TooLarge, (await local.GetJson(server.Url, allowPrivate: false)).Fault);
    }

    [Fact]
    public async Task A_form_is_posted_and_any_2xx_is_good()
    {
        await using var server = new OneAnswer("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        Assert.True((await local.PostForm(server.Url, allowPrivate: false, [new("logout_token", "x y")])).IsGood);
        Assert.Contains("logout_token=x+y", server.Asked, StringComparison.Ordinal);
    }

    /// <summary>Answers one connection with fixed bytes; with none it stays silent.</summary>
    private sealed class OneAnswer : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource ended = new();
        private readonly Task serving;

        public OneAnswer(string raw)
        {
            listener.Start();
            serving = Serve(raw);
        }

        public string Asked { get; private set; } = "";
        public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");

        private async Task Serve(string raw)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(ended.Token);
                var stream = client.GetStream();
                var buffer = new byte[8192];
                while (!Asked.Contains("\r\n\r\n", StringComparison.Ordinal) || Asked.StartsWith("POST", StringComparison.Ordinal) && Asked.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    Asked += Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, ended.Token));
                if (raw.Length == 0) await Task.Delay(Timeout.Infinite, ended.Token);
                await stream.WriteAsync(Encoding.ASCII.GetBytes(raw), ended.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // The other side has heard enough.
            }
        }

        public async ValueTask DisposeAsync()
        {
            await ended.CancelAsync();
            await serving;
            listener.Dispose();
            ended.Dispose();
        }
    }
}
