using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect;

/// <summary>A refusal as OAuth says it (RFC 6749 section 5.2): error, the public sentence with the reference, and where to read more.</summary>
/// <param name="challenge">The WWW-Authenticate scheme that goes with a 401.</param>
internal sealed class ProtocolError(Refuse refuse, ServerConfiguration configuration, Refusal refusal, string challenge) : IResult
{
    public async Task ExecuteAsync(HttpContext http)
    {
        var reference = refuse.Record(http, refusal);
        http.Response.StatusCode = refusal.Facts.Status;
        if (refusal.Facts.Status is 401 or 403) http.Response.Headers.WWWAuthenticate = challenge;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>
        {
            ["error"] = refusal.Facts.Wire ?? "invalid_request",
            ["error_description"] = $"{refusal.Facts.Public} (ref {reference.Text})",
            ["error_uri"] = configuration.Link($"/help/{refusal.Facts.CodeForStrangers}"),
        }), http.RequestAborted);
    }
}
