using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>Makes what opens break-glass, and takes it back. The values are returned once; only keyed hashes stay.</summary>
public sealed partial class SealBreakGlass(Database database, Secrets secrets, BreakGlassLetters letters, AuditLog audit, TimeProvider clock, ILogger<SealBreakGlass> logger)
{
    internal static readonly AuditTarget Target = new("break_glass", "sealed", "Break-glass credential");

    /// <summary>A new sealed credential of 160 random bits; the older one works no more.</summary>
    public async Task<string> Seal(Actor actor)
    {
        var value = BreakGlassText.NewSealed();
        await database.Write(async sql =>
        {
            // Two who seal at once: one after the other, the later one's paper is good.
            await sql.LockAll();
            var now = clock.Now();
            var replaced = await BreakGlassStore.EndAll(sql, GlassKind.Sealed, "a newer one was sealed", now);
            var made = new GlassCredential { Id = clock.NewId(), Kind = GlassKind.Sealed, MadeAt = now, MadeBy = actor.Name };
            await BreakGlassStore.Insert(sql, made, Hash(secrets, value));
            await audit.Write(sql, actor, "break_glass.sealed", Target, after: replaced > 0 ? "replaces an older one" : "there was none");
            await letters.Sealed(sql, made.Id, actor.Name, made: true);
        });
        // At the console the log would stand between the lines that are printed.
        if (actor.Address.Length > 0) WasSealed(logger, Printable.Cap(actor.Name, 200));
        return BreakGlassText.Shown(value);
    }

    /// <summary>Ends the sealed credential without a new one: the paper is lost. False when there was none.</summary>
    public Task<bool> Withdraw(Actor actor) => database.Write(async sql =>
    {
        if (await BreakGlassStore.EndAll(sql, GlassKind.Sealed, "it was withdrawn", clock.Now()) == 0) return false;
        await audit.Write(sql, actor, "break_glass.withdrawn", Target);
        await letters.Sealed(sql, clock.NewId(), actor.Name, made: false);
        return true;
    });

    /// <summary>A one-time code for whoever is at the server's shell; it ends an older one and gives every address new tries.</summary>
    public async Task<string> MakeCode(string reason, Actor actor)
    {
        var value = BreakGlassText.NewCode();
        await database.Write(async sql =>
        {
            await sql.LockAll();
            var now = clock.Now();
            await BreakGlassStore.EndAll(sql, GlassKind.Console, "a newer code was made", now);
            var made = new GlassCredential { Id = clock.NewId(), Kind = GlassKind.Console, MadeAt = now, MadeBy = actor.Name, ExpiresAt = now + (long)GlassLimits.Code.TotalMilliseconds };
            await BreakGlassStore.Insert(sql, made, Hash(secrets, value));
            await sql.Run("update guesses set times = '' where lane like 'break-glass:%'");
            await audit.Write(sql, actor, "break_glass.code_made", Target with { Name = "Code of the console" }, after: reason.Length > 0 ? reason : "no reason given");
            await letters.CodeMade(sql, made.Id, actor.Name, reason);
        });
        return BreakGlassText.Shown(value);
    }

    /// <summary>What a normalised credential is kept under.</summary>
    internal static string Hash(Secrets secrets, string normal) => secrets.Hash("break-glass", normal);

    [LoggerMessage(1, LogLevel.Warning, "break-glass: a new credential was sealed by {Actor}")]
    private static partial void WasSealed(ILogger logger, string actor);
}
