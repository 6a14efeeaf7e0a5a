namespace Gatehouse.Data;

/// <summary>What admins edit in the product, by name; cached, effective on all nodes within a second.</summary>
public sealed class Settings(Database database, TimeProvider clock)
{
    private readonly Cached<Dictionary<string, string>> cache = new(database, "settings", async sql =>
        (await sql.List<Row>("""select name as "Name", value as "Value" from settings""")).ToDictionary(r => r.Name, r => r.Value, StringComparer.Ordinal));

    /// <summary>The stored text, or null when it was never set.</summary>
    public async ValueTask<string?> Get(string name) => (await cache.Get()).GetValueOrDefault(name);

    public async Task Set(Sql sql, string name, string value)
    {
        await sql.Run("""
            insert into settings (name, value, updated_at) values (@name, @value, @now)
            on conflict (name) do update set value = excluded.value, updated_at = excluded.updated_at
            """, new { name, value, now = clock.GetUtcNow().ToUnixTimeMilliseconds() });
        await sql.Bump("settings");
    }

    private sealed record Row
    {
        public string Name { get; init; } = "";
        public string Value { get; init; } = "";
    }
}
