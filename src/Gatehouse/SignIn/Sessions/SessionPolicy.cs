using System.Globalization;
using Gatehouse.Data;

namespace Gatehouse.SignIn.Sessions;

/// <summary>How long sessions live on this instance; times in minutes. Judged on the server at every request, so a shorter limit bites sessions that are there already.</summary>
public sealed record SessionPolicy
{
    public const string Never = "never", Offered = "offered", Ticked = "ticked";

    /// <summary>The least and the most that can be set, in minutes; browsers keep no cookie longer than 400 days.</summary>
    public const long Least = 5, Most = 399 * 1440;

    private const string Name = "sessions";

    /// <summary>So long without a request ends a session.</summary>
    public long Idle { get; init; } = 7 * 1440;

    /// <summary>So long after signing in it ends in any case.</summary>
    public long Absolute { get; init; } = 30 * 1440;

    /// <summary>Whether people may choose to stay signed in: <see cref="Never"/>, <see cref="Offered"/> or <see cref="Ticked"/>.</summary>
    public string Remember { get; init; } = Offered;

    /// <summary>The same two limits for whoever chose to stay signed in.</summary>
    public long RememberedIdle { get; init; } = 30 * 1440;
    public long RememberedAbsolute { get; init; } = 90 * 1440;

    public bool MayRemember => Remember != Never;

    /// <summary>The idle limit of a session, in milliseconds.</summary>
    public long IdleOf(Session session) => 60_000 * (session.Remembered && MayRemember ? RememberedIdle : Idle);

    /// <summary>The absolute limit of a session, in milliseconds.</summary>
    public long AbsoluteOf(Session session) => session.Kind == SessionKind.Enrolment ? (long)SessionLimits.Enrolment.TotalMilliseconds
        : 60_000 * (session.Remembered && MayRemember ? RememberedAbsolute : Absolute);

    /// <summary>When a session ends if nothing is done with it, Unix milliseconds.</summary>
    public long EndOf(Session session) => Math.Min(Math.Min(session.ExpiresAt, session.BeganAt + AbsoluteOf(session)), session.LastSeenAt + IdleOf(session));

    /// <summary>last_seen_at is written no more often than this, in milliseconds: a tenth of the idle limit and five minutes at most.</summary>
    public long SeenEvery(Session session) => Math.Min((long)SessionLimits.SeenEvery.TotalMilliseconds, IdleOf(session) / 10);

    /// <summary>As it is set now; the settings are cached, so this costs no query of its own.</summary>
    public static async ValueTask<SessionPolicy> Of(Settings settings)
    {
        if (await settings.Get(Name) is not { } text || text.Split(' ') is not [var idle, var absolute, var remember, var longIdle, var longAbsolute]) return new();
        return new()
        {
            Idle = Number(idle),
            Absolute = Number(absolute),
            Remember = remember is Never or Ticked ? remember : Offered,
            RememberedIdle = Number(longIdle),
            RememberedAbsolute = Number(longAbsolute),
        };

        static long Number(string text) => Math.Clamp(long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture), Least, Most);
    }

    public Task Save(Sql sql, Settings settings) =>
        settings.Set(sql, Name, string.Create(CultureInfo.InvariantCulture, $"{Idle} {Absolute} {Remember} {RememberedIdle} {RememberedAbsolute}"));

    /// <summary>For the audit log.</summary>
    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"{Words(Idle)} without activity, {Words(Absolute)} at most; staying signed in: {Remember}")
        + (MayRemember ? $", {Words(RememberedIdle)} without activity, {Words(RememberedAbsolute)} at most" : "");

    private static string Words(long minutes) => Web.Spans.InWords(Web.Texts.In("en"), TimeSpan.FromMinutes(minutes));
}

/// <summary>Why a session that this browser still names is over: said on the sign-in page to whoever holds its cookie, and to nobody else.</summary>
/// <param name="Limit">The limit that was reached, for the first two.</param>
public sealed record SessionOver(SessionEnd End, TimeSpan Limit);

public enum SessionEnd
{
    /// <summary>Nothing was done with it for too long.</summary>
    Idle,

    /// <summary>Too long after signing in.</summary>
    Absolute,

    /// <summary>Somebody ended it: its owner in another browser, or an admin.</summary>
    Ended,

    /// <summary>All sessions of the account ended.</summary>
    AllEnded,
}
