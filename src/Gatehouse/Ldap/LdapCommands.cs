using System.CommandLine;
using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Explain;
using Gatehouse.Ldap.Sync;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap;

/// <summary>gatehouse ldap test | sync | explain.</summary>
internal static class LdapCommands
{
    public static Command Make(IConsoleHost host) => new("ldap", "The directory: test it, sync it, explain one person.") { Test(host), Sync(host), Explain(host) };

    private static Command Test(IConsoleHost host)
    {
        var command = new Command("test", "Go up the staircase with the stored settings: name, connection, TLS, bind, base, filters, attributes.");
        command.SetAction((_, stop) => host.With(async services =>
        {
            var store = services.GetRequiredService<SettingsStore>();
            var settings = await store.Get();
            if (settings.Urls.Count == 0) return await Refused(host, new DirectoryNotConfigured());
            if (!store.Password(settings).Passed(out var password, out var refusal)) return await Refused(host, refusal);
            await store.Note(Actor.Console, "ldap.tested", string.Join(' ', settings.Urls));
            var steps = await services.GetRequiredService<TestDirectory>().Run(settings, password, stop);
            await Print(host, steps);
            await Line(host, "By hand: " + LdapSearchCommand.Write(settings, settings.UserBases.Count > 0 ? settings.UserBases[0] : "", settings.UserFilter, settings.UserAttributes));
            return steps.Any(s => s.State == StepState.Failed) ? 1 : 0;
        }));
        return command;
    }

    private static Command Sync(IConsoleHost host)
    {
        var dry = new Option<bool>("--dry-run") { Description = "Print the plan and change nothing." };
        var all = new Option<bool>("--all") { Description = "Print every line, also of long plans." };
        var command = new Command("sync", "Read the directory and bring the accounts in line with it.") { dry, all };
        command.SetAction((parsed, stop) => host.With(async services =>
        {
            var sync = services.GetRequiredService<RunLdapSync>();
            var run = parsed.GetValue(dry) ? await sync.Rehearse("console", Actor.Console, stop) : await sync.Run("console", Actor.Console, stop);
            var limit = parsed.GetValue(all) ? 20_000 : 50;
            var entries = await services.GetRequiredService<Database>().Read(sql => RunStore.Entries(sql, run.Id, "", 1, limit));
            if (entries.Count > 0)
            {
                var (act, name) = (entries.Max(e => e.Act.Length), Math.Min(40, entries.Max(e => e.Name.Length)));
                foreach (var entry in entries) await Line(host, $"{entry.Act.PadRight(act)}  {entry.Name.PadRight(name)}  {entry.Detail}{(entry.Code is null ? "" : $" ({entry.Code})")}");
                if (entries.Count == limit) await Line(host, "… and more: --all, or the page " + SyncPages.Path + "/" + run.Id);
            }
            await Line(host, string.Create(CultureInfo.InvariantCulture, $"{run.Outcome}: {RunLdapSync.Summary(run)}; {(run.FinishedAt - run.StartedAt) / 1000.0:0.0} s"));
            if (run.Refusal is { } refusal) return await Refused(host, refusal);
            return 0;
        }));
        return command;
    }

    private static Command Explain(IConsoleHost host)
    {
        var name = new Argument<string>("NAME") { Description = "User name, e-mail or DN." };
        var command = new Command("explain", "Say why somebody of the directory is here, or is not.") { name };
        command.SetAction((parsed, stop) => host.With(async services =>
        {
            var told = await services.GetRequiredService<ExplainPerson>().Run(parsed.GetValue(name)!, stop);
            await Print(host, told.Steps);
            if (told.Command is { } byHand) await Line(host, "By hand: " + byHand);
            return told.Cause is null ? 0 : 1;
        }));
        return command;
    }

    private static async Task Print(IConsoleHost host, IReadOnlyList<TestStep> steps)
    {
        foreach (var step in steps)
        {
            var word = step.State switch { StepState.Passed => "PASS", StepState.Failed => "FAIL", StepState.Noted => "NOTE", _ => "----" };
            await Line(host, $"{word}  {step.Title}{(step.Sentence.Length > 0 ? ": " + step.Sentence : "")}");
            foreach (var sample in step.Samples) await Line(host, "        " + sample);
            if (step is { State: StepState.Failed, Refusal: { } refusal }) await Line(host, $"      {refusal.Facts.Fix} ({refusal.Facts.Code})");
        }
    }

    private static async Task<int> Refused(IConsoleHost host, Refusal refusal)
    {
        await host.Error.WriteLineAsync(Printable.Cap(refusal.Evidence, 1000));
        await host.Error.WriteLineAsync($"  {refusal.Facts.Fix}\n  ({refusal.Facts.Code})");
        return 1;
    }

    private static Task Line(IConsoleHost host, string text) => host.Output.WriteLineAsync(Printable.Cap(text, 9000));
}
