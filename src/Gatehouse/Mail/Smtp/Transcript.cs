using System.Text.Json;
using Gatehouse.Web;

namespace Gatehouse.Mail.Smtp;

/// <summary>One step of a conversation as it is kept and shown.</summary>
/// <param name="Name">"resolve", "connect", "greeting", "starttls", "tls", "ehlo", "auth", "mail", "rcpt", "data", "handover".</param>
/// <param name="Lines">What was said, "C: " and "S: " in front; facts without. No secrets.</param>
/// <param name="Code">The refusal it ended with; null when it passed.</param>
public sealed record SmtpStep(string Name, long Milliseconds, bool Passed, IReadOnlyList<string> Lines, string? Code);

/// <summary>Keeps what was said, step by step and timed. AUTH exchanges are replaced as a whole, and secrets never come here.</summary>
internal sealed class Transcript
{
    private const int MaxLines = 60;
    private readonly List<SmtpStep> steps = [];
    private readonly List<string> lines = [];
    private string current = "";
    private long began;

    public IReadOnlyList<SmtpStep> Steps => steps;

    /// <summary>True when the server has said something in the step at hand.</summary>
    public bool ServerSpoke => lines.Exists(l => l.StartsWith("S: ", StringComparison.Ordinal));

    public void Begin(string step)
    {
        current = step;
        lines.Clear();
        began = TimeProvider.System.GetTimestamp();
    }

    public void Client(string line) => Add("C: " + line);
    public void Server(string line) => Add("S: " + line);
    public void Fact(string fact) => Add(fact);

    public void End(string? code)
    {
        steps.Add(new(current, (long)TimeProvider.System.GetElapsedTime(began).TotalMilliseconds, code is null, [.. lines], code));
        lines.Clear();
    }

    public void Clear() => steps.Clear();

    public string ToJson() => Write(steps);

    public static string Write(IReadOnlyList<SmtpStep> steps) => JsonSerializer.Serialize(steps);

    /// <summary>The steps of a stored transcript; none when it cannot be read.</summary>
    public static IReadOnlyList<SmtpStep> Read(string? json)
    {
        try
        {
            return json is null ? [] : JsonSerializer.Deserialize<IReadOnlyList<SmtpStep>>(json) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private void Add(string line)
    {
        if (lines.Count < MaxLines) lines.Add(Printable.Cap(line, 500));
    }
}
