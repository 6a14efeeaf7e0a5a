using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Steps;

/// <summary>A sign-in that has its first proof and needs another: bound to one browser, names the user, is nobody's session. Lives ten minutes.</summary>
public sealed record PendingSignIn
{
    public string Id { get; init; } = "";
    public string UserId { get; init; } = "";

    /// <summary>The user's epoch when it began; when the account has moved on, it is dead.</summary>
    public long Epoch { get; init; }

    /// <summary>The session kind the first proof alone would open.</summary>
    public string Kind { get; init; } = SessionKind.Full;
    public string ProofsJson { get; init; } = "[]";
    public string DemandsJson { get; init; } = "[]";

    /// <summary>The part of the query that names where to go afterwards.</summary>
    public string Onward { get; init; } = "";
    public string? ClientId { get; init; }
    public string? ClientName { get; init; }

    /// <summary>The person asked to stay signed in on this device.</summary>
    public bool Stay { get; init; }
    public long CreatedAt { get; init; }
    public long ExpiresAt { get; init; }
    public long? EndedAt { get; init; }
    public string? EndedBecause { get; init; }

    /// <summary>The application that waits, or null.</summary>
    public ClientRef? Client => ClientId is null ? null : new(ClientId, ClientName ?? "");
    public IReadOnlyList<Factor> Proofs => JsonSerializer.Deserialize<List<Factor>>(ProofsJson) ?? [];
    public IReadOnlyList<FactorDemand> Demands => JsonSerializer.Deserialize<List<FactorDemand>>(DemandsJson) ?? [];

    /// <summary>Ids of the factors that satisfy every demand, of those the user has.</summary>
    public IReadOnlyList<string> Offers => Demands is { Count: > 0 } all ? [.. all[0].Offers.Where(o => all.All(d => d.Offers.Contains(o)))] : [];
}

/// <summary>Keeps pending sign-ins. The browser's id is stored as a keyed hash only.</summary>
public sealed class PendingSignIns(Database database, Secrets secrets, TimeProvider clock)
{
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    private const string Columns = """
        id as "Id", user_id as "UserId", epoch as "Epoch", kind as "Kind", proofs as "ProofsJson", demands as "DemandsJson", onward as "Onward", client_id as "ClientId", client_name as "ClientName", stay as "Stay",
        created_at as "CreatedAt", expires_at as "ExpiresAt", ended_at as "EndedAt", ended_because as "EndedBecause"
        """;

    /// <summary>The newest live one of this browser, or null. To show the page; deciding is <see cref="SignInSteps.Second"/>'s.</summary>
    public Task<PendingSignIn?> Of(Visit visit) => database.Read(sql => sql.One<PendingSignIn>($"""
        select {Columns} from pending_sign_ins where browser = @browser and ended_at is null and expires_at > @now order by created_at desc, id desc limit 1
        """, new { browser = Browser(visit), now = clock.Now() }));

    /// <summary>One of this browser by its id while it lives, or null: whose code is about to be judged.</summary>
    public Task<PendingSignIn?> Find(Sql sql, string id, Visit visit) => sql.One<PendingSignIn>(
        $"select {Columns} from pending_sign_ins where id = @id and browser = @browser and ended_at is null and expires_at > @now",
        new { id, browser = Browser(visit), now = clock.Now() });

    /// <summary>Ends every pending sign-in of a user: too many wrong codes, a reset, a change of the account.</summary>
    public Task<int> EndAll(Sql sql, string userId, string because) => sql.Run(
        "update pending_sign_ins set ended_at = @now, ended_because = @because where user_id = @userId and ended_at is null", new { now = clock.Now(), because, userId });

    /// <summary>Ends those of this browser: the person starts over.</summary>
    public Task<int> Forget(Sql sql, Visit visit) => sql.Run(
        "update pending_sign_ins set ended_at = @now, ended_because = 'started over' where browser = @browser and ended_at is null", new { now = clock.Now(), browser = Browser(visit) });

    /// <summary>Takes it: whoever gets it back is the only one. Null when it is gone, ended, too old or another browser's.</summary>
    internal Task<PendingSignIn?> Take(Sql sql, string id, Visit visit) => sql.One<PendingSignIn>($"""
        update pending_sign_ins set ended_at = @now, ended_because = 'went on'
        where id = @id and browser = @browser and ended_at is null and expires_at > @now returning {Columns}
        """, new { id, browser = Browser(visit), now = clock.Now() });

    internal async Task<string> Begin(Sql sql, PendingSignIn pending, Visit visit)
    {
        var id = clock.NewId();
        var now = clock.Now();
        await sql.Run("delete from pending_sign_ins where expires_at < @before", new { before = now - (long)TimeSpan.FromDays(1).TotalMilliseconds });
        await sql.Run("""
            insert into pending_sign_ins (id, browser, user_id, epoch, kind, proofs, demands, onward, client_id, client_name, stay, created_at, expires_at)
            values (@id, @browser, @UserId, @Epoch, @Kind, @ProofsJson, @DemandsJson, @Onward, @ClientId, @ClientName, @Stay, @now, @expires)
            """, new { id, browser = Browser(visit), pending.UserId, pending.Epoch, pending.Kind, pending.ProofsJson, pending.DemandsJson, pending.Onward, pending.ClientId, pending.ClientName, pending.Stay, now, expires = now + (long)Validity.TotalMilliseconds });
        return id;
    }

    private string Browser(Visit visit) => secrets.Hash("browser", visit.BrowserId);
}
