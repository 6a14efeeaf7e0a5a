using System.Globalization;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.1: max_age is a number of seconds since the person signed in.</summary>
internal static class CheckMaxAge
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Parameters["max_age"] is not { } text) return null;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return new MaxAgeInvalid(request.Client.Ref, text.Length);
        var limit = request.MadeAt - seconds * 1000L;
        request.AuthTimeAtLeast = Math.Max(limit, request.AuthTimeAtLeast ?? long.MinValue);
        return null;
    }
}
