using System.Diagnostics.CodeAnalysis;

namespace Gatehouse.Refusals;

/// <summary>Either a value or the refusal that stands in its way. <c>default</c> is a refusal: nothing means "no".</summary>
public readonly struct Outcome<T>
{
    private readonly T? value;
    private readonly Refusal? refusal;
    private readonly bool passed;

    private Outcome(T value) => (this.value, passed) = (value, true);
    private Outcome(Refusal refusal) => this.refusal = refusal;

    /// <summary>True with the value, or false with the refusal.</summary>
    public bool Passed([MaybeNullWhen(false)] out T value, [MaybeNullWhen(true)] out Refusal refusal)
    {
        value = this.value;
        refusal = passed ? null : this.refusal ?? new Undecided();
        return passed;
    }

    /// <summary>The refusal, or null when it passed.</summary>
    public Refusal? Refusal => passed ? null : refusal ?? new Undecided();

    /// <summary>The value of an outcome that is known to have passed; throws otherwise.</summary>
    public T Value => passed ? value! : throw new InvalidOperationException($"refused: {Refusal!.Facts.Code}");

    public static implicit operator Outcome<T>(T value) => new(value);
    public static implicit operator Outcome<T>(Refusal refusal) => new(refusal);
}

/// <summary>The value of an outcome that has nothing to hand over.</summary>
public readonly record struct Done
{
    public static readonly Done It;
}

/// <summary>What <c>default(Outcome&lt;T&gt;)</c> says.</summary>
public sealed record Undecided : Refusal<Undecided>, IRefusal<Undecided>
{
    public static RefusalEntry Entry { get; } = new("ops.undecided", "No rule decided",
        Public: "Something went wrong on our side. You did nothing wrong.",
        Fix: "This is a fault in Gatehouse: please report it with the reference.",
        Wire: "server_error", Status: 400, Causer: Causer.Operator);
    public static Undecided Example => new();
    public override string Evidence => "A rule list ended without a decision; nothing means no.";
}
