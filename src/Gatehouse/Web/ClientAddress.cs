using System.Net;
using Gatehouse.Configuration;

namespace Gatehouse.Web;

/// <summary>Whose address a request counts for (security.md section 6).</summary>
public static class ClientAddress
{
    /// <summary>Reads X-Forwarded-For from the right while the hop is trusted; the first untrusted or unparsable one ends it.</summary>
    public static IPAddress Find(IPAddress? peer, IReadOnlyList<string?> forwardedFor, IReadOnlyList<IPNetwork> trusted)
    {
        var current = Unmap(peer ?? IPAddress.None);
        if (trusted.Count == 0 || !IsTrusted(current, trusted)) return current;
        var hops = string.Join(',', forwardedFor).Split(',');
        for (var i = hops.Length - 1; i >= 0 && i >= hops.Length - 50; i--)
        {
            if (!StrictAddress.TryParse(hops[i].Trim(), out var hop)) return current;
            current = hop;
            if (!IsTrusted(current, trusted)) return current;
        }
        return current;
    }

    /// <summary>What counters key on: the IPv4 address or the IPv6 /64.</summary>
    public static string Block(IPAddress address)
    {
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6) return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes) + "/64";
    }

    private static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    internal static bool IsTrusted(IPAddress address, IReadOnlyList<IPNetwork> trusted)
    {
        address = Unmap(address);
        foreach (var network in trusted)
            if (network.Contains(address)) return true;
        return false;
    }
}
