using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>Looks up evidence that a refusal names only the beginning of. It runs behind the response, so its time tells a stranger nothing.</summary>
public interface IEvidenceFinder
{
    /// <summary>The same refusal with more evidence, or as it was.</summary>
    Task<Refusal> Complete(Refusal refusal);
}
