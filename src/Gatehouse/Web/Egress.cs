using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Configuration;

namespace Gatehouse.Web;

/// <summary>Why nothing came back from another host.</summary>
public enum EgressFault
{
    None,
    BadUrl,
    Unencrypted,
    NameUnknown,
    AddressRefused,
    Unreachable,
    Tls,
    TooSlow,
    TooLarge,
    Status,
    NotJson,
}

/// <summary>What another host answered.</summary>
/// <param name="Detail">Facts for the admin; never anything of the body.</param>
/// <param name="Status">0 when no answer came.</param>
/// <param name="Body">At most 64 kB; empty unless <paramref name="Fault"/> is None, or a token endpoint said no.</param>
public sealed record EgressAnswer(EgressFault Fault, string Detail, int Status, byte[] Body)
{
    public bool IsGood => Fault == EgressFault.None;
}

/// <summary>
/// The one way out by HTTP (security.md section 6). No proxy, redirect, cookie or decompression; names are resolved here and the address that was
/// checked is the one connected to, so a name that changes in between leads nowhere else. Never throws.
/// </summary>
public sealed class Egress(ServerConfiguration configuration)
{
    public const int MaxBody = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Fetches JSON.</summary>
    /// <param name="allowPrivate">An admin allowed this host for this purpose to stand in a private range; http is possible only there.</param>
    public Task<EgressAnswer> GetJson(string url, bool allowPrivate, CancellationToken stop = default) => Send(url, allowPrivate, null, stop);

    /// <summary>Posts a form; a good answer is any of 2xx, whatever its body, which is not kept.</summary>
    public Task<EgressAnswer> PostForm(string url, bool allowPrivate, IEnumerable<KeyValuePair<string, string>> form, CancellationToken stop = default) =>
        Send(url, allowPrivate, new FormUrlEncodedContent(form), stop);

    /// <summary>Posts a form and reads the JSON that comes back, also that of a 400 or 401, which is how OAuth token endpoints say no (RFC 6749 section 5.2).</summary>
    public Task<EgressAnswer> PostFormForJson(string url, bool allowPrivate, IEnumerable<KeyValuePair<string, string>> form, CancellationToken stop = default) =>
        Send(url, allowPrivate, new FormUrlEncodedContent(form), stop, readsAnswer: true);

    /// <summary>What is wrong with an address before anything is resolved; null when it may be stored.</summary>
    public static string? Fault(string url) =>
        url.Length is 0 or > 1000 || url.AsSpan().ContainsAnyExceptInRange('\u0021', '\u007e') || url.Contains('\\', StringComparison.Ordinal) ? "it is empty, too long or has odd characters"
        : !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || !url.StartsWith(uri.Scheme + "://", StringComparison.Ordinal) || uri.Host.Length == 0 ? "it is no http or https address"
        : uri.UserInfo.Length > 0 || url.Contains('@', StringComparison.Ordinal) ? "it has user-info"
        : url.Contains('#', StringComparison.Ordinal) ? "it has a fragment"
        : null;

    /// <summary>Null when connecting to this address is allowed; else what it is.</summary>
    public static string? Refused(IPAddress address, bool allowPrivate, bool allowLoopback)
    {
        var plain = Unwrap(address);
        if (plain is null) return "a tunnel address";
        if (IPAddress.IsLoopback(plain)) return allowLoopback ? null : "loopback";
        if (Never.Any(n => n.Contains(plain))) return "link-local, metadata, multicast or reserved";
        return !allowPrivate && Private.Any(n => n.Contains(plain)) ? "in a private range" : null;
    }

