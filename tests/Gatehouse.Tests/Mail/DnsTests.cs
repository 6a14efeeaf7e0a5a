using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Mail.Dns;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Mail;

public class DnsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_are_read_from_a_real_name_server_by_udp_and_long_ones_by_tcp()
    {
        var parts = Enumerable.Range(0, 8).Select(i => new string((char)('a' + i % 26), 200)).ToArray();
        await using var server = await NameServer.Start([
            "host-record=mail.gatehouse.dev,203.0.113.7,2001:db8::7", "mx-host=gatehouse.dev,mail.gatehouse.dev,10", "txt-record=gatehouse.dev,\"v=spf1 mx -all\"",
            "cname=alias.gatehouse.dev,mail.gatehouse.dev", "ptr-record=7.113.0.203.in-addr.arpa,mail.gatehouse.dev",
            .. parts.Select(p => $"txt-record=long.gatehouse.dev,\"{p}\",\"end\"")]);
        var resolver = server.Resolver;
        Assert.Equal(["203.0.113.7"], (await resolver.Ask("mail.gatehouse.dev", DnsType.A, Stop)).Texts);
        Assert.Equal(["2001:db8::7"], (await resolver.Ask("MAIL.gatehouse.dev.", DnsType.Aaaa, Stop)).Texts);
        Assert.Equal(["203.0.113.7"], (await resolver.Ask("alias.gatehouse.dev", DnsType.A, Stop)).Texts);
        Assert.Equal(["mail.gatehouse.dev"], (await resolver.Ask("gatehouse.dev", DnsType.Mx, Stop)).Texts);
        Assert.Equal(["v=spf1 mx -all"], (await resolver.Ask("gatehouse.dev", DnsType.Txt, Stop)).Texts);
        Assert.Equal(["mail.gatehouse.dev"], (await resolver.Ask("7.113.0.203.in-addr.arpa", DnsType.Ptr, Stop)).Texts);
        Assert.Equal(parts.Select(p => p + "end").Order(), (await resolver.Ask("long.gatehouse.dev", DnsType.Txt, Stop)).Texts.Order());
        Assert.Equal(DnsOutcome.NoSuchName, (await resolver.Ask("nowhere.gatehouse.dev", DnsType.A, Stop)).Outcome);
        Assert.Equal(DnsOutcome.NoData, (await resolver.Ask("mail.gatehouse.dev", DnsType.Mx, Stop)).Outcome);
        Assert.Equal(DnsOutcome.NoSuchName, (await resolver.Ask("a..b", DnsType.A, Stop)).Outcome);
        Assert.Equal(DnsOutcome.Unanswered, (await new DnsResolver([new(IPAddress.Loopback, LoopbackPort.Free())]).Ask("gatehouse.dev", DnsType.A, Stop)).Outcome);
    }

    [Fact]
    public async Task A_forged_answer_is_passed_over_and_ids_and_ports_differ_each_time()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var resolver = new DnsResolver([(IPEndPoint)socket.Client.LocalEndPoint!]);
        var seen = new HashSet<(int, int)>();
        var ports = new HashSet<int>();
        for (var i = 0; i < 8; i++)
        {
            var asking = resolver.Ask("gatehouse.dev", DnsType.A, Stop);
            var query = await socket.ReceiveAsync(Stop);
            seen.Add((query.Buffer[0] << 8 | query.Buffer[1], query.RemoteEndPoint.Port));
            ports.Add(query.RemoteEndPoint.Port);
            var other = DnsMessage.Query((ushort)((query.Buffer[0] << 8 | query.Buffer[1]) + 1), "gatehouse.dev", DnsType.A)!;
            var elsewhere = DnsMessage.Query((ushort)(query.Buffer[0] << 8 | query.Buffer[1]), "other.dev", DnsType.A)!;
            foreach (var forged in new[] { Answer(other, [6, 6, 6, 6]), Answer(elsewhere, [6, 6, 6, 6]), query.Buffer, [1, 2, 3], Answer(query.Buffer, [203, 0, 113, 9]) })
                await socket.SendAsync(forged, query.RemoteEndPoint, Stop);
            Assert.Equal(["203.0.113.9"], (await asking).Texts);
        }
        Assert.Equal(8, seen.Count);
        Assert.True(ports.Count > 1);
    }

    private static byte[] Answer(byte[] query, byte[] address) =>
    [
        query[0], query[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, .. query[12..], 0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. address,
    ];

    [Fact]
    public void Pointers_lead_only_backwards_and_labels_hold_no_dot()
    {
        var query = DnsMessage.Query(7, "gatehouse.dev", DnsType.Txt)!;
        byte[] With(params byte[] name) => [0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, .. query[12..], .. name, 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 1, (byte)'x'];
        Assert.Single(DnsMessage.Read(With(0xC0, 0x0C), query)!.Answers);
        var self = (byte)query.Length;
        Assert.Null(DnsMessage.Read(With(0xC0, self), query));
        Assert.Null(DnsMessage.Read(With(0xC0, (byte)(self + 2)), query));
        Assert.Null(DnsMessage.Read(With(1, (byte)'a', 0xC0, self), query));
        Assert.Null(DnsMessage.Read(With(0xC0, 0x02), query));
        Assert.Null(DnsMessage.Read(With(0x40, 0x01), query));
        Assert.Null(DnsMessage.Read(With(3, (byte)'a', (byte)'.', (byte)'b', 0), query));
    }

    [Fact]
    public void No_packet_makes_the_reader_throw_or_hang()
    {
        var random = new Random(4711);
        var query = DnsMessage.Query(7, "gatehouse.dev", DnsType.Txt)!;
        byte[] good = [.. Answer(DnsMessage.Query(7, "gatehouse.dev", DnsType.Txt)!, [1, 2, 3, 4]), 0xC0, 0x0C, 0, 15, 0, 1, 0, 0, 0, 60, 0, 4, 0, 10, 0xC0, 0x0C];
        good[7] = 2;
        Assert.NotNull(DnsMessage.Read(good, query));
        for (var i = 0; i < (Repository.Full ? 5_000_000 : 200_000); i++)
        {
            var packet = good.ToArray();
            if (i % 3 == 0) packet = packet[..random.Next(packet.Length + 1)];
            for (var n = random.Next(1, 6); n > 0 && packet.Length > 2; n--) packet[random.Next(2, packet.Length)] = (byte)random.Next(256);
            if (i % 7 == 0)
            {
                random.NextBytes(packet);
                if (packet.Length > 2) (packet[0], packet[1]) = (0, 7);
            }
            if (DnsMessage.Read(packet, query) is not { } reply) continue;
            foreach (var record in reply.Answers) Assert.True(record.Name.Length <= 254 && Ascii.IsValid(record.Name));
        }
    }

    [Theory]
    [InlineData("v=spf1 ip4:203.0.113.0/24 -all", SpfVerdict.Pass)]
    [InlineData("v=spf1 ip4:203.0.113.0/29 -all", SpfVerdict.Pass)]
    [InlineData("v=spf1 ip4:203.0.113.8/29 -all", SpfVerdict.Fail)]
    [InlineData("v=spf1 mx ~all", SpfVerdict.Pass)]
    [InlineData("v=spf1 a:mail.gatehouse.dev ?all", SpfVerdict.Pass)]
    [InlineData("v=spf1 include:other.dev -all", SpfVerdict.Pass)]
    [InlineData("v=spf1 redirect=other.dev", SpfVerdict.Pass)]
    [InlineData("v=spf1 ~all", SpfVerdict.SoftFail)]
    [InlineData("v=spf1", SpfVerdict.Neutral)]
    [InlineData("v=spf1 include:nowhere.dev -all", SpfVerdict.PermanentError)]
    [InlineData("v=spf1 include:loop.dev -all", SpfVerdict.PermanentError)]
    [InlineData("v=spf1 bananas -all", SpfVerdict.PermanentError)]
    [InlineData("v=spf1 ip4:nonsense -all", SpfVerdict.PermanentError)]
    [InlineData("v=spf10 -all", SpfVerdict.None)]
    public async Task SPF_is_judged_as_receivers_do(string record, SpfVerdict verdict)
    {
        await using var server = await NameServer.Start($"txt-record=gatehouse.dev,\"{record}\"", "mx-host=gatehouse.dev,mail.gatehouse.dev,10", "host-record=mail.gatehouse.dev,203.0.113.7",
            "txt-record=other.dev,\"v=spf1 ip4:203.0.113.7 -all\"", "txt-record=loop.dev,\"v=spf1 include:loop.dev -all\"");
        Assert.Equal(verdict, (await new Spf(server.Resolver).Check(IPAddress.Parse("203.0.113.7"), "gatehouse.dev", Stop)).Verdict);
    }
}
