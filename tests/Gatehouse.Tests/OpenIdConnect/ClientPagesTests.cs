using System.Text.RegularExpressions;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

public class ClientPagesTests : IAsyncLifetime
{
    private static readonly Actor Admin = new("ada@example.com", "192.0.2.1");
    private OidcSite site = null!;
    private TestBrowser admin = null!;

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        await site.Run("user", "promote", "ada@example.com", "--role", "admin");
        admin = await site.SignedIn();
        await admin.Get("/apps");
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_admin_registers_a_client_in_two_steps_and_sees_the_secret_once()
    {
        Assert.Contains("OIDC Clients", (await admin.Get("/admin/clients")).Body, StringComparison.Ordinal);
        (string, string)[] first = [("name", "Wiki"), ("callbacks", "https://wiki.example.com/cb\r\nhttps://wiki.example.com/cb2"), ("kind", "confidential"), ("auth_method", "client_secret_basic"), ("grant_people", "on"), ("grant_refresh", "on"), ("id_token_alg", "ES256"), ("pkce_required", "on"), ("launch_url", "https://wiki.example.com/")];
        var step = await admin.Post("/admin/clients/new", first);
        Assert.Equal(200, (int)step.Status);
        Assert.Contains("Who may use Wiki?", step.Body, StringComparison.Ordinal);
        var unanswered = await admin.Post("/admin/clients", first);
        Assert.Equal(400, (int)unanswered.Status);
        var created = await admin.Post("/admin/clients", [.. first, ("access", "all")]);
        Assert.Equal(200, (int)created.Status);
        var secret = Regex.Match(created.Body, "id=\"client-secret\"[^>]*>([^<]{43})<").Groups[1].Value;
        var id = Regex.Match(created.Body, "id=\"client-id\"[^>]*>([0-9a-f]{32})<").Groups[1].Value;
        Assert.Equal(43, secret.Length);
        Assert.Contains("/.well-known/openid-configuration", created.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, (await admin.Get($"/admin/clients/{id}")).Body, StringComparison.Ordinal);
        Assert.Contains("Wiki", (await admin.Get("/apps")).Body, StringComparison.Ordinal);
        Assert.Contains("Wiki", (await admin.Get("/admin/clients?q=wik&sort=used")).Body, StringComparison.Ordinal);
        Assert.Equal(200, (int)(await admin.Get("/admin/clients?q=%25%27&sort=1;drop&page=-1")).Status);
    }

