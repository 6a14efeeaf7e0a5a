using System.Text;

namespace Gatehouse.Ldap.Wire;

/// <summary>Distinguished names (RFC 4514), as far as comparing them needs. A DN is shown as the server wrote it and compared by <see cref="Key"/>.</summary>
internal static class DistinguishedName
{
    private const int MostCharacters = 4000;

    /// <summary>True when it reads as a DN: attribute=value, separated by commas.</summary>
    public static bool IsOne(string dn) => dn.Length is > 0 and <= MostCharacters && TryKey(dn, out _);

    /// <summary>A form in which two spellings of one name are equal: lower case, no space around separators, escapes undone and redone. The text itself, lower case, when it is no DN.</summary>
    public static string Key(string dn) => TryKey(dn, out var key) ? key : dn.ToLowerInvariant();

    /// <summary>True when <paramref name="dn"/> is the base itself or stands below it.</summary>
    public static bool IsUnder(string dn, string baseDn)
    {
        var (one, below) = (Key(dn), Key(baseDn));
        return below.Length == 0 || one == below || one.EndsWith("," + below, StringComparison.Ordinal);
    }

    private static bool TryKey(string dn, out string key)
    {
        key = "";
        if (dn.Length > MostCharacters) return false;
        if (dn.Length == 0) return true;
        var text = new StringBuilder(dn.Length);
        var bytes = new List<byte>();
        var at = 0;
        while (true)
        {
            while (at < dn.Length && dn[at] == ' ') at++;
            var start = at;
            while (at < dn.Length && (char.IsAsciiLetterOrDigit(dn[at]) || dn[at] is '-' or '.' or ';')) at++;
            if (at == start) return false;
            foreach (var c in dn.AsSpan(start, at - start)) text.Append(char.ToLowerInvariant(c));
            while (at < dn.Length && dn[at] == ' ') at++;
            if (at == dn.Length || dn[at] != '=') return false;
            at++;
            while (at < dn.Length && dn[at] == ' ') at++;
            text.Append('=');
            if (!Value(dn, ref at, bytes)) return false;
            Append(text, bytes);
            if (at == dn.Length) break;
            text.Append(dn[at] == '+' ? '+' : ',');
            if (++at == dn.Length) return false;
        }
        key = text.ToString();
        return true;
    }

    private static bool Value(string dn, ref int at, List<byte> bytes)
    {
        bytes.Clear();
        Span<byte> utf8 = stackalloc byte[4];
        var keep = 0;
        while (at < dn.Length && dn[at] is not (',' or '+' or ';'))
        {
            if (dn[at] == '\\')
            {
                if (at + 1 == dn.Length) return false;
                if (at + 2 < dn.Length && char.IsAsciiHexDigit(dn[at + 1]) && char.IsAsciiHexDigit(dn[at + 2]))
                {
                    bytes.Add(byte.Parse(dn.AsSpan(at + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture));
                    at += 3;
                }
                else
                {
                    bytes.Add((byte)dn[at + 1]);
                    at += 2;
                }
                keep = bytes.Count;
                continue;
            }
            if (!Rune.TryGetRuneAt(dn, at, out var rune)) return false;
            foreach (var b in utf8[..Rune.ToLowerInvariant(rune).EncodeToUtf8(utf8)]) bytes.Add(b);
            at += rune.Utf16SequenceLength;
            if (rune.Value != ' ') keep = bytes.Count;
        }
        bytes.RemoveRange(keep, bytes.Count - keep);
        return true;
    }

    private static void Append(StringBuilder text, List<byte> bytes)
    {
        var span = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
        if (!BerReader.TryUtf8(span, out var value))
        {
            text.Append('#').Append(Convert.ToHexStringLower(span));
            return;
        }
        foreach (var c in value.ToLowerInvariant())
        {
            if (c is ',' or '+' or '\\' or '#' or '=') text.Append('\\');
            text.Append(c);
        }
    }
}
