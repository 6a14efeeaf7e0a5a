using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>What an admin reads about a refused application, while the application reads the same sentence each time.</summary>
public class EvidenceTests : IAsyncLifetime
{
    private OidcSite site = null!;

    public async ValueTask InitializeAsync() => site = await OidcSite.Start();

    public async ValueTask DisposeAsync()
    {
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<string> Why(string reference)
    {
        await site.CodeOf(reference);
        return await site.Run("why", reference);
    }

    private async Task<string> WhyToken(string id, string secret)
    {
        var (status, json, _) = await site.Post("/token", new() { ["grant_type"] = "authorization_code", ["code"] = "x" }, OidcSite.Basic(id, secret));
        Assert.Equal(401, status);
        return await Why(OidcSite.ReferenceIn(json));
    }

    [Fact]
    public async Task O05_an_unknown_client_id_is_told_from_the_one_that_was_meant()
    {
        using var browser = site.Server.Browser();
        async Task Meant(string sent, string how)
        {
            var page = await browser.Get(site.AuthorizePath(("client_id", sent)));
            Assert.DoesNotContain("Grafana", page.Body, StringComparison.Ordinal);
            var why = await Why(page.Reference!);
            Assert.Contains("Grafana was probably meant", why, StringComparison.Ordinal);
            Assert.Contains(how, why, StringComparison.Ordinal);
            Assert.Contains(how, await WhyToken(sent, "x"), StringComparison.Ordinal);
        }
        await Meant("grafana", "the name of the client was sent instead of its id");
        await Meant($" {site.ClientId}", "white space or quotes");
        await Meant(site.ClientId.ToUpperInvariant(), "capital letters");
        await Meant(site.ClientId[..^3], "the last 3 characters of the id are missing");
        await Meant(site.ClientId[..^1] + (site.ClientId[^1] == 'a' ? 'b' : 'a'), "one character differs");
        var far = await browser.Get(site.AuthorizePath(("client_id", "something-else")));
        Assert.DoesNotContain("probably meant", await Why(far.Reference!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task O13_a_wrong_secret_is_told_from_a_retired_a_padded_and_a_borrowed_one()
    {
        var (_, other) = await site.AddClient("Wiki");
        Assert.Contains("Without the white space or quotes at its ends it is its live secret", await WhyToken(site.ClientId, site.Secret + "\n"), StringComparison.Ordinal);
        Assert.Contains("its live secret", await WhyToken(site.ClientId, $"\"{site.Secret}\""), StringComparison.Ordinal);
        Assert.Contains("It is a secret of Wiki", await WhyToken(site.ClientId, other), StringComparison.Ordinal);
        var plain = await WhyToken(site.ClientId, "hunter2");
        Assert.Contains("7 characters; ours have 43", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", plain, StringComparison.Ordinal);
        await site.Server.Database.Write(sql => sql.Run("update client_secrets set revoked_at = 1"));
        Assert.Contains("was revoked", await WhyToken(site.ClientId, site.Secret), StringComparison.Ordinal);
        Assert.Contains("a retired secret of it", await WhyToken(site.ClientId, site.Secret + " "), StringComparison.Ordinal);
        // Not even a keyed hash of what was sent stays in the case.
        Assert.DoesNotContain(await site.Server.Database.Read(sql => sql.List<string>("select data from cases")), d => d.Contains("Digest", StringComparison.Ordinal) || d.Contains("Sent\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task O11_a_late_code_is_told_by_how_much()
    {
        using var browser = await site.SignedIn();
        var code = await site.Code(browser);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(72));
        Assert.Contains("12 seconds after it had expired", await Why(OidcSite.ReferenceIn((await site.Token(("code", code))).Json)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task O17_a_retry_with_other_credentials_is_reuse()
    {
        using var browser = await site.SignedIn();
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var first = tokens.GetProperty("refresh_token").GetString()!;
        Assert.Equal(200, (await site.Refresh(first)).Status);
        var second = await site.Server.Database.Write(async sql => await ((ClientSecrets)site.Server.Services.GetService(typeof(ClientSecrets))!).Add(sql, (await ClientStore.Find(sql, site.ClientId))!, null, Gatehouse.Audit.Actor.Console));
        var (status, json, _) = await site.Post("/token", new() { ["grant_type"] = "refresh_token", ["refresh_token"] = first }, OidcSite.Basic(site.ClientId, second));
        Assert.Equal(400, status);
        Assert.Contains("other credentials", await Why(OidcSite.ReferenceIn(json)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refresh_tokens_end_unused_and_in_any_case_as_the_client_says()
    {
        var (id, secret) = await site.AddClient("Short", "--refresh-idle-days", "2", "--refresh-max-days", "5", "--trusted");
        using var browser = await site.SignedIn();
        async Task<string> Begin()
        {
            var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = await site.Code(browser, ("client_id", id)) };
            return (await site.Post("/token", form, OidcSite.Basic(id, secret))).Json.GetProperty("refresh_token").GetString()!;
        }
        Task<(int Status, System.Text.Json.JsonElement Json, HttpResponseMessage Response)> Refresh(string token) => site.Post("/token", new() { ["grant_type"] = "refresh_token", ["refresh_token"] = token }, OidcSite.Basic(id, secret));
        var (unused, used) = (await Begin(), await Begin());
        for (var day = 0; day < 3; day++)
        {
            site.Server.Clock.Advance(TimeSpan.FromDays(1.5));
            var (status, json, _) = await Refresh(used);
            Assert.Equal(200, status);
            used = json.GetProperty("refresh_token").GetString()!;
        }
        Assert.Contains("it was not used for 172800 seconds", await Why(OidcSite.ReferenceIn((await Refresh(unused)).Json)), StringComparison.Ordinal);
        site.Server.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Contains("older than 432000 seconds", await Why(OidcSite.ReferenceIn((await Refresh(used)).Json)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_refusal_of_the_token_introspection_and_revocation_endpoints_offers_a_way()
    {
        var without = RefusalCatalogue.All.Where(i => i.Type.Namespace == typeof(CodeReused).Namespace && !i.Example.Remedies.Any()).Select(i => i.Entry.Code);
        Assert.Empty(without);
    }
}
