namespace Gatehouse.Tests.Parts;

/// <summary>The working copy the tests run from.</summary>
static class Repository
{
    /// <summary>The folder that holds Gatehouse.slnx.</summary>
    public static string Root { get; } = Find();

    /// <summary>An absolute path below the root.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>True when generated files are to be rewritten instead of compared (GATEHOUSE_WRITE_DOCS=1).</summary>
    public static bool WriteDocs => Environment.GetEnvironmentVariable("GATEHOUSE_WRITE_DOCS") == "1";

    /// <summary>True when the long tests run at full length (GATEHOUSE_TESTS_FULL=1).</summary>
    public static bool Full => Environment.GetEnvironmentVariable("GATEHOUSE_TESTS_FULL") == "1";

    /// <summary>Holds a generated file against what it should be, or rewrites it.</summary>
    public static void IsFresh(string path, string expected)
    {
        if (WriteDocs) File.WriteAllText(path, expected);
        var actual = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(actual == expected, $"{Path.GetRelativePath(Root, path)} is stale: run the tests once with GATEHOUSE_WRITE_DOCS=1 and commit it.");
    }

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Gatehouse.slnx"))) return at.FullName;
        throw new InvalidOperationException("The tests run from inside the working copy.");
    }
}
