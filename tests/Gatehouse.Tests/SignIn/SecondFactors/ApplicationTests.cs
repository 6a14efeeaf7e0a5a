using System.Net;
using System.Text.Json;
using Gatehouse.Jose;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;

namespace Gatehouse.Tests.SignIn.SecondFactors;

/// <summary>What applications learn of second factors, and what they may demand.</summary>
public class ApplicationTests(PostgresCluster postgres)
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task M11_tokens_tell_the_truth_and_an_application_that_needs_two_factors_gets_two(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        await PasswordSite.Set(site.Server, new() { Enabled = true });
        using var eve = await Holder.New(site.Server, "eve@example.com", "Eve");
        await Holder.Policy(site.Server, new() { RememberDays = 30 });
        Assert.True(PasswordSite.IsIn(await eve.Give(await eve.ToSecondStep(), await eve.Code(), ("remember", "on"))));
        Assert.Equal(("pwd otp mfa", "urn:gatehouse:acr:mfa"), await Told(site, await eve.Browser.Get(site.AuthorizePath())));

        // A remembered browser: one factor, and the token says one.
        await eve.Browser.Post("/sign-out");
        Assert.True(PasswordSite.IsIn(await eve.Password()));
        Assert.Equal(("pwd", "urn:gatehouse:acr:sfa"), await Told(site, await eve.Browser.Get(site.AuthorizePath())));

        // The same session is not enough once the application needs two; nor is it silently.
        await Holder.Policy(site.Server, new() { RememberDays = 30, Clients = [site.ClientId] });
        Assert.Equal("login_required", OidcSite.Answer(await eve.Browser.Get(site.AuthorizePath(("prompt", "none"))))["error"]);
        var asked = await eve.Browser.Get(site.AuthorizePath());
        Assert.StartsWith("/sign-in?continue=", asked.Location!, StringComparison.Ordinal);
        var page = await eve.Browser.Get(asked.Location!);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        var query = asked.Location![asked.Location!.IndexOf('?', StringComparison.Ordinal)..];
        site.Server.Clock.Advance(TimeSpan.FromSeconds(60));
        var pending = await eve.ToSecondStep(query);
        Assert.True(PasswordSite.IsIn(await eve.Browser.Post("/sign-in/second/code" + query, ("pending", pending), ("code", await eve.Code()))));
        Assert.Equal(("pwd otp mfa", "urn:gatehouse:acr:mfa"), await Told(site, await eve.Browser.Get("/authorize?pending=" + query.Split("continue=")[1])));
        // A passkey is two factors in one.
        using var ada = await site.SignedIn();
        Assert.Equal("phr", (await Told(site, await ada.Get(site.AuthorizePath()))).Acr);
    }

    internal static async Task<(string Amr, string Acr)> Told(OidcSite site, Page page)
    {
        var (status, json, _) = await site.Token(("code", OidcSite.Answer(page)["code"]));
        Assert.Equal(200, status);
        Assert.True(StrictBase64Url.TryDecode(json.GetProperty("id_token").GetString()!.Split('.')[1], 8192, out var payload));
        var claims = JsonDocument.Parse(payload).RootElement;
        return (string.Join(' ', claims.GetProperty("amr").EnumerateArray().Select(a => a.GetString())), claims.GetProperty("acr").GetString()!);
    }
}
