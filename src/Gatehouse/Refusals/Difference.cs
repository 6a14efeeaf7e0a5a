namespace Gatehouse.Refusals;

/// <summary>Two texts side by side, with the span in which they differ.</summary>
/// <param name="SentLabel">What the first text is, e.g. "sent".</param>
/// <param name="Sent">The text that came in.</param>
/// <param name="ExpectedLabel">What the second text is, e.g. "registered".</param>
/// <param name="Expected">The text it was compared with.</param>
/// <param name="Kind">Words for the difference, e.g. "a trailing slash".</param>
public sealed record Difference(string SentLabel, string Sent, string ExpectedLabel, string Expected, string Kind)
{
    /// <summary>Length of the common beginning, in UTF-16 units.</summary>
    public int CommonPrefix
    {
        get
        {
            var n = Math.Min(Sent.Length, Expected.Length);
            var i = 0;
            while (i < n && Sent[i] == Expected[i]) i++;
            return i;
        }
    }

    /// <summary>Length of the common end that does not overlap the common beginning.</summary>
    public int CommonSuffix
    {
        get
        {
            var max = Math.Min(Sent.Length, Expected.Length) - CommonPrefix;
            var i = 0;
            while (i < max && Sent[^(i + 1)] == Expected[^(i + 1)]) i++;
            return i;
        }
    }

    /// <summary>A text cut into what is the same before, what differs, and what is the same after.</summary>
    public (string Before, string Differs, string After) Cut(string text) =>
        (text[..CommonPrefix], text[CommonPrefix..^CommonSuffix], text[^CommonSuffix..]);
}
