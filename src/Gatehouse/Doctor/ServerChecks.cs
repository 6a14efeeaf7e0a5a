using System.Net;
using System.Net.Sockets;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Doctor;

/// <summary>Address, proxies, clock, runtime: what the operator set up around the program.</summary>
internal static class ServerChecks
{
    public static IEnumerable<IDoctorCheck> All(ServerConfiguration configuration, SeenByServer seen, Database database, TimeProvider clock) =>
    [
        new Check("address.app_url", id => Task.FromResult(Address(id, configuration))),
        new Check("address.https", async id => Https(id, configuration, await seen.Get())),
        new Check("address.proxies", async id => Proxies(id, configuration, await seen.Get())),
        new Check("server.environment", id => Task.FromResult(Environment(id, configuration))),
        new Check("server.clock", id => ClockIsSane(id, configuration, database, clock)),
        new Check("server.runtime", id => Task.FromResult(RuntimeFloor.Fault is { } old ? Finding.Fail(id, old) : Finding.Pass(id, $"ASP.NET Core {RuntimeFloor.Loaded} has no hole known to this version."))),
    ];

    private static Finding Address(string id, ServerConfiguration configuration)
    {
        if (!configuration.IsHttps && !configuration.IsLocalhost) return Finding.Fail(id, new PlainHttpAddress(configuration.Origin));
        if (configuration.AppUrl.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6) return Finding.Fail(id, new NumericAddress(configuration.Origin));
        return Finding.Pass(id, configuration.IsLocalhost
            ? $"People reach this server at {configuration.Origin}, from this machine only."
            : $"People reach this server at {configuration.Origin}; passkeys are bound to {configuration.RelyingPartyId}.");
    }

    private static Finding Https(string id, ServerConfiguration configuration, ForwardedSeen seen)
    {
        if (!configuration.IsHttps) return Finding.Pass(id, configuration.IsLocalhost ? "On localhost browsers need no TLS." : "APP_URL is plain http: see address.app_url.");
        if (seen.PlainHttp > 0) return Finding.Fail(id, new BrowsersComeWithoutTls(seen.PlainHttp, seen.FromTrusted));
        if (seen.WithoutProto > 0) return Finding.Warn(id, new ProxyNamesNoScheme(seen.WithoutProto, seen.FromTrusted));
        return Finding.Pass(id, seen.FromTrusted > 0 ? "The trusted proxy says that browsers come by https." : "APP_URL is https; no request came from a trusted proxy yet.");
    }

    private static Finding Proxies(string id, ServerConfiguration configuration, ForwardedSeen seen)
    {
        foreach (var network in configuration.TrustedProxies)
            if (network.PrefixLength < (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 24 : 64)) return Finding.Warn(id, new WideProxyRange(network.ToString()));
        if (seen.UntrustedPeer is { } peer) return Finding.Warn(id, new ProxyNotTrusted(peer, seen.FromUntrusted));
        if (seen.WithoutFor > 0) return Finding.Warn(id, new ProxyNamesNoClient(seen.WithoutFor, seen.FromTrusted));
        return Finding.Pass(id, configuration.TrustedProxies.Count == 0
            ? "No proxy is trusted, and no request claimed to come through one."
            : $"Trusted: {string.Join(", ", configuration.TrustedProxies)}.");
    }

    /// <summary>Which settings the pages cannot change, so that nobody looks for the reason; names only.</summary>
    private static Finding Environment(string id, ServerConfiguration configuration) => Finding.Pass(id, configuration.Pins.Count == 0
        ? "No setting of the pages is held fast by the environment."
        : $"Held fast by the environment: {string.Join(", ", configuration.Pins.Keys.Order(StringComparer.Ordinal))}.");

    private static async Task<Finding> ClockIsSane(string id, ServerConfiguration configuration, Database database, TimeProvider clock)
    {
        var now = clock.Now();
        var newest = await database.Read(sql => sql.One<long>("""
            select coalesce(max(at), 0) from (
              select created_at as at from instance union all select max(at) from audit union all select max(at) from sign_ins union all select max(at) from cases union all select max(began_at) from sessions) t
            """));
        var fileTimes = new DirectoryInfo(configuration.DataFolder).EnumerateFiles().Select(f => new DateTimeOffset(f.LastWriteTimeUtc).ToUnixTimeMilliseconds()).DefaultIfEmpty(0).Max();
        const long slack = 5 * 60 * 1000;
        if (newest > now + slack) return Finding.Fail(id, new ClockBehind(now, newest, "the newest entry in the database"));
        if (fileTimes > now + slack) return Finding.Fail(id, new ClockBehind(now, fileTimes, "the newest file in the data folder"));
        if (database.IsPostgres)
        {
            // All nodes ask the same database, so two nodes that agree with it agree with each other.
            var before = clock.Now();
            var theirs = await database.Read(sql => sql.One<long>("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)"));
            var apart = theirs < before ? theirs - before : Math.Max(0, theirs - clock.Now());
            if (Math.Abs(apart) > 30_000) return Finding.Warn(id, new ClocksDiffer(apart / 1000));
        }
        return Finding.Pass(id, "The clock stands after everything that was recorded.");
    }
}
