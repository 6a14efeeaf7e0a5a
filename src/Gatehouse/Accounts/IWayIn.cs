namespace Gatehouse.Accounts;

/// <summary>A way in which people can sign in by themselves. Registered as a singleton by the room that has it; a user with none is locked out.</summary>
public interface IWayIn
{
    /// <summary>For admins, in English: "passkey", "password", "login link by mail".</summary>
    string Name { get; }

    /// <summary>A condition in SQL that is true for a user "u" who has it, on both databases; null while it is switched off for everybody.</summary>
    ValueTask<string?> Condition();
}

/// <summary>All ways in.</summary>
public static class WaysIn
{
    /// <summary>A condition that is true for a user "u" who has any of them.</summary>
    /// <param name="except">The name of one to leave out.</param>
    public static async ValueTask<string> Any(this IEnumerable<IWayIn> ways, string? except = null)
    {
        var conditions = new List<string>();
        foreach (var way in ways)
            if (way.Name != except && await way.Condition() is { } condition) conditions.Add($"({condition})");
        return conditions.Count == 0 ? "1 = 0" : $"({string.Join(" or ", conditions)})";
    }
}
