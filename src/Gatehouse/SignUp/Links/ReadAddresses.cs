namespace Gatehouse.SignUp.Links;

/// <summary>One person to invite, as typed.</summary>
/// <param name="Line">Counted from 1.</param>
public sealed record TypedAddress(long Line, string Email, string? Name);

/// <summary>
/// Reads what people paste: one address a line, several on a line, or rows of a CSV file (RFC 4180) with an e-mail and a name in any column.
/// Whether an address is one is judged later, row by row.
/// </summary>
public static class ReadAddresses
{
    public const int Most = 500;

    public static IReadOnlyList<TypedAddress> From(string text)
    {
        var found = new List<TypedAddress>();
        var line = 0L;
        foreach (var row in Rows(text))
        {
            line++;
            var cells = row.Select(c => c.Trim()).Where(c => c.Length > 0).ToArray();
            if (cells.Length == 0) continue;
            var addresses = cells.Where(c => c.Contains('@', StringComparison.Ordinal)).ToArray();
            // The heading of a table.
            if (line == 1 && addresses.Length == 0 && cells.Any(c => c.Replace("-", "", StringComparison.Ordinal).Equals("email", StringComparison.OrdinalIgnoreCase))) continue;
            if (addresses.Length <= 1) found.Add(new(line, addresses.FirstOrDefault() ?? cells[0], cells.FirstOrDefault(c => c != addresses.FirstOrDefault() && addresses.Length == 1)));
            else found.AddRange(addresses.Select(a => new TypedAddress(line, a, null)));
            if (found.Count > Most) break;
        }
        return found;
    }

    private static IEnumerable<List<string>> Rows(string text)
    {
        var row = new List<string>();
        var cell = new System.Text.StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"') cell.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') cell.Append(text[++i]);
                else quoted = false;
            }
            else if (c == '"' && string.IsNullOrWhiteSpace(cell.ToString())) quoted = true;
            else if (c is ',' or ';' or '\t')
            {
                row.Add(cell.ToString());
                cell.Clear();
            }
            else if (c is '\n' or '\r')
            {
                if (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
                row.Add(cell.ToString());
                cell.Clear();
                yield return row;
                row = [];
            }
            else cell.Append(c);
        }
        row.Add(cell.ToString());
        yield return row;
    }
}
