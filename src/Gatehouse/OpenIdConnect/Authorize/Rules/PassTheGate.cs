using Gatehouse.Refusals;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>The one gate every path passes: account state, allowed groups, and what later rooms add.</summary>
internal static class PassTheGate
{
    public static Refusal? Check(AuthorizeRequest request, AccessRules access)
    {
        var person = request.Person!;
        if (!access.Judge(person.User, person.Groups, person.Session, request.Client.Access).Passed(out var granted, out var refusal)) return refusal;
        request.Granted = granted;
        return null;
    }
}
