using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Doctor;

/// <summary>What all checks found at one moment.</summary>
/// <param name="At">Unix milliseconds.</param>
public sealed record Report(long At, IReadOnlyList<Finding> Findings)
{
    /// <summary>The worst of all.</summary>
    public FindingStatus Worst => Findings.Count == 0 ? FindingStatus.Pass : Findings.Max(f => f.Status);

    public int Count(FindingStatus status) => Findings.Count(f => f.Status == status);
}

/// <summary>Runs every check of every room; keeps the last report for pages that only want to show it.</summary>
public sealed partial class Examination(IEnumerable<IDoctorCheck> checks, TimeProvider clock, ILogger<Examination> logger)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);
    private readonly SemaphoreSlim one = new(1, 1);
    private Report? last;

    /// <summary>The last report while it is younger than five minutes, else a new one.</summary>
    public async Task<Report> Recent() => last is { } held && clock.Now() - held.At < Fresh.TotalMilliseconds ? held : await Run();

    /// <summary>Looks at everything now. A check that breaks is a finding too.</summary>
    public async Task<Report> Run(CancellationToken stop = default)
    {
        await one.WaitAsync(stop);
        try
        {
            var findings = new List<Finding>();
            foreach (var check in checks.OrderBy(c => c.Id, StringComparer.Ordinal))
            {
                try
                {
                    findings.Add(await check.Run(stop));
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    Broke(logger, check.Id, e);
                    findings.Add(Finding.Fail(check.Id, new CheckBroke(check.Id, e.GetType().Name)));
                }
            }
            return last = new(clock.Now(), findings);
        }
        finally
        {
            one.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Error, "the doctor's check {Check} broke")]
    private static partial void Broke(ILogger logger, string check, Exception e);
}
