using System.Security.Cryptography;
using System.Text;
using Gatehouse.SignIn.SecondFactors;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>
/// How break-glass credentials are written: Crockford's base32 in groups of four, the last group computed from the others. A typing mistake is told from a wrong credential
/// without asking the database, and costs no guess.
/// </summary>
internal static class BreakGlassText
{
    /// <summary>160 random bits and the group that checks them.</summary>
    public const int SealedLength = 32 + CheckLength;

    /// <summary>80 random bits and the group that checks them: a code of the console lives for minutes.</summary>
    public const int CodeLength = 16 + CheckLength;
    public const int Longest = 120;
    private const int CheckLength = 4;

    public static string NewSealed() => New(SealedLength);

    public static string NewCode() => New(CodeLength);

    /// <summary>In capitals, in groups of four.</summary>
    public static string Shown(string normal) => string.Join('-', normal.ToUpperInvariant().Chunk(4).Select(c => new string(c)));

    /// <summary>As it was made: without spaces and dashes, in one case; O is 0, I and L are 1. Null when it is none, or has a typing mistake.</summary>
    public static string? Read(string typed)
    {
        if (typed.Length > Longest) return null;
        var normal = new StringBuilder();
        foreach (var c in typed.ToLowerInvariant())
        {
            if (char.IsWhiteSpace(c) || c is '-' or '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014') continue;
            var meant = c switch { 'o' => '0', 'i' or 'l' => '1', _ => c };
            if (!BackupCodes.Alphabet.Contains(meant)) return null;
            normal.Append(meant);
        }
        var text = normal.ToString();
        return text.Length is SealedLength or CodeLength && text[^CheckLength..] == Check(text[..^CheckLength]) ? text : null;
    }

    private static string New(int length)
    {
        var random = RandomNumberGenerator.GetString(BackupCodes.Alphabet, length - CheckLength);
        return random + Check(random);
    }

    // Twenty bits: one mistake in a million passes, and is a wrong guess then.
    private static string Check(string random)
    {
        var digest = SHA256.HashData(Encoding.ASCII.GetBytes(random));
        return new string([.. digest.Take(CheckLength).Select(b => BackupCodes.Alphabet[b & 31])]);
    }
}
