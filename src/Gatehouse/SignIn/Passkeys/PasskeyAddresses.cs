using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Passkeys that were made for another host name than APP_URL has now (C093).</summary>
public sealed record PasskeysOfOtherAddress(string Now, long Lost, string[] Hosts) : Refusal<PasskeysOfOtherAddress>, IRefusal<PasskeysOfOtherAddress>
{
    public static RefusalEntry Entry { get; } = new("passkey.other_address", "Passkeys were made for another address",
        Public: "Passkeys of this server were made for another address.",
        Fix: "Set APP_URL back to that host name and start again. If the new one is meant, let people in by login links: each registers a new passkey.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static PasskeysOfOtherAddress Example => new("id.example.com", 12, ["old.example.com"]);
    public override string Evidence => $"{Lost} passkeys were made for {List(Hosts)} and do not work at {Now}.";
}

/// <summary>
/// Remembers for which host name each passkey was made, so that a changed APP_URL says what it costs: at the start and in the doctor.
/// A passkey belongs to the host of the run in which it was registered; the next start writes that down.
/// </summary>
internal sealed class PasskeyAddresses(Database database, Settings settings, ServerConfiguration configuration) : IHostedService, IDoctorCheck
{
    private const string LastHost = "passkeys.rp_id";

    public string Id => "passkeys.address";

    public Task StartAsync(CancellationToken cancellationToken) => database.Write(async sql =>
    {
        var (now, last) = (configuration.RelyingPartyId, await sql.One<string?>("select value from settings where name = @LastHost", new { LastHost }));
        await sql.Run("update passkeys set rp_id = @host where rp_id is null", new { host = last ?? now });
        if (last != now) await settings.Set(sql, LastHost, now);
    });

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What does not work any more; null when all is well.</summary>
    public async Task<PasskeysOfOtherAddress?> Lost()
    {
        var lost = await database.Read(sql => sql.List<Lot>("""
            select p.rp_id as "Host", count(*) as "Count" from passkeys p join users u on u.id = p.user_id
            where p.rp_id <> @now and p.removed_at is null and u.deleted_at is null group by p.rp_id order by p.rp_id
            """, new { now = configuration.RelyingPartyId }));
        return lost.Count == 0 ? null : new(configuration.RelyingPartyId, lost.Sum(l => l.Count), [.. lost.Select(l => l.Host)]);
    }

    public async Task<Finding> Run(CancellationToken stop) =>
        await Lost() is { } lost ? Finding.Fail(Id, lost) : Finding.Pass(Id, $"Every passkey was made for {configuration.RelyingPartyId}.");

    private sealed record Lot
    {
        public string Host { get; init; } = "";
        public long Count { get; init; }
    }
}
