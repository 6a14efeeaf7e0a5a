using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>A client that got tokens of a revoked key: it must fetch the key set again and its people sign in anew.</summary>
public sealed record AffectedClient
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public long SignIns { get; init; }
}

/// <summary>What revoking a key did.</summary>
public sealed record RevokedKey(SigningKeyRow Key, IReadOnlyList<AffectedClient> Affected);

/// <summary>Gives keys successors and ends them, by schedule, page and console. Each step is one transaction: an interrupted one has not happened.</summary>
public sealed class RotateKeys(Database database, SigningKeys keys, Settings settings, AuditLog audit, TimeProvider clock)
{
    /// <summary>How long a new key is published before it signs: applications keep key sets for hours.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromHours(24);

    /// <summary>Days after which a key gets a successor; 0 means never.</summary>
    public const int UsualInterval = 90;

    /// <summary>Sessions, and with them ID tokens that come back as hints, live no longer.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(31);
    private const string IntervalSetting = "keys.rotate_every_days";

    public async ValueTask<int> Interval() => int.TryParse(await settings.Get(IntervalSetting), NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? days : UsualInterval;

    public Task<Outcome<Done>> SetInterval(int days, Actor actor) => database.Write<Outcome<Done>>(async sql =>
    {
        if (days is not 0 and (< 7 or > 3650)) return new KeyIntervalInvalid(days);
        await settings.Set(sql, IntervalSetting, days.ToString(CultureInfo.InvariantCulture));
        await audit.Write(sql, actor, "keys.schedule_changed", new("setting", IntervalSetting, "rotation of signing keys"), after: days == 0 ? "never" : $"every {days} days");
        return Done.It;
    });

    public Task<IReadOnlyList<SigningKeyRow>> All() => database.Read(SigningKeyStore.All);

    /// <summary>A successor for the keys of one algorithm. One that waits already is used: at once when <paramref name="lead"/> is zero.</summary>
    public async Task<Outcome<SigningKeyRow>> Rotate(string algorithm, TimeSpan lead, Actor actor)
    {
        if (!SigningKeys.Offered.Contains(algorithm) || !JwsAlgorithms.TryParse(algorithm, out var known)) return new KeyAlgorithmUnknown(Web.Printable.Cap(algorithm, 20));
        var fresh = SigningKey.Generate(known);
        return await database.Write<Outcome<SigningKeyRow>>(sql => Succeed(sql, fresh, lead, actor));
    }

    /// <summary>Ends a key at once: out of the key set, its tokens refused, the sign-ins it vouched for ended; a successor signs from now on.</summary>
    public async Task<Outcome<RevokedKey>> Revoke(string kid, Actor actor)
    {
        var found = (await All()).FirstOrDefault(k => k.Kid == kid);
        if (found is null || !JwsAlgorithms.TryParse(found.Algorithm, out var algorithm)) return new KeyUnknown(kid.Length);
        var replacement = SigningKey.Generate(algorithm);
        return await database.Write<Outcome<RevokedKey>>(async sql =>
        {
            await sql.LockAll();
            if ((await SigningKeyStore.All(sql)).FirstOrDefault(k => k.Kid == kid) is not { } key) return new KeyUnknown(kid.Length);
            if (key.RevokedAt is not null) return new KeyAlreadyRevoked(kid);
            var now = clock.Now();
            var affected = await EndSignIns(sql, key, now);
            await SigningKeyStore.Revoke(sql, kid, now);
            var left = (await SigningKeyStore.Usable(sql)).Where(k => k.Algorithm == key.Algorithm && k.PrivateKey.Length > 0 && (k.RetiredAt is null || k.RetiredAt > now)).ToArray();
            if (left.Length == 0) await keys.Insert(sql, replacement, now);
            else if (!left.Any(k => k.ActiveFrom <= now)) await SigningKeyStore.ActivateAt(sql, left.MinBy(k => k.ActiveFrom)!.Kid, now);
            // Whoever waited to take over may just have gone: then the newest that is left stays.
            if (left.MaxBy(k => k.ActiveFrom) is { RetiredAt: not null } newest) await SigningKeyStore.Stay(sql, newest.Kid);
            await audit.Write(sql, actor, "keys.revoked", Target(key), after: $"{affected.Sum(a => a.SignIns)} sign-ins ended");
            await sql.Bump(SigningKeyStore.VersionName);
            return new RevokedKey(key, affected);
        });
    }

    /// <summary>What the schedule asks for: a successor for each key that is old enough, private halves of dead keys wiped.</summary>
    internal async Task<int> Scheduled(Actor actor)
    {
        var days = await Interval();
        var due = clock.Now() - days * 86_400_000L;
        var rotated = 0;
        foreach (var name in days == 0 ? [] : (await database.Read(SigningKeyStore.Usable)).Select(k => k.Algorithm).Distinct())
        {
            if (!JwsAlgorithms.TryParse(name, out var algorithm) || !IsDue(await database.Read(SigningKeyStore.Usable), name, due)) continue;
            var fresh = SigningKey.Generate(algorithm);
            rotated += await database.Write(async sql =>
            {
                await sql.LockAll();
                // Another node may have been faster.
                if (!IsDue(await SigningKeyStore.Usable(sql), name, due)) return 0;
                await Succeed(sql, fresh, Lead, actor);
                return 1;
            });
        }
        var now = clock.Now();
        await database.Write(async sql =>
        {
            // The day's grace lets a clock that jumped forward and back find its keys again.
            if (await SigningKeyStore.Sweep(sql, now - 86_400_000, now - (long)Memory.TotalMilliseconds) > 0) await sql.Bump(SigningKeyStore.VersionName);
        });
        return rotated;
    }

    /// <summary>The key that signs is old enough, and none is about to take over.</summary>
    private bool IsDue(IReadOnlyList<SigningKeyRow> usable, string algorithm, long due)
    {
        var now = clock.Now();
        var ofIt = usable.Where(k => k.Algorithm == algorithm).ToArray();
        return ofIt.Where(k => k.ActiveFrom <= now).MaxBy(k => k.ActiveFrom) is { } signing && signing.ActiveFrom <= due
            && !ofIt.Any(k => k.ActiveFrom > now && k.ActiveFrom <= now + (long)Lead.TotalMilliseconds);
    }

    private async Task<Outcome<SigningKeyRow>> Succeed(Sql sql, SigningKey fresh, TimeSpan lead, Actor actor)
    {
        await sql.LockAll();
        var now = clock.Now();
        var usable = (await SigningKeyStore.Usable(sql)).Where(k => k.Algorithm == fresh.Algorithm).ToArray();
        var from = now + (long)lead.TotalMilliseconds;
        var next = usable.Where(k => k.ActiveFrom > now).MinBy(k => k.ActiveFrom);
        if (next is not null && next.ActiveFrom <= from) return next;
        if (next is null)
        {
            // The very first key of an algorithm has nobody to relieve.
            if (usable.Length == 0) from = now;
            await keys.Insert(sql, fresh, from);
        }
        else await SigningKeyStore.ActivateAt(sql, next.Kid, from);
        var kid = next?.Kid ?? fresh.Kid;
        await SigningKeyStore.Retire(sql, fresh.Algorithm, kid, from);
        var made = (await SigningKeyStore.Usable(sql)).Single(k => k.Kid == kid);
        await audit.Write(sql, actor, "keys.rotated", Target(made), after: $"signs from {DateTimeOffset.FromUnixTimeMilliseconds(from):yyyy-MM-dd HH:mm} UTC");
        await sql.Bump(SigningKeyStore.VersionName);
        return made;
    }

    /// <summary>Every grant that got a token while the key signed: access tokens for ourselves are ES256, ID tokens follow the client, tokens for an API follow the API.</summary>
    private static async Task<IReadOnlyList<AffectedClient>> EndSignIns(Sql sql, SigningKeyRow key, long now)
    {
        const string which = """
            r.revoked_at is null and (r.created_at >= @from or r.refresh_rotated_at >= @from) and (@algorithm = 'ES256'
                or r.client_id in (select id from clients where id_token_algorithm = @algorithm) or r.api_id in (select id from apis where algorithm = @algorithm))
            """;
        // A minute for a node whose clock is behind.
        var args = new { from = key.ActiveFrom - 60_000, algorithm = key.Algorithm, now };
        var affected = await sql.List<AffectedClient>($"""
            select c.id as "Id", c.name as "Name", count(*) as "SignIns" from grants r join clients c on c.id = r.client_id where {which} group by c.id, c.name order by lower(c.name), c.id
            """, args);
        await sql.Run($"update grants set revoked_at = @now, revoked_because = 'the signing key was revoked' where id in (select r.id from grants r where {which})", args);
        return affected;
    }

    private static AuditTarget Target(SigningKeyRow key) => new("key", key.Kid, $"{key.Algorithm} {key.Kid[..8]}");
}

/// <summary>Runs the schedule, once an hour.</summary>
internal sealed partial class KeySchedule(RotateKeys rotate, Database database, SpentIds spent, TimeProvider clock, ILogger<KeySchedule> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await rotate.Scheduled(new("gatehouse", ""));
                    await database.Write(spent.Sweep);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    CouldNot(logger, e.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    [LoggerMessage(30, LogLevel.Warning, "signing keys could not be looked after ({Exception}); the next try is in an hour")]
    private static partial void CouldNot(ILogger logger, string exception);
}
