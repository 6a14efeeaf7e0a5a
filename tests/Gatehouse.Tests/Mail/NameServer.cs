using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gatehouse.Mail.Dns;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Mail;

/// <summary>A real name server (dnsmasq) on a loopback port with the records of a test.</summary>
sealed class NameServer : IAsyncDisposable
{
    private readonly string file = Path.GetTempFileName();
    private Process? process;

    public IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    public DnsResolver Resolver => new([Address]);

    /// <param name="lines">In dnsmasq's own words: "txt-record=…", "mx-host=…", "host-record=…", "ptr-record=…".</param>
    public static async Task<NameServer> Start(params string[] lines)
    {
        var server = new NameServer();
        var port = LoopbackPort.Free();
        server.Address = new(IPAddress.Loopback, port);
        await File.WriteAllLinesAsync(server.file,
        [
            string.Create(CultureInfo.InvariantCulture, $"port={port}"), "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", "no-daemon", "pid-file=", "user=" + Environment.UserName,
            "local=/#/", "cache-size=0", .. lines,
        ]);
        server.process = Process.Start(Tool.Start("/usr/sbin/dnsmasq", ["--conf-file=" + server.file]))!;
        server.process.StandardInput.Close();
        var said = server.process.StandardError.ReadToEndAsync();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var i = 0; i < 500; i++)
        {
            if (server.process.HasExited) throw new InvalidOperationException("dnsmasq ended: " + await said);
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(server.Address);
                return server;
            }
            catch (SocketException)
            {
                await timer.WaitForNextTickAsync();
            }
        }
        throw new InvalidOperationException("dnsmasq did not start");
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        process?.Dispose();
        File.Delete(file);
    }
}
