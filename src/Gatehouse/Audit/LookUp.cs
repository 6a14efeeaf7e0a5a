using System.Net;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>Something the look-up found.</summary>
public sealed record Found(string Kind, string Name, string Path);

/// <summary>One box for everything: reference, e-mail, address, client, URL, code or name.</summary>
public static class LookUp
{
    public static async Task<IReadOnlyList<Found>> Find(Sql sql, string typed)
    {
        var text = typed.Trim();
        if (Reference.TryParse(text, out var reference))
        {
            if (await Cases.Find(sql, reference.Text) is not null) return [new("case", reference.Text, $"/admin/cases/{reference}")];
            if (await Cases.FindProblemOf(sql, reference.Text) is { } problem) return [new("problem", problem.Title, $"/admin/problems/{problem.Id}?reference={reference}")];
            if (text.StartsWith("GH-", StringComparison.OrdinalIgnoreCase)) return [];
        }
        if (RefusalCatalogue.Find(text) is { } item) return [new("problem", item.Entry.Title, $"/admin/problems?state=all&q={Uri.EscapeDataString(text)}")];
        if (text.Contains('.', StringComparison.Ordinal) && IPAddress.TryParse(text, out _) || text.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(text, out _))
            return [new("address", text, $"/admin/sign-ins?address={Uri.EscapeDataString(text)}")];
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0) return await ClientsOfHost(sql, url);

        var args = new { text, folded = text.Normalize(System.Text.NormalizationForm.FormKC).ToLowerInvariant(), like = Like.Containing(text) };
        var exact = await Named(sql, "id = @text or email_folded = @folded or user_name_folded = @folded", "id = @text or lower(name) = @folded", args);
        return exact.Count > 0 ? exact : await Named(sql, "email_folded like @like escape '!' or user_name_folded like @like escape '!' or lower(display_name) like @like escape '!'", "lower(name) like @like escape '!'", args);
    }

    private static async Task<IReadOnlyList<Found>> Named(Sql sql, string user, string client, object args) =>
    [
        .. (await sql.List<Row>($"""select id as "Id", display_name as "Name" from users where {user} order by display_name limit 20""", args)).Select(r => new Found("user", r.Name, $"/admin/users/{r.Id}")),
        .. (await sql.List<Row>($"""select id as "Id", name as "Name" from clients where {client} order by name limit 20""", args)).Select(r => new Found("client", r.Name, $"/admin/clients/{r.Id}")),
    ];

    private static async Task<IReadOnlyList<Found>> ClientsOfHost(Sql sql, Uri url)
    {
        var rows = await sql.List<Row>("""
            select c.id as "Id", c.name as "Name", u.url as "Url" from client_urls u join clients c on c.id = u.client_id where lower(u.url) like @like escape '!' order by c.name limit 200
            """, new { like = Like.Containing("//" + url.Host) });
        return [.. rows.Where(r => Uri.TryCreate(r.Url, UriKind.Absolute, out var known) && string.Equals(known.Host, url.Host, StringComparison.OrdinalIgnoreCase))
            .DistinctBy(r => r.Id).Select(r => new Found("client", r.Name, $"/admin/clients/{r.Id}"))];
    }

    private sealed record Row
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public string Url { get; init; } = "";
    }
}
