using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>RFC 6749 section 3.1.1, RFC 9700 section 2.1.2: code is the one flow.</summary>
internal static class CheckResponseType
{
    public static Refusal? Check(AuthorizeRequest request) =>
        request.Parameters["response_type"] == "code" ? null
        : new ResponseTypeNotSupported(request.Client.Ref, Web.Printable.Cap(request.Parameters["response_type"] ?? "", 40));
}
