using System.Security.Cryptography;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>A pass that waits to be used.</summary>
public sealed record AccessPass
{
    public string Id { get; init; } = "";
    public long CreatedAt { get; init; }
    public long ExpiresAt { get; init; }
    public string ByName { get; init; } = "";
}

/// <summary>Temporary access passes: a code by an admin that stands in once for a device that is not at hand. It signs in; it confirms nothing and registers nothing.</summary>
public sealed class AccessPasses(Secrets secrets, TimeProvider clock) : ISecondFactor
{
    public const string Kind = "access_pass";
    public static readonly TimeSpan Validity = TimeSpan.FromHours(1);

    string ISecondFactor.Id => Kind;
    int ISecondFactor.Order => BackupCodes.RecoveryOrder + 10;
    Type ISecondFactor.Component => typeof(PassForm);
    public async Task<bool> IsEnrolled(Sql sql, string userId) => await Of(sql, userId) is not null;

    /// <summary>The live one of a user, or null.</summary>
    public Task<AccessPass?> Of(Sql sql, string userId) => sql.One<AccessPass>("""
        select id as "Id", created_at as "CreatedAt", expires_at as "ExpiresAt", by_name as "ByName" from access_passes where user_id = @userId and used_at is null and expires_at > @now
        """, new { userId, now = clock.Now() });

    /// <summary>A new one in place of any older. The code is returned once.</summary>
    public async Task<string> Make(Sql sql, string userId, string by)
    {
        var code = RandomNumberGenerator.GetString(BackupCodes.Alphabet, BackupCodes.Length);
        var now = clock.Now();
        await Remove(sql, userId);
        await sql.Run("insert into access_passes (user_id, id, hash, created_at, expires_at, by_name) values (@userId, @id, @hash, @now, @expires, @by)",
            new { userId, id = clock.NewId(), hash = Hash(userId, code), now, expires = now + (long)Validity.TotalMilliseconds, by });
        return BackupCodes.Shown(code);
    }

    /// <summary>Uses it up; true for one caller.</summary>
    public async Task<bool> Use(Sql sql, User user, string typed) => BackupCodes.Normal(typed) is { } code && await sql.Run("""
        update access_passes set used_at = @now where user_id = @Id and hash = @hash and used_at is null and expires_at > @now
        """, new { user.Id, hash = Hash(user.Id, code), now = clock.Now() }) == 1;

    public Task<int> Remove(Sql sql, string userId) => sql.Run("delete from access_passes where user_id = @userId", new { userId });

    private string Hash(string userId, string code) => secrets.Hash("access-pass", $"{userId}/{code}");
}
