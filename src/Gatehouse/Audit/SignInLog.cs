using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Audit;

/// <summary>Notes successful sign-ins; stored behind the response.</summary>
public sealed class SignInLog(RefusalLog log, TimeProvider clock)
{
    /// <summary>A browser session was opened.</summary>
    public const string Session = "session";

    /// <summary>An application was entered.</summary>
    public const string App = "app";

    /// <summary>The method of somebody who came in by break-glass, and has no account.</summary>
    public const string BreakGlass = "break_glass";

    /// <param name="kind"><see cref="Session"/> or <see cref="App"/>.</param>
    /// <param name="clientId">The application entered, or null.</param>
    /// <param name="method">What was given, as amr values with spaces between: "hwk", "swk", "link", "pwd otp".</param>
    public void Success(string kind, string userId, string? clientId, string method, Visit visit) =>
        log.Note(new NotedSignIn(kind, userId, clientId, method, visit.Address.ToString(), Printable.Cap(visit.UserAgent, 300), clock.Now()));
}
