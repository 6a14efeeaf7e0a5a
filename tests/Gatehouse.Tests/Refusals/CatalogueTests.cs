using Gatehouse.Refusals;

namespace Gatehouse.Tests.Refusals;

public class CatalogueTests
{
    [Fact]
    public void Every_example_survives_store_and_read()
    {
        foreach (var item in RefusalCatalogue.All)
            Assert.Equal(item.Example.Evidence, RefusalCatalogue.Read(item.Entry.Code, RefusalCatalogue.Write(item.Example))!.Evidence);
    }
}
