using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace Gatehouse.Ldap.Wire;

/// <summary>A search filter (RFC 4511 section 4.5.1.7), made by <see cref="FilterText"/> or from parts, never by joining strings.</summary>
internal abstract record LdapFilter
{
    public abstract void Write(AsnWriter writer);

    /// <summary>As RFC 4515 writes it, with every doubtful byte escaped.</summary>
    public abstract string Text { get; }

    public sealed override string ToString() => Text;

    /// <summary>Exactly this text, whatever characters it holds.</summary>
    public static LdapFilter Equal(string attribute, string value) => new Compare(attribute, CompareKind.Equal, Encoding.UTF8.GetBytes(value));

    public static LdapFilter Equal(string attribute, byte[] value) => new Compare(attribute, CompareKind.Equal, value);

    public static LdapFilter Exists(string attribute) => new Present(attribute);

    public static LdapFilter AnyOf(IEnumerable<LdapFilter> parts) => parts.ToArray() is [var one] ? one : new Many(CompareKind.Or, [.. parts]);

    private protected static Asn1Tag Tag(int number, bool constructed = true) => new(TagClass.ContextSpecific, number, constructed);

    private protected static string Escape(ReadOnlySpan<byte> value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var rune in Pieces(value)) text.Append(rune);
        return text.ToString();
    }

    private static List<string> Pieces(ReadOnlySpan<byte> value)
    {
        var pieces = new List<string>();
        while (!value.IsEmpty)
        {
            var done = Rune.DecodeFromUtf8(value, out var rune, out var length) == System.Buffers.OperationStatus.Done;
            if (done && rune.Value is not ('*' or '(' or ')' or '\\') && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
                pieces.Add(rune.ToString());
            else foreach (var b in value[..length]) pieces.Add($"\\{b:x2}");
            value = value[length..];
        }
        return pieces;
    }
}

internal enum CompareKind
{
    And = 0,
    Or = 1,
    Equal = 3,
    GreaterOrEqual = 5,
    LessOrEqual = 6,
    Approximate = 8,
}

/// <summary>(&amp;…) and (|…).</summary>
internal sealed record Many(CompareKind Kind, IReadOnlyList<LdapFilter> Parts) : LdapFilter
{
    public override string Text => $"({(Kind == CompareKind.And ? '&' : '|')}{string.Concat(Parts.Select(p => p.Text))})";

    public override void Write(AsnWriter writer)
    {
        using (writer.PushSetOf(Tag((int)Kind)))
            foreach (var part in Parts) part.Write(writer);
    }
}

/// <summary>(!(…)).</summary>
internal sealed record Not(LdapFilter Inner) : LdapFilter
{
    public override string Text => $"(!{Inner.Text})";

    public override void Write(AsnWriter writer)
    {
        using (writer.PushSequence(Tag(2))) Inner.Write(writer);
    }
}

/// <summary>(attribute=value) and its kin.</summary>
internal sealed record Compare(string Attribute, CompareKind Kind, byte[] Value) : LdapFilter
{
    public override string Text => $"({Attribute}{Kind switch { CompareKind.GreaterOrEqual => ">=", CompareKind.LessOrEqual => "<=", CompareKind.Approximate => "~=", _ => "=" }}{Escape(Value)})";

    public override void Write(AsnWriter writer)
    {
        using (writer.PushSequence(Tag((int)Kind)))
        {
            LdapRequest.Text(writer, Attribute);
            writer.WriteOctetString(Value);
        }
    }
}

/// <summary>(attribute=*).</summary>
internal sealed record Present(string Attribute) : LdapFilter
{
    public override string Text => $"({Attribute}=*)";

    public override void Write(AsnWriter writer) => writer.WriteOctetString(Encoding.UTF8.GetBytes(Attribute), Tag(7, constructed: false));
}

/// <summary>(attribute=initial*any*final); an empty beginning or end is absent.</summary>
internal sealed record Substrings(string Attribute, byte[] Initial, IReadOnlyList<byte[]> Any, byte[] Final) : LdapFilter
{
    public override string Text => $"({Attribute}={Escape(Initial)}*{string.Concat(Any.Select(a => Escape(a) + "*"))}{Escape(Final)})";

