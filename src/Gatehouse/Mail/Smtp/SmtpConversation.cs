using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail.Smtp;

/// <summary>What became of a handed-over message.</summary>
/// <param name="Reply">The server's reply to the end of DATA.</param>
public sealed record Handed(string Reply, string? QueueId);

/// <summary>
/// One conversation with a mail server (RFC 5321): resolve, connect, TLS, EHLO, AUTH, then any number of messages. Each step is timed, kept in the transcript,
/// and ends in a refusal of its own. Authentication happens only inside TLS.
/// </summary>
internal sealed class SmtpConversation(SmtpTarget target) : IAsyncDisposable
{
    private readonly Transcript transcript = new();
    private readonly SmtpFailureReader failures = new(target);
    private Socket? socket;
    private Stream? stream;
    private SmtpLines lines = new(Stream.Null);
    private SmtpReply? capabilities;
    private bool encrypted;
    private bool broken;

    public IReadOnlyList<SmtpStep> Steps => transcript.Steps;

    /// <summary>The transcript as stored.</summary>
    public string TranscriptJson => transcript.ToJson();

    /// <summary>True when more can be said on this connection.</summary>
    public bool IsUsable => stream is not null && !broken;

    /// <summary>Everything up to and including authentication; the refusal that stood in the way, or null.</summary>
    public async Task<Refusal?> Open(CancellationToken stop)
    {
        IPAddress[] addresses = [];
        if (await Step("resolve", target.Patience.Connect, async token => await Resolve(found => addresses = found, token), stop) is { } unknown) return unknown;
        if (await Step("connect", target.Patience.Connect * Math.Min(addresses.Length, 2), token => Connect(addresses, token), stop) is { } closed) return closed;
        if (target.Security == Security.Tls && await Step("tls", target.Patience.Step, Encrypt, stop) is { } unsafeAtOnce) return unsafeAtOnce;
        if (await Step("greeting", target.Patience.Step, Greeting, stop) is { } unwelcome) return unwelcome;
        if (await Step("ehlo", target.Patience.Step, Ehlo, stop) is { } refused) return refused;
        if (target.Security == Security.StartTls)
        {
            if (await Step("starttls", target.Patience.Step, StartTls, stop) is { } stripped) return stripped;
            if (await Step("tls", target.Patience.Step, Encrypt, stop) is { } untrusted) return untrusted;
            // What was said before TLS is forgotten (RFC 3207 section 4.2).
            if (await Step("ehlo", target.Patience.Step, Ehlo, stop) is { } changed) return changed;
        }
        return target.User.Length == 0 ? null : await Step("auth", target.Patience.Step, Authenticate, stop);
    }

    /// <summary>Hands one message over. <paramref name="handingOver"/> runs right before the last dot; when it says false nothing is handed over.</summary>
    /// <param name="message">With CRLF line ends; dots are stuffed here.</param>
    public async Task<Outcome<Handed>> Send(Address from, Address to, ReadOnlyMemory<byte> message, Func<Task<bool>> handingOver, CancellationToken stop)
    {
        if (await Envelope(from, to, message.Length, stop) is { } refusal) return refusal;
        if (await Step("data", target.Patience.Step, async token =>
        {
            var reply = await Say("DATA", token);
            if (reply.Code != 354) return failures.Reply("data", reply, from, to);
            transcript.Client($"(the message, {message.Length} bytes)");
            await lines.WriteBytes(Stuffed(message.Span), token);
            return null;
        }, stop) is { } unwanted) return unwanted;
        if (!await handingOver())
        {
            broken = true;
            return new TakenBack(target.Server);
        }
        Handed? handed = null;
        if (await Step("handover", target.Patience.Final, async token =>
        {
            transcript.Client(".");
            await lines.WriteBytes(".\r\n"u8.ToArray(), token);
            var reply = await Heard(token);
            if (!reply.IsOk) return failures.Reply("handover", reply, from, to);
            handed = new(reply.Text, reply.QueueId());
            return null;
        }, stop) is { } lost) return lost;
        return handed!;
    }

