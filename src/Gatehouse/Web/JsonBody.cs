using Gatehouse.Jose;

namespace Gatehouse.Web;

/// <summary>The body of a script's request.</summary>
public static class JsonBody
{
    /// <summary>At most 64 kB; a longer one comes back empty and fails to parse.</summary>
    public static async Task<byte[]> Read(HttpContext http)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[8192];
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk)) > 0)
        {
            if (buffer.Length + read > StrictJson.DefaultMaxBytes) return [];
            buffer.Write(chunk, 0, read);
        }
        return buffer.ToArray();
    }
}
