using System.Text.Json;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passkeys;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignIn.SecondFactors;

namespace Gatehouse.Tests.SignIn.HardwareKeys;

/// <summary>What applications learn of hardware keys.</summary>
public class KeyApplicationTests
{
    [Fact]
    public async Task M11_a_touched_key_is_something_held_and_tokens_say_no_more()
    {
        await using var site = await OidcSite.Start(null);
        await PasswordSite.Set(site.Server, new() { Enabled = true });
        using var eve = await KeyHolder.New(site.Server, "eve@example.com", "Eve");
        Assert.True(PasswordSite.IsIn(await eve.Touch(await eve.ToSecondStep())));
        Assert.Equal(("pwd hwk mfa", "phr"), await ApplicationTests.Told(site, await eve.Browser.Get(site.AuthorizePath())));

        // By a mailed link both are held: one kind of factor, and an application that needs two is not entered.
        await ByLink(site, eve);
        Assert.Equal(("link hwk", "urn:gatehouse:acr:sfa"), await ApplicationTests.Told(site, await eve.Browser.Get(site.AuthorizePath())));
        await Holder.Policy(site.Server, new() { Clients = [site.ClientId] });
        Assert.Equal("login_required", OidcSite.Answer(await eve.Browser.Get(site.AuthorizePath(("prompt", "none"))))["error"]);

        // A key that asked for its PIN is two kinds in one.
        eve.Key.Flags = SoftAuthenticator.Present | SoftAuthenticator.Verified;
        await ByLink(site, eve);
        Assert.Equal(("link hwk mfa", "phr"), await ApplicationTests.Told(site, await eve.Browser.Get(site.AuthorizePath())));
    }

    [Fact]
    public async Task M07_the_second_step_leads_on_to_the_application_that_waits_and_without_it_there_is_no_code()
    {
        await using var site = await OidcSite.Start(null);
        await PasswordSite.Set(site.Server, new() { Enabled = true });
        using var eve = await KeyHolder.New(site.Server, "eve@example.com", "Eve");
        var asked = await eve.Browser.Get(site.AuthorizePath());
        var query = asked.Location![asked.Location!.IndexOf('?', StringComparison.Ordinal)..];
        var pending = await eve.ToSecondStep(query);
        Assert.Equal("login_required", OidcSite.Answer(await eve.Browser.Get(site.AuthorizePath(("prompt", "none"))))["error"]);
        Assert.StartsWith("/sign-in", (await eve.Browser.Get("/authorize?pending=" + query.Split("continue=")[1])).Location!, StringComparison.Ordinal);
        var page = await eve.Touch(pending, null, query);
        Assert.True(PasswordSite.IsIn(page));
        Assert.Equal("phr", (await ApplicationTests.Told(site, await eve.Browser.Get("/authorize?pending=" + query.Split("continue=")[1]))).Acr);
    }

    private static async Task ByLink(OidcSite site, KeyHolder eve)
    {
        await eve.Leave();
        var (_, output, _) = await site.Server.Console("user", "link", "eve@example.com", "--json");
        var url = JsonDocument.Parse(output).RootElement.GetProperty("url").GetString()!;
        await eve.Browser.Get(new Uri(url).PathAndQuery);
        var page = await eve.Browser.Post("/link", ("t", url.Split("?t=")[1]));
        Assert.Equal("/sign-in/second", page.Location);
        await eve.Touch(Holder.Field((await eve.Browser.Get(page.Location!)).Body, "pending"));
    }
}
