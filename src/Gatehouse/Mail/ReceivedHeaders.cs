using System.Text.RegularExpressions;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>What the headers of a test mail say, as it lay in the mailbox: who signed it, and what the receiver made of it.</summary>
/// <param name="Spf">"pass", "fail" and so on from Authentication-Results; null where the receiver said nothing.</param>
public sealed partial record ReceivedHeaders(string? DkimDomain, string? DkimSelector, string? Spf, string? Dkim, string? Dmarc)
{
    public static ReceivedHeaders Read(string text)
    {
        if (text.Length > 100_000) text = text[..100_000];
        var lines = Folded().Replace(text, " ").Split('\n').Select(l => l.TrimEnd('\r')).ToArray();
        string? domain = null, selector = null, spf = null, dkim = null, dmarc = null;
        foreach (var line in lines)
        {
            if (line.StartsWith("DKIM-Signature:", StringComparison.OrdinalIgnoreCase) && domain is null)
            {
                (domain, selector) = (Name(DomainTag().Match(line)), Name(SelectorTag().Match(line)));
                if (domain is null || selector is null) (domain, selector) = (null, null);
            }
            else if (line.StartsWith("Authentication-Results:", StringComparison.OrdinalIgnoreCase))
            {
                spf ??= Result(SpfResult().Match(line));
                dkim ??= Result(DkimResult().Match(line));
                dmarc ??= Result(DmarcResult().Match(line));
            }
        }
        return new(domain, selector, spf, dkim, dmarc);
    }

    private static string? Name(Match match) => match.Success && Address.HostName(match.Groups[1].Value.Replace("_", "-", StringComparison.Ordinal)) is not null ? match.Groups[1].Value.ToLowerInvariant() : null;

    private static string? Result(Match match) => match.Success ? Printable.Cap(match.Groups[1].Value.ToLowerInvariant(), 20) : null;

    [GeneratedRegex(@"\r?\n[ \t]+")]
    private static partial Regex Folded();

    [GeneratedRegex(@"[;:\s]d\s*=\s*([A-Za-z0-9._-]{1,253})")]
    private static partial Regex DomainTag();

    [GeneratedRegex(@"[;:\s]s\s*=\s*([A-Za-z0-9._-]{1,200})")]
    private static partial Regex SelectorTag();

    [GeneratedRegex(@"[;\s]spf=([A-Za-z]+)", RegexOptions.IgnoreCase)]
    private static partial Regex SpfResult();

    [GeneratedRegex(@"[;\s]dkim=([A-Za-z]+)", RegexOptions.IgnoreCase)]
    private static partial Regex DkimResult();

    [GeneratedRegex(@"[;\s]dmarc=([A-Za-z]+)", RegexOptions.IgnoreCase)]
    private static partial Regex DmarcResult();
}
