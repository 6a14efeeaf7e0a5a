using System.Globalization;
using System.Text;

namespace Gatehouse.Web;

/// <summary>Makes foreign text harmless for logs, terminals and pages: no control, format or bidi characters, bounded length.</summary>
public static class Printable
{
    public static string Cap(string text, int length)
    {
        var clean = new StringBuilder(Math.Min(text.Length, length));
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= length)
            {
                clean.Append('…');
                break;
            }
            clean.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse ? "\uFFFD" : rune.ToString());
        }
        return clean.ToString();
    }
}