    [Fact]
    public async Task O04_faults_stand_at_their_field_and_nothing_is_saved()
    {
        var page = await admin.Post("/admin/clients/new", ("name", ""), ("callbacks", "javascript:alert(1)\nhttps://*.example.com/\nhttps://a.test/#x"), ("kind", "confidential"), ("auth_method", "client_secret_basic"), ("grant_people", "on"), ("grant_refresh", "on"), ("id_token_alg", "ES256"));
        Assert.Equal(400, (int)page.Status);
        foreach (var code in new[] { "oidc.callback_scheme", "oidc.callback_wildcard", "oidc.callback_fragment" }) Assert.Contains(code, page.Body, StringComparison.Ordinal);
        Assert.Contains("id=\"callbacks-error\"", page.Body, StringComparison.Ordinal);
        Assert.Equal(1, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from clients")));
    }

    [Fact]
    public async Task D06_the_second_editor_is_told_and_sees_the_difference()
    {
        (string, string)[] Form(string name, string version) => [("row_version", version), ("name", name), ("callbacks", OidcSite.Callback), ("kind", "confidential"), ("auth_method", "client_secret_basic"), ("grant_people", "on"), ("grant_refresh", "on"), ("id_token_alg", "ES256"), ("pkce_required", "on"), ("access", "all")];
        var path = $"/admin/clients/{site.ClientId}";
        Assert.Equal(303, (int)(await admin.Post(path, Form("First", "1"))).Status);
        var second = await admin.Post(path, Form("Second", "1"));
        Assert.Equal(409, (int)second.Status);
        Assert.Contains("id=\"differences\"", second.Body, StringComparison.Ordinal);
        Assert.Contains("First", second.Body, StringComparison.Ordinal);
        Assert.Contains("value=\"Second\"", second.Body, StringComparison.Ordinal);
        Assert.Equal("First", (await Load()).Name);
        Assert.Equal(303, (int)(await admin.Post(path, Form("Second", "2"))).Status);
        Assert.Equal("Second", (await Load()).Name);
    }

    [Fact]
    public async Task Secrets_overlap_expire_and_are_revoked_for_good()
    {
        var made = await admin.Post($"/admin/clients/{site.ClientId}/secrets", ("days", "90"), ("overlap", "day"));
        var secret = Regex.Match(made.Body, "id=\"client-secret\"[^>]*>([^<]{43})<").Groups[1].Value;
        async Task<string> Try(string value) => await site.CodeOf(OidcSite.ReferenceIn((await site.Post("/token", new() { ["grant_type"] = "authorization_code", ["code"] = "x" }, OidcSite.Basic(site.ClientId, value))).Json));
        Assert.Equal("oidc.code_unknown", await Try(secret));
        Assert.Equal("oidc.code_unknown", await Try(site.Secret));
        site.Server.Clock.Advance(TimeSpan.FromHours(25));
        Assert.Equal("oidc.client_secret_retired", await Try(site.Secret));
        Assert.Equal("oidc.code_unknown", await Try(secret));
        using var later = await site.SignedIn();
        await later.Get("/apps");
        var newest = (await Load()).Secrets[^1].Id;
        Assert.Equal(303, (int)(await later.Post($"/admin/clients/{site.ClientId}/secrets/revoke", ("secret", newest))).Status);
        Assert.Equal("oidc.client_secret_retired", await Try(secret));
    }

    [Fact]
    public async Task Disabling_takes_effect_at_once_and_deleting_asks_for_the_name()
    {
        Assert.Equal(303, (int)(await admin.Post($"/admin/clients/{site.ClientId}/state", ("enabled", "false"))).Status);
        Assert.Equal("oidc.client_disabled", await site.CodeOf((await admin.Get(site.AuthorizePath())).Reference!));
        Assert.Equal(400, (int)(await admin.Post($"/admin/clients/{site.ClientId}/delete", ("confirm", "grafana"))).Status);
        Assert.Equal(303, (int)(await admin.Post($"/admin/clients/{site.ClientId}/delete", ("confirm", "Grafana"))).Status);
        Assert.Equal(404, (int)(await admin.Get($"/admin/clients/{site.ClientId}")).Status);
        Assert.Equal("oidc.client_deleted", await site.CodeOf((await admin.Get(site.AuthorizePath())).Reference!));
        Assert.Equal(["client.created", "client.secret_added", "client.disabled", "client.deleted"],
            await site.Server.Database.Read(sql => sql.List<string>("select action from audit where target_id = @ClientId order by id", new { site.ClientId })));
    }

    [Fact]
    public async Task The_callback_remedy_mends_a_trailing_slash_by_one_press_and_can_be_undone()
    {
        var handler = site.Server.Services.GetRequiredService<IRemedyHandler<AddCallbackUrl>>();
        var remedy = new AddCallbackUrl(new(site.ClientId, "Grafana"), OidcSite.Callback + "/");
        var origin = new RemedyCase("GH-0000-0001", Causer.Stranger, LiveSession: true);
        var offer = await site.Server.Database.Read(sql => handler.Offer(sql, remedy, origin));
        Assert.True(offer is { Available: true, OneClick: true });
        Assert.False((await site.Server.Database.Read(sql => handler.Offer(sql, remedy, origin with { LiveSession = false }))).OneClick);
        Assert.False((await site.Server.Database.Read(sql => handler.Offer(sql, remedy with { Url = "https://evil.test/cb" }, origin))).OneClick);
        Assert.Null((await site.Server.Database.Write(sql => handler.Apply(sql, remedy with { Url = "https://evil.test/cb" }, origin, Admin))).Value);

        Assert.Equal(400, (int)(await admin.Get(site.AuthorizePath(("redirect_uri", remedy.Url)))).Status);
        var undo = (await site.Server.Database.Write(sql => handler.Apply(sql, remedy, origin, Admin))).Value;
        Assert.NotNull(undo);
        Assert.Equal(303, (int)(await admin.Get(site.AuthorizePath(("redirect_uri", remedy.Url)))).Status);
        Assert.False((await site.Server.Database.Read(sql => handler.Offer(sql, remedy, origin))).Available);
        Assert.Equal("GH-0000-0001", await site.Server.Database.Read(sql => sql.One<string>("select reference from audit where action = 'client.changed'")));
        Assert.True(await site.Server.Database.Write(sql => handler.Undo(sql, remedy, undo, Admin)));
        Assert.False(await site.Server.Database.Write(sql => handler.Undo(sql, remedy, undo, Admin)));
        Assert.Equal([OidcSite.Callback], (await Load()).Callbacks);
    }

    [Fact]
    public async Task C110_the_group_remedy_opens_a_client_to_everybody_and_can_be_undone()
    {
        await site.Run("group", "add", "ops");
        var (id, _) = await site.AddClient("Wiki", "--group", "ops");
        var handler = site.Server.Services.GetRequiredService<IRemedyHandler<LiftGroupRestriction>>();
        var remedy = new LiftGroupRestriction(new(id, "Wiki"));
        var origin = new RemedyCase("GH-0000-0002", Causer.ProvenUser, LiveSession: true);
        Assert.False((await site.Server.Database.Read(sql => handler.Offer(sql, remedy, origin with { Causer = Causer.Stranger }))).OneClick);
        var undo = (await site.Server.Database.Write(sql => handler.Apply(sql, remedy, origin, Admin))).Value!;
        Assert.Equal(303, (int)(await admin.Get(site.AuthorizePath(("client_id", id)))).Status);
        Assert.True(await site.Server.Database.Write(sql => handler.Undo(sql, remedy, undo, Admin)));
        Assert.Equal(403, (int)(await admin.Get(site.AuthorizePath(("client_id", id)))).Status);
    }

    [Fact]
    public async Task My_apps_lists_only_what_the_user_may_open()
    {
        await site.Run("group", "add", "ops");
        await site.AddClient("Open app", "--launch-url", "https://open.example.com/");
        await site.AddClient("Closed app", "--launch-url", "https://closed.example.com/", "--group", "ops");
        var page = await admin.Get("/");
        Assert.Contains("https://open.example.com/", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Closed app", page.Body, StringComparison.Ordinal);
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        Assert.Contains("Closed app", (await admin.Get("/apps")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task O28_logging_out_from_an_application_never_leads_to_an_unregistered_address()
    {
        var (id, secret) = await site.AddClient("Wiki", "--post-logout-redirect-uri", "https://app.example.com/bye");
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = await site.Code(admin, ("client_id", id)) };
        var (_, tokens, _) = await site.Post("/token", form, OidcSite.Basic(id, secret));
        var hint = tokens.GetProperty("id_token").GetString()!;
        string Logout(string to, string? token) => $"/logout?post_logout_redirect_uri={Uri.EscapeDataString(to)}&state=s%26t&client_id={id}{(token is null ? "" : "&id_token_hint=" + token)}";
        foreach (var bad in new[] { "https://app.example.com/bye/", "https://app.example.com/bye?x=1", "https://evil.test/" })
            Assert.Equal("oidc.logout_uri_mismatch", await site.CodeOf((await admin.Get(Logout(bad, hint))).Reference!));
        Assert.Equal("oidc.logout_hint", await site.CodeOf((await admin.Get(Logout("https://app.example.com/bye", "eyJhbGciOiJub25lIn0.e30."))).Reference!));
        var asked = await admin.Get(Logout("https://app.example.com/bye", null));
        Assert.Contains("Log out?", asked.Body, StringComparison.Ordinal);
        Assert.Equal(200, (int)(await admin.Get("/apps")).Status);
        var gone = await admin.Get(Logout("https://app.example.com/bye", hint));
        Assert.Equal("https://app.example.com/bye?state=s%26t", gone.Location);
        Assert.StartsWith("/sign-in", (await admin.Get("/apps")).Location, StringComparison.Ordinal);
        Assert.Equal(401, (await site.Userinfo(tokens.GetProperty("access_token").GetString()!)).Status);
    }

    [Fact]
    public async Task The_console_lists_shows_and_switches_clients()
    {
        Assert.Contains("Grafana", await site.Run("client", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain(site.Secret, await site.Run("client", "show", "Grafana", "--json"), StringComparison.Ordinal);
        await site.Run("client", "disable", "Grafana");
        await site.Run("client", "enable", site.ClientId);
        Assert.True((await Load()).Enabled);
        var (code, _, error) = await site.Server.Console("client", "add", "--name", "x", "--redirect-uri", "http://evil.test/", "--group", "nobody");
        Assert.Equal(2, code);
        Assert.Contains("oidc.callback_insecure", error, StringComparison.Ordinal);
        Assert.Contains("oidc.client_groups", error, StringComparison.Ordinal);
    }

    private async Task<Client> Load() => (await site.Server.Database.Read(sql => ClientStore.Find(sql, site.ClientId)))!;
}
