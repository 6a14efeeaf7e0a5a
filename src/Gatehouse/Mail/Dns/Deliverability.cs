using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;

namespace Gatehouse.Mail.Dns;

/// <summary>Looks at DNS as a receiving mail server would, and says what to publish. Advice only.</summary>
internal sealed class Deliverability(DnsResolver resolver, ServerConfiguration configuration)
{
    private static readonly string[] Placeholders =
        ["example.com", "example.net", "example.org", "localhost", "localdomain", "test.com", "domain.com", "yourdomain.com", "mydomain.com", "company.com", "changeme.com"];

    private static readonly string[] PlaceholderEndings = [".example", ".test", ".invalid", ".localhost", ".local", ".lan", ".internal", ".home.arpa", ".example.com", ".example.net", ".example.org"];

    /// <param name="ours">Name and value of the record that our own DKIM key wants; null when we do not sign.</param>
    public async Task<IReadOnlyList<Finding>> Look(MailSettings settings, (string Name, string Value)? ours, CancellationToken stop)
    {
        var domain = settings.FromDomain;
        if (domain.Length == 0) return [];
        var provider = Providers.Of(settings.Host);
        if (await FromDomain(domain, stop) is { Status: FindingStatus.Fail } missing) return [missing];
        var sending = await SendingAddresses(settings, provider, stop);
        var findings = new List<Finding> { Finding.Pass("mail.from_domain", $"{domain} exists and takes mail or has an address.") };
        findings.Add(await SpfOf(domain, provider, sending, stop));
        findings.Add(await DkimOf(settings, domain, ours, provider, stop));
        findings.Add(await DmarcOf(domain, stop));
        findings.Add(await PtrOf(provider, sending, stop));
        findings.Add(LinkHost(domain));
        findings.Add(await BlockListsOf(settings, sending, stop));
        return findings;
    }

    /// <summary>C134: the domain exists and is nobody's example.</summary>
    private async Task<Finding> FromDomain(string domain, CancellationToken stop)
    {
        const string id = "mail.from_domain";
        if (Placeholders.Contains(domain) || PlaceholderEndings.Any(e => domain.EndsWith(e, StringComparison.Ordinal)) || !domain.Contains('.', StringComparison.Ordinal)) return Finding.Fail(id, new FromPlaceholder(domain));
        foreach (var type in new[] { DnsType.Mx, DnsType.A, DnsType.Aaaa })
        {
            var answer = await resolver.Ask(domain, type, stop);
            if (answer.Outcome == DnsOutcome.Found) return Finding.Pass(id, "");
            if (answer.Outcome == DnsOutcome.Unanswered) return Finding.Fail(id, new DnsUnanswered(domain));
            if (answer.Outcome == DnsOutcome.NoSuchName) return Finding.Fail(id, new FromDomainMissing(domain));
        }
        return Finding.Fail(id, new FromDomainMissing(domain));
    }

    /// <summary>Which addresses a receiver will see: those of the mail server, or of this instance when the mail server stands beside it.</summary>
    private async Task<IReadOnlyList<IPAddress>> SendingAddresses(MailSettings settings, Provider? provider, CancellationToken stop)
    {
        if (provider is not null) return [];
        foreach (var host in new[] { settings.Host, configuration.AppUrl.IdnHost })
        {
            var found = new List<IPAddress>();
            if (IPAddress.TryParse(host.Trim('[', ']'), out var literal)) found.Add(literal);
            else
                foreach (var type in new[] { DnsType.A, DnsType.Aaaa })
                    found.AddRange((await resolver.Ask(host, type, stop)).Texts.Select(t => IPAddress.Parse(t)));
            var seen = found.Where(IsSeenOutside).Take(4).ToArray();
            if (seen.Length > 0) return seen;
        }
        return [];
    }

