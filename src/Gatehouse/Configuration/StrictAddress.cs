using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Configuration;

/// <summary>IP addresses as people write them and no other way: <c>127.1</c>, <c>0x7f.1</c> and <c>010.0.0.1</c> are refused.</summary>
public static class StrictAddress
{
    /// <summary>Parses, formats and compares the text; IPv4-mapped IPv6 becomes IPv4.</summary>
    public static bool TryParse(string? text, out IPAddress address)
    {
        address = IPAddress.None;
        if (string.IsNullOrEmpty(text) || text.Length > 45 || text.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(text, out var parsed)) return false;
        if (parsed.AddressFamily == AddressFamily.InterNetwork && parsed.ToString() != text) return false;
        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }

    /// <summary>An address or <c>address/prefix</c> without host bits.</summary>
    public static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!TryParse(slash < 0 ? text : text[..slash], out var address)) return false;
        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits)) return false;
        try
        {
            network = new IPNetwork(address, prefix);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
