using System.Collections.Frozen;
using System.Text;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>Characters that look like others; just enough to name a mistake in an address, not to prevent one.</summary>
internal static class LookAlikes
{
    private static readonly FrozenDictionary<char, char> Table =
        "аaеeоoрpсcхxуyіiјjѕsԁdһhӏlԛqԝwвbкkмmнhтtАAВBЕEКKМMНHОOРPСCТTХXοoαaνvρpιiκkΑAΒBΕEΗHΙIΚKΜMΝNΟOΡPΤTΧXΥYΖZıi‐-‑-‒-–-—-−-⁄/∕/։:꞉:․.。.．."
            .Chunk(2).DistinctBy(pair => pair[0]).ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Replaces characters outside ASCII that look like ASCII ones, full-width forms included.</summary>
    public static string Fold(string text)
    {
        if (text.All(char.IsAscii)) return text;
        var folded = new StringBuilder(text.Length);
        foreach (var c in text) folded.Append(Table.TryGetValue(c, out var plain) ? plain : c is >= '\uff01' and <= '\uff5e' ? (char)(c - 0xfee0) : c);
        return folded.ToString();
    }

    /// <summary>Folds ASCII characters that look alike in many fonts: l, I and 1; O and 0; rn and m; vv and w.</summary>
    public static string Skeleton(string text) => Fold(text).ToLowerInvariant()
        .Replace('1', 'l').Replace('i', 'l').Replace('0', 'o').Replace("rn", "m", StringComparison.Ordinal).Replace("vv", "w", StringComparison.Ordinal);
}
