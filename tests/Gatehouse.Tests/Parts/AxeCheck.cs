using System.Globalization;
using System.Text;
using System.Text.Json;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Parts;

/// <summary>Holds a page against the WCAG 2.2 AA rules that a program can judge.</summary>
static class AxeCheck
{
    private static readonly string Rules = new BundledAxeScriptProvider().GetScript();

    private const string Run = """
        async () => {
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
          const { violations } = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], iframes: false });
          return JSON.stringify(violations.map(v => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.target.join(' ') + ': ' + n.html) })));
        }
        """;

    private sealed record Violation(string Id, string? Impact, string Help, string[] Nodes);

    /// <summary>Fails with a readable list when the page has a violation.</summary>
    public static async Task HasNoViolation(IPage page, string? where = null)
    {
        if (await Violations(page, where) is { } list) Assert.Fail(list);
    }

    /// <summary>The violations as a readable list, or null. The rules are loaded once into each document.</summary>
    public static async Task<string?> Violations(IPage page, string? where = null)
    {
        if (!await page.EvaluateAsync<bool>("() => 'axe' in window")) await page.EvaluateAsync(Rules + "; undefined");
        var found = JsonSerializer.Deserialize<Violation[]>(await page.EvaluateAsync<string>(Run), JsonSerializerOptions.Web)!;
        if (found.Length == 0) return null;
        var list = new StringBuilder();
        list.AppendLine(CultureInfo.InvariantCulture, $"{where ?? page.Url}: {found.Length} accessibility rules broken");
        foreach (var violation in found)
        {
            list.AppendLine(CultureInfo.InvariantCulture, $"- {violation.Id} ({violation.Impact}): {violation.Help}");
            foreach (var node in violation.Nodes) list.AppendLine(CultureInfo.InvariantCulture, $"    {node}");
        }
        return list.ToString();
    }
}
