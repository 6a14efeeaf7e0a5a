using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Ldap.Wire;

namespace Gatehouse.Tests.Ldap;

/// <summary>A directory that does whatever a test wants, over the real protocol on loopback.</summary>
sealed class ScriptedDirectory : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> conversations = [];
    private readonly Func<Talk, Task> script;
    private readonly X509Certificate2? certificate;
    private readonly bool startTls;
    private readonly Task accepting;
    private int connections;

    /// <param name="certificate">TLS from the start, or after StartTLS; null means clear text for ever.</param>
    public ScriptedDirectory(X509Certificate2? certificate, Func<Talk, Task> script, bool startTls = false)
    {
        (this.script, this.certificate, this.startTls) = (script, certificate, startTls);
        listener.Start();
        accepting = Accept();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;
    public string Url => string.Create(CultureInfo.InvariantCulture, $"{(startTls || certificate is null ? "ldap" : "ldaps")}://localhost:{Port}");
    public int Connections => Volatile.Read(ref connections);

    /// <summary>Everything that clients sent, once decrypted.</summary>
    public List<byte[]> Received { get; } = [];

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                Interlocked.Increment(ref connections);
                lock (conversations) conversations.Add(Serve(client));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task Serve(TcpClient client)
    {
        using var _ = client;
        try
        {
            Stream stream = client.GetStream();
            var talk = new Talk(this, stream, stop.Token);
            if (startTls && certificate is not null)
            {
                var (id, _, _) = await talk.Read();
                await talk.Send(Answers.Extended(id, 0));
                stream = await Secure(stream);
                talk = new Talk(this, stream, stop.Token);
            }
            else if (certificate is not null) talk = new Talk(this, await Secure(stream), stop.Token);
            await script(talk);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or System.Security.Authentication.AuthenticationException or ObjectDisposedException or EndOfStreamException)
        {
            // The client went away, as it should.
        }
    }

    private async Task<SslStream> Secure(Stream stream)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop.Token);
        return tls;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        listener.Stop();
        await Task.WhenAll(conversations);
        stop.Dispose();
    }
}

/// <summary>One conversation of a scripted directory.</summary>
sealed class Talk(ScriptedDirectory directory, Stream stream, CancellationToken stop)
{
    public CancellationToken Stop => stop;

    /// <summary>The next request: its message id, its tag and its content.</summary>
    public async Task<(int Id, byte Tag, byte[] Body)> Read()
    {
        var buffer = new List<byte>();
        var one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one, stop) == 0) throw new EndOfStreamException();
            buffer.Add(one[0]);
            var data = buffer.ToArray();
            if (!BerReader.TryHead(data, out _, out var head, out var length) || data.Length < head + length) continue;
            lock (directory.Received) directory.Received.Add(data);
            return Parse(data);
        }
    }

    private static (int, byte, byte[]) Parse(byte[] data)
    {
        var reader = new BerReader(data);
        reader.TryEnter(0x30, out var inner);
        inner.TryInteger(0x02, out var id);
        inner.TryRead(out var tag, out var body);
        return (id, tag, body.ToArray());
    }

    public async Task Send(params byte[][] messages)
    {
        foreach (var message in messages) await stream.WriteAsync(message, stop);
        await stream.FlushAsync(stop);
    }

    /// <summary>Answers binds with success and hands searches to <paramref name="search"/> until the client goes.</summary>
    public async Task Obey(Func<int, byte[], Task> search)
    {
        while (true)
        {
            var (id, tag, body) = await Read();
            if (tag == 0x60) await Send(Answers.Bind(id, 0));
            else if (tag == 0x63) await search(id, body);
            else return;
        }
    }

    /// <summary>Says nothing more until the test ends.</summary>
    public Task Silence() => new TaskCompletionSource().Task.WaitAsync(stop);
}

/// <summary>Messages that servers send.</summary>
static class Answers
{
    public static byte[] Bind(int id, int code, string message = "", string matched = "") => Message(id, w => Result(w, 1, code, matched, message));

    public static byte[] Done(int id, int code = 0, byte[]? cookie = null, string message = "", string matched = "", params string[] referrals) => Message(id, w => Result(w, 5, code, matched, message, referrals), cookie);

    public static byte[] Extended(int id, int code, string message = "") => Message(id, w => Result(w, 24, code, "", message));

    public static byte[] Reference(int id, params string[] urls) => Message(id, w =>
    {
        using (w.PushSequence(new Asn1Tag(TagClass.Application, 19, true)))
            foreach (var url in urls) w.WriteOctetString(Encoding.UTF8.GetBytes(url));
    });

    /// <summary>One entry; bytes as they are, text as UTF-8. A name may come several times for several values.</summary>
    public static byte[] Entry(int id, string dn, params (string Name, object Value)[] attributes) => Message(id, w =>
    {
        using (w.PushSequence(new Asn1Tag(TagClass.Application, 4, true)))
        {
            w.WriteOctetString(Encoding.UTF8.GetBytes(dn));
            using (w.PushSequence())
                foreach (var attribute in attributes.GroupBy(a => a.Name))
                    using (w.PushSequence())
                    {
                        w.WriteOctetString(Encoding.UTF8.GetBytes(attribute.Key));
                        using (w.PushSetOf())
                            foreach (var (_, value) in attribute) w.WriteOctetString(value as byte[] ?? Encoding.UTF8.GetBytes((string)value));
                    }
        }
    });

    public static byte[] Message(int id, Action<AsnWriter> operation, byte[]? cookie = null)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            operation(writer);
            if (cookie is not null)
            {
                var value = new AsnWriter(AsnEncodingRules.BER);
                using (value.PushSequence())
                {
                    value.WriteInteger(0);
                    value.WriteOctetString(cookie);
                }
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                using (writer.PushSequence())
                {
                    writer.WriteOctetString(Encoding.ASCII.GetBytes(LdapRequest.PagedResults));
                    writer.WriteOctetString(value.Encode());
                }
            }
        }
        return writer.Encode();
    }

    private static void Result(AsnWriter writer, int tag, int code, string matched, string message, string[]? referrals = null)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.Application, tag, true)))
        {
            writer.WriteEncodedValue([0x0a, 0x01, (byte)code]);
            writer.WriteOctetString(Encoding.UTF8.GetBytes(matched));
            writer.WriteOctetString(Encoding.UTF8.GetBytes(message));
            if (referrals is { Length: > 0 })
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
                    foreach (var referral in referrals) writer.WriteOctetString(Encoding.UTF8.GetBytes(referral));
        }
    }
}
