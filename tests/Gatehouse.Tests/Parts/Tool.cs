using System.Diagnostics;
using System.Text;

namespace Gatehouse.Tests.Parts;

/// <summary>Runs one program to its end.</summary>
static class Tool
{
    /// <summary>Its standard output; throws with everything it said when it failed.</summary>
    public static async Task<string> Run(string file, IEnumerable<string> arguments, string? folder = null, CancellationToken stop = default)
    {
        using var process = Process.Start(Start(file, arguments, folder))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(stop);
        var error = process.StandardError.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);
        if (process.ExitCode == 0) return await output;
        throw new InvalidOperationException($"{file} ended with {process.ExitCode}: {await output}{await error}");
    }

    /// <summary>How a program is started with all three streams in our hands.</summary>
    public static ProcessStartInfo Start(string file, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }
}
