using Gatehouse.Audit;
using Gatehouse.Web;

namespace Gatehouse.Accounts;

public static class ActorOfVisit
{
    /// <summary>The signed-in person as an actor of the audit log.</summary>
    public static Actor Actor(this Visit visit) =>
        new((visit.SignedIn ?? throw new InvalidOperationException("this route let nobody in")).Email, visit.Address.ToString());
}
