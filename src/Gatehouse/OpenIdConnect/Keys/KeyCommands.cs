using System.CommandLine;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>The console's way to the signing keys.</summary>
internal static class KeyCommands
{
    public static Command Make(IConsoleHost host) => new("keys", "The keys that sign tokens.") { List(host), Rotate(host), Revoke(host) };

    private static Command List(IConsoleHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("list", "All signing keys and where they stand.") { json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var now = services.GetRequiredService<TimeProvider>().Now();
            var all = await services.GetRequiredService<RotateKeys>().All();
            if (parsed.GetValue(json))
                await host.Output.WriteLineAsync(JsonSerializer.Serialize(all.Select(k => new { kid = k.Kid, alg = k.Algorithm, state = Word(k.StateAt(now)), created_at = Iso(k.CreatedAt), signs_from = Iso(k.ActiveFrom), signs_until = Iso(k.RetiredAt), revoked_at = Iso(k.RevokedAt) })));
            else if (all.Count == 0) await host.Output.WriteLineAsync("There is no key yet; one is made when the first is needed.");
            else
                foreach (var k in all) await host.Output.WriteLineAsync($"{k.Kid}  {k.Algorithm,-5}  {Word(k.StateAt(now)),-9}  signs from {Iso(k.ActiveFrom)}{(k.RetiredAt is { } end ? $" until {Iso(end)}" : "")}");
            return 0;
        }));
        return command;
    }

    private static Command Rotate(IConsoleHost host)
    {
        var algorithm = new Option<string>("--alg") { DefaultValueFactory = _ => "ES256", Description = "ES256, RS256 or EdDSA." };
        var now = new Option<bool>("--now") { Description = "Sign with it at once instead of in 24 hours." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("rotate", "Give the key of an algorithm a successor: published now, signing in 24 hours.") { algorithm, now, json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            if (!(await services.GetRequiredService<RotateKeys>().Rotate(parsed.GetValue(algorithm)!, parsed.GetValue(now) ? TimeSpan.Zero : RotateKeys.Lead, Actor.Console)).Passed(out var key, out var refusal)) return await Refused(host, refusal);
            await host.Output.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(new { kid = key.Kid, alg = key.Algorithm, signs_from = Iso(key.ActiveFrom) }) : $"{key.Algorithm} {key.Kid} is published and signs from {Iso(key.ActiveFrom)}.");
            return 0;
        }));
        return command;
    }

    private static Command Revoke(IConsoleHost host)
    {
        var kid = new Argument<string>("kid") { Description = "Key id, from gatehouse keys list." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("revoke", "End a key at once: its tokens are refused, the sign-ins it vouched for end.") { kid, json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            if (!(await services.GetRequiredService<RotateKeys>().Revoke(parsed.GetValue(kid)!, Actor.Console)).Passed(out var revoked, out var refusal)) return await Refused(host, refusal);
            if (parsed.GetValue(json))
            {
                await host.Output.WriteLineAsync(JsonSerializer.Serialize(new { kid = revoked.Key.Kid, must_refresh = revoked.Affected.Select(a => new { client_id = a.Id, name = a.Name, sign_ins_ended = a.SignIns }) }));
                return 0;
            }
            await host.Output.WriteLineAsync($"{revoked.Key.Algorithm} {revoked.Key.Kid} is revoked.");
            await host.Output.WriteLineAsync(revoked.Affected.Count == 0 ? "No sign-in depended on it." : "These applications must fetch the keys again, and their people sign in anew:");
            foreach (var client in revoked.Affected) await host.Output.WriteLineAsync($"  {client.Id}  {Web.Printable.Cap(client.Name, 80)}  {client.SignIns} sign-ins ended");
            return 0;
        }));
        return command;
    }

    private static async Task<int> Refused(IConsoleHost host, Refusal refusal)
    {
        await host.Error.WriteLineAsync($"{refusal.Facts.Public} {refusal.Evidence} ({refusal.Facts.Code})");
        return 2;
    }

    private static string Word(KeyState state) => state.ToString().ToLowerInvariant();

    private static string? Iso(long? at) => at is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) : null;
}
