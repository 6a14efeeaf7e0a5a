using Gatehouse.Refusals;

namespace Gatehouse.SignIn;

/// <summary>What waits behind a sign-in: an application's request, kept on the server under a token. Implemented by OpenIdConnect.</summary>
public interface IContinuation
{
    /// <summary>The waiting request, or null when the token is unknown or too old. May be asked as often as needed.</summary>
    Task<Continuation?> Find(string token);
}

/// <summary>A waiting request of an application.</summary>
/// <param name="Client">The application; its name is shown on the sign-in page.</param>
/// <param name="Path">Where to go once signed in, a path of ours.</param>
/// <param name="CancelPath">Where to go when the person declines, a path of ours; the application hears access_denied.</param>
/// <param name="AuthTimeAtLeast">The session's AuthTime must not be older (Unix milliseconds): prompt=login or max_age. Null when any live session will do.</param>
/// <param name="LoginHint">What the application thinks the person's user name or e-mail is; to fill the field, never to be trusted.</param>
/// <param name="ExpectedUserId">The only user who may continue (id_token_hint), or null.</param>
public sealed record Continuation(ClientRef Client, string Path, string CancelPath, long? AuthTimeAtLeast, string? LoginHint, string? ExpectedUserId)
{
    public string AppName => Client.Name;

    /// <summary>Which limit of the application asks for a new sign-in; null for any other cause.</summary>
    public AgainBecause? Because { get; init; }

    /// <summary>True when a session that was opened at <paramref name="authTime"/> is too old and the person must sign in again.</summary>
    public bool NeedsSignInAgain(long authTime) => AuthTimeAtLeast is { } limit && authTime < limit;
}

/// <summary>A sentence for the person, as a key of the texts, and what stands in its gaps.</summary>
/// <param name="Arguments">A length of time is put into words where it is shown.</param>
public sealed record AgainBecause(string Sentence, object[] Arguments)
{
    public string In(Web.Texts t) => t[Sentence, [.. Arguments.Select(a => a is TimeSpan span ? Web.Spans.InWords(t, span) : a)]];

    /// <summary>For evidence.</summary>
    public string InEnglish(string and) => In(Web.Texts.In("en")).TrimEnd('.') + and;
}
