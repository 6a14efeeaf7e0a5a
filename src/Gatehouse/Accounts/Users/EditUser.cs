using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Users;

/// <summary>What a user is called from now on.</summary>
public sealed record UserEdit(string UserName, string Email, string DisplayName, string? GivenName, string? FamilyName);

/// <summary>Changes names and address of a user, for the admin's form and the user's own.</summary>
public sealed class EditUser(Database database, IEnumerable<ILockedFields> sources, AuditLog audit, Email.OwnAddress own, TimeProvider clock)
{
    /// <param name="rowVersion">Of the row the form was filled from; when it moved on, nothing is written.</param>
    public async Task<Outcome<User>> Run(string id, long rowVersion, UserEdit edit, Actor actor)
    {
        try
        {
            return await database.Write(sql => Within(sql, id, rowVersion, edit, actor));
        }
        catch (Exception e) when (Database.IsUniqueViolation(e))
        {
            return await database.Write(sql => Within(sql, id, rowVersion, edit, actor));
        }
    }

    /// <summary>The user's own names; address and user name stay.</summary>
    public async Task<Outcome<User>> RunOwnNames(string id, long rowVersion, string? displayName, string? givenName, string? familyName, Actor actor) =>
        await database.Write(async sql => await UserStore.Find(sql, id) is { } user
            ? await Within(sql, id, rowVersion, new(user.UserName, user.Email, displayName ?? "", givenName, familyName), actor)
            : new NoSuchUser(id));

    private async Task<Outcome<User>> Within(Sql sql, string id, long rowVersion, UserEdit edit, Actor actor)
    {
        if (await UserStore.Find(sql, id) is not { DeletedAt: null } old) return new NoSuchUser(id);
        if (!AccountNames.UserName(edit.UserName).Passed(out var userName, out var refusal)) return refusal;
        if (!AccountNames.Email(edit.Email).Passed(out var email, out refusal)) return refusal;
        if (!AccountNames.Display("display_name", edit.DisplayName).Passed(out var displayName, out refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("given_name", edit.GivenName).Passed(out var given, out refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("family_name", edit.FamilyName).Passed(out var family, out refusal)) return refusal;
        if (await UniqueNames.CheckUserName(sql, userName, id) is { } nameTaken) return nameTaken;
        if (await UniqueNames.CheckEmail(sql, email, id) is { } emailTaken) return emailTaken;
        if (old.RowVersion != rowVersion) return new ChangedMeanwhile(old.DisplayName);
        var user = old with
        {
            UserName = userName,
            Email = email,
            // A new address has not been proved by anybody.
            EmailVerified = old.EmailVerified && UserStore.Fold(email) == UserStore.Fold(old.Email),
            DisplayName = displayName,
            GivenName = given,
            FamilyName = family,
        };
        if (user == old) return old;
        var locked = await LockedFields.For(sources, old);
        string[] touched = [.. Changed(old, user).Where(locked.Fields.Contains)];
        if (touched.Length > 0) return new FieldLocked(old.Ref, touched, old.Source);
        var changed = await sql.Run("""
            update users set user_name = @UserName, user_name_folded = @userNameFolded, email = @Email, email_folded = @emailFolded, email_verified = @EmailVerified,
                display_name = @DisplayName, given_name = @GivenName, family_name = @FamilyName, updated_at = @now, row_version = row_version + 1
            where id = @Id and row_version = @RowVersion
            """, new
        {
            user.UserName,
            userNameFolded = UserStore.Fold(userName),
            user.Email,
            emailFolded = UserStore.Fold(email),
            user.EmailVerified,
            user.DisplayName,
            user.GivenName,
            user.FamilyName,
            now = clock.Now(),
            user.Id,
            old.RowVersion,
        });
        if (changed == 0) return new ChangedMeanwhile(old.DisplayName);
        await audit.Write(sql, actor, "user.edited", user.AuditTarget, Describe(old), Describe(user));
        if (UserStore.Fold(email) != UserStore.Fold(old.Email)) await own.ChangedByAdmin(sql, old, user);
        return user with { RowVersion = old.RowVersion + 1 };
    }

    private static IEnumerable<string> Changed(User old, User user)
    {
        if (old.UserName != user.UserName) yield return "user_name";
        if (old.Email != user.Email) yield return "email";
        if (old.DisplayName != user.DisplayName) yield return "display_name";
        if (old.GivenName != user.GivenName) yield return "given_name";
        if (old.FamilyName != user.FamilyName) yield return "family_name";
    }

    private static string Describe(User user) => $"{user.UserName}, {user.Email}, {user.DisplayName} ({user.GivenName} {user.FamilyName})";
}
