using System.Net;

namespace Gatehouse.Refusals;

/// <summary>One step a flow passed before it was refused.</summary>
/// <param name="Name">What passed, e.g. "callback URL registered".</param>
/// <param name="At">Unix milliseconds.</param>
public sealed record Step(string Name, long At);

/// <summary>The facts of the request around a refusal; typed, so that no raw request or header can be handed in.</summary>
public sealed record RefusalContext
{
    public string? UserId { get; init; }
    public string? ClientId { get; init; }
    public IPAddress? Address { get; init; }
    public string? UserAgent { get; init; }
    public string? TraceId { get; init; }

    /// <summary>True when a live session stood behind the request: then the causer is a proven user, not a stranger.</summary>
    public bool LiveSession { get; init; }

    /// <summary>Path and query of ours where the same flow can be tried again; null where there is none.</summary>
    public string? RetryPath { get; init; }

    public IReadOnlyList<Step> Steps { get; init; } = [];
}

/// <summary>Where every room hands its refusals in. Implemented by Audit.</summary>
public interface IRefusalLog
{
    /// <summary>Draws the reference at once and stores the case behind the response: it never blocks, never throws, never looks anything up.</summary>
    Reference Record(Refusal refusal, RefusalContext context);

    /// <summary>Says that the rule behind <paramref name="code"/> has just passed for <paramref name="target"/>; closes a problem that was mended and waits.</summary>
    void Passed(string code, string target);
}
