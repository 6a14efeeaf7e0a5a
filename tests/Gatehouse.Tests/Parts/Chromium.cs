using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Gatehouse.Tests.Parts;

/// <summary>Debian's Chromium, one browser for the whole test run. Take it as a constructor parameter of a test class.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private readonly SemaphoreSlim one = new(1, 1);
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>A fresh profile: no cookie, no passkey of another test.</summary>
    public async Task<IBrowserContext> NewContext(bool dark = false, int width = 1280, bool javaScript = true) =>
        await (await Browser()).NewContextAsync(new()
        {
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = 900 },
            JavaScriptEnabled = javaScript,
            Locale = "en-GB",
            TimezoneId = "UTC",
            ReducedMotion = ReducedMotion.Reduce,
        });

    private async Task<IBrowser> Browser()
    {
        await one.WaitAsync();
        try
        {
            if (browser is { IsConnected: true }) return browser;
            playwright ??= await Playwright.CreateAsync();
            string[] root = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [];
            return browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = "/usr/bin/chromium",
                Headless = true,
                Args =
                [
                    .. root, "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                ],
            });
        }
        finally
        {
            one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        one.Dispose();
    }
}
