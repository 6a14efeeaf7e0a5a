namespace Gatehouse.SignIn.Passwords;

/// <summary>Answers that must not tell classes of accounts apart by their time are not given before this long after the request began. Costs nothing but the wait.</summary>
public sealed class AnswerFloor
{
    public TimeSpan Least { get; internal set; } = TimeSpan.FromMilliseconds(150);

    /// <param name="began">From <see cref="TimeProvider.GetTimestamp"/> of the system's clock.</param>
    public async Task Wait(long began)
    {
        // A timer may ring a few milliseconds early.
        while (Least - TimeProvider.System.GetElapsedTime(began) is var left && left > TimeSpan.Zero) await Task.Delay(left + TimeSpan.FromMilliseconds(1));
    }
}
