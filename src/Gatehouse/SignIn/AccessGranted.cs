using Gatehouse.Accounts.Users;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.SignIn;

/// <summary>
/// Proof that the gate let somebody through. Only <see cref="AccessRules"/> makes one; everything that issues or honours anything takes one.
/// </summary>
public sealed class AccessGranted
{
    internal AccessGranted(User user, IReadOnlyList<GroupRef> groups, Session? session, ClientAccess? client, long at) =>
        (User, Groups, Session, Client, At) = (user, groups, session, client, at);

    public User User { get; }

    /// <summary>The user's groups, all of them, by name.</summary>
    public IReadOnlyList<GroupRef> Groups { get; }

    /// <summary>The browser session; null where a token stands in for it.</summary>
    public Session? Session { get; }

    /// <summary>The client it was asked for; null for our own pages.</summary>
    public ClientAccess? Client { get; }

    /// <summary>When it was judged, Unix milliseconds.</summary>
    public long At { get; }
}

/// <summary>What the gate must know of a client: who may use it.</summary>
public sealed record ClientAccess(ClientRef Client, bool Enabled, bool Restricted, IReadOnlyList<GroupRef> AllowedGroups);
