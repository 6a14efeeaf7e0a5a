namespace Gatehouse.Mail.Templates;

/// <summary>What a letter says, already in the reader's language; how it looks is <see cref="LetterPaper"/>'s. Nothing in it is read as markup.</summary>
public sealed record LetterBody
{
    public required string Subject { get; init; }

    /// <summary>The sentences before the button.</summary>
    public IReadOnlyList<string> Lead { get; init; } = [];

    /// <summary>The one thing to do; null when there is nothing.</summary>
    public LetterButton? Button { get; init; }

    /// <summary>Facts in two columns: which browser, from where, when.</summary>
    public IReadOnlyList<(string Label, string Value)> Facts { get; init; } = [];

    /// <summary>The sentences behind: how long it works, what to do when it was not you.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>A second way, smaller: "this was not me".</summary>
    public LetterButton? Otherwise { get; init; }
}

/// <param name="Url">Absolute, on our own origin.</param>
public sealed record LetterButton(string Label, string Url);
