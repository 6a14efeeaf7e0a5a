using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Gatehouse.Jose;

/// <summary>Reads JSON from outside: strict UTF-8, no byte order mark, no duplicate names, bounded depth and size. Never throws.</summary>
public static class StrictJson
{
    /// <summary>Deepest nesting that is read.</summary>
    public const int MaxDepth = 8;

    /// <summary>Largest text that is read unless the caller says less or more.</summary>
    public const int DefaultMaxBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Options = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = false,
        CommentHandling = JsonCommentHandling.Disallow,
        MaxDepth = MaxDepth,
    };

    /// <summary>True with one JSON object and nothing after it.</summary>
    public static bool TryReadObject(ReadOnlySpan<byte> utf8, out JsonElement obj) => TryReadObject(utf8, DefaultMaxBytes, out obj);

    /// <inheritdoc cref="TryReadObject(ReadOnlySpan{byte}, out JsonElement)"/>
    public static bool TryReadObject(ReadOnlySpan<byte> utf8, int maxBytes, out JsonElement obj)
    {
        obj = default;
        if (utf8.IsEmpty || utf8.Length > maxBytes || !Utf8.IsValid(utf8)) return false;
        try
        {
            var read = JsonElement.Parse(utf8, Options);
            if (read.ValueKind != JsonValueKind.Object) return false;
            obj = read;
            return true;
        }
        // JsonException for syntax; the other two for lone surrogates in names, which the duplicate check unescapes.
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>True when the member exists, whatever its kind.</summary>
    public static bool Has(JsonElement obj, string name) => TryMember(obj, name, out _);

    /// <summary>True with the member when <paramref name="obj"/> is an object that has it.</summary>
    public static bool TryMember(JsonElement obj, string name, out JsonElement member)
    {
        member = default;
        if (obj.ValueKind != JsonValueKind.Object) return false;
        try
        {
            return obj.TryGetProperty(name, out member);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>True with the text of a string member; a lone surrogate counts as absent.</summary>
    public static bool TryString(JsonElement obj, string name, [NotNullWhen(true)] out string? value)
    {
        value = null;
        return TryMember(obj, name, out var member) && TryText(member, out value);
    }

    /// <summary>True with a whole number; fractions, exponents and numbers in quotes are not whole numbers.</summary>
    public static bool TryInt64(JsonElement obj, string name, out long value)
    {
        value = 0;
        return TryMember(obj, name, out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out value);
    }

    public static bool TryBool(JsonElement obj, string name, out bool value)
    {
        value = false;
        if (!TryMember(obj, name, out var member)) return false;
        value = member.ValueKind == JsonValueKind.True;
        return value || member.ValueKind == JsonValueKind.False;
    }

    public static bool TryObject(JsonElement obj, string name, out JsonElement value) =>
        TryMember(obj, name, out value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>True with the texts of an array whose items are all strings.</summary>
    public static bool TryStrings(JsonElement obj, string name, out string[] values)
    {
        values = [];
        return TryMember(obj, name, out var member) && member.ValueKind == JsonValueKind.Array && TryTexts(member, out values);
    }

    /// <summary>True with one string, or with an array of strings: the two shapes of "aud" (RFC 7519 section 4.1.3).</summary>
    public static bool TryStringOrStrings(JsonElement obj, string name, out string[] values)
    {
        if (TryString(obj, name, out var one))
        {
            values = [one];
            return true;
        }
        return TryStrings(obj, name, out values);
    }

    private static bool TryTexts(JsonElement array, out string[] values)
    {
        values = [];
        var read = new string[array.GetArrayLength()];
        var i = 0;
        foreach (var item in array.EnumerateArray())
        {
            if (!TryText(item, out var text)) return false;
            read[i++] = text;
        }
        values = read;
        return true;
    }

    private static bool TryText(JsonElement element, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (element.ValueKind != JsonValueKind.String) return false;
        try
        {
            text = element.GetString();
            return text is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
