using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Gatehouse.Web;

/// <summary>
/// application/x-www-form-urlencoded, parsed once and strictly: ordinal names, strict UTF-8, bounded. The framework's reader folds case and joins duplicates.
/// </summary>
public sealed class StrictParameters
{
    private const int MaxParameters = 200;
    private readonly List<KeyValuePair<string, string>> pairs;

    private StrictParameters(List<KeyValuePair<string, string>> pairs) => this.pairs = pairs;

    public static StrictParameters Empty { get; } = new([]);

    public IReadOnlyList<KeyValuePair<string, string>> All => pairs;

    /// <summary>The value, or null when the name is absent. With duplicates the first; ask <see cref="DuplicateName"/> where that matters.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var pair in pairs)
                if (pair.Key == name) return pair.Value;
            return null;
        }
    }

    /// <summary>The same with these values in the place of whatever came under their names.</summary>
    public StrictParameters With(IEnumerable<KeyValuePair<string, string>> values)
    {
        var set = values.ToArray();
        return set.Length == 0 ? this : new([.. pairs.Where(p => set.All(s => s.Key != p.Key)), .. set]);
    }

    /// <summary>Every value of a name that may come several times (checkboxes).</summary>
    public IReadOnlyList<string> Values(string name) => [.. pairs.Where(p => p.Key == name).Select(p => p.Value)];

    /// <summary>The value without white space around it, or null when absent or empty.</summary>
    public string? Text(string name) => this[name]?.Trim() is { Length: > 0 } text ? text : null;

    public bool Has(string name) => this[name] is not null;

    /// <summary>A name that came more than once, or null. Two readers could read it in two ways, so protocol endpoints refuse it.</summary>
    public string? DuplicateName => DuplicateBut("");

    /// <summary>As <see cref="DuplicateName"/>, for requests in which one name may come several times.</summary>
    public string? DuplicateBut(string repeatable)
    {
        for (var i = 0; i < pairs.Count; i++)
            for (var j = i + 1; j < pairs.Count; j++)
                if (pairs[i].Key == pairs[j].Key && pairs[i].Key != repeatable) return pairs[i].Key;
        return null;
    }

    /// <summary>Parses a raw query (without the question mark) or body. False when it is not well formed.</summary>
    public static bool TryParse(ReadOnlySpan<char> raw, [NotNullWhen(true)] out StrictParameters? parameters)
    {
        parameters = null;
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var range in raw.Split('&'))
        {
            var part = raw[range];
            if (part.IsEmpty) continue;
            if (pairs.Count == MaxParameters) return false;
            var equals = part.IndexOf('=');
            var name = equals < 0 ? part : part[..equals];
            var value = equals < 0 ? [] : part[(equals + 1)..];
            if (!TryDecode(name, out var decodedName) || !TryDecode(value, out var decodedValue)) return false;
            pairs.Add(new(decodedName, decodedValue));
        }
        parameters = new(pairs);
        return true;
    }

    /// <summary>Decodes one percent-encoded, plus-for-space text; false for a broken escape, a NUL or anything that is no UTF-8.</summary>
    public static bool TryDecode(ReadOnlySpan<char> encoded, out string text)
    {
        text = "";
        if (encoded.IndexOfAny('%', '+') < 0 && !encoded.ContainsAnyExceptInRange('\u0001', '\u007e'))
        {
            text = encoded.ToString();
            return true;
        }
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(encoded.Length)];
        var n = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            var c = encoded[i];
            if (c == '%')
            {
                if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2])) return false;
                bytes[n++] = Convert.FromHexString(encoded.Slice(i + 1, 2))[0];
                i += 2;
            }
            else if (c == '+') bytes[n++] = (byte)' ';
            else if (c is > '\0' and < '\u007f') bytes[n++] = (byte)c;
            else return false;
        }
        try
        {
            text = StrictUtf8.GetString(bytes.AsSpan(0, n));
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
        return !text.Contains('\0', StringComparison.Ordinal);
    }

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
}
