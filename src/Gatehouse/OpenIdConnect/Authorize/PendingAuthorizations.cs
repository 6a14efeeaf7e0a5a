using System.Text.Json;
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

    public async Task<(PendingRequest? Request, TokenFault Fault)> Load(string token)
    {
        var looked = await database.Read(sql => tokens.Look(sql, TokenType.PendingAuthorization, token));
        return (looked.Token?.Read<PendingRequest>(), looked.Fault);
    }

    public async Task<Continuation?> Find(string token)
    {
        var (pending, _) = await Load(token);
        if (pending is null || await database.Read(sql => ClientStore.Find(sql, pending.ClientId)) is not { Enabled: true, DeletedAt: null } client) return null;
        var parameters = pending.ToParameters();
        var request = new AuthorizeRequest(parameters, client, null, pending.MadeAt) { Client = client };
        if (Rules.CheckPrompt.Check(request) is not null || Rules.CheckMaxAge.Check(request) is not null) return null;
        var path = $"{Paths.Authorize}?pending={Uri.EscapeDataString(token)}";
        return new(client.Ref, path, path + "&cancel=1", request.AuthTimeAtLeast, parameters["login_hint"] is { Length: <= 320 } hint ? hint : null, null);
    }
}
