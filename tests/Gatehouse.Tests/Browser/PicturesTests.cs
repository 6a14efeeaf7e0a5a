using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Browser;

/// <summary>The pictures of the README. GATEHOUSE_PICTURES=1 takes them anew.</summary>
public class PicturesTests(Chromium chromium)
{
    private static readonly string Folder = Repository.At("docs", "pictures");

    [Fact]
    public async Task The_readme_shows_pictures_of_the_pages_that_matter()
    {
        if (Environment.GetEnvironmentVariable("GATEHOUSE_PICTURES") == "1") await Take();
        var readme = await File.ReadAllTextAsync(Repository.At("README.md"));
        foreach (var name in new[] { "sign-in", "refusal", "case", "client" })
        {
            Assert.Contains($"docs/pictures/{name}.png", readme, StringComparison.Ordinal);
            Assert.InRange(new FileInfo(Path.Combine(Folder, $"{name}.png")).Length, 5_000, 200_000);
        }
    }

    private async Task Take()
    {
        await using var site = new Site(chromium);
        await site.InitializeAsync();
        Directory.CreateDirectory(Folder);
        await Take(site, "sign-in", "stranger-sign-in-to-app", 720);
        await Take(site, "refusal", "user-refusal-callback", 640);
        await Take(site, "case", "admin-case-callback", 900);
        await Take(site, "client", "admin-client", 900);
    }

    private static async Task Take(Site site, string name, string which, int height)
    {
        var page = site.Pages.Single(p => p.Name == which);
        await page.Person.Page.SetViewportSizeAsync(1280, height);
        await page.Open(site.Instance.Origin);
        await page.Person.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await page.Person.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, $"{name}.png") });
    }
}
