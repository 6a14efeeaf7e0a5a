using System.Text.RegularExpressions;
using Gatehouse.Web.Parts;

namespace Gatehouse.Tests.Web;

public partial class QrTests
{
    /// <summary>ISO/IEC 18004 sections 6.3.3 and 6.3.8: three finder patterns and a quiet zone of four modules; a link of ours still fits a size that a phone reads across a table.</summary>
    [Fact]
    public void A_drawing_has_its_three_corners_its_quiet_zone_and_stays_small()
    {
        var drawing = QrDrawing.Of("https://id.example.com/join?t=" + new string('x', 43));
        Assert.InRange(drawing.Size, 21 + 8, 45 + 8);
        Assert.Equal(1, (drawing.Size - 8) % 4);
        var dark = new bool[drawing.Size, drawing.Size];
        foreach (Match run in Runs().Matches(drawing.Path))
            for (var i = 0; i < int.Parse(run.Groups[3].Value); i++) dark[int.Parse(run.Groups[2].Value), int.Parse(run.Groups[1].Value) + i] = true;
        foreach (var (top, left) in new[] { (4, 4), (4, drawing.Size - 11), (drawing.Size - 11, 4) })
            for (var y = 0; y < 7; y++)
                for (var x = 0; x < 7; x++)
                    Assert.Equal(x is 0 or 6 || y is 0 or 6 || (x is >= 2 and <= 4 && y is >= 2 and <= 4), dark[top + y, left + x]);
        for (var i = 0; i < drawing.Size; i++)
            for (var edge = 0; edge < 4; edge++)
                Assert.False(dark[edge, i] || dark[i, edge] || dark[drawing.Size - 1 - edge, i] || dark[i, drawing.Size - 1 - edge]);
        Assert.NotEqual(drawing.Path, QrDrawing.Of("https://id.example.com/join?t=" + new string('y', 43)).Path);
    }

    [GeneratedRegex(@"M(\d+) (\d+)h(\d+)v1H\d+z")]
    private static partial Regex Runs();
}
