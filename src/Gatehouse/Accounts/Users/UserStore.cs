using Gatehouse.Data;

namespace Gatehouse.Accounts.Users;

/// <summary>SQL of users. Reads by name find disabled and deleted ones too: the query never decides.</summary>
public static class UserStore
{
    /// <summary>The select list for <see cref="User"/>, for a table alias "u".</summary>
    public const string Columns = """
        u.id as "Id", u.user_name as "UserName", u.email as "Email", u.email_verified as "EmailVerified", u.display_name as "DisplayName",
        u.given_name as "GivenName", u.family_name as "FamilyName", u.source as "Source", u.role as "Role", u.epoch as "Epoch",
        u.created_at as "CreatedAt", u.updated_at as "UpdatedAt", u.last_sign_in_at as "LastSignInAt", u.disabled_at as "DisabledAt",
        u.disabled_by as "DisabledBy", u.disabled_because as "DisabledBecause", u.deleted_at as "DeletedAt", u.purge_at as "PurgeAt", u.row_version as "RowVersion"
        """;

    public static Task<User?> Find(Sql sql, string id) => sql.One<User>($"select {Columns} from users u where u.id = @id", new { id });

    /// <summary>By user name or e-mail, folded.</summary>
    public static async Task<User?> FindByIdentifier(Sql sql, string identifier)
    {
        var folded = Fold(identifier);
        return (await sql.List<User>($"select {Columns} from users u where u.email_folded = @folded or u.user_name_folded = @folded order by u.created_at", new { folded })).FirstOrDefault();
    }

    /// <summary>By e-mail, folded; a deleted account keeps its address while the deletion can be undone.</summary>
    public static Task<User?> FindByEmail(Sql sql, string email) => sql.One<User>($"select {Columns} from users u where u.email_folded = @folded", new { folded = Fold(email) });

    /// <summary>Everybody who can administer Gatehouse today: whom to tell.</summary>
    public static Task<IReadOnlyList<User>> ActiveAdmins(Sql sql) =>
        sql.List<User>($"select {Columns} from users u where u.role = 'admin' and u.disabled_at is null and u.deleted_at is null order by u.id");

    public static Task Insert(Sql sql, User user) => sql.Run("""
        insert into users (id, user_name, user_name_folded, email, email_folded, email_verified, display_name, given_name, family_name, source, role, epoch, created_at, updated_at, row_version)
        values (@Id, @UserName, @UserNameFolded, @Email, @EmailFolded, @EmailVerified, @DisplayName, @GivenName, @FamilyName, @Source, @Role, 1, @CreatedAt, @CreatedAt, 1)
        """, new
    {
        user.Id,
        user.UserName,
        UserNameFolded = Fold(user.UserName),
        user.Email,
        EmailFolded = Fold(user.Email),
        user.EmailVerified,
        user.DisplayName,
        user.GivenName,
        user.FamilyName,
        user.Source,
        user.Role,
        user.CreatedAt,
    });

    /// <summary>Many at once, as a sync of a directory brings them.</summary>
    public static Task InsertMany(Sql sql, IEnumerable<User> users) => sql.InsertMany("users",
        [
            ("id", "text"), ("user_name", "text"), ("user_name_folded", "text"), ("email", "text"), ("email_folded", "text"), ("email_verified", "boolean"), ("display_name", "text"), ("given_name", "text"),
            ("family_name", "text"), ("source", "text"), ("role", "text"), ("epoch", "bigint"), ("created_at", "bigint"), ("updated_at", "bigint"), ("row_version", "bigint"),
        ],
        users.Select(u => new object?[]
        {
            u.Id, u.UserName, Fold(u.UserName), u.Email, Fold(u.Email), u.EmailVerified, u.DisplayName, u.GivenName, u.FamilyName, u.Source, u.Role, 1L, u.CreatedAt, u.CreatedAt, 1L,
        }));

    /// <summary>Ends everything born under the old epoch: sessions, grants, links.</summary>
    public static async Task RaiseEpoch(Sql sql, string id)
    {
        await sql.Run("update users set epoch = epoch + 1, row_version = row_version + 1 where id = @id", new { id });
        await EndedSessions.NoteUser(sql, id);
    }

    /// <summary>Names and addresses are compared without regard to case and surrounding white space.</summary>
    public static string Fold(string text) => text.Trim().Normalize(System.Text.NormalizationForm.FormKC).ToLowerInvariant();
}
