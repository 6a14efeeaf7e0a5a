using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>Whether a remedy may be pressed today, judged on today's data.</summary>
/// <param name="Available">False when the state has changed: already done, or no longer fitting.</param>
/// <param name="OneClick">False: the case page leads to the form where the admin types the value.</param>
/// <param name="Note">A sentence beside the button; why it is not available, or a warning.</param>
/// <param name="Preview">What will change, line by line: every client and permission that it brings.</param>
/// <param name="FormPath">Where the admin does it by hand instead.</param>
public sealed record RemedyOffer(bool Available, bool OneClick, string Note, IReadOnlyList<string> Preview, string? FormPath = null);

/// <summary>What the case behind a remedy tells its handler.</summary>
public sealed record RemedyCase(string Reference, Causer Causer, bool LiveSession);

/// <summary>Mends a cause. The room that owns what is changed implements it, on the same write path as its form.</summary>
public interface IRemedyHandler<in T> where T : Remedy
{
    Task<RemedyOffer> Offer(Sql sql, T remedy, RemedyCase origin);

    /// <summary>Applies it in the given transaction, with an audit entry that carries the reference. Returns text that <see cref="Undo"/> understands; null when nothing changed.</summary>
    Task<Outcome<string?>> Apply(Sql sql, T remedy, RemedyCase origin, Actor actor);

    /// <summary>Takes it back only while the value that Apply wrote still stands; false when somebody changed it since.</summary>
    Task<bool> Undo(Sql sql, T remedy, string undo, Actor actor);
}
