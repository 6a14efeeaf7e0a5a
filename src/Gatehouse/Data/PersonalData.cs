using System.Globalization;

namespace Gatehouse.Data;

/// <summary>Whose data it is.</summary>
/// <param name="EmailFolded">For what is kept by address alone.</param>
public sealed record DataSubject(string UserId, string Email, string EmailFolded, string Name);

/// <summary>
/// One kind of thing that is kept about people; every room declares its own (registered as services). The page "My data" says it in words, the download holds its rows,
/// and the removal of an account clears what no foreign key takes along. A test refuses a table with a person in it that nobody declares.
/// </summary>
/// <param name="Name">Its name in the download: "sessions".</param>
/// <param name="Title">For people, in English (a key of the texts).</param>
/// <param name="Kept">Until when, for people, in English (a key of the texts).</param>
/// <param name="Tables">The tables it speaks for.</param>
/// <param name="Query">
/// What the download shows; arguments @userId, @email, @folded and @name. Columns ending in "_at" are times, those beginning with "is_" are yes or no. Never a secret, a hash or
/// anything of somebody else. Null: it is kept, and the title says why it is not in the download.
/// </param>
/// <param name="Clear">What removes it when the account is removed for good, same arguments, statements parted by semicolons; null where a foreign key does.</param>
public sealed record PersonalData(string Name, string Title, string Kept, string[] Tables, string? Query, string? Clear = null)
{
    /// <summary>Instead of a query, where rows must be put into words first.</summary>
    public Func<Sql, DataSubject, Task<IReadOnlyList<IReadOnlyDictionary<string, object?>>>>? Told { get; init; }

    /// <summary>True when the download has a part of this name.</summary>
    public bool IsHandedOut => Query is not null || Told is not null;

    /// <summary>The rows of one person, as they stand in the download.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, object?>>> Rows(Sql sql, DataSubject subject)
    {
        if (Told is not null) return await Told(sql, subject);
        if (Query is null) return [];
        return [.. (await sql.Rows(Query, Arguments(subject))).Select(row => row.ToDictionary(c => c.Key, c => Shown(c.Key, c.Value), StringComparer.Ordinal))];
    }

    /// <summary>Takes it away for good.</summary>
    public async Task Forget(Sql sql, DataSubject subject)
    {
        foreach (var statement in (Clear ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) await sql.Run(statement, Arguments(subject));
    }

    private static object Arguments(DataSubject subject) => new { userId = subject.UserId, email = subject.Email, folded = subject.EmailFolded, name = subject.Name };

    /// <summary>A value as the download shows it.</summary>
    public static object? Shown(string name, object? value) => value switch
    {
        long at when name.EndsWith("_at", StringComparison.Ordinal) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        long flag when name.StartsWith("is_", StringComparison.Ordinal) => flag != 0,
        _ => value,
    };
}
