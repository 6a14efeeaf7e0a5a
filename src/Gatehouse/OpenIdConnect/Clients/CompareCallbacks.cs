using System.Text;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>In what two callback URLs differ.</summary>
public enum UrlDifference
{
    WhiteSpace,
    LookAlike,
    Scheme,
    UserInfo,
    Host,
    HostLetterCase,
    Port,
    Path,
    TrailingSlash,
    LetterCase,
    PercentEncoding,
    Query,
    Fragment,
}

/// <summary>One comparison: the registered URL and every kind of difference to what was sent.</summary>
public sealed record CallbackComparison(string Registered, IReadOnlyList<UrlDifference> Differences)
{
    /// <summary>For people: "a trailing slash", "the scheme and the port".</summary>
    public string Words => string.Join(" and ", Differences.Select(CompareCallbacks.Word));
}

/// <summary>Compares callback URLs and names the difference; pure.</summary>
public static class CompareCallbacks
{
    /// <summary>
    /// Whether a sent callback is a registered one: the same characters (OpenID Connect Core section 3.1.2.1, RFC 9700 section 2.1).
    /// Native clients may use any port on loopback (RFC 8252 section 7.3).
    /// </summary>
    public static bool Matches(Client client, string sent)
    {
        foreach (var registered in client.Callbacks)
            if (string.Equals(registered, sent, StringComparison.Ordinal) || client.IsNative && DiffersInLoopbackPortOnly(registered, sent)) return true;
        return false;
    }

    /// <summary>The registered URL that is nearest to what was sent; null when none is registered.</summary>
    public static CallbackComparison? Nearest(string sent, IEnumerable<string> registered) => registered
        .Select(r => new CallbackComparison(r, Differences(sent, r)))
        .OrderBy(c => c.Differences.Sum(Weight)).ThenBy(c => Distance(sent, c.Registered)).FirstOrDefault();

    /// <summary>Every kind of difference, most telling first; empty when the two are the same.</summary>
    public static IReadOnlyList<UrlDifference> Differences(string sent, string registered)
    {
        var found = new List<UrlDifference>();
        if (sent == registered) return found;
        var clean = Without(sent, IsWhiteSpace);
        if (clean != sent) found.Add(UrlDifference.WhiteSpace);
        var plain = LookAlikes.Fold(clean);
        if (plain != clean && LookAlikes.Fold(registered) == registered) found.Add(UrlDifference.LookAlike);
        else plain = clean;
        var (a, b) = (UrlParts.Split(plain), UrlParts.Split(registered));

        if (!Same(a.Scheme, b.Scheme)) found.Add(UrlDifference.Scheme);
        if (a.UserInfo != b.UserInfo) found.Add(UrlDifference.UserInfo);
        if (!Same(a.Host, b.Host))
        {
            if (Same(LookAlikes.Skeleton(a.Host), LookAlikes.Skeleton(b.Host)))
            {
                if (!found.Contains(UrlDifference.LookAlike)) found.Add(UrlDifference.LookAlike);
            }
            else found.Add(UrlDifference.Host);
        }
        else if (a.Host != b.Host || Same(a.Scheme, b.Scheme) && a.Scheme != b.Scheme) found.Add(UrlDifference.HostLetterCase);
        if (a.Port != b.Port) found.Add(UrlDifference.Port);
        found.AddRange(Paths(a.Path, b.Path));
        if (a.Query != b.Query) found.Add(UrlDifference.Query);
        if (a.Fragment != b.Fragment) found.Add(UrlDifference.Fragment);
        return found;
    }

    /// <summary>
    /// True when an admin may add it by one press: same host and port, same scheme (or http became https), and at most
    /// a trailing slash, letter case or percent-encoding of the path apart; and it could be registered by hand.
    /// </summary>
    public static bool IsHarmless(string sent, string registered)
    {
        if (CallbackUrl.Fault(sent) is not null) return false;
        var differences = Differences(sent, registered).ToList();
        if (differences.Count == 0) return false;
        var upgraded = registered.StartsWith("http://", StringComparison.Ordinal) && sent.StartsWith("https://", StringComparison.Ordinal);
        if (upgraded) differences.Remove(UrlDifference.Scheme);
        // An encoded delimiter means another path to some servers (RFC 3986 section 2.2).
        if (differences.Contains(UrlDifference.PercentEncoding) && EncodedDelimiters.Any(d => sent.Contains(d, StringComparison.OrdinalIgnoreCase) || registered.Contains(d, StringComparison.OrdinalIgnoreCase))) return false;
        return differences.Count <= 1 && differences.All(d => d is UrlDifference.TrailingSlash or UrlDifference.LetterCase or UrlDifference.PercentEncoding);
    }

