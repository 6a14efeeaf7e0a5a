using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>RFC 6749 section 3.1: no parameter twice; and none longer than we echo or keep.</summary>
internal static class CheckParameters
{
    private const int MaxState = 8192;
    private const int MaxNonce = 4096;

    public static Refusal? Check(AuthorizeRequest request)
    {
        var parameters = request.Parameters;
        if (parameters["state"] is { Length: > MaxState } state) return new AuthorizeParameterTooLong(request.Client.Ref, "state", state.Length, MaxState);
        if (parameters.Values("state").Count <= 1) request.State = parameters["state"];
        // Errors after this one follow the mode asked for, so it is read before it is judged.
        if (parameters["response_mode"] is ResponseMode.Fragment or ResponseMode.FormPost) request.ResponseMode = parameters["response_mode"]!;
        if (parameters.DuplicateBut("resource") is { } name) return new AuthorizeParameterTwice(request.Client.Ref, Web.Printable.Cap(name, 40));
        if (parameters["nonce"] is { Length: > MaxNonce } nonce) return new AuthorizeParameterTooLong(request.Client.Ref, "nonce", nonce.Length, MaxNonce);
        request.Nonce = parameters["nonce"];
        return request.DeclinedAt switch
        {
            "sign-in" => new SignInDeclined(request.Client.Ref),
            "consent" => new ConsentDeclined(request.Client.Ref),
            _ => null,
        };
    }
}
