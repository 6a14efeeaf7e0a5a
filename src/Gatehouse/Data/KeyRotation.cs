using System.Security.Cryptography;

namespace Gatehouse.Data;

/// <summary>Whoever keeps something that <see cref="Secrets.Protect"/> sealed, so that it can be sealed again under a new root key.</summary>
public interface ISealed
{
    /// <summary>Goes through all rows and stores what <paramref name="again"/> gives for their place and box; null means the row stays as it is.</summary>
    Task Reseal(Sql sql, Func<string, string, string?> again);
}

/// <summary>What came of sealing everything again.</summary>
/// <param name="Unreadable">Boxes that no known key opens; they were left as they are.</param>
public sealed record Resealed(int Again, int Unreadable);

/// <summary>
/// Changes the root key. First the keys so far are stored, sealed under the new one; then the new one is put where the server reads it;
/// then everything is sealed again, in one transaction, and the old key opens this instance no more.
/// Whatever interrupts this, one of the two keys opens the instance, and the next start (or the command) ends what was begun.
/// </summary>
public sealed class KeyRotation(Database database, Secrets secrets, IEnumerable<ISealed> keepers, TimeProvider clock)
{
    /// <summary>Draws a new root key and stores those so far under it. The present one stays in force.</summary>
    public async Task<byte[]> Begin()
    {
        var root = RandomNumberGenerator.GetBytes(32);
        var next = new Secrets(root);
        await database.Write(sql => sql.Run("insert into encryption_keys (key_check, previous, created_at) values (@check, @previous, @now)",
            new { check = next.KeyCheck, previous = next.Protect(Place(next.KeyCheck), [.. secrets.Roots.SelectMany(r => r)]), now = clock.Now() }));
        return root;
    }

    /// <summary>True when a new key is in use and not everything is sealed under it yet.</summary>
    public async Task<bool> IsBegun() => await database.Read(sql => sql.One<string>("select key_check from instance")) != secrets.KeyCheck;

    /// <summary>Seals everything under the key in use, and makes it the only one that opens the instance. Null on an instance whose key was never changed.</summary>
    public Task<Resealed?> Finish() => database.Write<Resealed?>(async sql =>
    {
        var check = secrets.KeyCheck;
        if (await sql.One<long>("select count(*) from encryption_keys where key_check = @check", new { check }) == 0) return null;
        // Other nodes may start on the new key at this moment: one after the other.
        await sql.LockAll();
        var (again, unreadable) = (0, 0);
        foreach (var keeper in keepers)
            await keeper.Reseal(sql, (place, box) =>
            {
                if (secrets.IsPresent(box)) return null;
                if (secrets.Reveal(place, box) is not { } plain)
                {
                    unreadable++;
                    return null;
                }
                again++;
                return secrets.Protect(place, plain);
            });
        if (await sql.Run("update instance set key_check = @check where key_check <> @check", new { check }) > 0)
            await sql.Run("delete from encryption_keys where key_check <> @check", new { check });
        return new(again, unreadable);
    });

    /// <summary>The keys before this one, as <see cref="Begin"/> stored them; null when this root key never came into the instance by a change.</summary>
    internal static async Task<IReadOnlyList<byte[]>?> Older(Sql sql, byte[] root)
    {
        var key = new Secrets(root);
        var check = key.KeyCheck;
        if (await sql.One<string?>("select previous from encryption_keys where key_check = @check", new { check }) is not { } stored) return null;
        return key.Reveal(Place(check), stored) is { Length: > 0 } all && all.Length % 32 == 0 ? [.. all.Chunk(32)] : null;
    }

    private static string Place(string check) => $"encryption_keys/previous/{check}";
}

/// <summary>Ends a change of the root key that was begun before this start, before anybody is served.</summary>
internal sealed partial class FinishKeyRotation(KeyRotation rotation, ILogger<FinishKeyRotation> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await rotation.Finish() is not { } done) return;
        if (done.Again > 0) SealedAgain(logger, done.Again);
        if (done.Unreadable > 0) Unreadable(logger, done.Unreadable);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Information, "{Count} secrets were encrypted again under the present encryption key")]
    private static partial void SealedAgain(ILogger logger, int count);

    [LoggerMessage(2, LogLevel.Warning, "{Count} encrypted values can be read by no encryption key of this instance and were left as they are")]
    private static partial void Unreadable(ILogger logger, int count);
}
