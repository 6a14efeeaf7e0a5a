using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.6: request objects are not supported and nothing is ever fetched for one.</summary>
internal static class CheckRequestObject
{
    public static Refusal? Check(AuthorizeRequest request) =>
        request.Parameters.Has("request") ? new RequestObjectSent(request.Client.Ref)
        : request.Parameters.Has("request_uri") ? new RequestUriSent(request.Client.Ref)
        : null;
}
