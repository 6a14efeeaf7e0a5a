using System.Text;
using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>The catalogue as help pages and as docs/troubleshooting.md.</summary>
public static class Help
{
    /// <summary>True when a code may be told to strangers: then its page is open to anybody.</summary>
    public static bool IsPublic(string code) => RefusalCatalogue.All.Any(i => i.Entry.CodeForStrangers == code);

    /// <summary>The entries a code stands for: its own, or those that share it as their public code.</summary>
    public static IReadOnlyList<RefusalEntry> Entries(string code) => RefusalCatalogue.Find(code) is { } own
        ? [own.Entry]
        : [.. RefusalCatalogue.All.Where(i => i.Entry.PublicCode == code).Select(i => i.Entry)];

    /// <summary>The whole of docs/troubleshooting.md.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append("# Troubleshooting\n\n");
        text.Append("Every reason why Gatehouse does not let somebody in, by its code. Printed from the catalogue in the program; do not edit.\n\n");
        text.Append("A refused person sees one sentence and a reference like `GH-7K2M-9QXA`. An admin pastes the reference into the search box, or runs `gatehouse why GH-7K2M-9QXA`, and sees the precise code, the evidence and what mends it.\n");
        text.Append("Where several codes share a *public code*, strangers are told only that one, so that nobody can probe which accounts or clients exist.\n");
        foreach (var subject in RefusalCatalogue.All.GroupBy(i => i.Entry.Code.Split('.')[0]))
        {
            text.Append($"\n## {subject.Key}\n");
            foreach (var (_, entry, example) in subject)
            {
                text.Append($"\n### `{entry.Code}`\n\n{entry.Title}.\n\n");
                text.Append($"- The person reads: {entry.Public}\n");
                text.Append($"- Evidence looks like: {Escape(example.Evidence)}\n");
                text.Append($"- What mends it: {entry.Fix}\n");
                if (entry.Wire is not null) text.Append($"- On the wire: `{entry.Wire}`\n");
                if (entry.CodeForStrangers != entry.Code) text.Append($"- Public code: `{entry.CodeForStrangers}`\n");
            }
        }
        return text.ToString();
    }

    private static string Escape(string text)
    {
        var safe = new StringBuilder();
        foreach (var c in Web.Printable.Cap(text, 600)) safe.Append(c is '<' or '>' or '*' or '_' or '`' or '[' or ']' or '\\' or '|' ? "\\" + c : c.ToString());
        return safe.ToString();
    }
}
