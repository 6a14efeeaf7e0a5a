using Gatehouse.Data;

namespace Gatehouse.SignIn;

/// <summary>Knows who was invited and has no account yet, so that "invited, not accepted" is told apart from "unknown" (to admins). Implemented by SignUp.</summary>
public interface IInvitedPeople
{
    /// <summary>The newest invitation to this address that was not used, or null. Always one query, whatever the address.</summary>
    Task<InvitedPerson?> Find(Sql sql, string email);
}

/// <param name="State">"open", "opened", "expired" or "revoked".</param>
/// <param name="Path">Where an admin sees it, a path of ours.</param>
public sealed record InvitedPerson(string Id, string State, long ExpiresAt, string Path);
