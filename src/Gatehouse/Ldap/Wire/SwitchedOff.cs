using System.Globalization;

namespace Gatehouse.Ldap.Wire;

/// <summary>Whether an entry says of itself that nobody may sign in with it, in the words of the servers people run.</summary>
internal static class SwitchedOff
{
    /// <summary>What must be asked for, besides the mapping.</summary>
    public static readonly string[] Attributes = ["userAccountControl", "accountExpires", "nsAccountLock", "pwdAccountLockedTime", "shadowExpire", "krbPrincipalExpiration", "loginDisabled"];

    /// <summary>The attribute and what it says, or null when the entry is in use.</summary>
    public static string? Why(DirectoryEntry entry, DateTimeOffset now)
    {
        // ADS_UF_ACCOUNTDISABLE
        if (Number(entry, "userAccountControl") is { } control && (control & 2) != 0) return string.Create(CultureInfo.InvariantCulture, $"userAccountControl is {control}: disabled");
        // 100 ns since 1601; 0 and the largest number mean never.
        if (Number(entry, "accountExpires") is > 0 and < 2_650_467_743_990_000_000 and { } ticks && DateTimeOffset.FromFileTime(ticks) is var expires && expires <= now) return $"accountExpires was {Day(expires)}";
        if (entry.Text("nsAccountLock") is { } locked && locked.Equals("TRUE", StringComparison.OrdinalIgnoreCase)) return "nsAccountLock is TRUE";
        if (entry.Text("loginDisabled") is { } off && off.Equals("TRUE", StringComparison.OrdinalIgnoreCase)) return "loginDisabled is TRUE";
        // The password policy overlay: this date means locked by an administrator, for good.
        if (entry.Text("pwdAccountLockedTime") == "000001010000Z") return "pwdAccountLockedTime says locked for good";
        if (Number(entry, "shadowExpire") is > 0 and < 200_000 and { } days && DateTimeOffset.UnixEpoch.AddDays(days) is var end && end <= now) return $"shadowExpire was {Day(end)}";
        if (entry.Text("krbPrincipalExpiration") is { } krb && DateTimeOffset.TryParseExact(krb, "yyyyMMddHHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until) && until <= now) return $"krbPrincipalExpiration was {Day(until)}";
        return null;
    }

    private static long? Number(DirectoryEntry entry, string name) =>
        entry.Text(name) is { } text && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Day(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
