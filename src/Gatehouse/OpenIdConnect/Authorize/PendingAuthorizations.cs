using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <param name="MadeAt">When it was stored, Unix milliseconds.</param>
/// <param name="AtSignIn">True when the sign-in page was shown for it.</param>
/// <summary>A request kept on the server while somebody signs in, or between a cross-site POST and the GET that can see the session.</summary>
internal sealed record PendingRequest(string ClientId, IReadOnlyList<string[]> Parameters, long MadeAt, bool AtSignIn)
{
    public static PendingRequest Of(StrictParameters parameters, long madeAt, bool atSignIn) => new(parameters["client_id"] ?? "", [.. parameters.All.Select(p => new[] { p.Key, p.Value })], madeAt, atSignIn);

    /// <summary>Which browser it waits in; null between a cross-site POST, which brings no cookie, and its GET.</summary>
    public string? Browser { get; init; }

    /// <summary>True when somebody is signed in, but by fewer factors than the client's policy asks for: they are asked again.</summary>
    public bool Stronger { get; init; }

    /// <summary>True when somebody is signed in, but has not come to the client for too long.</summary>
    public bool TooLongAway { get; init; }

    public StrictParameters ToParameters()
    {
        var text = string.Join('&', Parameters.Select(p => $"{Uri.EscapeDataString(p[0])}={Uri.EscapeDataString(p[1])}"));
        return StrictParameters.TryParse(text, out var parameters) ? parameters : StrictParameters.Empty;
    }
}

/// <summary>Stores waiting requests and tells the sign-in page about them.</summary>
internal sealed class PendingAuthorizations(Database database, OneTimeTokens tokens) : IContinuation
{
    /// <summary>How long somebody may take to sign in (WCAG 2.2.1).</summary>
    public static readonly TimeSpan WhileSigningIn = TimeSpan.FromMinutes(20);

    /// <summary>Between a POST and the GET that follows at once.</summary>
    public static readonly TimeSpan BetweenPostAndGet = TimeSpan.FromMinutes(5);

    public Task<string> Store(PendingRequest request, TimeSpan validity, Visit visit) =>
        database.Write(sql => tokens.Issue(sql, TokenType.PendingAuthorization, request.ClientId, request, validity, stranger: visit.Stranger));

    /// <summary>The request, or why there is none: unknown, too old, or begun in another browser.</summary>
    public async Task<(PendingRequest? Request, string Fault)> Load(string token, string? browserId)
    {
        var looked = await database.Read(sql => tokens.Look(sql, TokenType.PendingAuthorization, token));
        var request = looked.Token?.Read<PendingRequest>();
        return request is { Browser: { } browser } && browserId is not null && browser != Mark(browserId) ? (null, "it was begun in another browser") : (request, looked.Fault.ToString());
    }

    /// <summary>A browser as a stored request remembers it.</summary>
    public static string Mark(string browserId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(browserId)))[..32];

    public async Task<Continuation?> Find(string token)
    {
        var (pending, _) = await Load(token, null);
        if (pending is null || await database.Read(sql => ClientStore.Find(sql, pending.ClientId)) is not { Enabled: true, DeletedAt: null } client) return null;
        var parameters = pending.ToParameters();
        var request = new AuthorizeRequest(parameters, client, null, pending.MadeAt) { Client = client };
        if (Rules.CheckPrompt.Check(request) is not null || Rules.CheckMaxAge.Check(request) is not null) return null;
        var path = $"{Paths.Authorize}?pending={Uri.EscapeDataString(token)}";
        return new(client.Ref, path, path + "&cancel=1", pending.Stronger || pending.TooLongAway ? pending.MadeAt : request.AuthTimeAtLeast, parameters["login_hint"] is { Length: <= 320 } hint ? hint : null, null)
        {
            Because = pending.TooLongAway ? Rules.CheckMaxAge.NotSeen(client) : pending.Stronger ? null : request.Because,
        };
    }
}
