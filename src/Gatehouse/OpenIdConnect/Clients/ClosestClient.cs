using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>Which client an unknown id was probably meant to name; pure.</summary>
internal static class ClosestClient
{
    public static string Words(int length, ClientRef? closest, string how) =>
        $"No client has the id that was sent ({length} characters; ours have 32)." + (closest is null ? "" : $" {closest.Name} was probably meant: {how}.");

    public static IEnumerable<Remedy> Ways(ClientRef? closest) => closest is null
        ? [new OpenPage("Open the list of clients", "/admin/clients"), new OpenPage("Register a client", "/admin/clients/new")]
        : [new OpenPage($"Open {closest.Name}", $"/admin/clients/{closest.Id}"), new OpenPage("Register a client", "/admin/clients/new")];

    public static (ClientRef Client, string How)? Find(string sent, IEnumerable<ClientRef> clients)
    {
        var bare = sent.Trim().Trim('"', '\'', '{', '}');
        (ClientRef Client, string How, int Rank)? best = null;
        foreach (var client in clients)
        {
            (string How, int Rank)? found =
                bare == client.Id ? ("white space or quotes stand around the id", 0)
                : string.Equals(bare.Replace("-", "", StringComparison.Ordinal), client.Id, StringComparison.OrdinalIgnoreCase) ? ("the id is written with dashes or in capital letters", 1)
                : string.Equals(bare, client.Name, StringComparison.OrdinalIgnoreCase) ? ("the name of the client was sent instead of its id", 2)
                : bare.Length >= 8 && client.Id.StartsWith(bare, StringComparison.Ordinal) ? ($"the last {client.Id.Length - bare.Length} characters of the id are missing", 3)
                : bare.Length >= 8 && bare.Contains(client.Id, StringComparison.Ordinal) ? ("more than the id was sent", 4)
                : Distance(bare, client.Id) is <= 4 and var d ? (d == 1 ? "one character differs" : $"{d} characters differ", 4 + d)
                : bare.Length >= 4 && Distance(bare.ToLowerInvariant(), client.Name.ToLowerInvariant()) <= 2 ? ("it resembles the client's name; the id is another text", 10)
                : null;
            if (found is { } f && (best is null || f.Rank < best.Value.Rank)) best = (client, f.How, f.Rank);
        }
        return best is { } b ? (b.Client, b.How) : null;
    }

    /// <summary>The closest of some words, or null when none is near.</summary>
    public static string? Word(string sent, IEnumerable<string> known) =>
        known.Select(k => (Word: k, Distance: Distance(sent.ToLowerInvariant(), k.ToLowerInvariant()))).Where(k => k.Distance <= Math.Max(1, sent.Length / 3)).OrderBy(k => k.Distance).Select(k => k.Word).FirstOrDefault();

    /// <summary>Edit distance; texts of very different or great length are simply far apart.</summary>
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 4 || a.Length > 100 || b.Length > 100) return 99;
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}

/// <summary>Looks up, behind the response, what an unknown client id or a wrong secret was probably meant to be.</summary>
internal sealed class FindMeantClient(Database database) : IEvidenceFinder
{
    private readonly Cached<List<ClientRef>> clients = new(database, "clients", async sql => [.. (await ClientStore.All(sql)).Select(c => c.Ref)]);

    public async Task<Refusal> Complete(Refusal refusal)
    {
        switch (refusal)
        {
            case ClientUnknown { Sent: { } sent } unknown:
                return ClosestClient.Find(sent, await clients.Get()) is { } near ? unknown with { Closest = near.Client, How = near.How, Sent = null } : unknown;
            case TokenClientUnknown { Sent: { } sent } unknown:
                return ClosestClient.Find(sent, await clients.Get()) is { } meant ? unknown with { Closest = meant.Client, How = meant.How, Sent = null } : unknown;
            case ClientSecretWrong { Digest: { } digest } wrong:
                var owner = await database.Read(sql => sql.List<Row>("""
                    select c.id as "Id", c.name as "Name" from client_secrets s join clients c on c.id = s.client_id where s.hash = @digest
                    """, new { digest }));
                return owner.Count == 0 ? wrong : wrong with { Owner = new(owner[0].Id, owner[0].Name), Digest = null };
            default:
                return refusal;
        }
    }

    private sealed record Row
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
    }
}
