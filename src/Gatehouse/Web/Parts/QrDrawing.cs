using System.Globalization;
using System.Text;
using QRCoder;

namespace Gatehouse.Web.Parts;

/// <summary>A QR code (ISO/IEC 18004) as the path of an SVG: one unit per module, the quiet zone of four modules included.</summary>
public sealed record QrDrawing(int Size, string Path)
{
    /// <param name="text">At most 2,000 bytes of UTF-8.</param>
    public static QrDrawing Of(string text)
    {
        using var code = new QRCodeGenerator().CreateQrCode(text, QRCodeGenerator.ECCLevel.M, forceUtf8: true);
        var rows = code.ModuleMatrix;
        var path = new StringBuilder();
        for (var y = 0; y < rows.Count; y++)
        {
            for (var x = 0; x < rows[y].Length; x++)
            {
                if (!rows[y][x]) continue;
                var start = x;
                while (x + 1 < rows[y].Length && rows[y][x + 1]) x++;
                path.Append(CultureInfo.InvariantCulture, $"M{start} {y}h{x - start + 1}v1H{start}z");
            }
        }
        return new(rows.Count, path.ToString());
    }
}
