using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.SignIn.Steps;

/// <summary>One kind of second factor: an authenticator app, backup codes, a hardware key. Registered as a singleton; it maps its own routes.</summary>
public interface ISecondFactor
{
    /// <summary>"totp", "backup_code", "hardware_key"; stands in <see cref="PendingSignIn.Offers"/>.</summary>
    string Id { get; }

    /// <summary>Smaller stands higher on the page.</summary>
    int Order { get; }

    /// <summary>True when the user has registered this kind and can give it today.</summary>
    Task<bool> IsEnrolled(Sql sql, string userId);

    /// <summary>
    /// A Razor component with a parameter <c>Pending</c> of type <see cref="PendingSignIn"/>, shown on /sign-in/second to whoever has this kind. Its form posts to a route of
    /// the factor with the field <c>pending</c> = <see cref="PendingSignIn.Id"/>; the route checks the code and calls <see cref="SignInSteps.Second"/> in the same write.
    /// </summary>
    Type Component { get; }
}

/// <summary>What a policy looks at: who, with which proofs, and which kinds of second factor they have.</summary>
/// <param name="Proofs">Given so far in this sign-in, in order.</param>
/// <param name="Enrolled">Ids of the <see cref="ISecondFactor"/>s the user has.</param>
/// <param name="Client">The application that waits, or null.</param>
/// <param name="BrowserId">The browser, for a policy that remembers devices; never stored as it is.</param>
public sealed record FactorQuestion(User User, IReadOnlyList<GroupRef> Groups, IReadOnlyList<Factor> Proofs, IReadOnlyList<string> Enrolled, ClientRef? Client, string BrowserId);

/// <summary>What a policy answers.</summary>
/// <param name="Because">For admins: "the group ops demands a second factor".</param>
/// <param name="Offers">Ids of the factors that would do; those of them the user has are shown.</param>
/// <param name="Enrol">True: the user has none of them and is let in to register one, in a session that can do nothing else (<see cref="SessionKind.Enrolment"/>).</param>
public sealed record FactorDemand(string Because, IReadOnlyList<string> Offers, bool Enrol = false);

/// <summary>Says whether a sign-in needs more than it has. Registered as a singleton; every one is asked, after the first proof and again after each further one.</summary>
public interface ISecondFactorPolicy
{
    /// <summary>Null when this policy asks for nothing (more). May read; must not write.</summary>
    Task<FactorDemand?> Judge(Sql sql, FactorQuestion question);
}
