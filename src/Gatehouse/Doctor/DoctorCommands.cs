using System.CommandLine;
using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Doctor;

/// <summary>gatehouse doctor: exit code 0 when all is well, 1 with warnings, 2 when something fails.</summary>
public static class DoctorCommands
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Make(IConsoleHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("doctor", "Look at everything that goes wrong in practice, and say how to mend it.") { json };
        command.SetAction((parsed, stop) => host.With(async services =>
        {
            var report = await services.GetRequiredService<Examination>().Run(stop);
            if (parsed.GetValue(json)) await host.Output.WriteLineAsync(JsonSerializer.Serialize(Shape(report), Indented));
            else foreach (var finding in report.Findings) await host.Output.WriteLineAsync(Line(finding));
            return (int)report.Worst;
        }));
        return command;
    }

    /// <summary>STATUS check.id  sentence  → fix (help: /help/code)</summary>
    internal static string Line(Finding finding)
    {
        var line = $"{finding.Status.ToString().ToUpperInvariant(),-4} {finding.Id}  {Printable.Cap(finding.Sentence, 2000)}";
        return finding.Refusal is null ? line : $"{line}  → {finding.Cure} (help: /help/{finding.Refusal.Facts.Code})";
    }

    private static object Shape(Report report) => new
    {
        status = Word(report.Worst),
        findings = report.Findings.Select(f => new
        {
            status = Word(f.Status),
            id = f.Id,
            sentence = Printable.Cap(f.Sentence, 2000),
            fix = f.Refusal is null ? null : f.Cure,
            code = f.Refusal?.Facts.Code,
            help = f.Refusal is null ? null : $"/help/{f.Refusal.Facts.Code}",
        }),
    };

    private static string Word(FindingStatus status) => status.ToString().ToLowerInvariant();
}