    private async Task<Finding> SpfOf(string domain, Provider? provider, IReadOnlyList<IPAddress> sending, CancellationToken stop)
    {
        const string id = "mail.spf";
        var answer = await resolver.Ask(domain, DnsType.Txt, stop);
        if (answer.Outcome == DnsOutcome.Unanswered) return Finding.Warn(id, new DnsUnanswered(domain));
        var records = answer.Texts.Where(Spf.IsSpf).ToArray();
        if (provider is { Spf: "" }) return Finding.Pass(id, $"{provider.Name} sends under an envelope address of its own, so SPF is its matter; what counts for {domain} is DKIM.");
        var term = provider is not null ? "include:" + provider.Spf : string.Join(' ', sending.Select(a => $"{(a.AddressFamily == AddressFamily.InterNetwork ? "ip4" : "ip6")}:{a}"));
        if (records.Length == 0) return Finding.Fail(id, new SpfMissing(domain, $"v=spf1 {(term.Length > 0 ? term : "mx")} ~all"));
        if (provider is not null)
        {
            if (records.Length == 1 && await Includes(domain, provider.Spf, 0, stop)) return Finding.Pass(id, $"SPF of {domain} includes {provider.Spf}, so {provider.Name} may send for it: {records[0]}");
            return Finding.Fail(id, records.Length > 1 ? new SpfBroken(domain, $"there are {records.Length} SPF records, only one is allowed", records[0]) : new SpfExcludes(domain, provider.Name, $"it does not include {provider.Spf}", With(records[0], term)));
        }
        if (sending.Count == 0) return records.Length > 1 ? Finding.Fail(id, new SpfBroken(domain, $"there are {records.Length} SPF records, only one is allowed", records[0]))
            : Finding.Pass(id, $"{domain} has an SPF record; which address this mail server sends from cannot be seen from here, so look that it is covered: {records[0]}");
        foreach (var address in sending)
        {
            var result = await new Spf(resolver).Check(address, domain, stop);
            if (result.Verdict is SpfVerdict.TemporaryError) return Finding.Warn(id, new DnsUnanswered(domain));
            if (result.Verdict is SpfVerdict.PermanentError) return Finding.Fail(id, new SpfBroken(domain, result.Why, result.Record));
            if (result.Verdict != SpfVerdict.Pass) return Finding.Fail(id, new SpfExcludes(domain, address.ToString(), result.Why, With(records[0], $"{(address.AddressFamily == AddressFamily.InterNetwork ? "ip4" : "ip6")}:{address}")));
        }
        return Finding.Pass(id, $"SPF of {domain} covers {string.Join(", ", sending)}: {records[0]}");
    }

    /// <summary>The same record with one more term in front of its last one.</summary>
    internal static string With(string record, string term)
    {
        var terms = record.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        var at = terms.FindIndex(t => t.TrimStart('+', '-', '~', '?').Equals("all", StringComparison.OrdinalIgnoreCase) || t.StartsWith("redirect=", StringComparison.OrdinalIgnoreCase));
        terms.Insert(at < 0 ? terms.Count : at, term);
        return string.Join(' ', terms);
    }

    private async Task<bool> Includes(string domain, string wanted, int depth, CancellationToken stop)
    {
        if (depth > 3) return false;
        foreach (var record in (await resolver.Ask(domain, DnsType.Txt, stop)).Texts.Where(Spf.IsSpf).Take(1))
            foreach (var target in record.Split(' ').Select(t => t.TrimStart('+')).Where(t => t.StartsWith("include:", StringComparison.OrdinalIgnoreCase) || t.StartsWith("redirect=", StringComparison.OrdinalIgnoreCase)).Select(t => t[(t.IndexOfAny([':', '=']) + 1)..]).Take(10))
                if (target.Equals(wanted, StringComparison.OrdinalIgnoreCase) || await Includes(target, wanted, depth + 1, stop)) return true;
        return false;
    }

