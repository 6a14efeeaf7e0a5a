using System.CommandLine;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>gatehouse break-glass: for when nobody can get in any more.</summary>
internal static class BreakGlassCommands
{
    public static Command Make(IConsoleHost host) => new("break-glass", "The last way in, when no administrator can sign in") { Open(host), Seal(host), Drill(host), Status(host), Close(host) };

    private static Command Open(IConsoleHost host)
    {
        var reason = new Option<string>("--reason") { Description = "Why; it stands in the audit log and in the mail to the admins", DefaultValueFactory = _ => "" };
        var json = new Option<bool>("--json") { Description = "Print {\"code\": …, \"url\": …, \"minutes\": …}" };
        var command = new Command("open", "Print a one-time code for the break-glass page; it opens the administration for 30 minutes") { reason, json };
        command.SetAction(parse => host.With(async services =>
        {
            var code = await services.GetRequiredService<SealBreakGlass>().MakeCode(Printable.Cap(parse.GetValue(reason)!.Trim(), 300), Actor.Console);
            var (url, minutes) = (services.GetRequiredService<ServerConfiguration>().Link(BreakGlassEndpoints.Public), (int)GlassLimits.Code.TotalMinutes);
            await host.Output.WriteLineAsync(parse.GetValue(json) ? JsonSerializer.Serialize(new { code, url, minutes })
                : $"{code}\nType it at {url}\nIt works once, within {minutes} minutes, for a session of {GlassLimits.Session.TotalMinutes:0} minutes, and ends any older code. All admins are told by mail.");
            return 0;
        }));
        return command;
    }

    private static Command Seal(IConsoleHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print {\"credential\": …}" };
        var command = new Command("seal", "Make a new sealed credential, print it once, and end the older one") { json };
        command.SetAction(parse => host.With(async services =>
        {
            var credential = await services.GetRequiredService<SealBreakGlass>().Seal(Actor.Console);
            await host.Output.WriteLineAsync(parse.GetValue(json) ? JsonSerializer.Serialize(new { credential })
                : $"{credential}\nIt is shown only now: print it, seal it, lock it away. An older one works no more.\nIt opens {services.GetRequiredService<ServerConfiguration>().Link(BreakGlassEndpoints.Public)} once. Rehearse it: gatehouse break-glass drill");
            return 0;
        }));
        return command;
    }

    private static Command Drill(IConsoleHost host)
    {
        var file = new Option<string>("--file") { Description = "Take the credential from this file; - is standard input (default)", DefaultValueFactory = _ => "-" };
        var command = new Command("drill", "Check a sealed credential without using it, and record the date") { file };
        command.SetAction((parse, stop) => host.With(async services =>
        {
            var from = parse.GetValue(file)!;
            if (from != "-" && !File.Exists(from))
            {
                await host.Error.WriteLineAsync($"There is no file {Printable.Cap(from, 200)}.");
                return 1;
            }
            if (from == "-" && !Console.IsInputRedirected) await host.Error.WriteLineAsync("Type the credential and press Enter:");
            var typed = from == "-" ? await Console.In.ReadLineAsync(stop) ?? "" : await File.ReadAllTextAsync(from, stop);
            if (BreakGlassText.Read(typed) is not { } normal)
            {
                await host.Error.WriteLineAsync("This has a typing mistake, or is no break-glass credential. The last group is computed from the others; compare group by group.");
                return 1;
            }
            if (!(await services.GetRequiredService<UseBreakGlass>().Drill(normal, Actor.Console, visit: null)).Passed(out _, out var refusal))
            {
                await host.Error.WriteLineAsync($"{Printable.Cap(refusal.Evidence, 500)}\n  {refusal.Facts.Fix}\n  ({refusal.Facts.Code})");
                return 1;
            }
            await host.Output.WriteLineAsync("It is the present credential. Nothing was opened and it is still good; the date is recorded.");
            return 0;
        }));
        return command;
    }

    private static Command Status(IConsoleHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("status", "Whether a credential is sealed, when it was rehearsed, and what is open") { json };
        command.SetAction(parse => host.With(async services =>
        {
            var now = services.GetRequiredService<TimeProvider>().Now();
            var (present, openings) = await services.GetRequiredService<Database>().Read(async sql => (await BreakGlassStore.Sealed(sql, now), await BreakGlassStore.Newest(sql)));
            var open = openings.Where(o => o.IsOpen(now)).ToArray();
            long? last = openings.Count > 0 ? openings[0].OpenedAt : null;
            if (parse.GetValue(json))
            {
                await host.Output.WriteLineAsync(JsonSerializer.Serialize(new
                {
                    @sealed = present is not null,
                    sealed_at = present?.MadeAt,
                    sealed_by = present?.MadeBy,
                    drilled_at = present?.DrilledAt,
                    used_at = last,
                    open = open.Select(o => new { label = o.Label, opened_at = o.OpenedAt, ends_at = o.ExpiresAt, address = o.Address }),
                }));
                return 0;
            }
            await host.Output.WriteLineAsync(present is null ? "No credential is sealed. Make one: gatehouse break-glass seal"
                : $"Sealed {BreakGlassRefused.At(present.MadeAt)} by {Printable.Cap(present.MadeBy, 200)}; {(present.DrilledAt is { } drilled ? $"rehearsed {BreakGlassRefused.At(drilled)}" : "never rehearsed")}.");
            await host.Output.WriteLineAsync(last is { } at ? $"Last used {BreakGlassRefused.At(at)}." : "Never used.");
            foreach (var o in open) await host.Output.WriteLineAsync($"OPEN: {o.Label} since {BreakGlassRefused.At(o.OpenedAt)} from {o.Address}, until {BreakGlassRefused.At(o.ExpiresAt)}. End it: gatehouse break-glass close");
            return 0;
        }));
        return command;
    }

    private static Command Close(IConsoleHost host)
    {
        var command = new Command("close", "End every open break-glass session and the code that waits; the sealed credential stays");
        command.SetAction(parse => host.With(async services =>
        {
            var ended = await services.GetRequiredService<UseBreakGlass>().Close(Actor.Console);
            await host.Output.WriteLineAsync(ended == 0 ? "No session was open; no code waits any more." : $"{ended} session{(ended == 1 ? "" : "s")} ended; no code waits any more.");
            return 0;
        }));
        return command;
    }
}
