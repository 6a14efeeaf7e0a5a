namespace Gatehouse.Refusals;

/// <summary>How a check ended.</summary>
public enum FindingStatus
{
    Pass,
    Warn,
    Fail,
}

/// <summary>What a doctor check found: a refusal foretold, before it hurts anyone.</summary>
/// <param name="Id">The check's id: "address.app_url".</param>
/// <param name="Sentence">What is so, with facts.</param>
/// <param name="Cure">What to do; empty when it passed.</param>
/// <param name="Refusal">The refusal it foretells; null when it passed.</param>
public sealed record Finding(string Id, FindingStatus Status, string Sentence, string Cure, Refusal? Refusal)
{
    public static Finding Pass(string id, string sentence) => new(id, FindingStatus.Pass, sentence, "", null);
    public static Finding Warn(string id, Refusal refusal) => new(id, FindingStatus.Warn, refusal.Evidence, refusal.Facts.Fix, refusal);
    public static Finding Fail(string id, Refusal refusal) => new(id, FindingStatus.Fail, refusal.Evidence, refusal.Facts.Fix, refusal);
}

/// <summary>One thing the doctor looks at. Any room registers its own as a singleton; a check changes nothing and asks no other host.</summary>
public interface IDoctorCheck
{
    /// <summary>Room and thing, lower case with a dot: "data.permissions". The report is ordered by it.</summary>
    string Id { get; }

    Task<Finding> Run(CancellationToken stop);
}
