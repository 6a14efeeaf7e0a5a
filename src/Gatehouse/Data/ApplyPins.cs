namespace Gatehouse.Data;

/// <summary>Settings of a room that environment variables hold fast. They are written at every start, so that every reader finds them where settings are.</summary>
public interface IPinnedSettings
{
    /// <summary>Writes them; or writes nothing and says what is wrong, a line for each variable.</summary>
    Task<IReadOnlyList<string>> Apply();
}

/// <summary>Applies what variables hold fast before anything else starts, and tells everything that is wrong with them at once.</summary>
internal sealed class ApplyPins(IEnumerable<IPinnedSettings> rooms) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        foreach (var room in rooms) faults.AddRange(await room.Apply());
        if (faults.Count > 0) throw new CannotOpenException($"{faults.Count} environment variable{(faults.Count == 1 ? "" : "s")} cannot be used", string.Join("\n  ", faults));
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
