namespace Gatehouse.SignIn;

/// <summary>The gate's decision for the request at hand, put there by the session door.</summary>
public static class AccessOfRequest
{
    /// <summary>Who passed the gate on this request. Throws on a route that is open to anyone and nobody is signed in: ask <see cref="GrantedOrNull"/> there.</summary>
    public static AccessGranted Granted(this HttpContext http) =>
        http.GrantedOrNull() ?? throw new InvalidOperationException("this route let nobody in");

    public static AccessGranted? GrantedOrNull(this HttpContext http) => http.Features.Get<AccessGranted>();

    /// <summary>The signed-in person as an actor of the audit log.</summary>
    public static Audit.Actor Actor(this HttpContext http) =>
        new(http.Granted().User.Email, http.RequestServices.GetRequiredService<Web.Visit>().Address.ToString());
}
