using Gatehouse.Configuration;

namespace Gatehouse.Web;

/// <summary>What requests said about a proxy in front, since the start. Only the doctor reads it; it decides nothing.</summary>
/// <param name="UntrustedPeer">The last peer that sent X-Forwarded headers without being in TRUSTED_PROXIES.</param>
/// <param name="FromUntrusted">How many such requests came.</param>
/// <param name="FromTrusted">Requests from peers in TRUSTED_PROXIES.</param>
/// <param name="WithoutProto">Of those, how many did not say whether the browser used TLS.</param>
/// <param name="PlainHttp">Of those, how many said that the browser came by plain http.</param>
/// <param name="WithoutFor">Of those, how many did not name a client address.</param>
public sealed record ForwardedSeen(string? UntrustedPeer, long FromUntrusted, long FromTrusted, long WithoutProto, long PlainHttp, long WithoutFor)
{
    public static readonly ForwardedSeen Nothing = new(null, 0, 0, 0, 0, 0);
}

/// <summary>Counts them, in memory.</summary>
public sealed class ForwardedHeaders(ServerConfiguration configuration)
{
    private ForwardedSeen seen = ForwardedSeen.Nothing;

    public ForwardedSeen Seen => Volatile.Read(ref seen);

    internal void Note(HttpContext http)
    {
        var headers = http.Request.Headers;
        var forwardedFor = headers.ContainsKey("X-Forwarded-For");
        var proto = headers["X-Forwarded-Proto"].ToString();
        if (http.Connection.RemoteIpAddress is not { } peer) return;
        if (configuration.TrustedProxies.Count > 0 && ClientAddress.IsTrusted(peer, configuration.TrustedProxies))
        {
            var plain = string.Equals(proto.Split(',')[0].Trim(), "http", StringComparison.OrdinalIgnoreCase);
            Change(s => s with
            {
                FromTrusted = s.FromTrusted + 1,
                WithoutProto = s.WithoutProto + (proto.Length == 0 ? 1 : 0),
                PlainHttp = s.PlainHttp + (plain ? 1 : 0),
                WithoutFor = s.WithoutFor + (forwardedFor ? 0 : 1),
            });
        }
        else if (forwardedFor || proto.Length > 0)
            Change(s => s with { UntrustedPeer = (peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer).ToString(), FromUntrusted = s.FromUntrusted + 1 });
    }

    private void Change(Func<ForwardedSeen, ForwardedSeen> change)
    {
        // A lost count under contention would not matter, a torn one would.
        var before = Volatile.Read(ref seen);
        Interlocked.CompareExchange(ref seen, change(before), before);
    }
}
