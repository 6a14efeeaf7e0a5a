using System.Data.Common;
using Dapper;

namespace Gatehouse.Data;

/// <summary>Runs statements on one connection, inside one transaction when it writes. The same SQL text serves SQLite and PostgreSQL.</summary>
public sealed class Sql
{
    private readonly Database database;
    private readonly DbConnection connection;
    private readonly DbTransaction? transaction;
    private List<Action>? afterCommit;

    internal Sql(DbConnection connection, DbTransaction? transaction, Database database)
    {
        this.database = database;
        this.connection = connection;
        this.transaction = transaction;
    }

    internal bool IsPostgres => database.IsPostgres;

    /// <summary>All rows.</summary>
    public async Task<IReadOnlyList<T>> List<T>(string sql, object? args = null) => [.. await On(sql).QueryAsync<T>(sql, args, transaction)];

    /// <summary>All rows as they come, by the names of their columns; for what is handed out and never decides anything.</summary>
    public async Task<IReadOnlyList<IDictionary<string, object?>>> Rows(string sql, object? args = null) => [.. (await On(sql).QueryAsync(sql, args, transaction)).Cast<IDictionary<string, object?>>()];

    /// <summary>The only row, or default when there is none.</summary>
    public Task<T?> One<T>(string sql, object? args = null) => On(sql).QuerySingleOrDefaultAsync<T>(sql, args, transaction)!;

    /// <summary>Runs a statement; the number of rows it touched.</summary>
    public Task<int> Run(string sql, object? args = null) => On(sql).ExecuteAsync(sql, args, transaction);

    /// <summary>A condition that <paramref name="column"/> is one of <paramref name="values"/>, with its argument named <paramref name="name"/>; works on both databases.</summary>
    public (string Condition, object Argument) In(string column, IEnumerable<string> values)
    {
        var all = values.ToArray();
        return IsPostgres ? ($"{column} = any(@values)", new { values = all })
            : ($"{column} in (select value from json_each(@values))", new { values = System.Text.Json.JsonSerializer.Serialize(all) });
    }

    /// <summary>The same as text for a longer statement: hand the second part in as the argument named <c>values</c>.</summary>
    public (string Condition, string Values) Among(string column, IEnumerable<string> values) => (
        IsPostgres ? $"{column} in (select json_array_elements_text(cast(@values as json)))" : $"{column} in (select value from json_each(@values))",
        System.Text.Json.JsonSerializer.Serialize(values));

    /// <summary>Inserts many rows with few round trips.</summary>
    /// <param name="columns">Name and type: "text", "bigint" or "boolean".</param>
    /// <param name="rows">Values in the order of the columns: string, long, bool or null.</param>
    public async Task InsertMany(string table, IReadOnlyList<(string Name, string Type)> columns, IEnumerable<object?[]> rows)
    {
        var values = IsPostgres
            ? string.Join(", ", columns.Select((c, i) => $"cast(r.value ->> {i} as {c.Type})")) + " from json_array_elements(cast(@rows as json)) as r(value)"
            : string.Join(", ", columns.Select((_, i) => $"json_extract(r.value, '$[{i}]')")) + " from json_each(@rows) as r";
        foreach (var chunk in rows.Chunk(500))
            await Run($"insert into {table} ({string.Join(", ", columns.Select(c => c.Name))}) select {values}", new { rows = System.Text.Json.JsonSerializer.Serialize(chunk) });
    }

    /// <summary>Keeps every other writer that asks for it out until the commit; SQLite has one writer anyway.</summary>
    internal Task LockAll() => IsPostgres ? Run("select pg_advisory_xact_lock(7266372)") : Task.CompletedTask;

    /// <summary>Does something once the surrounding write is durable; not at all when it fails.</summary>
    public void AfterCommit(Action act) => (afterCommit ??= []).Add(act);

    /// <summary>Raises a version stamp, so that every node drops its cache of that name.</summary>
    public async Task Bump(string name)
    {
        await Run("insert into versions (name, version) values (@name, 1) on conflict (name) do update set version = versions.version + 1", new { name });
        AfterCommit(() => database.Announce(name));
    }

    private DbConnection On(string sql)
    {
        (connection as KeptStatements)?.Announce(sql);
        return connection;
    }

    internal void Committed() => afterCommit?.ForEach(act => act());
}