    public override void Write(AsnWriter writer)
    {
        using (writer.PushSequence(Tag(4)))
        {
            LdapRequest.Text(writer, Attribute);
            using (writer.PushSequence())
            {
                if (Initial.Length > 0) writer.WriteOctetString(Initial, Tag(0, constructed: false));
                foreach (var any in Any) writer.WriteOctetString(any, Tag(1, constructed: false));
                if (Final.Length > 0) writer.WriteOctetString(Final, Tag(2, constructed: false));
            }
        }
    }
}

/// <summary>(attribute:dn:rule:=value); Active Directory's bit tests and membership chains are of this kind.</summary>
internal sealed record Extensible(string? Attribute, string? Rule, bool WithDn, byte[] Value) : LdapFilter
{
    public override string Text => $"({Attribute}{(WithDn ? ":dn" : "")}{(Rule is null ? "" : ":" + Rule)}:={Escape(Value)})";

    public override void Write(AsnWriter writer)
    {
        using (writer.PushSequence(Tag(9)))
        {
            if (Rule is not null) writer.WriteOctetString(Encoding.ASCII.GetBytes(Rule), Tag(1, constructed: false));
            if (Attribute is not null) writer.WriteOctetString(Encoding.ASCII.GetBytes(Attribute), Tag(2, constructed: false));
            writer.WriteOctetString(Value, Tag(3, constructed: false));
            if (WithDn) writer.WriteBoolean(true, Tag(4, constructed: false));
        }
    }
}

/// <summary>Where a filter's text cannot be read, and why.</summary>
/// <param name="At">Position in UTF-16 units, from 0.</param>
public sealed record FilterFault(int At, string Why);

/// <summary>Reads filters as people type them (RFC 4515; white space between the parts is allowed).</summary>
internal static class FilterText
{
    public const int MostCharacters = 8000;
    private const int MostDepth = 30;

    /// <summary>The filter, or null with the fault.</summary>
    public static LdapFilter? Parse(string text, out FilterFault? fault)
    {
        if (text.Length > MostCharacters)
        {
            fault = new(MostCharacters, $"it is longer than {MostCharacters} characters");
            return null;
        }
        var parser = new Parser(text);
        var filter = parser.Whole();
        fault = parser.Fault;
        return fault is null ? filter : null;
    }

    private sealed class Parser(string text)
    {
        private int at;

        public FilterFault? Fault { get; private set; }

        public LdapFilter? Whole()
        {
            Skip();
            if (at == text.Length) return Fail("it is empty");
            if (text[at] != '(') return Fail("a filter begins with an opening bracket");
            var filter = One(0);
            Skip();
            if (Fault is null && at < text.Length) return Fail(text[at] == ')' ? "this closing bracket has no opening one" : "something stands behind the last closing bracket");
            return filter;
        }

        private LdapFilter? One(int depth)
        {
            if (depth > MostDepth) return Fail($"brackets are nested deeper than {MostDepth}");
            var opened = at++;
            Skip();
            if (at == text.Length) return Fail("this bracket is never closed", opened);
            LdapFilter? filter;
            if (text[at] is '&' or '|')
            {
                var kind = text[at++] == '&' ? CompareKind.And : CompareKind.Or;
                var parts = new List<LdapFilter>();
                for (Skip(); at < text.Length && text[at] == '('; Skip())
                {
                    if (One(depth + 1) is not { } part) return null;
                    parts.Add(part);
                }
                if (at < text.Length && text[at] != ')') return Fail("here a condition in brackets is expected");
                if (parts.Count == 0 && at < text.Length) return Fail("nothing stands between these brackets");
                filter = new Many(kind, parts);
            }
            else if (text[at] == '!')
            {
                at++;
                Skip();
                if (at < text.Length && text[at] != '(') return Fail("what is negated stands in brackets of its own: (!(…))");
                if (at == text.Length) return Fail("this bracket is never closed", opened);
                if (One(depth + 1) is not { } inner) return null;
                Skip();
                filter = new Not(inner);
            }
            else filter = Item(opened);
            if (filter is null) return null;
            if (at == text.Length) return Fail("this bracket is never closed", opened);
            if (text[at] != ')') return Fail("here a closing bracket is expected");
            at++;
            return filter;
        }