    internal static string Word(UrlDifference difference) => difference switch
    {
        UrlDifference.WhiteSpace => "white space",
        UrlDifference.LookAlike => "a look-alike character",
        UrlDifference.Scheme => "the scheme",
        UrlDifference.UserInfo => "user-info before the host",
        UrlDifference.Host => "the host",
        UrlDifference.HostLetterCase => "letter case of scheme or host",
        UrlDifference.Port => "the port",
        UrlDifference.Path => "the path",
        UrlDifference.TrailingSlash => "a trailing slash",
        UrlDifference.LetterCase => "letter case in the path",
        UrlDifference.PercentEncoding => "percent-encoding",
        UrlDifference.Query => "the query",
        UrlDifference.Fragment => "a fragment",
        _ => "something else",
    };

    private static readonly string[] EncodedDelimiters = ["%2f", "%5c", "%2e", "%3b", "%3f", "%23", "%25", "%00"];

    private static readonly Func<string, string>[] PathFolds = [p => p.TrimEnd('/'), p => p.ToLowerInvariant(), Decode];
    private static readonly UrlDifference[] FoldKinds = [UrlDifference.TrailingSlash, UrlDifference.LetterCase, UrlDifference.PercentEncoding];
    private static readonly int[] FoldSets = [1, 2, 4, 3, 5, 6, 7];

    /// <summary>The smallest set of foldings that makes the two paths one; a different path when none does.</summary>
    private static IEnumerable<UrlDifference> Paths(string sent, string registered)
    {
        if (sent == registered) return [];
        foreach (var set in FoldSets)
        {
            var kinds = Enumerable.Range(0, 3).Where(i => (set & 1 << i) != 0).ToArray();
            // Decode before the rest, so that an encoded letter folds like the letter.
            string Fold(string path) => kinds.OrderDescending().Aggregate(path, (p, i) => PathFolds[i](p));
            if (Fold(sent) == Fold(registered)) return kinds.Select(i => FoldKinds[i]);
        }
        return [UrlDifference.Path];
    }

    private static bool DiffersInLoopbackPortOnly(string registered, string sent)
    {
        var (a, b) = (UrlParts.Split(sent), UrlParts.Split(registered));
        return b.Scheme == "http" && CallbackUrl.IsLoopback(b.Host) && CallbackUrl.Fault(sent) is null
            && a.Scheme == b.Scheme && a.Host == b.Host && a.UserInfo is null && a.Path == b.Path && a.Query == b.Query && a.Fragment is null;
    }

    private static int Weight(UrlDifference difference) => difference switch
    {
        UrlDifference.Host => 40,
        UrlDifference.Path => 20,
        UrlDifference.Query or UrlDifference.UserInfo => 6,
        UrlDifference.Scheme or UrlDifference.Port or UrlDifference.LookAlike or UrlDifference.Fragment => 4,
        _ => 1,
    };

    /// <summary>How many characters do not belong to the common beginning and end: enough to order candidates, cheap for long texts.</summary>
    private static int Distance(string a, string b)
    {
        var d = new Refusals.Difference("", a, "", b, "");
        return a.Length + b.Length - 2 * (d.CommonPrefix + d.CommonSuffix);
    }

    private static string Decode(string path)
    {
        var text = new StringBuilder(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '%' && i + 2 < path.Length && char.IsAsciiHexDigit(path[i + 1]) && char.IsAsciiHexDigit(path[i + 2]))
            {
                text.Append((char)Convert.FromHexString(path.AsSpan(i + 1, 2))[0]);
                i += 2;
            }
            else text.Append(path[i]);
        }
        return text.ToString();
    }

    private static string Without(string text, Func<char, bool> drop) => text.Any(drop) ? string.Concat(text.Where(c => !drop(c))) : text;

    private static bool IsWhiteSpace(char c) => char.IsWhiteSpace(c) || char.IsControl(c) || c is '\u200b' or '\u200c' or '\u200d' or '\u2060' or '\ufeff' or '\u00ad';

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
