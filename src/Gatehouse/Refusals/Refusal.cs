using System.Text.Json.Serialization;

namespace Gatehouse.Refusals;

/// <summary>
/// A typed reason why somebody was not let in. Only the constructor parameters are stored (JSON); evidence and remedies are derived from them.
/// Never put a secret in: prefix, length or position of the odd character, not the value.
/// </summary>
public abstract record Refusal
{
    /// <summary>The static part, the same for every instance of this type.</summary>
    [JsonIgnore] public abstract RefusalEntry Facts { get; }

    /// <summary>A problem is code + target: the client, user or setting concerned. Empty when there is none.</summary>
    [JsonIgnore] public virtual string Target => "";

    /// <summary>The facts, as a sentence for the admin.</summary>
    [JsonIgnore] public abstract string Evidence { get; }

    /// <summary>Two texts side by side with the place where they differ marked; null where nothing is compared.</summary>
    [JsonIgnore] public virtual Difference? Difference => null;

    /// <summary>The rounds of something that went in circles, oldest first, each a sentence; empty for all else.</summary>
    [JsonIgnore] public virtual IReadOnlyList<string> Rounds => [];

    /// <summary>Acts that mend the cause, best first.</summary>
    [JsonIgnore] public virtual IEnumerable<Remedy> Remedies => [];

    protected static string List(IEnumerable<string> names)
    {
        var all = names.ToArray();
        return all.Length == 0 ? "none" : string.Join(", ", all);
    }
}

/// <summary>What a refusal record must bring: its entry and a worked example. A record without them does not compile.</summary>
public interface IRefusal<TSelf> where TSelf : Refusal<TSelf>, IRefusal<TSelf>
{
    static abstract RefusalEntry Entry { get; }
    static abstract TSelf Example { get; }
}

/// <inheritdoc cref="Refusal"/>
public abstract record Refusal<TSelf> : Refusal where TSelf : Refusal<TSelf>, IRefusal<TSelf>
{
    [JsonIgnore] public sealed override RefusalEntry Facts => TSelf.Entry;
}

/// <summary>A user as a refusal names one: the id for acting, the name for display.</summary>
public sealed record UserRef(string Id, string Name);

/// <summary>A client as a refusal names one.</summary>
public sealed record ClientRef(string Id, string Name);

/// <summary>A group as a refusal names one.</summary>
public sealed record GroupRef(string Id, string Name);
