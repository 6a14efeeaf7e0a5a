using System.Buffers.Binary;
using System.Security.Cryptography;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Steps;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>A registered authenticator app.</summary>
public sealed record AuthenticatorApp
{
    public string UserId { get; init; } = "";
    public string Id { get; init; } = "";

    /// <summary>Sealed.</summary>
    public string Seed { get; init; } = "";
    public long LastStep { get; init; }
    public long CreatedAt { get; init; }
    public long? LastUsedAt { get; init; }
}

/// <summary>A seed that was drawn and is not proven yet; it rests with the browser, sealed.</summary>
/// <param name="Box">To come back with the first code.</param>
public sealed record NewSeed(byte[] Seed, string Box);

/// <summary>Authenticator apps: one per user. Seeds are sealed at rest; a code's step is used once, by one conditional UPDATE.</summary>
public sealed class AuthenticatorApps(Secrets secrets, TimeProvider clock) : ISecondFactor, ISealed
{
    public const string Kind = "totp";

    /// <summary>A drawn seed must be proven within this time.</summary>
    public static readonly TimeSpan ProveWithin = TimeSpan.FromMinutes(30);

    // Codes this many steps off (an hour) are recognised to say so to admins; they are never accepted.
    private const int Recognised = 120;

    private const string Columns = """
        user_id as "UserId", id as "Id", seed as "Seed", last_step as "LastStep", created_at as "CreatedAt", last_used_at as "LastUsedAt"
        """;

    string ISecondFactor.Id => Kind;
    int ISecondFactor.Order => 20;
    Type ISecondFactor.Component => typeof(CodeForm);
    public async Task<bool> IsEnrolled(Sql sql, string userId) => await Of(sql, userId) is not null;

    public Task<AuthenticatorApp?> Of(Sql sql, string userId) => sql.One<AuthenticatorApp>($"select {Columns} from authenticator_apps where user_id = @userId", new { userId });

    /// <summary>A fresh seed for a session of a user. Nothing is stored: what is never proven never was.</summary>
    /// <param name="replaces">The id of the app there is, or "".</param>
    public NewSeed Draw(string userId, string sessionId, string replaces)
    {
        var plain = new byte[8 + Totp.SeedBytes];
        BinaryPrimitives.WriteInt64BigEndian(plain, clock.Now());
        RandomNumberGenerator.Fill(plain.AsSpan(8));
        return new(plain[8..], secrets.Protect(Place(userId, sessionId, replaces), plain));
    }

    /// <summary>The seed of a box that <see cref="Draw"/> made for this user and session, or null.</summary>
    public NewSeed? Open(string userId, string sessionId, string replaces, string box)
    {
        if (box.Length > 200 || secrets.Reveal(Place(userId, sessionId, replaces), box) is not { Length: 8 + Totp.SeedBytes } plain) return null;
        var drawn = BinaryPrimitives.ReadInt64BigEndian(plain);
        return drawn > clock.Now() - (long)ProveWithin.TotalMilliseconds ? new(plain[8..], box) : null;
    }

    /// <summary>Stores a seed that <paramref name="code"/> proves; the code is used by that. Another app registered meanwhile refuses it.</summary>
    public async Task<Outcome<AuthenticatorApp>> Add(Sql sql, User user, NewSeed drawn, string replaces, string code)
    {
        var now = clock.Now();
        var step = Totp.StepAt(now);
        if (Totp.Normal(code) is not { } digits || Totp.Find(drawn.Seed, digits, step - 1, step) is not { } found)
            return new AuthenticatorNotProven(user.Ref, Minutes(drawn.Seed, code, step));
        var id = clock.NewId();
        var app = new AuthenticatorApp { UserId = user.Id, Id = id, Seed = secrets.Protect(Place(id), drawn.Seed), LastStep = found, CreatedAt = now };
        var written = replaces.Length == 0
            ? await sql.Run("""
                insert into authenticator_apps (user_id, id, seed, last_step, created_at) values (@UserId, @Id, @Seed, @LastStep, @CreatedAt) on conflict (user_id) do nothing
                """, app)
            : await sql.Run("""
                update authenticator_apps set id = @Id, seed = @Seed, last_step = @LastStep, created_at = @CreatedAt, last_used_at = null where user_id = @UserId and id = @replaces
                """, new { app.UserId, app.Id, app.Seed, app.LastStep, app.CreatedAt, replaces });
        return written == 1 ? app : new FactorEnrolmentOver(user.Ref);
    }

    /// <summary>Judges a typed code and uses it up. Reserve the guess before.</summary>
    public async Task<Outcome<AuthenticatorApp>> Use(Sql sql, User user, string code)
    {
        if (await Of(sql, user.Id) is not { } app) return new FactorCodeWrong(user.Ref, "there is no authenticator app any more");
        if (secrets.Reveal(Place(app.Id), app.Seed) is not { } seed) return new FactorSeedUnreadable(user.Ref);
        if (Totp.Normal(code) is not { } digits) return new FactorCodeWrong(user.Ref, "it does not have the shape of a code: six digits");
        var now = clock.Now();
        var step = Totp.StepAt(now);
        if (Totp.Find(seed, digits, step - 1, step) is not { } found)
            return Minutes(seed, digits, step) is { } minutes ? new AuthenticatorClockOff(user.Ref, minutes) : new FactorCodeWrong(user.Ref, "it is no code of the authenticator app within an hour of now");
        var used = await sql.Run("update authenticator_apps set last_step = @found, last_used_at = @now where user_id = @UserId and id = @Id and last_step < @found", new { found, now, app.UserId, app.Id });
        return used == 1 ? app : new FactorCodeUsed(user.Ref);
    }

    public async Task<bool> Remove(Sql sql, string userId) => await sql.Run("delete from authenticator_apps where user_id = @userId", new { userId }) == 1;

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        foreach (var app in await sql.List<AuthenticatorApp>($"select {Columns} from authenticator_apps"))
            if (again(Place(app.Id), app.Seed) is { } box) await sql.Run("update authenticator_apps set seed = @box where user_id = @UserId and id = @Id", new { box, app.UserId, app.Id });
    }

    /// <summary>By about how many minutes the app's clock is off when the code is right for another time; null when it is right for none.</summary>
    private static int? Minutes(byte[] seed, string code, long step)
    {
        if (Totp.Normal(code) is not { } digits) return null;
        // The nearest one: with 240 codes looked at, one in four thousand wrong codes would match somewhere by chance.
        for (var off = 1; off <= Recognised; off++)
            foreach (var side in (ReadOnlySpan<int>)[off, -off])
                if (Totp.Find(seed, digits, step + side, step + side) is not null)
                    return Math.Sign(side) * Math.Max(1, (int)Math.Round(Math.Abs(side) * Totp.StepSeconds / 60.0));
        return null;
    }

    private static string Place(string id) => $"authenticator_apps/seed/{id}";
    private static string Place(string userId, string sessionId, string replaces) => $"authenticator_apps/new/{userId}/{sessionId}/{replaces}";
}
