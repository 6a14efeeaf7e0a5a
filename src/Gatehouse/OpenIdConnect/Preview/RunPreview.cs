using System.Text.Encodings.Web;
using System.Text.Json;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Consents;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.OpenIdConnect.Userinfo;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Preview;

/// <summary>What an admin wants to see: this person at this application.</summary>
/// <param name="Method">How the person would have signed in: a method of amr.</param>
/// <param name="ClaimsParameter">The claims parameter of the application's request, or null.</param>
public sealed record PreviewQuestion(string ClientId, string Who, string Scope, string Method, string? ClaimsParameter, string? Resource);

/// <summary>What would happen.</summary>
/// <param name="Refusal">The rule that decided, when somebody is not let in.</param>
/// <param name="Passed">The rules that passed, in order.</param>
/// <param name="Asks">What the person would be asked to agree to first; empty when they are not asked.</param>
/// <param name="IdToken">Header and payload, indented JSON; null without openid.</param>
/// <param name="AccessToken">As above; null for one that only this server can read.</param>
public sealed record PreviewAnswer(
    Client Client, User User, Refusal? Refusal, IReadOnlyList<string> Passed, IReadOnlyList<ConsentItem> Asks, TokenPreview? IdToken, TokenPreview? AccessToken, string? Userinfo);

/// <summary>A token without its signature, so that it opens nothing.</summary>
public sealed record TokenPreview(string Header, string Payload);

/// <summary>
/// Runs the rules and the issuing code of the real flow for a person who is not there, and shows what came out. Nothing is stored, nothing is closed,
/// and signatures are thrown away before anything is shown.
/// </summary>
internal sealed class RunPreview(
    Database database, IEnumerable<IAccessRule> laterRules, ReadConsent consents, ReadClaims claims, ResourceRules resources, IssueTokens issue, TimeProvider clock)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Null when there is no such client or user.</summary>
    public async Task<PreviewAnswer?> Run(PreviewQuestion question)
    {
        var (client, user, groups) = await database.Read(async sql =>
        {
            var found = await ClientStore.Find(sql, question.ClientId);
            var person = await UserStore.FindByIdentifier(sql, question.Who);
            return (found, person, person is null ? [] : await GroupStore.Of(sql, person.Id));
        });
        if (client is null || user is null) return null;

        var silence = new Silence();
        var access = new AccessRules(laterRules, clock, silence);
        var now = clock.Now();
        var session = new Session
        {
            PublicId = "preview",
            UserId = user.Id,
            Epoch = user.Epoch,
            AuthTime = now,
            BeganAt = now,
            FactorsJson = JsonSerializer.Serialize(question.Method.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(m => new Factor(m, now, null, null))),
        };
        if (!access.Judge(user, groups, session, null).Passed(out var person, out var closed)) return Refused(client, user, closed, []);

        var visit = new Visit(clock);
        var parameters = Parameters(client, question);
        var request = new AuthorizeRequest(parameters, client, person, now)
        {
            Consent = await consents.Question(person, client),
            Resource = parameters.Has("resource") ? await resources.Find(client, parameters) : new ResourceRules.Named(null, Given: false),
        };
        var refusal = new AuthorizeRules(access, silence).Judge(request, visit);
        var passed = visit.Context.Steps.Select(s => s.Name).ToArray();
        if (refusal is not null) return Refused(client, user, refusal, passed);

        var grant = new Grant
        {
            Id = new string('0', 32),
            ClientId = client.Id,
            ApiId = request.Api?.Id,
            UserId = user.Id,
            SessionPublicId = session.PublicId,
            UserEpoch = user.Epoch,
            Scope = request.Scope,
            AuthTime = session.AuthTime,
            Amr = Assurance.Methods(session.Factors),
            RequestedClaims = request.Requested.Stored,
            CreatedAt = now,
        };
        if (!resources.ForPerson(await resources.Registered(), client, grant, request.Scope, StrictParameters.Empty, request.Granted!).Passed(out var target, out refusal)) return Refused(client, user, refusal, passed);
        using var answer = JsonDocument.Parse(await issue.Answer(new Exchanged(request.Granted!, grant, request.Scope, target, null), client, withNonce: false));
        var seen = await claims.Of(request.Granted!, client);
        return new(client, user, null, passed, request.MustConsent ? request.Items : [],
            Show(answer.RootElement, "id_token"), Show(answer.RootElement, "access_token"),
            Scopes.Has(request.Scope, Scopes.OpenId) ? Indent(UserinfoEndpoint.Body(request.Granted!, seen, request.Scope, request.Requested)) : null);
    }

    private static PreviewAnswer Refused(Client client, User user, Refusal refusal, IReadOnlyList<string> passed) => new(client, user, refusal, passed, [], null, null, null);

    /// <summary>The request that the application would send, with a challenge that nobody knows the verifier of.</summary>
    private static StrictParameters Parameters(Client client, PreviewQuestion question)
    {
        var pairs = new List<(string Name, string? Value)>
        {
            ("client_id", client.Id), ("redirect_uri", client.Callbacks.Count > 0 ? client.Callbacks[0] : null), ("response_type", "code"), ("scope", question.Scope),
            ("code_challenge", new string('A', 43)), ("code_challenge_method", "S256"), ("claims", question.ClaimsParameter), ("resource", question.Resource),
        };
        var text = string.Join('&', pairs.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
        return StrictParameters.TryParse(text, out var parameters) ? parameters : StrictParameters.Empty;
    }

    private static TokenPreview? Show(JsonElement answer, string name)
    {
        if (!answer.TryGetProperty(name, out var token) || token.GetString()!.Split('.') is not [var header, var payload, _]) return null;
        return StrictBase64Url.TryDecode(header, Jwt.MaxLength, out var head) && StrictBase64Url.TryDecode(payload, Jwt.MaxLength, out var body) ? new(Indent(head), Indent(body)) : null;
    }

    private static string Indent(byte[] json)
    {
        using var read = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(read.RootElement, Indented);
    }

    /// <summary>A preview closes no problem and leaves no case.</summary>
    private sealed class Silence : IRefusalLog
    {
        public Reference Record(Refusal refusal, RefusalContext context) => Reference.Draw();
        public void Passed(string code, string target) { }
    }
}
