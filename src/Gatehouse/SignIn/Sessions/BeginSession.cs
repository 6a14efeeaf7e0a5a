using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.SignIn.NewDevices;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Opens, renews and ends the browser's session. The id changes at every sign-in and step-up.</summary>
public sealed class BeginSession(Secrets secrets, Cookies cookies, KnownBrowsers browsers, TimeProvider clock)
{
    public const string Cookie = "gatehouse";

    /// <summary>Makes a new session for whoever the gate let through, in the given transaction; a session of this browser ends.</summary>
    /// <returns>The cookie's value: hand it to <see cref="Keep"/> after the commit.</returns>
    public Task<string> Begin(Sql sql, AccessGranted granted, Visit visit, string kind, Factor factor, Session? previous) =>
        BeginWith(sql, granted, visit, kind, [factor], previous);

    /// <inheritdoc cref="Begin(Sql, AccessGranted, Visit, string, Factor, Session?)"/>
    public async Task<string> BeginWith(Sql sql, AccessGranted granted, Visit visit, string kind, IReadOnlyList<Factor> factors, Session? previous)
    {
        if (previous is not null) await SessionStore.End(sql, previous.PublicId, "replaced by a new sign-in", clock.Now());
        var value = Secrets.NewToken();
        var now = clock.Now();
        var session = new Session
        {
            Hash = secrets.Hash("session", value),
            PublicId = clock.NewId(),
            UserId = granted.User.Id,
            Epoch = granted.User.Epoch,
            Kind = kind,
            FactorsJson = JsonSerializer.Serialize(factors),
            BeganAt = now,
            AuthTime = now,
            LastSeenAt = now,
            ExpiresAt = now + (long)(kind == SessionKind.Full ? SessionLimits.Absolute : SessionLimits.Enrolment).TotalMilliseconds,
            Address = visit.Address.ToString(),
            UserAgent = visit.UserAgent,
        };
        await SessionStore.Insert(sql, session);
        await browsers.Note(sql, granted.User, session, visit);
        await PasswordStore.NoteBrowser(sql, granted.User, secrets.Hash("browser", visit.BrowserId), now);
        await sql.Run("update users set last_sign_in_at = @now where id = @id", new { now, id = granted.User.Id });
        return value;
    }

    /// <summary>Adds a factor to the live session and changes its id; null when the session has ended meanwhile.</summary>
    /// <param name="reauthenticated">True when the person proved again who they are: auth_time becomes now.</param>
    public async Task<string?> Strengthen(Sql sql, Session session, Factor factor, bool reauthenticated, long epoch)
    {
        var value = Secrets.NewToken();
        var now = clock.Now();
        var full = factor.CredentialId is not null;
        var next = session with
        {
            Hash = secrets.Hash("session", value),
            Kind = full ? SessionKind.Full : session.Kind,
            FactorsJson = JsonSerializer.Serialize(session.Factors.Append(factor).TakeLast(10)),
            AuthTime = reauthenticated ? now : session.AuthTime,
            LastSeenAt = now,
            Epoch = epoch,
            ExpiresAt = full && session.Kind == SessionKind.Enrolment ? session.BeganAt + (long)SessionLimits.Absolute.TotalMilliseconds : session.ExpiresAt,
        };
        return await SessionStore.Replace(sql, session.Hash, next) == 1 ? value : null;
    }

    /// <summary>The person has chosen a password or registered a second factor: the session that did it goes on under a new id, as the given kind and under the given epoch. Null when it has ended meanwhile.</summary>
    public async Task<string?> GoOnAs(Sql sql, Session session, Factor factor, string kind, long epoch)
    {
        var value = Secrets.NewToken();
        var next = session with
        {
            Hash = secrets.Hash("session", value),
            Kind = kind,
            FactorsJson = JsonSerializer.Serialize(session.Factors.Append(factor).TakeLast(10)),
            LastSeenAt = clock.Now(),
            Epoch = epoch,
            ExpiresAt = kind == SessionKind.Full && session.Kind == SessionKind.Enrolment ? session.BeganAt + (long)SessionLimits.Absolute.TotalMilliseconds : session.ExpiresAt,
        };
        return await SessionStore.Replace(sql, session.Hash, next) == 1 ? value : null;
    }

    /// <summary>The same person proved again who they are, by whatever a sign-in takes: the proofs are added, auth_time becomes now, the id changes. Null when the session has ended meanwhile.</summary>
    public async Task<string?> Strengthen(Sql sql, Session session, IReadOnlyList<Factor> proofs, long epoch)
    {
        var value = Secrets.NewToken();
        var now = clock.Now();
        var next = session with
        {
            Hash = secrets.Hash("session", value),
            FactorsJson = JsonSerializer.Serialize(session.Factors.Concat(proofs).TakeLast(10)),
            AuthTime = now,
            LastSeenAt = now,
            Epoch = epoch,
        };
        return await SessionStore.Replace(sql, session.Hash, next) == 1 ? value : null;
    }

    /// <summary>Gives the browser its session; a cookie for the browser's life, the server keeps the limits.</summary>
    public void Keep(HttpContext http, string value) => cookies.Write(http, Cookie, value, SessionLimits.Absolute);

    public void Forget(HttpContext http) => cookies.Clear(http, Cookie);
}
