namespace Gatehouse.Data;

/// <summary>What a room's console commands are given; the program implements it over the same services as the server.</summary>
public interface IConsoleHost
{
    TextWriter Output { get; }
    TextWriter Error { get; }

    /// <summary>Opens the instance of the data folder, never creating one, and runs the work; what stands in the way becomes exit code 2.</summary>
    Task<int> With(Func<IServiceProvider, Task<int>> work);
}
