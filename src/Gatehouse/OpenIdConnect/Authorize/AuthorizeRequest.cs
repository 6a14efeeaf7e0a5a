using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Consents;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>One authorize request and what the rules have learned about it so far.</summary>
internal sealed class AuthorizeRequest(StrictParameters parameters, Client? client, AccessGranted? person, long now)
{
    public StrictParameters Parameters => parameters;

    /// <summary>The row of that id, whatever its state; null when there is none.</summary>
    public Client? Found => client;

    /// <summary>Set by IdentifyClient.</summary>
    public Client Client { get; set; } = null!;

    /// <summary>The registered callback, set by MatchRedirectUri. From then on refusals go there.</summary>
    public string? Callback { get; set; }

    public string ResponseMode { get; set; } = Authorize.ResponseMode.Query;
    public string? State { get; set; }
    public string? Nonce { get; set; }

    /// <summary>S256 challenge, or null when the client need not send one.</summary>
    public string? Challenge { get; set; }

    /// <summary>The scopes that will be granted.</summary>
    public string Scope { get; set; } = "";

    /// <summary>What the parameter resource names; looked up before the rules.</summary>
    public Outcome<ResourceRules.Named> Resource { get; init; }

    /// <summary>The API whose tokens are asked for, and the words of scope that are its own.</summary>
    public Api? Api { get; set; }
    public string ApiScope { get; set; } = "";

    /// <summary>prompt=none: no page may be shown.</summary>
    public bool Silent { get; set; }

    /// <summary>The session must not be older: prompt=login, select_account, or max_age.</summary>
    public long? AuthTimeAtLeast { get; set; }

    /// <summary>Set where a limit of the client itself is what makes a sign-in too old.</summary>
    public AgainBecause? Because { get; set; }

    /// <summary>When the person last came to this client in this session; asked only where the client has a limit for it.</summary>
    public long? LastVisit { get; init; }

    /// <summary>True when somebody is signed in, but has not come to this client for too long.</summary>
    public bool TooLongAway { get; set; }

    /// <summary>What id_token_hint says, when its signature is ours.</summary>
    public IdTokenHint? Hint { get; init; }

    /// <summary>The subject of id_token_hint.</summary>
    public string? ExpectedSubject { get; set; }

    /// <summary>Who is signed in in this browser; null for nobody.</summary>
    public AccessGranted? Person => person;

    /// <summary>True when somebody must sign in before the rest can be judged.</summary>
    public bool MustSignIn { get; set; }

    /// <summary>True when somebody is signed in, but by one factor where the policy asks for two.</summary>
    public bool MustBeStronger { get; set; }

    /// <summary>The gate's word, set by the rule of that name.</summary>
    public AccessGranted? Granted { get; set; }

    /// <summary>What the claims parameter asks for.</summary>
    public RequestedClaims Requested { get; set; } = RequestedClaims.None;

    /// <summary>The policy for second factors names this client: one factor is not enough.</summary>
    public bool NeedsMultiFactor { get; init; }

    /// <summary>prompt=consent: the page is shown even when nothing new is asked.</summary>
    public bool AskConsent { get; set; }

    /// <summary>The person as the client may see them, and what they allowed before; null while nobody is signed in.</summary>
    public ConsentQuestion? Consent { get; init; }

    /// <summary>True when the person must be asked before the client gets anything.</summary>
    public bool MustConsent { get; set; }

    /// <summary>What the person is asked about, set by RequireConsent.</summary>
    public IReadOnlyList<ConsentItem> Items { get; set; } = [];

    /// <summary>When it was made, Unix milliseconds: for a resumed request the time when it was stored.</summary>
    public long MadeAt { get; init; } = now;

    /// <summary>True when it comes back from the sign-in page.</summary>
    public bool Resumed { get; init; }

    /// <summary>Where the person declined: "sign-in", "consent" or null.</summary>
    public string? DeclinedAt { get; init; }
}

internal static class ResponseMode
{
    public const string Query = "query";
    public const string Fragment = "fragment";
    public const string FormPost = "form_post";
}
