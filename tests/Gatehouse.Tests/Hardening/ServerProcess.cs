using System.Diagnostics;
using System.Globalization;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Hardening;

/// <summary>The built executable as a process of its own, so that it can be killed.</summary>
sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly Task<string> said;
    private readonly Task<string> printed;

    private ServerProcess(Process process, bool unread)
    {
        this.process = process;
        said = process.StandardError.ReadToEndAsync();
        printed = unread ? Task.FromResult("") : process.StandardOutput.ReadToEndAsync();
    }

    public int Id => process.Id;

    /// <summary>What it writes to its log, for whoever started it <c>unread</c>.</summary>
    public StreamReader Log => process.StandardOutput;

    /// <summary>From the start of the process to its first answer.</summary>
    public TimeSpan Started { get; private set; }

    /// <summary>Everything it wrote to both streams; known once it has ended.</summary>
    public async Task<string> Said() => await printed + await said;

    /// <summary>The published executable where ./check made one, else the one built beside the tests.</summary>
    public static string Executable { get; } = Environment.GetEnvironmentVariable("GATEHOUSE_TESTS_PUBLISHED") is { Length: > 0 } published ? published : Path.Combine(AppContext.BaseDirectory, "gatehouse");

    public static Dictionary<string, string> EnvironmentFor(string folder)
    {
        var port = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture);
        return new() { ["DATA_DIR"] = folder, ["PORT"] = port, ["APP_URL"] = $"http://localhost:{port}", ["LOG_LEVEL"] = "error" };
    }

    /// <summary>A command beside it, killed together with it.</summary>
    public static Process Command(IReadOnlyDictionary<string, string> environment, params string[] arguments) => Run(Executable, environment, arguments);

    private static Process Run(string file, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = Tool.Start(file, arguments);
        foreach (var name in start.Environment.Keys.Where(n => n is "APP_URL" or "PORT" or "HOST" or "KEY_FILE" || n.StartsWith("ASPNETCORE_", StringComparison.Ordinal)).ToArray()) start.Environment.Remove(name);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Starts it and returns when it answers.</summary>
    /// <param name="unread">True: nobody takes away what it writes to its log, so that the pipe fills up.</param>
    /// <param name="shell">How a shell runs it, with {0} for the executable; null: no shell.</param>
    public static async Task<ServerProcess> Start(IReadOnlyDictionary<string, string> environment, bool unread = false, string? shell = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        var server = new ServerProcess(shell is null ? Command(environment) : Run("/bin/sh", environment, "-c", string.Format(CultureInfo.InvariantCulture, shell, Executable)), unread);
        using var http = new HttpClient { BaseAddress = new Uri("http://localhost:" + environment["PORT"]) };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            if (server.process.HasExited) throw new InvalidOperationException($"the server ended with {server.process.ExitCode}: {await server.said}");
            try
            {
                using var answer = await http.GetAsync("/healthz");
                server.Started = TimeProvider.System.GetElapsedTime(began);
                return server;
            }
            catch (HttpRequestException) when (TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(30))
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }

    /// <summary>kill -9.</summary>
    public async Task Kill()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Asks it to end, as a service manager does; its exit code.</summary>
    public async Task<int> Terminate(TimeSpan patience)
    {
        await Tool.Run("/bin/kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync().WaitAsync(patience);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) await Kill();
        process.Dispose();
    }
}
