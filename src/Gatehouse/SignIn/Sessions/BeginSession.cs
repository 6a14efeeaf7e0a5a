using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.SignIn.NewDevices;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Opens, renews and ends the browser's session. The id changes at every sign-in and step-up.</summary>
public sealed class BeginSession(Secrets secrets, Cookies cookies, KnownBrowsers browsers, Settings settings, TimeProvider clock)
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
        var policy = await SessionPolicy.Of(settings);
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
            Remembered = policy.MayRemember && visit.StaysSignedIn,
            Address = visit.Address.ToString(),
            UserAgent = visit.UserAgent,
        };
        session = session with { ExpiresAt = now + policy.AbsoluteOf(session), NewBrowser = await browsers.Note(sql, granted.User, session, visit) };
        await SessionStore.Insert(sql, session);
        visit.SessionCookie = CookieOf(session);
        await PasswordStore.NoteBrowser(sql, granted.User, secrets.Hash("browser", visit.BrowserId), now);
        await sql.Run("update users set last_sign_in_at = @now where id = @id", new { now, id = granted.User.Id });
        return value;
    }

    /// <summary>Adds a factor to the live session and changes its id; null when the session has ended meanwhile.</summary>
    /// <param name="reauthenticated">True when the person proved again who they are: auth_time becomes now.</param>
    /// <param name="visit">Given where the person signs in and may choose to stay signed in.</param>
    public async Task<string?> Strengthen(Sql sql, Session session, Factor factor, bool reauthenticated, long epoch, Visit? visit = null)
    {
        var value = Secrets.NewToken();
        var now = clock.Now();
        var next = await Grown(session, factor.CredentialId is not null ? SessionKind.Full : session.Kind, visit) with
        {
            Hash = secrets.Hash("session", value),
            FactorsJson = JsonSerializer.Serialize(session.Factors.Append(factor).TakeLast(10)),
            AuthTime = reauthenticated ? now : session.AuthTime,
            LastSeenAt = now,
            Epoch = epoch,
        };
        return await SessionStore.Replace(sql, session.Hash, next) == 1 ? value : null;
    }

    /// <summary>The person has chosen a password or registered a second factor: the session that did it goes on under a new id, as the given kind and under the given epoch. Null when it has ended meanwhile.</summary>
    public async Task<string?> GoOnAs(Sql sql, Session session, Factor factor, string kind, long epoch)
    {
        var value = Secrets.NewToken();
        var next = await Grown(session, kind, null) with
        {
            Hash = secrets.Hash("session", value),
            FactorsJson = JsonSerializer.Serialize(session.Factors.Append(factor).TakeLast(10)),
            LastSeenAt = clock.Now(),
            Epoch = epoch,
        };
        return await SessionStore.Replace(sql, session.Hash, next) == 1 ? value : null;
    }

    /// <summary>The same person proved again who they are, by whatever a sign-in takes: the proofs are added, auth_time becomes now, the id changes. Null when the session has ended meanwhile.</summary>
    public async Task<string?> Strengthen(Sql sql, Session session, IReadOnlyList<Factor> proofs, long epoch, Visit? visit = null)
    {
        var value = Secrets.NewToken();
        var now = clock.Now();
        var next = await Grown(session, session.Kind, visit) with
        {
            Hash = secrets.Hash("session", value),
            FactorsJson = JsonSerializer.Serialize(session.Factors.Concat(proofs).TakeLast(10)),
            AuthTime = now,
            LastSeenAt = now,
            Epoch = epoch,
        };
        return await SessionStore.Replace(sql, session.Hash, next) == 1 ? value : null;
    }

    /// <summary>
    /// Gives the browser its session: a cookie that the browser drops when it is closed, or, for whoever chose to stay signed in, one that lasts as long as the session can.
    /// The limits themselves are the server's.
    /// </summary>
    public void Keep(HttpContext http, string value)
    {
        var cookie = http.RequestServices.GetRequiredService<Visit>().SessionCookie ?? (http.GrantedOrNull()?.Session is { } session ? CookieOf(session) : new(null));
        cookies.Write(http, Cookie, value, cookie.For);
    }

    // A day longer than the session itself: then the page can say why it ended.
    private SessionCookie CookieOf(Session session) =>
        new(session.Remembered ? TimeSpan.FromMilliseconds(Math.Max(0, session.ExpiresAt - clock.Now())) + TimeSpan.FromDays(1) : null);

    /// <summary>The session as it goes on: of another kind, or to be kept from now on. Its limits count from when it began.</summary>
    private async ValueTask<Session> Grown(Session session, string kind, Visit? visit)
    {
        var policy = await SessionPolicy.Of(settings);
        var stays = !session.Remembered && policy.MayRemember && visit?.StaysSignedIn == true;
        if (kind == session.Kind && !stays) return session;
        var grown = session with { Kind = kind, Remembered = session.Remembered || stays };
        grown = grown with { ExpiresAt = Math.Max(grown.ExpiresAt, grown.BeganAt + policy.AbsoluteOf(grown)) };
        if (stays) visit!.SessionCookie = CookieOf(grown);
        return grown;
    }

    public void Forget(HttpContext http) => cookies.Clear(http, Cookie);
}
