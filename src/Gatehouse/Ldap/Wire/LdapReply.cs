namespace Gatehouse.Ldap.Wire;

internal enum ReplyKind
{
    Bind,
    Entry,
    Done,
    Reference,
    Extended,
    Intermediate,
}

/// <summary>LDAPResult (RFC 4511 section 4.1.9).</summary>
public sealed record LdapResult(int Code, string MatchedDn, string Message, IReadOnlyList<string> Referrals)
{
    public bool Passed => Code == 0;
}

/// <summary>One message from the server.</summary>
/// <param name="Id">Message id; 0 is an unsolicited notification.</param>
/// <param name="Cookie">The cookie of the paged results control (RFC 2696); null when the control did not come.</param>
internal sealed record LdapReply(int Id, ReplyKind Kind, LdapResult? Result, DirectoryEntry? Entry, IReadOnlyList<string> References, string? ExtendedName, byte[]? Cookie)
{
    private const int MostAttributes = 1000;
    private const int MostValues = 200_000;

    /// <summary>Reads exactly one message without its outer frame being split. False with the fault in words when it is not LDAP as RFC 4511 writes it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out LdapReply? reply, out string fault)
    {
        reply = null;
        var outer = new BerReader(message);
        if (!outer.TryEnter(0x30, out var body) || !outer.IsEmpty) return Broken("the message is no single SEQUENCE", out fault);
        if (!body.TryInteger(0x02, out var id) || id < 0) return Broken("the message id is missing or negative", out fault);
        if (!body.TryRead(out var tag, out var value)) return Broken("the operation is cut off", out fault);
        byte[]? cookie = null;
        if (!body.IsEmpty && !TryControls(ref body, out cookie)) return Broken("the controls are broken", out fault);
        if (!body.IsEmpty) return Broken("something stands behind the message", out fault);
        var operation = new BerReader(value);
        fault = "";
        switch (tag)
        {
            case 0x61:
                // serverSaslCreds [7] may follow.
                if (!TryResult(ref operation, out var bind)) return Broken("the bind response is broken", out fault);
                reply = new(id, ReplyKind.Bind, bind, null, [], null, cookie);
                return true;
            case 0x64:
                if (!TryEntry(operation, out var entry)) return Broken("the entry is broken", out fault);
                reply = new(id, ReplyKind.Entry, null, entry, [], null, cookie);
                return true;
            case 0x65:
                if (!TryResult(ref operation, out var done) || !operation.IsEmpty) return Broken("the end of the search is broken", out fault);
                reply = new(id, ReplyKind.Done, done, null, [], null, cookie);
                return true;
            case 0x73:
                if (!TryTexts(operation, 0x04, out var references)) return Broken("the reference is broken", out fault);
                reply = new(id, ReplyKind.Reference, null, null, references, null, cookie);
                return true;
            case 0x78:
                if (!TryResult(ref operation, out var extended)) return Broken("the extended response is broken", out fault);
                string? name = null;
                if (operation.Peek == 0x8a && !operation.TryText(0x8a, out name)) return Broken("the name of the extended response is broken", out fault);
                reply = new(id, ReplyKind.Extended, extended, null, [], name, cookie);
                return true;
            case 0x79:
                reply = new(id, ReplyKind.Intermediate, null, null, [], null, cookie);
                return true;
            default:
                return Broken($"0x{tag:x2} is no answer of LDAP", out fault);
        }
    }

    private static bool Broken(string why, out string fault)
    {
        fault = why;
        return false;
    }

    private static bool TryResult(ref BerReader reader, out LdapResult? result)
    {
        result = null;
        if (!reader.TryInteger(0x0a, out var code) || code < 0) return false;
        // Servers put bytes of other encodings into diagnostics; they are shown, never acted upon.
        if (!reader.TryRead(0x04, out var matched) || !reader.TryRead(0x04, out var message)) return false;
        IReadOnlyList<string> referrals = [];
        if (reader.Peek == 0xa3 && (!reader.TryEnter(0xa3, out var list) || !TryTexts(list, 0x04, out referrals))) return false;
        result = new(code, Lenient(matched), Lenient(message), referrals);
        return true;
    }

    private static string Lenient(ReadOnlySpan<byte> bytes)
    {
        var capped = bytes.Length > 2000 ? bytes[..2000] : bytes;
        return BerReader.TryUtf8(capped, out var text) ? text : string.Create(capped.Length, capped, (span, from) =>
        {
            for (var i = 0; i < from.Length; i++) span[i] = from[i] is >= 0x20 and < 0x7f ? (char)from[i] : '?';
        });
    }

    private static bool TryEntry(BerReader reader, out DirectoryEntry? entry)
    {
        entry = null;
        if (!reader.TryText(0x04, out var dn) || !reader.TryEnter(0x30, out var list) || !reader.IsEmpty) return false;
        var attributes = new Dictionary<string, IReadOnlyList<byte[]>>(StringComparer.OrdinalIgnoreCase);
        var total = 0;
        while (!list.IsEmpty)
        {
            if (attributes.Count == MostAttributes || !list.TryEnter(0x30, out var attribute) || !attribute.TryText(0x04, out var name) || !attribute.TryEnter(0x31, out var set) || !attribute.IsEmpty) return false;
            var values = new List<byte[]>();
            while (!set.IsEmpty)
            {
                if (++total > MostValues || !set.TryRead(0x04, out var value)) return false;
                values.Add(value.ToArray());
            }
            // RFC 4511 section 4.1.7: no attribute twice. Two readers could take it in two ways.
            if (!attributes.TryAdd(BareName(name), values)) return false;
        }
        entry = new(dn, attributes);
        return true;
    }

    /// <summary>"userCertificate;binary" is userCertificate; "member;range=0-1499" stays as it is.</summary>
    private static string BareName(string name)
    {
        var semicolon = name.IndexOf(';', StringComparison.Ordinal);
        return semicolon < 0 || name.AsSpan(semicolon).StartsWith(";range=", StringComparison.OrdinalIgnoreCase) ? name : name[..semicolon];
    }

    private static bool TryTexts(BerReader reader, byte tag, out IReadOnlyList<string> texts)
    {
        var all = new List<string>();
        texts = all;
        while (!reader.IsEmpty)
        {
            if (all.Count == 100 || !reader.TryText(tag, out var text)) return false;
            all.Add(text);
        }
        return all.Count > 0;
    }

    /// <summary>Controls are read for the one we ask for; the others may say what they like.</summary>
    private static bool TryControls(ref BerReader body, out byte[]? cookie)
    {
        cookie = null;
        if (!body.TryEnter(0xa0, out var controls)) return false;
        while (!controls.IsEmpty)
        {
            if (!controls.TryEnter(0x30, out var control) || !control.TryText(0x04, out var type)) return false;
            if (control.Peek == 0x01 && !control.TryRead(0x01, out _)) return false;
            if (control.IsEmpty) continue;
            if (!control.TryRead(0x04, out var value) || !control.IsEmpty) return false;
            if (type != LdapRequest.PagedResults) continue;
            if (!new BerReader(value).TryEnter(0x30, out var page) || !page.TryInteger(0x02, out _) || !page.TryRead(0x04, out var bytes) || !page.IsEmpty || bytes.Length > 65_536) return false;
            cookie = bytes.ToArray();
        }
        return true;
    }
}