        private LdapFilter? Item(int opened)
        {
            var start = at;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '-' or ';' or '.' or '_')) at++;
            var attribute = text[start..at];
            if (at == text.Length) return Fail("this bracket is never closed", opened);
            if (text[at] is '{' or '%' or '$') return Fail("a placeholder; none is needed, write a condition that fits all users");
            if (text[at] == ':') return Extended(attribute.Length > 0 ? attribute : null, start, opened);
            if (attribute.Length == 0) return Fail(text[at] == '(' ? "an operator is missing: (&…), (|…) or (!…)" : "here the name of an attribute is expected");
            if (!char.IsAsciiLetterOrDigit(attribute[0])) return Fail("no attribute is called so", start);
            var kind = text[at] switch { '>' => CompareKind.GreaterOrEqual, '<' => CompareKind.LessOrEqual, '~' => CompareKind.Approximate, _ => CompareKind.Equal };
            if (kind != CompareKind.Equal) at++;
            if (at == text.Length || text[at] != '=') return Fail("here = is expected");
            at++;
            var valueAt = at;
            var pieces = new List<byte[]>();
            do
            {
                if (Value() is not { } piece) return null;
                pieces.Add(piece);
            }
            while (at < text.Length && text[at] == '*' && ++at >= 0);
            if (pieces.Count == 1) return new Compare(attribute, kind, pieces[0]);
            if (kind != CompareKind.Equal) return Fail("* stands only behind =", valueAt);
            if (pieces.Count == 2 && pieces[0].Length == 0 && pieces[1].Length == 0) return new Present(attribute);
            for (var i = 1; i < pieces.Count - 1; i++)
                if (pieces[i].Length == 0) return Fail("two * stand side by side", valueAt);
            return new Substrings(attribute, pieces[0], pieces[1..^1], pieces[^1]);
        }

        private Extensible? Extended(string? attribute, int start, int opened)
        {
            var colon = text.IndexOf(":=", at, StringComparison.Ordinal);
            if (colon < 0) return FailExtended("behind the colon := is expected");
            var names = text[at..colon].Split(':', StringSplitOptions.None);
            // The text begins with the colon, so the first part is empty unless := follows at once.
            var parts = names.Length > 0 && names[0].Length == 0 ? names[1..] : names;
            var withDn = parts.Length > 0 && parts[0].Equals("dn", StringComparison.OrdinalIgnoreCase);
            if (withDn) parts = parts[1..];
            if (parts.Length > 1 || parts.Any(p => p.Length == 0 || p.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-')))) return FailExtended("this is no matching rule");
            if (attribute is null && parts.Length == 0) return FailExtended("neither an attribute nor a matching rule is named", start);
            at = colon + 2;
            if (Value() is not { } value) return null;
            if (at == text.Length) return FailExtended("this bracket is never closed", opened);
            return text[at] == '*' ? FailExtended("* has no meaning behind :=") : new Extensible(attribute, parts.Length == 1 ? parts[0] : null, withDn, value);

            Extensible? FailExtended(string why, int? where = null)
            {
                Fail(why, where);
                return null;
            }
        }

        /// <summary>Up to an asterisk or the closing bracket, escapes undone.</summary>
        private byte[]? Value()
        {
            var bytes = new List<byte>();
            Span<byte> utf8 = stackalloc byte[4];
            while (at < text.Length && text[at] is not (')' or '*'))
            {
                var c = text[at];
                if (c == '(') return FailValue("an opening bracket inside a value is written \\28");
                if (c == '\0') return FailValue("a NUL inside a value is written \\00");
                if (c is '{' && text.AsSpan(at).ContainsAny('}', ')') && Placeholder()) return FailValue("a placeholder; none is needed, write a condition that fits all users");
                if (c == '\\')
                {
                    if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2])) return FailValue("a backslash is followed by two hexadecimal digits");
                    bytes.Add(byte.Parse(text.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    at += 3;
                    continue;
                }
                if (!Rune.TryGetRuneAt(text, at, out var rune)) return FailValue("half a character");
                bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
                at += rune.Utf16SequenceLength;
            }
            return [.. bytes];

            byte[]? FailValue(string why)
            {
                Fail(why);
                return null;
            }
        }

        /// <summary>{0}, {username}, {{.Input}}: what other programs replace by the typed name.</summary>
        private bool Placeholder()
        {
            var end = text.IndexOfAny(['}', ')'], at);
            return end > at && text[end] == '}';
        }

        private void Skip()
        {
            while (at < text.Length && text[at] is (' ' or '\t' or '\r' or '\n')) at++;
        }

        private LdapFilter? Fail(string why, int? where = null)
        {
            Fault ??= new(Math.Min(where ?? at, text.Length), why);
            return null;
        }
    }
}
