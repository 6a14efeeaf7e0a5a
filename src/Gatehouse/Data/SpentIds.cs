namespace Gatehouse.Data;

/// <summary>Ids that count once, or no longer, until the time when whatever carries them has expired anyway. Kept as keyed hashes, typed.</summary>
public sealed class SpentIds(Secrets secrets, TimeProvider clock)
{
    public const string ClientAssertion = "client_assertion";
    public const string RevokedToken = "revoked_token";

    /// <summary>Spends one; true for exactly one caller.</summary>
    /// <param name="until">Unix milliseconds.</param>
    public async Task<bool> Spend(Sql sql, string type, string value, long until) =>
        await sql.Run("insert into spent_ids (id, expires_at) values (@id, @until) on conflict (id) do nothing", new { id = secrets.Hash(type, value), until }) == 1;

    public async Task<bool> IsSpent(Sql sql, string type, string value) =>
        await sql.One<long>("select count(*) from spent_ids where id = @id", new { id = secrets.Hash(type, value) }) > 0;

    /// <summary>Forgets what expired more than a day ago, so that a clock set back does not bring it to life.</summary>
    public Task<int> Sweep(Sql sql) => sql.Run("delete from spent_ids where expires_at < @before", new { before = clock.Now() - 86_400_000 });
}
