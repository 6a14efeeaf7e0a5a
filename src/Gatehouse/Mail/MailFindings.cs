using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>What the last look at the mail server and at DNS found.</summary>
/// <param name="At">Unix milliseconds.</param>
/// <param name="Version">Of the settings that were looked at.</param>
public sealed record MailReport(long At, long Version, IReadOnlyList<Finding> Findings);

/// <summary>Keeps the last report, so that the doctor can read it without asking another host.</summary>
public sealed class MailFindings(Settings settings)
{
    private const string Name = "mail_findings";

    public async Task<MailReport?> Last()
    {
        if (await settings.Get(Name) is not { } json || JsonSerializer.Deserialize<Stored>(json) is not { } stored) return null;
        return new(stored.At, stored.Version, [.. stored.Findings.Select(f => f.Read()).OfType<Finding>()]);
    }

    internal Task Keep(Sql sql, MailReport report) =>
        settings.Set(sql, Name, JsonSerializer.Serialize(new Stored(report.At, report.Version, [.. report.Findings.Select(StoredFinding.Of)])));

    private sealed record Stored(long At, long Version, IReadOnlyList<StoredFinding> Findings);

    private sealed record StoredFinding(string Id, int Status, string Sentence, string? Code, string? Data)
    {
        public static StoredFinding Of(Finding f) => new(f.Id, (int)f.Status, f.Sentence, f.Refusal?.Facts.Code, f.Refusal is null ? null : RefusalCatalogue.Write(f.Refusal));

        /// <summary>Null when a former version found something that this one does not know.</summary>
        public Finding? Read()
        {
            if (Code is null) return Finding.Pass(Id, Sentence);
            if (Data is null || RefusalCatalogue.Read(Code, Data) is not { } refusal) return null;
            return Status == (int)FindingStatus.Fail ? Finding.Fail(Id, refusal) : Finding.Warn(Id, refusal);
        }
    }
}
