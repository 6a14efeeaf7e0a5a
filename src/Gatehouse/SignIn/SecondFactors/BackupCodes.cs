using System.Security.Cryptography;
using System.Text;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>What is left of a user's backup codes.</summary>
public sealed record CodesLeft(string SetId, long CreatedAt, int Left);

/// <summary>Ten codes of 80 random bits, each good once; only keyed hashes are stored, and a newer set ends the older.</summary>
public sealed class BackupCodes(Secrets secrets, TimeProvider clock) : ISecondFactor
{
    public const string Kind = "backup_code";
    public const int PerSet = 10;

    // Crockford's base32: nothing that looks like something else, and what people mistype is read as what was meant.
    internal const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    internal const int Length = 16;

    string ISecondFactor.Id => Kind;
    int ISecondFactor.Order => RecoveryOrder;
    Type ISecondFactor.Component => typeof(BackupForm);
    public async Task<bool> IsEnrolled(Sql sql, string userId) => await Left(sql, userId) is { Left: > 0 };

    /// <summary>From here on factors stand under "I don't have my device".</summary>
    public const int RecoveryOrder = 100;

    public async Task<CodesLeft?> Left(Sql sql, string userId) => await sql.One<CodesRow>("""
        select set_id as "SetId", min(created_at) as "CreatedAt", sum(case when used_at is null then 1 else 0 end) as "Unused" from backup_codes where user_id = @userId group by set_id
        """, new { userId }) is { } row ? new(row.SetId, row.CreatedAt, (int)row.Unused) : null;

    /// <summary>Makes a new set in place of the old one. The codes are returned once and never again.</summary>
    public async Task<IReadOnlyList<string>> Make(Sql sql, string userId)
    {
        await Remove(sql, userId);
        var (set, now) = (clock.NewId(), clock.Now());
        var codes = new List<string>();
        for (var i = 0; i < PerSet; i++)
        {
            var code = RandomNumberGenerator.GetString(Alphabet, Length);
            codes.Add(Shown(code));
            await sql.Run("insert into backup_codes (hash, user_id, set_id, created_at) values (@hash, @userId, @set, @now)", new { hash = Hash(userId, code), userId, set, now });
        }
        return codes;
    }

    /// <summary>Uses a code up; whoever gets the set back is the only one.</summary>
    public async Task<Outcome<CodesLeft>> Use(Sql sql, User user, string typed)
    {
        if (Normal(typed) is not { } code) return new FactorCodeWrong(user.Ref, "it does not have the shape of a backup code");
        var hash = Hash(user.Id, code);
        var used = await sql.Run("update backup_codes set used_at = @now where hash = @hash and user_id = @Id and used_at is null", new { now = clock.Now(), hash, user.Id });
        if (used == 1) return (await Left(sql, user.Id))!;
        var before = await sql.One<long?>("select used_at from backup_codes where hash = @hash and user_id = @Id", new { hash, user.Id });
        return before is { } at ? new BackupCodeUsed(user.Ref, at) : new FactorCodeWrong(user.Ref, "it is none of the present backup codes");
    }

    public Task<int> Remove(Sql sql, string userId) => sql.Run("delete from backup_codes where user_id = @userId", new { userId });

    /// <summary>True when the text can only be meant as a backup code.</summary>
    public static bool LooksLikeOne(string typed) => Normal(typed) is not null;

    internal static string Shown(string code) => string.Join('-', code.Chunk(4).Select(c => new string(c)));

    /// <summary>As it was made: lower case, without dashes and spaces; o is 0, i and l are 1. Null when it cannot be a code.</summary>
    internal static string? Normal(string typed)
    {
        if (typed.Length > 60) return null;
        var code = new StringBuilder();
        foreach (var c in typed.ToLowerInvariant())
        {
            if (char.IsWhiteSpace(c) || c is '-' or '\u2013') continue;
            var meant = c switch { 'o' => '0', 'i' or 'l' => '1', _ => c };
            if (!Alphabet.Contains(meant)) return null;
            code.Append(meant);
        }
        return code.Length == Length ? code.ToString() : null;
    }

    private string Hash(string userId, string code) => secrets.Hash("backup-code", $"{userId}/{code}");

    private sealed record CodesRow
    {
        public string SetId { get; init; } = "";
        public long CreatedAt { get; init; }
        public long Unused { get; init; }
    }
}
