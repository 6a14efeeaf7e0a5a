using Gatehouse.Refusals;

namespace Gatehouse.Web;

/// <summary>What the gate needs from SignIn: who is signed in, and whether they may enter.</summary>
public interface ISessionDoor
{
    /// <summary>Reads the session from its cookie and fills <see cref="Visit.SignedIn"/>; a dead or foreign cookie means signed out.</summary>
    Task Recognise(HttpContext http, Visit visit);

    /// <summary>
    /// Null when the request may go on. Otherwise the answer: the way to the sign-in page, the step-up page, or a refusal.
    /// </summary>
    Task<IResult?> Judge(HttpContext http, Visit visit, RequiresAccess requires);
}
