using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Client;

/// <summary>What a search brought besides its entries.</summary>
/// <param name="Referrals">Other servers it pointed to; noted, never followed: our password goes to nobody else.</param>
internal sealed record SearchEnd(int Entries, IReadOnlyList<string> Referrals);

/// <summary>What happened on the way to a connection, for the test staircase.</summary>
internal sealed class ConnectionNotes
{
    public IReadOnlyList<string> Addresses { get; set; } = [];
    public string? Connected { get; set; }
    public SeenCertificate? Certificate { get; set; }
    public string? TlsVersion { get; set; }

    /// <summary>The step at hand: "resolve", "connect", "tls".</summary>
    public string Step { get; set; } = "resolve";
}

/// <summary>
/// One conversation with one server. It holds an <see cref="SslStream"/> whose handshake and host-name check have passed and nothing else to write to,
/// so a bind in clear text cannot be expressed. One request at a time; after a refusal of the machinery it is dead.
/// </summary>
internal sealed class LdapConnection : IAsyncDisposable
{
    private readonly DirectoryEndpoint endpoint;
    private readonly LdapLimits limits;
    private readonly SslStream tls;
    private readonly Socket socket;
    private byte[] buffer = new byte[16 * 1024];
    private int begin;
    private int end;
    private int lastId;
    private long searchBytes;

    private LdapConnection(DirectoryEndpoint endpoint, LdapLimits limits, Socket socket, SslStream tls, int lastId) =>
        (this.endpoint, this.limits, this.socket, this.tls, this.lastId) = (endpoint, limits, socket, tls, lastId);

    public DirectoryEndpoint Endpoint => endpoint;

    /// <summary>Resolves, connects and makes it secure.</summary>
    public static async Task<Outcome<LdapConnection>> Open(DirectoryEndpoint endpoint, X509Certificate2Collection? authorities, LdapLimits limits, TimeProvider clock, CancellationToken stop, ConnectionNotes? notes = null)
    {
        notes ??= new();
        var addresses = await Timed(limits.Step, stop, token => Dns.GetHostAddressesAsync(endpoint.Host, token), e => e is SocketException s ? LdapFailureReader.Resolve(endpoint, s) : null, () => LdapFailureReader.Late(endpoint, "resolving the name", limits.Step));
        if (!addresses.Passed(out var found, out var refusal)) return refusal;
        notes.Addresses = [.. found.Select(a => a.ToString())];
        if (found.Length == 0) return new DirectoryNameUnknown(endpoint.Url, endpoint.Host, "no address");
        notes.Step = "connect";
        var connected = await Connect(endpoint, found, limits, stop);
        if (!connected.Passed(out var socket, out refusal)) return refusal;
        notes.Connected = socket.RemoteEndPoint?.ToString();
        notes.Step = "tls";
        var secured = await Secure(endpoint, authorities, limits, clock, socket, notes, stop);
        if (!secured.Passed(out var connection, out refusal)) socket.Dispose();
        return connection is not null ? connection : refusal!;
    }

