using System.Globalization;
using System.Text;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Parts;

/// <summary>Holds a page against the WCAG 2.2 AA rules that a program can judge.</summary>
static class AxeCheck
{
    private static readonly AxeRunOptions Options = new()
    {
        RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
    };

    /// <summary>Fails with a readable list when the page has a violation.</summary>
    public static async Task HasNoViolation(IPage page, string? where = null)
    {
        var result = await page.RunAxe(Options);
        if (result.Violations.Length == 0) return;
        var list = new StringBuilder();
        list.AppendLine(CultureInfo.InvariantCulture, $"{where ?? page.Url}: {result.Violations.Length} accessibility rules broken");
        foreach (var violation in result.Violations)
        {
            list.AppendLine(CultureInfo.InvariantCulture, $"- {violation.Id} ({violation.Impact}): {violation.Help}");
            foreach (var node in violation.Nodes)
                list.AppendLine(CultureInfo.InvariantCulture, $"    {node.Target}: {node.Html}");
        }
        Assert.Fail(list.ToString());
    }
}
