using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Users;

/// <summary>What is known of a user to be created. Without a user name one is made from the e-mail; without a display name, from the other names.</summary>
/// <param name="Id">An id that was promised before (a passkey was made for it); else a new one.</param>
public sealed record NewUser(string Email, string? UserName = null, string? DisplayName = null, string? GivenName = null, string? FamilyName = null, string Role = Role.User, bool EmailVerified = false, string? Id = null);

/// <summary>The one way a local account comes about.</summary>
public sealed class CreateUser(Database database, AuditLog audit, TimeProvider clock)
{
    public async Task<Outcome<User>> Run(NewUser wanted, Actor actor)
    {
        try
        {
            return await database.Write(sql => Within(sql, wanted, actor));
        }
        catch (Exception e) when (Database.IsUniqueViolation(e))
        {
            // Another node was faster by a moment; its row now says which name is taken.
            return await database.Write(sql => Within(sql, wanted, actor));
        }
    }

    /// <summary>The same inside a larger write.</summary>
    public async Task<Outcome<User>> Within(Sql sql, NewUser wanted, Actor actor)
    {
        if (!AccountNames.Email(wanted.Email).Passed(out var email, out var refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("given_name", wanted.GivenName).Passed(out var given, out refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("family_name", wanted.FamilyName).Passed(out var family, out refusal)) return refusal;
        if (await UniqueNames.CheckEmail(sql, email, null) is { } emailTaken) return emailTaken;
        string? userName;
        if (string.IsNullOrWhiteSpace(wanted.UserName)) userName = await UniqueNames.FreeUserName(sql, AccountNames.UserNameFrom(email));
        else
        {
            if (!AccountNames.UserName(wanted.UserName).Passed(out userName, out refusal)) return refusal;
            if (await UniqueNames.CheckUserName(sql, userName, null) is { } nameTaken) return nameTaken;
        }
        var called = string.IsNullOrWhiteSpace(wanted.DisplayName) ? $"{given} {family}".Trim() is { Length: > 0 and <= 100 } both ? both : userName : wanted.DisplayName;
        if (!AccountNames.Display("display_name", called).Passed(out var displayName, out refusal)) return refusal;
        var now = clock.Now();
        var user = new User
        {
            Id = wanted.Id ?? clock.NewId(),
            UserName = userName,
            Email = email,
            EmailVerified = wanted.EmailVerified,
            DisplayName = displayName,
            GivenName = given,
            FamilyName = family,
            Role = wanted.Role,
            Epoch = 1,
            CreatedAt = now,
            UpdatedAt = now,
            RowVersion = 1,
        };
        await UserStore.Insert(sql, user);
        await audit.Write(sql, actor, "user.created", user.AuditTarget, after: $"{user.Email}, {user.Role}");
        return user;
    }
}
