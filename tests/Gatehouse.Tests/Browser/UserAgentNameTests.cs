using Gatehouse.Web;

namespace Gatehouse.Tests.Browser;

public class UserAgentNameTests
{
    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36", "Chrome 156", "Linux")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge 140", "Windows")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "Safari 18", "iOS")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140", "macOS")]
    [InlineData("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet 28", "Android")]
    [InlineData("Firefox/140", "Firefox 140", null)]
    public void A_browser_is_named_as_people_know_it(string header, string browser, string? system) =>
        Assert.Equal(new UserAgentName(browser, system), UserAgentName.Read(header));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("curl/8.14.1")]
    [InlineData("Chrome/")]
    [InlineData("Chrome/99999")]
    [InlineData("Version/18.5 of something else")]
    public void What_names_no_browser_stays_as_it_is(string? header) => Assert.Null(UserAgentName.Read(header));
}
