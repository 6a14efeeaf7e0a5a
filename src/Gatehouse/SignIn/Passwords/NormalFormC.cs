using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace Gatehouse.SignIn.Passwords;

/// <summary>
/// Unicode normalisation form C (UAX #15). The runtime normalises nothing but ASCII under invariant globalization, so the same word typed on two keyboards would be two passwords.
/// The data comes from nfc.txt; assigned characters never change their form (Unicode stability policy).
/// </summary>
public static class NormalFormC
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, NCount = VCount * TCount, SCount = LCount * NCount;
    private static readonly Lazy<Data> Table = new(Load);

    /// <summary>The text in form C. Lone surrogates stay as they are.</summary>
    public static string Of(string text)
    {
        var plain = true;
        foreach (var c in text)
            if (c >= '\u0300') plain = false;
        // Below U+0300 everything is in form C already (quick check).
        if (plain) return text;
        var data = Table.Value;
        var points = new List<int>(text.Length + 8);
        for (var i = 0; i < text.Length; i++)
        {
            int point = text[i];
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) point = char.ConvertToUtf32(text[i], text[++i]);
            Decompose(data, point, points);
        }
        Reorder(data, points);
        Compose(data, points);
        var result = new StringBuilder(points.Count);
        foreach (var point in points)
        {
            if (point is >= 0xD800 and <= 0xDFFF) result.Append((char)point);
            else result.Append(char.ConvertFromUtf32(point));
        }
        return result.ToString();
    }

    private static void Decompose(Data data, int point, List<int> into)
    {
        if (point - SBase is >= 0 and < SCount and var s)
        {
            into.Add(LBase + s / NCount);
            into.Add(VBase + s % NCount / TCount);
            if (s % TCount > 0) into.Add(TBase + s % TCount);
        }
        else if (data.Decompositions.TryGetValue(point, out var parts))
        {
            foreach (var part in parts) Decompose(data, part, into);
        }
        else into.Add(point);
    }

    private static void Reorder(Data data, List<int> points)
    {
        // Insertion by combining class, stable; runs of marks are short except in hostile input, whose length is capped before.
        for (var i = 1; i < points.Count; i++)
        {
            var (point, own) = (points[i], data.Class(points[i]));
            if (own == 0) continue;
            var j = i;
            for (; j > 0 && data.Class(points[j - 1]) > own; j--) points[j] = points[j - 1];
            points[j] = point;
        }
    }

    private static void Compose(Data data, List<int> points)
    {
        var starter = -1;
        var lastClass = -1;
        var kept = 0;
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var own = data.Class(point);
            // Blocked when a mark of the same or a higher class stands between.
            if (starter >= 0 && (lastClass < own || lastClass == -1) && Pair(data, points[starter], point) is { } composed)
            {
                points[starter] = composed;
                continue;
            }
            if (own == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else lastClass = own;
            points[kept++] = point;
        }
        points.RemoveRange(kept, points.Count - kept);
    }

    private static int? Pair(Data data, int first, int second)
    {
        if (first - LBase is >= 0 and < LCount and var l && second - VBase is >= 0 and < VCount and var v) return SBase + (l * VCount + v) * TCount;
        if (first - SBase is >= 0 and < SCount and var s && s % TCount == 0 && second - TBase is > 0 and < TCount and var t) return first + t;
        return data.Compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private sealed record Data(FrozenDictionary<int, int[]> Decompositions, FrozenDictionary<(int, int), int> Compositions, FrozenDictionary<int, byte> Classes)
    {
        public int Class(int point) => point < 0x300 ? 0 : Classes.GetValueOrDefault(point);
    }

    private static Data Load()
    {
        var decompositions = new Dictionary<int, int[]>();
        var compositions = new Dictionary<(int, int), int>();
        var classes = new Dictionary<int, byte>();
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("passwords/nfc.txt")!);
        while (reader.ReadLine() is { } line)
        {
            var cells = line.Split(' ');
            if (cells[0] == "d")
            {
                var parts = cells[2..].Where(c => c != "x").Select(Hex).ToArray();
                decompositions[Hex(cells[1])] = parts;
                if (cells[^1] != "x" && parts.Length == 2) compositions[(parts[0], parts[1])] = Hex(cells[1]);
            }
            else if (cells[0] == "c")
            {
                for (var point = Hex(cells[1]); point <= Hex(cells[2]); point++) classes[point] = (byte)Hex(cells[3]);
            }
        }
        return new(decompositions.ToFrozenDictionary(), compositions.ToFrozenDictionary(), classes.ToFrozenDictionary());
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
