namespace Gatehouse.OpenIdConnect;

/// <summary>303 to a registered address of an application: its characters were checked when it was registered, what we add is percent-encoded.</summary>
internal sealed class SeeOtherAt(string location) : IResult
{
    public Task ExecuteAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = location;
        return Task.CompletedTask;
    }
}
