using System.Formats.Asn1;
using System.Text;

namespace Gatehouse.Ldap.Wire;

/// <summary>How deep a search goes (RFC 4511 section 4.5.1.2).</summary>
public enum SearchScope
{
    Base = 0,
    OneLevel = 1,
    Subtree = 2,
}

/// <summary>A search, before it becomes a message.</summary>
/// <param name="Attributes">What to bring; "1.1" for none.</param>
/// <param name="SizeLimit">0 means as many as the server allows.</param>
internal sealed record SearchRequest(string BaseDn, SearchScope Scope, LdapFilter Filter, IReadOnlyList<string> Attributes, int SizeLimit = 0);

/// <summary>Writes the five requests that this client makes, in BER with definite lengths (RFC 4511 section 5.1).</summary>
internal static class LdapRequest
{
    public const string PagedResults = "1.2.840.113556.1.4.319";
    public const string StartTlsName = "1.3.6.1.4.1.1466.20037";

    /// <summary>
    /// Simple bind, version 3. A password without a byte would be an unauthenticated bind (RFC 4513 section 5.1.2), which many servers answer with success;
    /// one that begins with NUL is empty to servers written in C. Neither can be written, nor a bind without a name.
    /// </summary>
    public static byte[] Bind(int id, string dn, ReadOnlySpan<byte> password)
    {
        if (string.IsNullOrWhiteSpace(dn)) throw new ArgumentException("a bind names somebody", nameof(dn));
        if (password.IsEmpty || password[0] == 0) throw new ArgumentException("a bind proves something", nameof(password));
        var writer = Begin(id);
        using (writer.PushSequence(Application(0)))
        {
            writer.WriteInteger(3);
            Text(writer, dn);
            writer.WriteOctetString(password, new Asn1Tag(TagClass.ContextSpecific, 0));
        }
        return End(writer);
    }

    public static byte[] StartTls(int id)
    {
        var writer = Begin(id);
        using (writer.PushSequence(Application(23))) writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsName), new Asn1Tag(TagClass.ContextSpecific, 0));
        return End(writer);
    }

    public static byte[] Unbind(int id)
    {
        var writer = Begin(id);
        writer.WriteNull(new Asn1Tag(TagClass.Application, 2));
        return End(writer);
    }

    /// <param name="pageSize">0 asks without the paged results control.</param>
    /// <param name="cookie">Of the page before; empty for the first.</param>
    /// <param name="timeLimit">Seconds the server may take.</param>
    public static byte[] Search(int id, SearchRequest search, int pageSize, ReadOnlySpan<byte> cookie, int timeLimit)
    {
        var writer = Begin(id);
        using (writer.PushSequence(Application(3)))
        {
            Text(writer, search.BaseDn);
            Enumerated(writer, (int)search.Scope);
            Enumerated(writer, 0);
            writer.WriteInteger(search.SizeLimit);
            writer.WriteInteger(timeLimit);
            writer.WriteBoolean(false);
            search.Filter.Write(writer);
            using (writer.PushSequence())
                foreach (var attribute in search.Attributes) Text(writer, attribute);
        }
        if (pageSize > 0)
        {
            var value = new AsnWriter(AsnEncodingRules.BER);
            using (value.PushSequence())
            {
                value.WriteInteger(pageSize);
                value.WriteOctetString(cookie);
            }
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                Text(writer, PagedResults);
                writer.WriteOctetString(value.Encode());
            }
        }
        return End(writer);
    }

    internal static void Text(AsnWriter writer, string text) => writer.WriteOctetString(Encoding.UTF8.GetBytes(text));

    private static void Enumerated(AsnWriter writer, int value) => writer.WriteEncodedValue([0x0a, 0x01, (byte)value]);

    private static Asn1Tag Application(int number) => new(TagClass.Application, number, isConstructed: true);

    private static AsnWriter Begin(int id)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        writer.PushSequence();
        writer.WriteInteger(id);
        return writer;
    }

    private static byte[] End(AsnWriter writer)
    {
        writer.PopSequence();
        return writer.Encode();
    }
}
