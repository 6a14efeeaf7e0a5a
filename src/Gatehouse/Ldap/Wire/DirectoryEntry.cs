namespace Gatehouse.Ldap.Wire;

/// <summary>One entry as the server sent it. Attribute names are compared without regard to case and without options, but for "range" (see <see cref="Range"/>).</summary>
public sealed class DirectoryEntry(string dn, IReadOnlyDictionary<string, IReadOnlyList<byte[]>> attributes)
{
    public string Dn => dn;
    public IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Attributes => attributes;

    public IReadOnlyList<byte[]> Values(string name) => attributes.GetValueOrDefault(name) ?? [];

    /// <summary>The values that are text; others are left out.</summary>
    public IEnumerable<string> Texts(string name)
    {
        foreach (var value in Values(name))
            if (BerReader.TryUtf8(value, out var text)) yield return text;
    }

    /// <summary>The first value that is text and not empty, trimmed; null when there is none.</summary>
    public string? Text(string name) => name.Length == 0 ? null : Texts(name).Select(t => t.Trim()).FirstOrDefault(t => t.Length > 0);

    /// <summary>
    /// An attribute that came only in part, as Active Directory does for more than 1,500 values: "member;range=0-1499" means the next ask is "member;range=1500-*".
    /// Null when the attribute is complete.
    /// </summary>
    public (string Attribute, int Next)? Range(string name)
    {
        foreach (var key in attributes.Keys)
        {
            if (!key.StartsWith(name + ";range=", StringComparison.OrdinalIgnoreCase)) continue;
            var range = key[(name.Length + 7)..].Split('-');
            if (range.Length == 2 && range[1] != "*" && int.TryParse(range[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var last) && last < int.MaxValue)
                return (key, last + 1);
        }
        return null;
    }

    /// <summary>The same entry with one attribute's values put in place.</summary>
    public DirectoryEntry With(string name, IReadOnlyList<byte[]> values) =>
        new(dn, new Dictionary<string, IReadOnlyList<byte[]>>(attributes, StringComparer.OrdinalIgnoreCase) { [name] = values });
}
