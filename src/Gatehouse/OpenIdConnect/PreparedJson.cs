using System.Security.Cryptography;

namespace Gatehouse.OpenIdConnect;

/// <summary>A JSON answer made once per change: its bytes and its entity tag.</summary>
public sealed class PreparedJson(byte[] bytes) : IResult
{
    private readonly string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"";

    public ReadOnlyMemory<byte> Bytes => bytes;

    public async Task ExecuteAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "public, max-age=60";
        http.Response.Headers.ETag = tag;
        if (http.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            http.Response.StatusCode = 304;
            return;
        }
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }
}
