using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Gatehouse.Mail.Dns;

/// <summary>How a question ended.</summary>
public enum DnsOutcome
{
    Found,

    /// <summary>The name exists, but has no such record.</summary>
    NoData,
    NoSuchName,

    /// <summary>No server gave an answer that counts.</summary>
    Unanswered,
}

/// <summary>The records of an answer, or why there are none.</summary>
public sealed record DnsAnswer(DnsOutcome Outcome, IReadOnlyList<DnsRecord> Records)
{
    public IEnumerable<string> Texts => Records.Select(r => r.Text);
}

/// <summary>
/// Asks the name servers of this machine. Advice only: nothing that lets anybody in depends on it. Each query has a random id and a port of its own,
/// and counts only when it comes from the server asked and repeats the question; UDP first, TCP when the answer was cut short.
/// </summary>
internal sealed class DnsResolver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly IReadOnlyList<IPEndPoint> servers;

    public DnsResolver(IReadOnlyList<IPEndPoint>? servers = null) => this.servers = servers ?? OfThisMachine("/etc/resolv.conf");

    public async Task<DnsAnswer> Ask(string name, DnsType type, CancellationToken stop)
    {
        foreach (var server in servers.Take(3))
            for (var attempt = 0; attempt < 2; attempt++)
            {
                if (DnsMessage.Query((ushort)RandomNumberGenerator.GetInt32(65536), name, type) is not { } query) return new(DnsOutcome.NoSuchName, []);
                if (await Exchange(server, query, stop) is not { } reply) continue;
                if (reply.Code is DnsReply.NameError) return new(DnsOutcome.NoSuchName, []);
                if (reply.Code != DnsReply.NoError) break;
                var records = Follow(reply.Answers, name.TrimEnd('.').ToLowerInvariant(), type);
                return new(records.Count > 0 ? DnsOutcome.Found : DnsOutcome.NoData, records);
            }
        return new(DnsOutcome.Unanswered, []);
    }

    /// <summary>The name servers of resolv.conf; the local one where it names none.</summary>
    internal static IReadOnlyList<IPEndPoint> OfThisMachine(string file)
    {
        try
        {
            var found = File.ReadLines(file).Select(l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                .Where(w => w.Length >= 2 && w[0] == "nameserver").Select(w => IPAddress.TryParse(w[1], out var address) ? new IPEndPoint(address, 53) : null).OfType<IPEndPoint>().ToArray();
            if (found.Length > 0) return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As if the file named none.
        }
        return [new(IPAddress.Loopback, 53)];
    }

    /// <summary>The records of the type under the name, or under the one its chain of aliases leads to.</summary>
    private static List<DnsRecord> Follow(IReadOnlyList<DnsRecord> answers, string name, DnsType type)
    {
        for (var hops = 0; hops < 10; hops++)
        {
            var found = answers.Where(r => r.Type == type && r.Name == name).ToList();
            if (found.Count > 0) return found;
            if (answers.FirstOrDefault(r => r.Type == DnsType.Cname && r.Name == name) is not { } alias) return [];
            name = alias.Text;
        }
        return [];
    }

    private static async Task<DnsReply?> Exchange(IPEndPoint server, byte[] query, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            if (await Udp(server, query, limit.Token) is not { } reply) return null;
            return reply.Truncated ? await Tcp(server, query, limit.Token) : reply;
        }
        catch (Exception e) when (e is SocketException or IOException || e is OperationCanceledException && !stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<DnsReply?> Udp(IPEndPoint server, byte[] query, CancellationToken stop)
    {
        // The system gives each socket a random port; connected, it hears only the server asked.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, stop);
        await socket.SendAsync(query, SocketFlags.None, stop);
        var buffer = new byte[4096];
        while (true)
        {
            var n = await socket.ReceiveAsync(buffer, SocketFlags.None, stop);
            // What does not repeat id and question is somebody's guess: the right answer may still come.
            if (DnsMessage.Read(buffer.AsSpan(0, n), query) is { } reply) return reply;
        }
    }

    private static async Task<DnsReply?> Tcp(IPEndPoint server, byte[] query, CancellationToken stop)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, stop);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, stop);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, stop);
        var packet = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        await stream.ReadExactlyAsync(packet, stop);
        return DnsMessage.Read(packet, query);
    }
}
