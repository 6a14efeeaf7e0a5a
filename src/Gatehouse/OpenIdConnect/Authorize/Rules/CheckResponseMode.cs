using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OAuth 2.0 Multiple Response Type Encoding Practices section 2.1, Form Post Response Mode.</summary>
internal static class CheckResponseMode
{
    public static Refusal? Check(AuthorizeRequest request) =>
        request.Parameters["response_mode"] is null or ResponseMode.Query or ResponseMode.Fragment or ResponseMode.FormPost ? null
        : new ResponseModeNotSupported(request.Client.Ref, Web.Printable.Cap(request.Parameters["response_mode"]!, 40));
}