    private static async Task<Outcome<Socket>> Connect(DirectoryEndpoint endpoint, IPAddress[] addresses, LdapLimits limits, CancellationToken stop)
    {
        Refusal? last = null;
        foreach (var address in addresses.Take(4))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var done = await Timed(limits.Step, stop, async token =>
            {
                await socket.ConnectAsync(address, endpoint.Port, token);
                return true;
            }, e => e is SocketException s ? LdapFailureReader.Connect(endpoint, $"{address}, port {endpoint.Port}", s) : null, () => LdapFailureReader.Late(endpoint, $"connecting to {address}", limits.Step));
            if (done.Passed(out _, out last)) return socket;
            socket.Dispose();
        }
        return last!;
    }

    private static async Task<Outcome<LdapConnection>> Secure(DirectoryEndpoint endpoint, X509Certificate2Collection? authorities, LdapLimits limits, TimeProvider clock, Socket socket, ConnectionNotes notes, CancellationToken stop)
    {
        var network = new NetworkStream(socket, ownsSocket: false);
        if (endpoint.StartTls && await AskForTls(endpoint, limits, network, socket, stop) is { } refused) return refused;
        var witness = new TlsWitness(endpoint.Host, authorities);
        // A new reader: whatever the old one held was shown to be empty.
        var tls = new SslStream(network, leaveInnerStreamOpen: false);
        var done = await Timed(limits.Step, stop, async token =>
        {
            await tls.AuthenticateAsClientAsync(witness.Options(), token);
            return true;
        }, e => e is AuthenticationException or IOException or SocketException ? LdapFailureReader.Tls(endpoint, witness, e, clock.GetUtcNow().ToUnixTimeMilliseconds()) : null, () => LdapFailureReader.Late(endpoint, "the TLS handshake", limits.Step));
        notes.Certificate = witness.Seen;
        if (!done.Passed(out _, out var refusal))
        {
            await tls.DisposeAsync();
            return refusal;
        }
        notes.TlsVersion = tls.SslProtocol.ToString();
        return new LdapConnection(endpoint, limits, socket, tls, endpoint.StartTls ? 1 : 0);
    }

    /// <summary>StartTLS (RFC 4511 section 4.14). Whatever comes before the handshake besides the one answer was put there by somebody on the way.</summary>
    private static async Task<Refusal?> AskForTls(DirectoryEndpoint endpoint, LdapLimits limits, NetworkStream network, Socket socket, CancellationToken stop)
    {
        var outcome = await Timed<Outcome<Done>>(limits.Step, stop, async token =>
        {
            await network.WriteAsync(LdapRequest.StartTls(1), token);
            var answer = new byte[8192];
            var have = 0;
            while (true)
            {
                if (have == answer.Length) return new AnswerMalformed(endpoint.Url, "StartTLS", "the answer is longer than 8 kB");
                var read = await network.ReadAsync(answer.AsMemory(have), token);
                if (read == 0) return new ConnectionLost(endpoint.Url, "StartTLS");
                have += read;
                if (BerReader.TryHead(answer.AsSpan(0, have), out var tag, out var head, out var length))
                {
                    if (tag != 0x30 || length > answer.Length - head) return new AnswerMalformed(endpoint.Url, "StartTLS", "this is no LDAP message");
                    if (have < head + length) continue;
                    if (!LdapReply.TryRead(answer.AsSpan(0, head + length), out var reply, out var fault)) return new AnswerMalformed(endpoint.Url, "StartTLS", fault);
                    if (reply is not { Id: 1, Kind: ReplyKind.Extended, Result: { } result }) return new AnswerMalformed(endpoint.Url, "StartTLS", "another answer came than the one to StartTLS");
                    if (!result.Passed) return new StartTlsRefused(endpoint.Url, LdapFailureReader.Say(result));
                    var extra = have - head - length + socket.Available;
                    return extra > 0 ? new BytesBeforeTls(endpoint.Url, extra) : Done.It;
                }
                if (have >= 6) return new AnswerMalformed(endpoint.Url, "StartTLS", "this is no LDAP message");
            }
        }, e => e is IOException or SocketException ? new ConnectionLost(endpoint.Url, "StartTLS") : null, () => LdapFailureReader.Late(endpoint, "the answer to StartTLS", limits.Step));
        return outcome.Passed(out var answered, out var broke) ? answered.Refusal : broke;
    }

    /// <summary>Simple bind. Any result but 0 is failure.</summary>
    public async Task<Outcome<Done>> Bind(string dn, byte[] password, CancellationToken stop)
    {
        var result = await BindResult(dn, password, stop);
        return !result.Passed(out var said, out var refusal) ? refusal : said.Passed ? Done.It : LdapFailureReader.Bind(endpoint, dn, said);
    }

    /// <summary>The server's result to a simple bind, for whoever must tell a wrong password from other causes.</summary>
    public async Task<Outcome<LdapResult>> BindResult(string dn, byte[] password, CancellationToken stop)
    {
        var id = ++lastId;
        if ((await Send(LdapRequest.Bind(id, dn, password), "bind", stop)) is { } lost) return lost;
        while (true)
        {
            if (!(await Receive("bind", stop)).Passed(out var reply, out var refusal)) return refusal;
            if (reply.Id == 0) return Notice(reply, "bind");
            if (reply.Id != id || reply is not { Kind: ReplyKind.Bind, Result: { } result }) return new AnswerMalformed(endpoint.Url, "bind", "an answer to something else came");
            return result;
        }
    }

    /// <summary>All entries, page by page, handed out as they come. An answer that ends early is a refusal, never a shorter answer.</summary>
    /// <param name="pageSize">0 asks without paging.</param>
    public async Task<Outcome<SearchEnd>> Search(SearchRequest search, int pageSize, Action<DirectoryEntry> take, CancellationToken stop)
    {
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(stop);
        whole.CancelAfter(limits.Search);
        byte[] cookie = [];
        var (entries, emptyPages) = (0, 0);
        var referrals = new List<string>();
        searchBytes = 0;
        while (true)
        {
            var id = ++lastId;
            if ((await Send(LdapRequest.Search(id, search, pageSize, cookie, (int)Math.Ceiling(limits.Search.TotalSeconds)), "search", whole.Token)) is { } lost) return stop.IsCancellationRequested ? Stopped(stop) : lost;
            var before = entries;
            LdapReply? done = null;
            while (done is null)
            {
                if (!(await Receive("search", whole.Token)).Passed(out var reply, out var refusal)) return refusal;
                if (reply.Id == 0) return Notice(reply, "search");
                if (reply.Id != id) return new AnswerMalformed(endpoint.Url, "search", "an answer to something else came");
                switch (reply.Kind)
                {
                    case ReplyKind.Entry:
                        if (++entries > limits.Entries || searchBytes > limits.SearchBytes) return new AnswerTooLarge(endpoint.Url, search.BaseDn, entries, searchBytes);
                        take(reply.Entry!);
                        break;
                    case ReplyKind.Reference:
                        if (referrals.Count < 20) referrals.AddRange(reply.References.Select(r => Printable.Cap(r, 200)));
                        break;
                    case ReplyKind.Done:
                        done = reply;
                        break;
                    case ReplyKind.Intermediate:
                        break;
                    default:
                        return new AnswerMalformed(endpoint.Url, "search", "an answer of another kind came");
                }
            }
            if (!done.Result!.Passed) return LdapFailureReader.Search(endpoint, search.BaseDn, done.Result);
            if (pageSize == 0 || done.Cookie is not { Length: > 0 } next) return new SearchEnd(entries, referrals);
            // A server that hands out cookies for ever would hold us for ever.
            emptyPages = entries == before ? emptyPages + 1 : 0;
            if (emptyPages > 20) return new AnswerMalformed(endpoint.Url, "search", "it hands out empty pages without end");
            cookie = next;
        }
    }

    /// <summary>All values of one attribute of one entry, also where the server hands them out in ranges.</summary>
    public async Task<Outcome<DirectoryEntry>> Complete(DirectoryEntry entry, string attribute, CancellationToken stop)
    {
        var values = new List<byte[]>();
        var part = entry;
        while (part.Range(attribute) is { } range)
        {
            values.AddRange(part.Values(range.Attribute));
            if (values.Count != range.Next || values.Count > limits.Entries) return new AnswerMalformed(endpoint.Url, "range retrieval", $"{attribute} of {Printable.Cap(entry.Dn, 200)} came with a gap");
            DirectoryEntry? next = null;
            var ask = new SearchRequest(entry.Dn, SearchScope.Base, LdapFilter.Exists("objectClass"), [$"{attribute};range={range.Next}-*"]);
            if (!(await Search(ask, 0, found => next = found, stop)).Passed(out _, out var refusal)) return refusal;
            if (next is null) return new AnswerMalformed(endpoint.Url, "range retrieval", $"{Printable.Cap(entry.Dn, 200)} went away");
            part = next;
        }
        var last = part.Attributes.Keys.FirstOrDefault(k => k.StartsWith(attribute + ";range=", StringComparison.OrdinalIgnoreCase)) ?? attribute;
        values.AddRange(part.Values(last));
        return entry.With(attribute, values);
    }

    private async Task<Refusal?> Send(byte[] message, string step, CancellationToken stop)
    {
        var sent = await Timed(limits.Step, stop, async token =>
        {
            await tls.WriteAsync(message, token);
            await tls.FlushAsync(token);
            return true;
        }, e => e is IOException or SocketException or ObjectDisposedException ? new ConnectionLost(endpoint.Url, step) : null, () => LdapFailureReader.Late(endpoint, step, limits.Step));
        return sent.Refusal;
    }

    private async Task<Outcome<LdapReply>> Receive(string step, CancellationToken stop)
    {
        // The limit stands over one whole message: a server that drips bytes gains nothing.
        using var limit = new CancellationTokenSource();
        CancellationTokenSource? linked = null;
        try
        {
            while (true)
            {
                var held = buffer.AsSpan(begin, end - begin);
                if (BerReader.TryHead(held, out var tag, out var head, out var length))
                {
                    if (tag != 0x30) return new AnswerMalformed(endpoint.Url, step, $"0x{tag:x2} begins no LDAP message");
                    if (length > limits.MessageBytes) return new AnswerMalformed(endpoint.Url, step, $"a message of {length} bytes was announced");
                    if (held.Length >= head + length)
                    {
                        var message = held[..(head + length)];
                        begin += message.Length;
                        searchBytes += message.Length;
                        return LdapReply.TryRead(message, out var reply, out var fault) ? reply! : new AnswerMalformed(endpoint.Url, step, fault);
                    }
                }
                else if (held.Length >= 6) return new AnswerMalformed(endpoint.Url, step, "this is no LDAP message");
                if (linked is null)
                {
                    limit.CancelAfter(limits.Step);
                    linked = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
                }
                // Grown as bytes come, never to what was announced.
                if (begin > 0)
                {
                    buffer.AsSpan(begin, end - begin).CopyTo(buffer);
                    (begin, end) = (0, end - begin);
                }
                if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                var read = await tls.ReadAsync(buffer.AsMemory(end), linked.Token);
                if (read == 0) return new ConnectionLost(endpoint.Url, step);
                end += read;
            }
        }
        catch (OperationCanceledException)
        {
            return LdapFailureReader.Late(endpoint, step, stop.IsCancellationRequested ? limits.Search : limits.Step);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return new ConnectionLost(endpoint.Url, step);
        }
        finally
        {
            linked?.Dispose();
        }
    }

    private Refusal Stopped(CancellationToken stop) => LdapFailureReader.Late(endpoint, "search", stop.IsCancellationRequested ? limits.SignIn : limits.Search);

    /// <summary>Notice of disconnection (RFC 4511 section 4.4.1).</summary>
    private Refusal Notice(LdapReply reply, string step) => reply.Result is { } result && !result.Passed
        ? new DirectoryUnavailable(endpoint.Url, LdapFailureReader.Say(result))
        : new ConnectionLost(endpoint.Url, step);

    private static async Task<Outcome<T>> Timed<T>(TimeSpan limit, CancellationToken stop, Func<CancellationToken, Task<T>> work, Func<Exception, Refusal?> read, Func<Refusal> late)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(stop);
        source.CancelAfter(limit);
        try
        {
            return await work(source.Token);
        }
        catch (OperationCanceledException)
        {
            return late();
        }
        catch (Exception e) when (read(e) is not null)
        {
            return read(e)!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await tls.WriteAsync(LdapRequest.Unbind(++lastId), new CancellationTokenSource(TimeSpan.FromMilliseconds(200)).Token);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // It was going away anyway.
        }
        await tls.DisposeAsync();
        socket.Dispose();
    }
}
