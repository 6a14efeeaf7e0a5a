using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Tests.Mail;

/// <summary>A message as it came in: the envelope and the bytes between DATA and the dot, unstuffed.</summary>
sealed record Delivered(string From, string To, string Data)
{
    /// <summary>Header fields by name, unfolded.</summary>
    public string Header(string name) =>
        Data.Split("\r\n\r\n")[0].Replace("\r\n ", " ", StringComparison.Ordinal).Replace("\r\n\t", " ", StringComparison.Ordinal).Split("\r\n")
            .Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(l => l[(name.Length + 1)..].Trim()).FirstOrDefault("");
}

/// <summary>A mail server on a loopback port that does exactly what a test says, faults above all.</summary>
sealed class ScriptedSmtp : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task accepting;

    public ScriptedSmtp()
    {
        listener.Start();
        accepting = Accept();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;
    public X509Certificate2? Certificate { get; set; }

    /// <summary>TLS from the first byte.</summary>
    public bool Implicit { get; set; }
    public string Greeting { get; set; } = "220 mail.test ESMTP";

    /// <summary>Lines after the first of the answer to EHLO, before TLS and inside it.</summary>
    public string[] Before { get; set; } = ["STARTTLS", "8BITMIME"];
    public string[] Inside { get; set; } = ["AUTH PLAIN LOGIN XOAUTH2", "SIZE 10000000", "8BITMIME"];

    /// <summary>Replies that differ from the good ones; the key is the verb, "." for the end of the message. Null hangs, "" drops the connection.</summary>
    public ConcurrentDictionary<string, string?> Replies { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sent in one packet with the answer to STARTTLS.</summary>
    public string Injected { get; set; } = "";

    /// <summary>The only user and password taken; null takes everybody.</summary>
    public (string User, string Password)? Account { get; set; }
    public ConcurrentQueue<Delivered> Messages { get; } = [];

    /// <summary>Everything a client said, secrets included.</summary>
    public ConcurrentQueue<string> Said { get; } = [];
    public int Connections;

    /// <summary>Called after the dot came and before the reply goes.</summary>
    public Func<Delivered, Task>? OnMessage { get; set; }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                Interlocked.Increment(ref Connections);
                _ = Serve(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (Implicit) stream = await Encrypt(stream);
                await Converse(stream, Implicit);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException or SocketException or EndOfStreamException)
            {
            }
        }
    }

    private async Task<Stream> Encrypt(Stream stream)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, stopping.Token);
        return tls;
    }

    private async Task Converse(Stream stream, bool encrypted)
    {
        var (from, to) = ("", "");
        if (!await Reply(stream, "GREETING", Greeting)) return;
        while (await Line(stream) is { } line)
        {
            Said.Enqueue(line);
            var verb = line.Split(' ')[0].ToUpperInvariant();
            switch (verb)
            {
                case "EHLO":
                    var lines = encrypted ? Inside : Before;
                    if (!await Reply(stream, verb, string.Join("\r\n", lines.Select((l, i) => (i == lines.Length - 1 ? "250 " : "250-") + l).Prepend("250-mail.test")))) return;
                    break;
                case "STARTTLS":
                    if (!await Reply(stream, verb, "220 go ahead" + (Injected.Length > 0 ? "\r\n" + Injected : ""))) return;
                    if (Replies.ContainsKey("STARTTLS")) break;
                    stream = await Encrypt(stream);
                    encrypted = true;
                    break;
                case "AUTH":
                    if (!await Auth(stream, line)) return;
                    break;
                case "MAIL":
                    from = line;
                    if (!await Reply(stream, verb, "250 2.1.0 ok")) return;
                    break;
                case "RCPT":
                    to = line;
                    if (!await Reply(stream, verb, "250 2.1.5 ok")) return;
                    break;
                case "DATA":
                    if (!await Reply(stream, verb, "354 go on")) return;
                    if (Replies.ContainsKey("DATA")) break;
                    var data = new StringBuilder();
                    while (await Line(stream) is { } text && text != ".") data.Append(text.StartsWith('.') ? text[1..] : text).Append("\r\n");
                    var message = new Delivered(from, to, data.ToString());
                    if (!Replies.ContainsKey(".")) Messages.Enqueue(message);
                    if (OnMessage is { } hook) await hook(message);
                    if (!await Reply(stream, ".", $"250 2.0.0 Ok: queued as Q{Messages.Count:X6}")) return;
                    break;
                case "QUIT":
                    await Write(stream, "221 bye\r\n");
                    return;
                default:
                    if (!await Reply(stream, verb, "250 ok")) return;
                    break;
            }
        }
    }

    private async Task<bool> Auth(Stream stream, string line)
    {
        if (Replies.ContainsKey("AUTH")) return await Reply(stream, "AUTH", "");
        var words = line.Split(' ');
        string Decoded(string text) => Encoding.UTF8.GetString(Convert.FromBase64String(text));
        var (user, password) = ("", "");
        switch (words[1])
        {
            case "PLAIN":
                var parts = Decoded(words[2]).Split('\0');
                (user, password) = (parts[1], parts[2]);
                break;
            case "LOGIN":
                await Write(stream, "334 VXNlcm5hbWU6\r\n");
                user = Decoded((await Line(stream))!);
                await Write(stream, "334 UGFzc3dvcmQ6\r\n");
                password = Decoded((await Line(stream))!);
                break;
            default:
                var fields = Decoded(words[2]).Split('\u0001');
                (user, password) = (fields[0]["user=".Length..], fields[1]["auth=Bearer ".Length..]);
                break;
        }
        if (Account is not { } account || account == (user, password)) return await Reply(stream, "AUTH", "235 2.7.0 welcome");
        if (words[1] == "XOAUTH2")
        {
            await Write(stream, "334 eyJzdGF0dXMiOiI0MDAifQ==\r\n");
            await Line(stream);
        }
        return await Reply(stream, "AUTH", $"535 5.7.8 authentication failed for {user} with {password}");
    }

    private async Task<bool> Reply(Stream stream, string verb, string good)
    {
        var reply = Replies.TryGetValue(verb, out var other) ? other : good;
        if (reply is null)
        {
            await Task.Delay(Timeout.Infinite, stopping.Token);
            return false;
        }
        if (reply.Length == 0) return false;
        await Write(stream, reply + "\r\n");
        return !reply.StartsWith("421", StringComparison.Ordinal);
    }

    private async Task Write(Stream stream, string text)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), stopping.Token);
        await stream.FlushAsync(stopping.Token);
    }

    private async Task<string?> Line(Stream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one, stopping.Token) == 0) return null;
            // A bare CR or LF must never come in: it would be a smuggled line.
            if (one[0] == '\n')
            {
                if (line.Count == 0 || line[^1] != '\r') throw new IOException("a bare LF came in");
                return Encoding.UTF8.GetString([.. line[..^1]]);
            }
            if (line.Count > 0 && line[^1] == '\r') throw new IOException("a bare CR came in");
            line.Add(one[0]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
    }
}
