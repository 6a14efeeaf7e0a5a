using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Doctor;

/// <summary>
/// What the running server saw of proxies, for the doctor of this process and of the console. The console is another process, so the server
/// writes down what is new, at most once a minute: nobody can make it write more by sending headers.
/// </summary>
internal sealed class SeenByServer(ForwardedHeaders headers, Settings settings, Database database, TimeProvider clock) : BackgroundService
{
    private const string Name = "doctor.forwarded";

    /// <summary>From memory where requests came, else what a server wrote down last.</summary>
    public async Task<ForwardedSeen> Get()
    {
        if (headers.Seen is var here && here != ForwardedSeen.Nothing) return here;
        return await settings.Get(Name) is { } text ? JsonSerializer.Deserialize<ForwardedSeen>(text) ?? ForwardedSeen.Nothing : ForwardedSeen.Nothing;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var written = ForwardedSeen.Nothing;
        if (await settings.Get(Name) is not null) await Write(written);
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (headers.Seen is var now && Shape(now) != Shape(written)) await Write(written = now);
        }
    }

    private Task Write(ForwardedSeen seen) => database.Write(sql => settings.Set(sql, Name, JsonSerializer.Serialize(seen)));

    /// <summary>Growing counts alone are no news.</summary>
    private static (string?, bool, bool, bool, bool) Shape(ForwardedSeen s) => (s.UntrustedPeer, s.FromTrusted > 0, s.WithoutProto > 0, s.PlainHttp > 0, s.WithoutFor > 0);
}