    private async Task<Finding> DkimOf(MailSettings settings, string domain, (string Name, string Value)? ours, Provider? provider, CancellationToken stop)
    {
        const string id = "mail.dkim";
        if (ours is var (name, value))
        {
            var answer = await resolver.Ask(name, DnsType.Txt, stop);
            if (answer.Outcome == DnsOutcome.Unanswered) return Finding.Warn(id, new DnsUnanswered(name));
            var published = answer.Texts.Select(KeyIn).Where(k => k is not null).ToArray();
            if (published.Length == 0) return Finding.Fail(id, new DkimMissing(domain, name, value));
            return published.Contains(KeyIn(value)) ? Finding.Pass(id, $"The key that mails are signed with is published at {name} and belongs to {domain}, so DKIM is aligned.") : Finding.Fail(id, new DkimDiffers(domain, name, value));
        }
        if (settings.SeenDkimSelector.Length == 0) return Finding.Warn(id, new DkimUnknown(domain, provider?.Name ?? settings.Host));
        var seenAt = $"{settings.SeenDkimSelector}._domainkey.{settings.SeenDkimDomain}";
        var seen = await resolver.Ask(seenAt, DnsType.Txt, stop);
        if (seen.Outcome == DnsOutcome.Unanswered) return Finding.Warn(id, new DnsUnanswered(seenAt));
        if (!seen.Texts.Any(t => KeyIn(t) is { Length: > 0 })) return Finding.Fail(id, new DkimGone(domain, seenAt));
        return IsAligned(domain, settings.SeenDkimDomain) ? Finding.Pass(id, $"The test mail was signed for {settings.SeenDkimDomain}, its key is published at {seenAt}, and it is aligned with From {domain}.")
            : Finding.Warn(id, new DkimUnaligned(domain, settings.SeenDkimDomain));
    }

    /// <summary>The key of a DKIM record, without white space; null when it is none, "" when it is revoked.</summary>
    internal static string? KeyIn(string record)
    {
        var tags = Tags(record);
        if (tags.TryGetValue("v", out var version) && version != "DKIM1" || !tags.TryGetValue("p", out var key)) return null;
        return string.Concat(key.Where(c => !char.IsWhiteSpace(c)));
    }

    /// <summary>Relaxed alignment (RFC 7489 section 3.1): the same domain, or one is below the other.</summary>
    internal static bool IsAligned(string from, string signed) =>
        from == signed || from.EndsWith("." + signed, StringComparison.Ordinal) || signed.EndsWith("." + from, StringComparison.Ordinal);

