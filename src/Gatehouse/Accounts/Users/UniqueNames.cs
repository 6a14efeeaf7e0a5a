using System.Globalization;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Users;

/// <summary>Whether a name is free. The unique indexes decide in the end; this says who has it.</summary>
internal static class UniqueNames
{
    public static async Task<Refusal?> CheckEmail(Sql sql, string email, string? exceptId)
    {
        var owner = await sql.One<User>($"select {UserStore.Columns} from users u where u.email_folded = @folded", new { folded = UserStore.Fold(email) });
        return owner is null || owner.Id == exceptId ? null : new EmailTaken(owner.Ref, owner.DeletedAt is not null);
    }

    public static async Task<Refusal?> CheckUserName(Sql sql, string userName, string? exceptId)
    {
        var owner = await sql.One<User>($"select {UserStore.Columns} from users u where u.user_name_folded = @folded", new { folded = UserStore.Fold(userName) });
        return owner is null || owner.Id == exceptId ? null : new UserNameTaken(owner.Ref);
    }

    /// <summary>The wished name, or the same with the first number behind it that makes it free.</summary>
    public static async Task<string> FreeUserName(Sql sql, string wished)
    {
        if (wished.Length > 58) wished = wished[..58];
        var taken = (await sql.List<string>("select user_name_folded from users where user_name_folded like @pattern escape '\\'", new { pattern = Like.Beginning(UserStore.Fold(wished)) }))
            .ToHashSet(StringComparer.Ordinal);
        var name = wished;
        for (var i = 2; taken.Contains(UserStore.Fold(name)); i++) name = wished + i.ToString(CultureInfo.InvariantCulture);
        return name;
    }
}

/// <summary>Patterns for the like operator in which the text stands for itself.</summary>
internal static class Like
{
    public static string Beginning(string text) => Escape(text) + "%";

    public static string Anywhere(string text) => "%" + Escape(text) + "%";

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
