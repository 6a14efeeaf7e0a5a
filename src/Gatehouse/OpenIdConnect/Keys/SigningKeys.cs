using System.Text;
using Gatehouse.Data;
using Gatehouse.Jose;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>The keys that sign our tokens: made at first need, sealed in the database, the same on all nodes.</summary>
public sealed class SigningKeys : ISealed
{
    private readonly Database database;
    private readonly Secrets secrets;
    private readonly TimeProvider clock;
    private readonly Cached<KeyRing> cache;

    public SigningKeys(Database database, Secrets secrets, TimeProvider clock)
    {
        (this.database, this.secrets, this.clock) = (database, secrets, clock);
        cache = new(database, "signing_keys", Load);
    }

    /// <summary>The key to sign with now.</summary>
    public async ValueTask<SigningKey> For(JwsAlgorithm algorithm) => (await RingWith(algorithm)).Signers[algorithm];

    /// <summary>All keys whose signatures still count, with the key set as bytes ready to send.</summary>
    public ValueTask<KeyRing> Ring() => RingWith(JwsAlgorithm.ES256);

    private async ValueTask<KeyRing> RingWith(JwsAlgorithm algorithm)
    {
        var ring = await cache.Get();
        if (ring.Signers.ContainsKey(algorithm)) return ring;
        await Create(algorithm);
        return await cache.Get();
    }

    private async Task Create(JwsAlgorithm algorithm)
    {
        var key = SigningKey.Generate(algorithm);
        var now = clock.Now();
        await database.Write(async sql =>
        {
            var name = algorithm.Name();
            if (await sql.One<long>("select count(*) from signing_keys where algorithm = @name and retired_at is null and revoked_at is null", new { name }) > 0) return;
            await sql.Run("""
                insert into signing_keys (kid, algorithm, private_key, public_jwk, created_at, active_from)
                values (@kid, @name, @sealed, @jwk, @now, @now)
                """, new { kid = key.Kid, name, @sealed = secrets.Protect(Place(key.Kid), key.ExportPkcs8()), jwk = key.PublicJwk, now });
            await sql.Bump("signing_keys");
        });
    }

    private async Task<KeyRing> Load(Sql sql)
    {
        var rows = await sql.List<Row>("""
            select kid as "Kid", algorithm as "Algorithm", private_key as "PrivateKey", public_jwk as "PublicJwk", retired_at as "RetiredAt"
            from signing_keys where revoked_at is null order by active_from, kid
            """);
        var signers = new Dictionary<JwsAlgorithm, SigningKey>();
        var verifiers = new Dictionary<string, VerificationKey>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (!JwsAlgorithms.TryParse(row.Algorithm, out var algorithm) || !VerificationKey.TryFromJwk(row.PublicJwk, out var verifier)) continue;
            verifiers[row.Kid] = verifier;
            if (row.RetiredAt is not null || signers.ContainsKey(algorithm)) continue;
            var plain = secrets.Reveal(Place(row.Kid), row.PrivateKey) ?? throw new InvalidOperationException($"signing key {row.Kid} cannot be unsealed with this encryption key");
            signers[algorithm] = SigningKey.Import(algorithm, plain);
        }
        return new(signers, verifiers, new(Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', rows.Select(r => r.PublicJwk))}}]}""")));
    }

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        foreach (var row in await sql.List<Row>("""select kid as "Kid", private_key as "PrivateKey" from signing_keys"""))
            if (again(Place(row.Kid), row.PrivateKey) is { } box) await sql.Run("update signing_keys set private_key = @box where kid = @Kid", new { box, row.Kid });
    }

    private static string Place(string kid) => $"signing_keys/private_key/{kid}";

    private sealed record Row
    {
        public string Kid { get; init; } = "";
        public string Algorithm { get; init; } = "";
        public string PrivateKey { get; init; } = "";
        public string PublicJwk { get; init; } = "";
        public long? RetiredAt { get; init; }
    }
}

/// <summary>The keys as they stand.</summary>
/// <param name="Signers">One per algorithm in use.</param>
/// <param name="Verifiers">By kid; retired keys still verify, revoked ones do not.</param>
/// <param name="KeySet">The JWK set (RFC 7517 section 5), ready to send.</param>
public sealed record KeyRing(IReadOnlyDictionary<JwsAlgorithm, SigningKey> Signers, IReadOnlyDictionary<string, VerificationKey> Verifiers, PreparedJson KeySet)
{
    public VerificationKey? Find(string kid) => Verifiers.GetValueOrDefault(kid);
}
