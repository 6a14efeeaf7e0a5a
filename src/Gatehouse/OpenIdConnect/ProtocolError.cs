using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect;

/// <summary>A refusal of a protocol endpoint; a 401 or 403 names the scheme to authenticate with (RFC 6749 section 5.2, RFC 6750 section 3).</summary>
internal sealed class ProtocolError(Refuse refuse, Refusal refusal, string challenge) : IResult
{
    public Task ExecuteAsync(HttpContext http)
    {
        if (refusal.Facts.Status is 401 or 403) http.Response.Headers.WWWAuthenticate = challenge;
        return refuse.Protocol(http, refusal).ExecuteAsync(http);
    }
}
