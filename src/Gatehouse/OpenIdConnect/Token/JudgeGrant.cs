using Gatehouse.Refusals;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>Whether a grant still stands: not revoked, same epoch, session not ended, and the gate lets the person in today.</summary>
internal sealed class JudgeGrant(AccessRules access)
{
    public Outcome<AccessGranted> Judge(StandingGrant standing)
    {
        var (grant, user, client) = (standing.Grant, standing.User, standing.Client.Client);
        // First, for switching an account off also raises its epoch and ends its sessions: the admin is told the cause, not what followed from it.
        if (!user.IsActive && access.Judge(user, standing.Groups, null, null).Refusal is { } off) return new GrantOfAccountOff(client, user.Ref, off.Facts.Code, off.Evidence);
        if (grant.RevokedAt is not null) return new GrantEnded(client, user.Ref, $"it was revoked ({grant.RevokedBecause})");
        if (grant.UserEpoch != user.Epoch) return new GrantEnded(client, user.Ref, "the account was disabled, changed its factors or signed out everywhere since");
        if (standing.SessionGone) return new GrantEnded(client, user.Ref, "the session is gone");
        if (standing.SessionEndedAt is not null) return new GrantEnded(client, user.Ref, $"the session was ended ({standing.SessionEndedBecause})");
        if (!standing.Client.Enabled) return new GrantEnded(client, user.Ref, "the client is disabled or deleted");
        return access.Judge(user, standing.Groups, null, standing.Client).Passed(out var granted, out var refusal)
            ? granted
            : new GrantNoLongerAllowed(client, user.Ref, refusal.Facts.Code, refusal.Evidence);
    }
}
