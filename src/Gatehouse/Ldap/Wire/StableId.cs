namespace Gatehouse.Ldap.Wire;

/// <summary>The id of an entry that stays when its name and place change: entryUUID (RFC 4530), objectGUID, ipaUniqueID, nsUniqueId.</summary>
internal static class StableId
{
    /// <summary>As we store it: a GUID for sixteen raw bytes, else the text in lower case; null when the entry has none.</summary>
    public static string? Of(DirectoryEntry entry, string attribute)
    {
        if (entry.Values(attribute) is not [var value] || value.Length is 0 or > 200) return null;
        if (IsGuid(attribute)) return value.Length == 16 ? new Guid(value).ToString("d") : null;
        return BerReader.TryUtf8(value, out var text) && text.Trim() is { Length: > 0 } clean && !clean.Any(char.IsControl) ? clean.ToLowerInvariant() : null;
    }

    /// <summary>The filter that finds the entry again.</summary>
    public static LdapFilter Find(string attribute, string stored) =>
        IsGuid(attribute) && Guid.TryParseExact(stored, "d", out var guid) ? LdapFilter.Equal(attribute, guid.ToByteArray()) : LdapFilter.Equal(attribute, stored);

    private static bool IsGuid(string attribute) => attribute.Equals("objectGUID", StringComparison.OrdinalIgnoreCase);
}