    private async Task<EgressAnswer> Send(string url, bool allowPrivate, HttpContent? form, CancellationToken stop, bool readsAnswer = false)
    {
        if (Fault(url) is { } bad) return No(EgressFault.BadUrl, bad);
        var uri = new Uri(url);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        var outside = new Refusal();
        // One handler per request: a connection made for one purpose never serves another.
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 16,
            ConnectCallback = (context, cancel) => Connect(context.DnsEndPoint, uri.Scheme == "http", allowPrivate, outside, cancel),
            // Chain building must not fetch what a foreign certificate names.
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck } },
        };
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, uri) { Content = form, Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Gatehouse", null));
        try
        {
            using var response = await client.SendAsync(request, patience.Token);
            var status = (int)response.StatusCode;
            if (readsAnswer && status is 400 or 401 && response.Content.Headers.ContentType?.MediaType == "application/json")
                return new(EgressFault.Status, $"it answered {status}", status, await Read(response, patience.Token) ?? []);
            if (status is < 200 or > 299) return new(EgressFault.Status, $"it answered {status}", status, []);
            if (form is not null && !readsAnswer) return new(EgressFault.None, $"it answered {status}", status, []);
            var type = response.Content.Headers.ContentType?.MediaType ?? "";
            if (type != "application/json" && !type.EndsWith("+json", StringComparison.Ordinal)) return new(EgressFault.NotJson, $"it answered {status} with {(type.Length == 0 ? "no content type" : Printable.Cap(type, 60))}", status, []);
            var body = await Read(response, patience.Token);
            return body is null ? new(EgressFault.TooLarge, $"it answered {status} with more than {MaxBody / 1024} kB", status, []) : new(EgressFault.None, "", status, body);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return No(EgressFault.TooSlow, $"no answer within {Patience.TotalSeconds:0} seconds");
        }
        catch (Exception) when (outside.Fault != EgressFault.None)
        {
            return No(outside.Fault, outside.Detail);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
        {
            return No(EgressFault.Tls, "its certificate is not trusted here, has expired or names another host");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or OperationCanceledException or InvalidOperationException)
        {
            return No(EgressFault.Unreachable, (e.InnerException ?? e) is SocketException s ? $"the connection failed: {s.SocketErrorCode}" : "the connection broke");
        }
    }

    private async ValueTask<Stream> Connect(DnsEndPoint to, bool unencrypted, bool allowPrivate, Refusal outside, CancellationToken stop)
    {
        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(to.Host, stop);
        }
        catch (SocketException)
        {
            throw outside.Because(EgressFault.NameUnknown, "its name does not resolve");
        }
        // One address that is not allowed is enough: a name with a public and a private address is no name to trust.
        foreach (var address in addresses)
        {
            if (Refused(address, allowPrivate, configuration.IsLocalhost) is { } what) throw outside.Because(EgressFault.AddressRefused, $"its address {address} is {what}");
            if (unencrypted && !IPAddress.IsLoopback(Unwrap(address)!) && !Private.Any(n => n.Contains(Unwrap(address)!))) throw outside.Because(EgressFault.Unencrypted, $"http to the public address {address}");
        }
        Exception? last = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, to.Port, stop);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        throw last ?? outside.Because(EgressFault.NameUnknown, "its name has no address");
    }

    private static async Task<byte[]?> Read(HttpResponseMessage response, CancellationToken stop)
    {
        if (response.Content.Headers.ContentLength > MaxBody) return null;
        await using var stream = await response.Content.ReadAsStreamAsync(stop);
        var buffer = new byte[MaxBody + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stop);
        return length > MaxBody ? null : buffer[..length];
    }

    private static EgressAnswer No(EgressFault fault, string detail) => new(fault, detail, 0, []);

    /// <summary>The IPv4 address inside a mapped, NAT64 or 6to4 one; null for forms nobody needs.</summary>
    private static IPAddress? Unwrap(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        if (Nat64.Contains(address)) return new IPAddress(bytes.AsSpan(12));
        if (SixToFour.Contains(address)) return new IPAddress(bytes.AsSpan(2, 4));
        if (Teredo.Contains(address)) return null;
        // ::a.b.c.d, long deprecated; :: and ::1 have names of their own.
        return bytes.AsSpan(0, 12).ContainsAnyExcept((byte)0) || address.Equals(IPAddress.IPv6Loopback) ? address : null;
    }

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    private static readonly IPNetwork[] Private =
        [.. new[] { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7" }.Select(n => IPNetwork.Parse(n))];

    // 100.100.100.200, 192.0.0.192 and fd00:ec2::254 are metadata services inside ranges that could otherwise be allowed.
    private static readonly IPNetwork[] Never =
    [
        .. new[]
        {
            "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "100.100.100.200/32",
            "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "100::/64", "64:ff9b:1::/48", "fd00:ec2::254/128",
        }.Select(n => IPNetwork.Parse(n)),
    ];

    /// <summary>What the connection was refused for; exceptions on the way up would blur it.</summary>
    private sealed class Refusal
    {
        public EgressFault Fault { get; private set; }
        public string Detail { get; private set; } = "";

        public HttpRequestException Because(EgressFault fault, string detail)
        {
            (Fault, Detail) = (fault, detail);
            return new(detail);
        }
    }
}
