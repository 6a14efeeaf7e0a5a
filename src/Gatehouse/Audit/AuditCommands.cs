using System.CommandLine;
using System.Globalization;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Audit;

/// <summary>gatehouse why, gatehouse explain.</summary>
public static class AuditCommands
{
    public static IEnumerable<Command> All(IConsoleHost host) => [Why(host), Explain(host)];

    private static Command Why(IConsoleHost host)
    {
        var typed = new Argument<string>("reference") { Description = "The reference on the refused person's page, like GH-7K2M-9QXA." };
        var command = new Command("why", "Say why somebody was refused: evidence and what mends it.") { typed };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            if (!Reference.TryParse(parsed.GetValue(typed), out var reference))
            {
                await host.Error.WriteLineAsync("That is no reference. References look like GH-7K2M-9QXA.");
                return 1;
            }
            var database = services.GetRequiredService<Database>();
            if (await database.Read(sql => Cases.Find(sql, reference.Text)) is { } one)
            {
                await Tell(host.Output, one);
                return 0;
            }
            if (await database.Read(sql => Cases.FindProblemOf(sql, reference.Text)) is { } problem)
            {
                await Line(host.Output, $"{reference}: {problem.Title} ({problem.Code})");
                await Line(host.Output, $"It came too often for a record of its own: {problem.Occurrences} times, last at {Time(problem.LastAt)}, about {problem.Concerns}.");
                if (problem.Entry is { } entry) await Line(host.Output, $"What mends it: {entry.Fix}");
                await Line(host.Output, $"Latest case: gatehouse why {problem.LastReference}");
                return 0;
            }
            await host.Error.WriteLineAsync($"{reference} is not stored: it is older than 90 days, was typed wrong, or came in a flood. The server's log has its line.");
            return 1;
        }));
        return command;
    }

    private static Command Explain(IConsoleHost host)
    {
        var typed = new Argument<string>("code") { Description = "A code like oidc.redirect_uri_mismatch, or a reference." };
        var command = new Command("explain", "Say what a refusal code means and what mends it.") { typed };
        command.SetAction(async (parsed, _) =>
        {
            var code = parsed.GetValue(typed)!.Trim();
            var entries = Help.Entries(code);
            if (entries.Count == 0)
            {
                await host.Error.WriteLineAsync("There is no such code. docs/troubleshooting.md lists them all; for a reference use: gatehouse why GH-…");
                var subject = code.Split('.')[0];
                foreach (var item in RefusalCatalogue.All.Where(i => i.Entry.Code.StartsWith(subject + ".", StringComparison.Ordinal))) await host.Error.WriteLineAsync("  " + item.Entry.Code);
                return 1;
            }
            foreach (var entry in entries)
            {
                await Line(host.Output, $"{entry.Code}: {entry.Title}");
                await Line(host.Output, $"  The person reads:  {entry.Public}");
                await Line(host.Output, $"  What mends it:     {entry.Fix}");
                if (entry.Wire is not null) await Line(host.Output, $"  On the wire:       {entry.Wire}");
                if (entry.CodeForStrangers != entry.Code) await Line(host.Output, $"  Public code:       {entry.CodeForStrangers}");
                await Line(host.Output, $"  For example:       {RefusalCatalogue.Find(entry.Code)!.Example.Evidence}");
            }
            return 0;
        });
        return command;
    }

    private static async Task Tell(TextWriter output, Case one)
    {
        await Line(output, $"{one.Reference}: {one.Title} ({one.Code})");
        var refusal = one.Refusal;
        await Line(output, refusal?.Evidence ?? "This version cannot read the stored evidence.");
        if (refusal?.Difference is { } difference)
        {
            var (before, sent, after) = difference.Cut(difference.Sent);
            var expected = difference.Cut(difference.Expected).Differs;
            var width = Math.Max(difference.SentLabel.Length, difference.ExpectedLabel.Length);
            await Line(output, $"  {difference.SentLabel.PadRight(width)}  {before}[{sent}]{after}");
            await Line(output, $"  {difference.ExpectedLabel.PadRight(width)}  {before}[{expected}]{after}");
            await Line(output, $"  They differ by {difference.Kind}; the brackets mark the place.");
        }
        await Line(output, $"When: {Time(one.At)}   From: {one.Address}");
        if (one.UserId is not null) await Line(output, $"User: {one.UserName ?? "unknown"} ({one.UserId})");
        if (one.ClientId is not null) await Line(output, $"Client: {one.ClientName ?? "unknown"} ({one.ClientId})");
        if (one.Steps.Count > 0) await Line(output, $"Passed before: {string.Join(", ", one.Steps.Select(s => s.Name))}");
        if (one.Entry is { } entry) await Line(output, $"What mends it: {entry.Fix}");
        foreach (var remedy in refusal?.Remedies ?? []) await Line(output, remedy is OpenPage page ? $"  - {page.Label}: {page.Path}" : $"  - {remedy.Label} (a button on /admin/cases/{one.Reference})");
    }

    /// <summary>One line without anything a terminal would obey.</summary>
    private static Task Line(TextWriter output, string text) => output.WriteLineAsync(Printable.Cap(text, 2000));

    private static string Time(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
