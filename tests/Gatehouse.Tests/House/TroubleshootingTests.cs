using Gatehouse.Audit;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.House;

/// <summary>The generated documents are what the program says today.</summary>
public class TroubleshootingTests
{
    [Fact]
    public void The_troubleshooting_page_is_fresh() => Repository.IsFresh(Repository.At("docs", "troubleshooting.md"), Help.Markdown());
}
