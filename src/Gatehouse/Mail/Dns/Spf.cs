using System.Net;

namespace Gatehouse.Mail.Dns;

/// <summary>What SPF says about an address that sends for a domain (RFC 7208 section 2.6).</summary>
public enum SpfVerdict
{
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TemporaryError,
    PermanentError,
}

/// <summary>A verdict, the record it came from and why, for people.</summary>
public sealed record SpfResult(SpfVerdict Verdict, string Record, string Why);

/// <summary>Evaluates SPF (RFC 7208) for one address: a, mx, ip4, ip6, include, redirect, exists without macros, all; at most ten look-ups.</summary>
internal sealed class Spf(DnsResolver resolver)
{
    private const int MaxLookups = 10;
    private int lookups;

    public async Task<SpfResult> Check(IPAddress address, string domain, CancellationToken stop)
    {
        lookups = 0;
        return await Evaluate(address, domain, 0, stop);
    }

    private async Task<SpfResult> Evaluate(IPAddress address, string domain, int depth, CancellationToken stop)
    {
        var answer = await resolver.Ask(domain, DnsType.Txt, stop);
        if (answer.Outcome == DnsOutcome.Unanswered) return new(SpfVerdict.TemporaryError, "", $"no name server answered about {domain}");
        var records = answer.Texts.Where(IsSpf).ToArray();
        if (records.Length == 0) return new(SpfVerdict.None, "", $"{domain} has no SPF record");
        if (records.Length > 1) return new(SpfVerdict.PermanentError, records[0], $"{domain} has {records.Length} SPF records; only one is allowed, and receivers then take none");
        var record = records[0];
        string? redirect = null;
        foreach (var term in record.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            if (term.StartsWith("redirect=", StringComparison.OrdinalIgnoreCase))
            {
                redirect = term["redirect=".Length..];
                continue;
            }
            var qualifier = term[0] is '+' or '-' or '~' or '?' ? term[0] : '+';
            var body = term[0] == qualifier ? term[1..] : term;
            if (body.Contains('=', StringComparison.Ordinal) && !body.Contains(':', StringComparison.Ordinal)) continue;
            var colon = body.IndexOfAny([':', '/']);
            var name = (colon < 0 ? body : body[..colon]).ToLowerInvariant();
            var argument = colon >= 0 && body[colon] == ':' ? body[(colon + 1)..] : "";
            if (argument.Contains('%', StringComparison.Ordinal)) return new(SpfVerdict.Neutral, record, $"'{term}' holds a macro, which is not evaluated here");
            if (name is "a" or "mx" or "include" or "exists" or "ptr" && ++lookups > MaxLookups)
                return new(SpfVerdict.PermanentError, record, $"more than {MaxLookups} look-ups are needed, so receivers take the record as broken");
            bool? matches;
            switch (name)
            {
                case "all": matches = true; break;
                case "ip4" or "ip6": matches = InNetwork(address, argument.Length > 0 ? body[(colon + 1)..] : ""); break;
                case "a": matches = await Any(address, [Domain(argument, domain)], Prefix(body), stop); break;
                case "mx":
                    var hosts = (await resolver.Ask(Domain(argument, domain), DnsType.Mx, stop)).Texts.Take(10).ToArray();
                    matches = await Any(address, hosts, Prefix(body), stop);
                    break;
                case "include":
                    var inner = depth >= MaxLookups ? new(SpfVerdict.PermanentError, "", "includes go round in circles") : await Evaluate(address, argument, depth + 1, stop);
                    if (inner.Verdict is SpfVerdict.TemporaryError) return inner with { Record = record };
                    if (inner.Verdict is SpfVerdict.PermanentError or SpfVerdict.None) return new(SpfVerdict.PermanentError, record, $"'{term}' leads nowhere: {inner.Why}");
                    matches = inner.Verdict == SpfVerdict.Pass;
                    break;
                case "exists": matches = (await resolver.Ask(argument, DnsType.A, stop)).Outcome == DnsOutcome.Found; break;
                case "ptr": matches = false; break;
                default: return new(SpfVerdict.PermanentError, record, $"'{term}' is no SPF term");
            }
            if (matches is null) return new(SpfVerdict.PermanentError, record, $"'{term}' holds no address");
            if (matches is true)
                return new(qualifier switch { '-' => SpfVerdict.Fail, '~' => SpfVerdict.SoftFail, '?' => SpfVerdict.Neutral, _ => SpfVerdict.Pass }, record, $"'{term}' fits {address}");
        }
        if (redirect is null) return new(SpfVerdict.Neutral, record, $"no term fits {address}");
        if (++lookups > MaxLookups || depth >= MaxLookups) return new(SpfVerdict.PermanentError, record, $"more than {MaxLookups} look-ups are needed, so receivers take the record as broken");
        var target = await Evaluate(address, redirect, depth + 1, stop);
        return target.Verdict == SpfVerdict.None ? new(SpfVerdict.PermanentError, record, $"'redirect={redirect}' leads nowhere") : target;
    }

    internal static bool IsSpf(string text) => text.Equals("v=spf1", StringComparison.OrdinalIgnoreCase) || text.StartsWith("v=spf1 ", StringComparison.OrdinalIgnoreCase);

    private async Task<bool> Any(IPAddress address, IEnumerable<string> hosts, int? prefix, CancellationToken stop)
    {
        foreach (var host in hosts)
            foreach (var text in (await resolver.Ask(host, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa, stop)).Texts)
                if (InNetwork(address, prefix is null ? text : $"{text}/{prefix}") is true) return true;
        return false;
    }

    /// <summary>Null when the text is no address or network.</summary>
    internal static bool? InNetwork(IPAddress address, string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var network)) return null;
        var bytes = network.GetAddressBytes();
        var length = bytes.Length * 8;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out length) || length > bytes.Length * 8)) return null;
        if (address.AddressFamily != network.AddressFamily) return false;
        var own = address.GetAddressBytes();
        for (var bit = 0; bit < length; bit++)
            if (((own[bit / 8] ^ bytes[bit / 8]) & (0x80 >> bit % 8)) != 0) return false;
        return true;
    }

    private static string Domain(string argument, string domain) => argument.Split('/')[0] is { Length: > 0 } named ? named : domain;

    private static int? Prefix(string body) => body.Split('/') is [_, var text] && int.TryParse(text, out var prefix) ? prefix : null;
}