    private async Task<Finding> DmarcOf(string domain, CancellationToken stop)
    {
        const string id = "mail.dmarc";
        // Without a list of public suffixes: up the tree, as far as two labels.
        for (var at = domain; ; at = at[(at.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            var answer = await resolver.Ask("_dmarc." + at, DnsType.Txt, stop);
            if (answer.Outcome == DnsOutcome.Unanswered) return Finding.Warn(id, new DnsUnanswered("_dmarc." + at));
            var records = answer.Texts.Where(t => t.StartsWith("v=DMARC1", StringComparison.Ordinal)).ToArray();
            if (records.Length > 1) return Finding.Fail(id, new DmarcBroken(at, "there are several, so receivers take none", records[0]));
            if (records.Length == 1)
            {
                var tags = Tags(records[0]);
                if (!tags.TryGetValue("p", out var policy) || policy.ToLowerInvariant() is not ("none" or "quarantine" or "reject")) return Finding.Fail(id, new DmarcBroken(at, "its policy p= is none of none, quarantine, reject", records[0]));
                return Finding.Pass(id, $"DMARC at _dmarc.{at} asks receivers for p={policy}{(policy.Equals("none", StringComparison.OrdinalIgnoreCase) ? ", which only reports; raise it to quarantine once SPF and DKIM are well" : "")}.");
            }
            if (at.Count(c => c == '.') < 2) return Finding.Warn(id, new DmarcMissing(domain, "_dmarc." + domain, $"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"));
        }
    }

    private async Task<Finding> PtrOf(Provider? provider, IReadOnlyList<IPAddress> sending, CancellationToken stop)
    {
        const string id = "mail.ptr";
        if (provider is not null) return Finding.Pass(id, $"The reverse name of the sending address is {provider.Name}'s matter.");
        if (sending.Count == 0) return Finding.Pass(id, "Which address mail is sent from cannot be seen from here; its reverse name was not judged.");
        foreach (var address in sending)
        {
            var answer = await resolver.Ask(Reverse(address) + (address.AddressFamily == AddressFamily.InterNetwork ? ".in-addr.arpa" : ".ip6.arpa"), DnsType.Ptr, stop);
            if (answer.Outcome == DnsOutcome.Unanswered) return Finding.Warn(id, new DnsUnanswered(address.ToString()));
            if (answer.Records.Count == 0) return Finding.Warn(id, new PtrMissing(address.ToString()));
            var confirmed = false;
            foreach (var host in answer.Texts.Take(5))
                confirmed |= (await resolver.Ask(host, address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa, stop)).Texts.Contains(address.ToString());
            if (!confirmed) return Finding.Warn(id, new PtrDiffers(address.ToString(), answer.Records[0].Text));
        }
        return Finding.Pass(id, $"{string.Join(", ", sending)} has a reverse name that leads back to it.");
    }

    private Finding LinkHost(string domain)
    {
        var host = configuration.AppUrl.IdnHost;
        return IsAligned(domain, host) || SharesParent(domain, host) ? Finding.Pass("mail.link_host", $"Links lead to {host}, From is of {domain}: they belong together.") : Finding.Warn("mail.link_host", new LinkHostDiffers(host, domain));
    }

    private static bool SharesParent(string a, string b) => a.Split('.') is [.., var a2, var a1] && b.Split('.') is [.., var b2, var b1] && a1 == b1 && a2 == b2;

    /// <summary>C137: only where an admin named lists; each question tells the list's operator our address.</summary>
    private async Task<Finding> BlockListsOf(MailSettings settings, IReadOnlyList<IPAddress> sending, CancellationToken stop)
    {
        const string id = "mail.block_lists";
        if (settings.BlockLists.Count == 0) return Finding.Pass(id, "No block list is asked: none is named on the Email page.");
        foreach (var address in sending)
            foreach (var list in settings.BlockLists)
                if ((await resolver.Ask($"{Reverse(address)}.{list}", DnsType.A, stop)).Texts.FirstOrDefault(t => t.StartsWith("127.0.", StringComparison.Ordinal)) is { } said) return Finding.Warn(id, new BlockListed(address.ToString(), list, said));
        return Finding.Pass(id, sending.Count == 0 ? "Which address mail is sent from cannot be seen from here; no block list was asked." : $"None of {string.Join(", ", settings.BlockLists)} lists {string.Join(", ", sending)}.");
    }

    internal static string Reverse(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? string.Join('.', address.GetAddressBytes().Reverse())
        : string.Join('.', Convert.ToHexStringLower(address.GetAddressBytes()).Reverse());

    private static bool IsSeenOutside(IPAddress address)
    {
        if (IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal) return false;
        if (address.AddressFamily != AddressFamily.InterNetwork) return true;
        var b = address.GetAddressBytes();
        return !(b[0] is 0 or 10 || b[0] == 172 && b[1] is >= 16 and < 32 || b[0] == 192 && b[1] == 168 || b[0] == 169 && b[1] == 254 || b[0] == 100 && b[1] is >= 64 and < 128);
    }

    private static Dictionary<string, string> Tags(string record)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in record.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            if (part.Split('=', 2, StringSplitOptions.TrimEntries) is [var tag, var value]) tags.TryAdd(tag, value);
        return tags;
    }
}
