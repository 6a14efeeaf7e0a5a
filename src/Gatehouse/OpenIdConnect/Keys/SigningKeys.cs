using System.Text;
using Gatehouse.Data;
using Gatehouse.Jose;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>
/// The keys that sign our tokens: sealed in the database, the same on all nodes. When a key signs and when it is published follow from its times alone,
/// so a rotation is one transaction and nothing has to happen when its hour comes.
/// </summary>
public sealed class SigningKeys : ISealed
{
    /// <summary>Longest life of anything a key signs, and a little for clocks that differ: so long a key stays published after it has signed last.</summary>
    public static readonly TimeSpan Afterlife = TimeSpan.FromMinutes(65);

    private readonly Database database;
    private readonly Secrets secrets;
    private readonly TimeProvider clock;
    private readonly Cached<Loaded> cache;

    public SigningKeys(Database database, Secrets secrets, TimeProvider clock)
    {
        (this.database, this.secrets, this.clock) = (database, secrets, clock);
        cache = new(database, SigningKeyStore.VersionName, async sql => new(await SigningKeyStore.Usable(sql), secrets));
    }

    /// <summary>The algorithms that ID tokens and access tokens can have here.</summary>
    public static IReadOnlyList<string> Offered { get; } = Ed25519.IsAvailable ? ["ES256", "RS256", "EdDSA"] : ["ES256", "RS256"];

    /// <summary>The key to sign with now.</summary>
    public async ValueTask<SigningKey> For(JwsAlgorithm algorithm) => (await RingWith(algorithm)).Signers[algorithm];

    /// <inheritdoc cref="For(JwsAlgorithm)"/>
    public ValueTask<SigningKey> For(string algorithm) =>
        For(JwsAlgorithms.TryParse(algorithm, out var known) ? known : throw new ArgumentOutOfRangeException(nameof(algorithm)));

    /// <summary>All keys whose signatures still count, with the key set as bytes ready to send.</summary>
    public ValueTask<KeyRing> Ring() => RingWith(JwsAlgorithm.ES256);

    /// <summary>Makes and publishes a key for an algorithm that has none, ahead of its first use.</summary>
    internal async Task Publish(Sql sql, string algorithm)
    {
        if (!JwsAlgorithms.TryParse(algorithm, out var known)) return;
        await sql.LockAll();
        if ((await SigningKeyStore.Usable(sql)).Any(k => k.Algorithm == algorithm && k.RetiredAt is null)) return;
        await Insert(sql, SigningKey.Generate(known), clock.Now());
        await sql.Bump(SigningKeyStore.VersionName);
    }

    internal Task Insert(Sql sql, SigningKey key, long activeFrom) => SigningKeyStore.Insert(sql, new()
    {
        Kid = key.Kid,
        Algorithm = key.Algorithm,
        PrivateKey = secrets.Protect(Place(key.Kid), key.ExportPkcs8()),
        PublicJwk = key.PublicJwk,
        CreatedAt = clock.Now(),
        ActiveFrom = activeFrom,
    });

    private async ValueTask<KeyRing> RingWith(JwsAlgorithm algorithm)
    {
        var ring = (await cache.Get()).At(clock.Now());
        if (ring.Signers.ContainsKey(algorithm)) return ring;
        await database.Write(sql => Publish(sql, algorithm.Name()));
        return (await cache.Get()).At(clock.Now());
    }

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        foreach (var row in await SigningKeyStore.All(sql))
            if (row.PrivateKey.Length > 0 && again(Place(row.Kid), row.PrivateKey) is { } box) await sql.Run("update signing_keys set private_key = @box where kid = @Kid", new { box, row.Kid });
    }

    private static string Place(string kid) => $"signing_keys/private_key/{kid}";

    /// <summary>The keys of the database, and what they amount to at a moment.</summary>
    private sealed class Loaded
    {
        private readonly List<Held> keys = [];
        private volatile KeyRing? ring;

        public Loaded(IReadOnlyList<SigningKeyRow> rows, Secrets secrets)
        {
            foreach (var row in rows)
            {
                if (!JwsAlgorithms.TryParse(row.Algorithm, out var algorithm) || !VerificationKey.TryFromJwk(row.PublicJwk, out var verifier)) continue;
                SigningKey? signer = null;
                if (row.PrivateKey.Length > 0)
                {
                    var plain = secrets.Reveal(Place(row.Kid), row.PrivateKey) ?? throw new InvalidOperationException($"signing key {row.Kid} cannot be unsealed with this encryption key");
                    signer = SigningKey.Import(algorithm, plain);
                }
                keys.Add(new(row, algorithm, verifier, signer));
            }
        }

        public KeyRing At(long now)
        {
            var held = ring;
            return held is not null && now >= held.From && now < held.Until ? held : ring = Make(now);
        }

        private KeyRing Make(long now)
        {
            var signers = new Dictionary<JwsAlgorithm, SigningKey>();
            foreach (var ofOne in keys.Where(k => k.Signer is not null).GroupBy(k => k.Algorithm))
            {
                // The newest whose time has come; should the clock stand before all of them, the oldest.
                var key = ofOne.Where(k => k.Row.ActiveFrom <= now).OrderByDescending(k => k.Row.ActiveFrom).ThenBy(k => k.Row.Kid, StringComparer.Ordinal).FirstOrDefault()
                    ?? ofOne.OrderBy(k => k.Row.ActiveFrom).First();
                signers[ofOne.Key] = key.Signer!;
            }
            var published = keys.Where(k => k.Row.IsPublished(now) || signers.ContainsValue(k.Signer!)).Select(k => k.Row.PublicJwk);
            var turns = keys.SelectMany(k => new[] { k.Row.ActiveFrom, k.Row.UnpublishedAt ?? long.MaxValue }).ToArray();
            return new(signers, keys.ToDictionary(k => k.Row.Kid, k => k.Verifier, StringComparer.Ordinal), new(Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', published)}}]}""")))
            {
                From = turns.Where(t => t <= now).DefaultIfEmpty(long.MinValue).Max(),
                Until = turns.Where(t => t > now).DefaultIfEmpty(long.MaxValue).Min(),
            };
        }

        private sealed record Held(SigningKeyRow Row, JwsAlgorithm Algorithm, VerificationKey Verifier, SigningKey? Signer);
    }
}

/// <summary>The keys as they stand at a moment.</summary>
/// <param name="Signers">One per algorithm in use.</param>
/// <param name="Verifiers">By kid; retired keys still verify, revoked ones do not.</param>
/// <param name="KeySet">The JWK set (RFC 7517 section 5), ready to send.</param>
public sealed record KeyRing(IReadOnlyDictionary<JwsAlgorithm, SigningKey> Signers, IReadOnlyDictionary<string, VerificationKey> Verifiers, PreparedJson KeySet)
{
    internal long From { get; init; }
    internal long Until { get; init; }

    public VerificationKey? Find(string kid) => Verifiers.GetValueOrDefault(kid);
}