    /// <summary>MAIL, then RSET: finds out whether the sender is taken, without sending anything.</summary>
    public async Task<Refusal?> TrySender(Address from, CancellationToken stop)
    {
        if (await Step("mail", target.Patience.Step, async token =>
        {
            var reply = await Say($"MAIL FROM:<{from}>", token);
            return reply.IsOk ? null : failures.Reply("mail", reply, from, from);
        }, stop) is { } refusal) return refusal;
        await Reset(stop);
        return null;
    }

    /// <summary>Ends the message at hand on a connection that stays; needed after a refused envelope.</summary>
    public async Task Reset(CancellationToken stop)
    {
        if (IsUsable && await Step("reset", target.Patience.Step, async token => (await Say("RSET", token)).IsOk ? null : new OtherRefused(target.Server, "reset", ""), stop) is not null) broken = true;
    }

    /// <summary>Forgets the steps so far, so that the next message keeps only its own.</summary>
    public void ForgetSteps() => transcript.Clear();

    public async ValueTask DisposeAsync()
    {
        if (IsUsable)
        {
            using var brief = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            try
            {
                await lines.Write("QUIT", brief.Token);
                await lines.Read(brief.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ReplyFault)
            {
                // It is over either way.
            }
        }
        if (stream is not null) await stream.DisposeAsync();
        socket?.Dispose();
        stream = null;
    }

    private async Task<Refusal?> Envelope(Address from, Address to, int size, CancellationToken stop)
    {
        var declared = Offers("SIZE") is not null ? string.Create(CultureInfo.InvariantCulture, $" SIZE={size}") : "";
        if (await Step("mail", target.Patience.Step, async token =>
        {
            var reply = await Say($"MAIL FROM:<{from}>{declared}", token);
            return reply.IsOk ? null : failures.Reply("mail", reply, from, to);
        }, stop) is { } refusal) return refusal;
        return await Step("rcpt", target.Patience.Step, async token =>
        {
            var reply = await Say($"RCPT TO:<{to}>", token);
            return reply.IsOk ? null : failures.Reply("rcpt", reply, from, to);
        }, stop);
    }

    private async Task<Refusal?> Step(string name, TimeSpan limit, Func<CancellationToken, Task<Refusal?>> work, CancellationToken stop)
    {
        transcript.Begin(name);
        Refusal? refusal;
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timer.CancelAfter(limit);
        try
        {
            refusal = await work(timer.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            (refusal, broken) = (failures.TimedOut(name, limit), true);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or ReplyFault)
        {
            (refusal, broken) = (failures.Broke(name, e), true);
        }
        // Where the server said it in its own words, they stand there already.
        if (refusal is not null && !transcript.ServerSpoke) transcript.Fact(refusal.Evidence);
        transcript.End(refusal?.Facts.Code);
        return refusal;
    }

    private async Task<Refusal?> Resolve(Action<IPAddress[]> found, CancellationToken stop)
    {
        if (!IPAddress.TryParse(target.Host, out var literal))
        {
            try
            {
                var addresses = (await System.Net.Dns.GetHostAddressesAsync(target.Host, stop)).Select(a => a.IsIPv4MappedToIPv6 ? a.MapToIPv4() : a).Distinct().ToArray();
                if (addresses.Length == 0) return new HostUnknown(target.Server);
                transcript.Fact($"{target.Host} is {string.Join(", ", addresses.AsEnumerable())}");
                found(addresses);
            }
            catch (SocketException e)
            {
                return e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData ? new HostUnknown(target.Server) : new ResolverFailed(target.Server, e.SocketErrorCode.ToString());
            }
        }
        else
        {
            transcript.Fact($"{literal} is an address already");
            found([literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal]);
        }
        return null;
    }

    private async Task<Refusal?> Connect(IPAddress[] addresses, CancellationToken stop)
    {
        Exception? last = null;
        foreach (var address in addresses.Take(4))
        {
            if (target.Security == Security.None && !IPAddress.IsLoopback(address)) return new ClearBeyondLoopback(target.Server, address.ToString());
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var one = CancellationTokenSource.CreateLinkedTokenSource(stop);
            one.CancelAfter(target.Patience.Connect);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, target.Port), one.Token);
                transcript.Fact($"connected to {address} port {target.Port}");
                stream = new NetworkStream(socket, ownsSocket: true);
                lines = new(stream);
                return null;
            }
            catch (Exception e) when (e is SocketException || e is OperationCanceledException && !stop.IsCancellationRequested)
            {
                transcript.Fact($"{address}: {(e is SocketException s ? s.SocketErrorCode.ToString() : "no answer")}");
                last = e;
                socket.Dispose();
            }
        }
        return last is SocketException fault ? failures.Broke("connect", fault) : failures.TimedOut("connect", target.Patience.Connect);
    }

    private async Task<Refusal?> Greeting(CancellationToken stop)
    {
        var reply = await Heard(stop);
        return reply.Code == 220 ? null : reply.IsTransient ? new ServerDeferred(target.Server, "greeting", reply.Text) : new GreetingRefused(target.Server, reply.Text);
    }

    private async Task<Refusal?> Ehlo(CancellationToken stop)
    {
        var reply = await Say("EHLO " + target.OwnName, stop);
        if (!reply.IsOk) return reply.IsTransient ? new ServerDeferred(target.Server, "ehlo", reply.Text) : new EhloRefused(target.Server, reply.Text);
        capabilities = reply;
        return null;
    }

    private async Task<Refusal?> StartTls(CancellationToken stop)
    {
        if (Offers("STARTTLS") is null) return new StartTlsMissing(target.Server);
        var reply = await Say("STARTTLS", stop);
        if (reply.Code != 220) return new StartTlsRefused(target.Server, reply.Text);
        // Whatever came with the answer was said by somebody who could not have said it inside TLS (CVE-2011-0411).
        if (lines.Pending > 0 || socket!.Available > 0 && await Peeked(stop)) return new StartTlsInjected(target.Server, lines.Pending + socket!.Available);
        return null;
    }

    /// <summary>A server says nothing between its 220 and our ClientHello.</summary>
    private async Task<bool> Peeked(CancellationToken stop)
    {
        var one = new byte[1];
        return await socket!.ReceiveAsync(one, SocketFlags.Peek, stop) > 0;
    }

    private async Task<Refusal?> Encrypt(CancellationToken stop)
    {
        var first = new FirstBytes(stream!);
        var seen = new SeenCertificate();
        var tls = new SslStream(first, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(SmtpTls.Options(target, seen), stop);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            broken = true;
            return failures.Tls(e, seen, first.Text);
        }
        transcript.Fact(string.Create(CultureInfo.InvariantCulture, $"{tls.SslProtocol switch { SslProtocols.Tls13 => "TLS 1.3", SslProtocols.Tls12 => "TLS 1.2", var other => other.ToString() }}, {tls.NegotiatedCipherSuite}"));
        foreach (var fact in seen.Facts) transcript.Fact(fact);
        (stream, lines, encrypted, capabilities) = (tls, new SmtpLines(tls), true, null);
        return null;
    }

    private async Task<Refusal?> Authenticate(CancellationToken stop)
    {
        if (!encrypted) return new AuthNeedsTls(target.Server);
        var offered = (Offers("AUTH") ?? "").Split([' ', '='], StringSplitOptions.RemoveEmptyEntries).Select(m => m.ToUpperInvariant()).ToArray();
        var method = target.Method switch
        {
            AuthMethods.Plain => "PLAIN",
            AuthMethods.Login => "LOGIN",
            AuthMethods.XOAuth2 => "XOAUTH2",
            _ => offered.Contains("PLAIN") || !offered.Contains("LOGIN") ? "PLAIN" : "LOGIN",
        };
        if (!offered.Contains(method)) return new AuthNotOffered(target.Server, method, [.. offered.Select(o => Printable.Cap(o, 30)).Take(20)]);
        transcript.Client($"AUTH {method} (the exchange is not kept)");
        var reply = method switch
        {
            "PLAIN" => await Exchange("AUTH PLAIN", stop, $"\0{target.User}\0{target.Secret}"),
            "LOGIN" => await Exchange("AUTH LOGIN", stop, null, target.User, target.Secret),
            _ => await Exchange("AUTH XOAUTH2", stop, $"user={target.User}\u0001auth=Bearer {target.Secret}\u0001\u0001"),
        };
        var told = failures.Scrubbed(reply);
        transcript.Server(told.Text);
        return reply.Code == 235 ? null : failures.Auth(told, method);
    }

    /// <summary>Sends what the server asks for (334), in turn; whatever it asks beyond that gets an empty line, which ends the exchange.</summary>
    private async Task<SmtpReply> Exchange(string command, CancellationToken stop, string? initial, params string[] answers)
    {
        await lines.Write(initial is null ? command : $"{command} {Base64(initial)}", stop);
        var reply = await lines.Read(stop);
        for (var i = 0; reply.Code == 334 && i < 4; i++)
        {
            await lines.Write(i < answers.Length ? Base64(answers[i]) : "", stop);
            reply = await lines.Read(stop);
        }
        return reply;
    }

    private async Task<SmtpReply> Say(string line, CancellationToken stop)
    {
        transcript.Client(line);
        await lines.Write(line, stop);
        return await Heard(stop);
    }

    private async Task<SmtpReply> Heard(CancellationToken stop)
    {
        var reply = await lines.Read(stop);
        for (var i = 0; i < reply.Lines.Count; i++) transcript.Server($"{reply.Code}{(i < reply.Lines.Count - 1 ? '-' : ' ')}{reply.Lines[i]}");
        // 421: the server closes the connection after it (RFC 5321 section 3.8).
        if (reply.Code == 421) broken = true;
        return reply;
    }

    /// <summary>What stands behind a keyword in the answer to EHLO; null when the keyword is not there.</summary>
    private string? Offers(string keyword)
    {
        foreach (var line in capabilities?.Lines.Skip(1) ?? [])
        {
            if (string.Equals(line, keyword, StringComparison.OrdinalIgnoreCase)) return "";
            if (line.Length > keyword.Length && line.StartsWith(keyword, StringComparison.OrdinalIgnoreCase) && line[keyword.Length] is ' ' or '=') return line[(keyword.Length + 1)..];
        }
        return null;
    }

    /// <summary>A dot at the beginning of a line is doubled (RFC 5321 section 4.5.2).</summary>
    internal static byte[] Stuffed(ReadOnlySpan<byte> message)
    {
        var stuffed = new List<byte>(message.Length + 64);
        var atStart = true;
        foreach (var b in message)
        {
            if (atStart && b == '.') stuffed.Add((byte)'.');
            stuffed.Add(b);
            atStart = b == '\n';
        }
        if (!atStart) stuffed.AddRange("\r\n"u8);
        return [.. stuffed];
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>Remembers how the other side began, to tell a server that speaks no TLS here.</summary>
    private sealed class FirstBytes(Stream inner) : Stream
    {
        private readonly byte[] bytes = new byte[16];
        private int count;

        public string Text => Encoding.Latin1.GetString(bytes, 0, count);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            var keep = Math.Min(read, bytes.Length - count);
            buffer.Span[..keep].CopyTo(bytes.AsSpan(count));
            count += keep;
            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);
        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
        public override void Flush() => inner.Flush();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
