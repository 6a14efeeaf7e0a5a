using System.CommandLine;
using System.Text.Json;
using Gatehouse.Accounts.Groups;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>The console's way to clients: the same write path as the page.</summary>
internal static class ClientCommands
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = false };

    public static Command Make(IConsoleHost host) => new("client", "OIDC clients: the applications that sign people in here.")
    {
        Add(host), List(host), Show(host), Switch(host, "disable", enabled: false), Switch(host, "enable", enabled: true), Claim(host), Role(host),
    };

    private static Command Add(IConsoleHost host)
    {
        var name = new Option<string>("--name") { Required = true, Description = "What people see." };
        var callbacks = new Option<string[]>("--redirect-uri") { Description = "A callback URL; compared character by character. May be repeated." };
        var logouts = new Option<string[]>("--post-logout-redirect-uri") { Description = "Where the application may send people after logging out. May be repeated." };
        var launch = new Option<string?>("--launch-url") { Description = "Where My apps leads." };
        var isPublic = new Option<bool>("--public") { Description = "Has no secret: a single-page or native app." };
        var native = new Option<bool>("--native") { Description = "Any port matches on loopback callbacks." };
        var noPkce = new Option<bool>("--no-pkce") { Description = "Do not require PKCE; only for old confidential applications." };
        var method = new Option<string?>("--auth-method") { Description = "client_secret_basic, client_secret_post, private_key_jwt or none." };
        var grants = new Option<string[]>("--grant-type") { Description = "authorization_code, refresh_token or client_credentials. May be repeated; the first two without it." };
        var jwks = new Option<FileInfo?>("--jwks") { Description = "File with the client's public keys (JWK set), for private_key_jwt." };
        var jwksUri = new Option<string?>("--jwks-uri") { Description = "Address of the client's public keys instead." };
        var jwksPrivate = new Option<bool>("--jwks-private") { Description = "Allow that address to be in a private range." };
        var idle = new Option<int>("--refresh-idle-days") { DefaultValueFactory = _ => 30, Description = "Refresh tokens unused for so long end." };
        var sessionIdle = new Option<int>("--session-idle-minutes") { Description = "Whoever has not come to it for so long signs in again; 0 for no limit." };
        var sessionMax = new Option<int>("--session-max-minutes") { Description = "It takes no sign-in older than this; 0 for no limit." };
        var max = new Option<int>("--refresh-max-days") { DefaultValueFactory = _ => 90, Description = "A sign-in can be refreshed for so long." };
        var groups = new Option<string[]>("--group") { Description = "Restrict to this group. May be repeated." };
        var algorithm = new Option<string>("--id-token-alg") { DefaultValueFactory = _ => "ES256", Description = "ES256, RS256 or EdDSA." };
        var trusted = new Option<bool>("--trusted") { Description = "An application of your own: people are not asked for consent." };
        var backchannel = new Option<string?>("--backchannel-logout-uri") { Description = "Where it is told that somebody has logged out." };
        var privately = new Option<bool>("--backchannel-private") { Description = "That address may lie in the private network." };
        var noLoopGuard = new Option<bool>("--no-loop-guard") { Description = "Do not stop it when it sends people round in circles." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("add", "Register a client and print its id and secret.") { name, callbacks, logouts, launch, isPublic, native, noPkce, method, groups, algorithm, trusted, backchannel, privately, noLoopGuard, grants, jwks, jwksUri, jwksPrivate, idle, max, sessionIdle, sessionMax, json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var database = services.GetRequiredService<Database>();
            string? keys = null;
            if (parsed.GetValue(jwks) is { } file)
            {
                if (!file.Exists || file.Length > 64 * 1024)
                {
                    await host.Error.WriteLineAsync($"--jwks {Printable.Cap(file.FullName, 200)}: no such file, or larger than 64 kB.");
                    return 2;
                }
                keys = await File.ReadAllTextAsync(file.FullName);
            }
            var publicClient = parsed.GetValue(isPublic) || parsed.GetValue(method) == AuthMethod.None;
            var saved = await database.Write(async sql =>
            {
                var ids = new List<string>();
                foreach (var group in parsed.GetValue(groups) ?? []) ids.Add((await GroupStore.FindByName(sql, group))?.Id ?? "");
                return await services.GetRequiredService<SaveClient>().Create(sql, new()
                {
                    Name = parsed.GetValue(name)!.Trim(),
                    Callbacks = parsed.GetValue(callbacks) ?? [],
                    LogoutCallbacks = parsed.GetValue(logouts) ?? [],
                    LaunchUrl = parsed.GetValue(launch),
                    Trusted = parsed.GetValue(trusted),
                    BackchannelLogoutUri = parsed.GetValue(backchannel),
                    BackchannelPrivate = parsed.GetValue(privately),
                    LoopGuard = !parsed.GetValue(noLoopGuard),
                    IsPublic = publicClient,
                    IsNative = parsed.GetValue(native),
                    PkceRequired = !parsed.GetValue(noPkce),
                    AuthMethod = parsed.GetValue(method) ?? (publicClient ? AuthMethod.None : keys is not null || parsed.GetValue(jwksUri) is not null ? AuthMethod.PrivateKey : AuthMethod.Basic),
                    GrantTypes = parsed.GetValue(grants) is { Length: > 0 } types ? string.Join(' ', types) : GrantType.Usual,
                    Jwks = keys,
                    JwksUri = parsed.GetValue(jwksUri),
                    JwksPrivate = parsed.GetValue(jwksPrivate),
                    RefreshIdleSeconds = parsed.GetValue(idle) * 86_400L,
                    RefreshMaxSeconds = Math.Max(parsed.GetValue(max), parsed.GetValue(idle)) * 86_400L,
                    SessionIdleSeconds = parsed.GetValue(sessionIdle) * 60L,
                    SessionMaxSeconds = parsed.GetValue(sessionMax) * 60L,
                    IdTokenAlgorithm = parsed.GetValue(algorithm)!,
                    Restricted = ids.Count > 0,
                    GroupIds = ids,
                }, Actor.Console);
            });
            if (saved.Client is not { } client)
            {
                foreach (var fault in saved.Faults) await host.Error.WriteLineAsync($"{Option(fault.Field)} {Printable.Cap(fault.Value ?? "", 200)}: {fault.Refusal.Facts.Public} {fault.Refusal.Evidence} ({fault.Refusal.Facts.Code})");
                return 2;
            }
            await host.Output.WriteLineAsync(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new { client_id = client.Id, client_secret = saved.Secret }, Json)
                : $"Client id:     {client.Id}\nClient secret: {saved.Secret ?? (client.IsPublic ? "none (public client)" : "none (it signs with its own key)")}{(saved.Secret is null ? "" : "\nThe secret is not shown again.")}");
            return 0;
        }));
        return command;
    }

    private static Command List(IConsoleHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("list", "All clients.") { json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var all = await services.GetRequiredService<Database>().Read(ClientStore.All);
            if (parsed.GetValue(json)) await host.Output.WriteLineAsync(JsonSerializer.Serialize(all.Select(c => new { client_id = c.Id, name = c.Name, enabled = c.Enabled }), Json));
            else foreach (var c in all) await host.Output.WriteLineAsync($"{c.Id}  {(c.Enabled ? "enabled " : "disabled")}  {Printable.Cap(c.Name, 80)}");
            return 0;
        }));
        return command;
    }

    private static Command Show(IConsoleHost host)
    {
        var id = new Argument<string>("client") { Description = "Id or name." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("show", "One client, without its secrets.") { id, json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            if (await services.GetRequiredService<Database>().Read(sql => Named(sql, parsed.GetValue(id)!)) is not { } c) return await NotFound(host);
            var facts = new Dictionary<string, object?>
            {
                ["client_id"] = c.Id,
                ["name"] = c.Name,
                ["enabled"] = c.Enabled,
                ["redirect_uris"] = c.Callbacks,
                ["post_logout_redirect_uris"] = c.LogoutCallbacks,
                ["launch_url"] = c.LaunchUrl,
                ["trusted"] = c.Trusted,
                ["backchannel_logout_uri"] = c.BackchannelLogoutUri,
                ["public"] = c.IsPublic,
                ["native"] = c.IsNative,
                ["pkce_required"] = c.PkceRequired,
                ["token_endpoint_auth_method"] = c.AuthMethod,
                ["id_token_signed_response_alg"] = c.IdTokenAlgorithm,
                ["grant_types"] = c.GrantTypes.Split(' '),
                ["jwks_uri"] = c.JwksUri,
                ["jwks"] = c.Jwks is null ? null : ClientKeySet.Describe(c.Jwks),
                ["refresh_idle_seconds"] = c.RefreshIdleSeconds,
                ["refresh_max_seconds"] = c.RefreshMaxSeconds,
                ["session_idle_seconds"] = c.SessionIdleSeconds,
                ["session_max_seconds"] = c.SessionMaxSeconds,
                ["groups"] = c.Restricted ? c.Groups.Select(g => g.Name).ToArray() : null,
                ["secrets"] = c.Secrets.Count(s => s.IsLive(services.GetRequiredService<TimeProvider>().Now())),
            };
            if (parsed.GetValue(json)) await host.Output.WriteLineAsync(JsonSerializer.Serialize(facts, Json));
            else foreach (var (key, value) in facts) await host.Output.WriteLineAsync($"{key}: {Printable.Cap(value as string ?? JsonSerializer.Serialize(value, Json), 2000)}");
            return 0;
        }));
        return command;
    }

    private static Command Claim(IConsoleHost host)
    {
        var id = new Argument<string>("client") { Description = "Id or name." };
        var claim = new Argument<string>("claim") { Description = "As the application reads it." };
        var source = new Option<string>("--from") { Required = true, Description = $"{string.Join(", ", ClaimSource.Words)}, custom:NAME or fixed:VALUE." };
        var shape = new Option<string>("--as") { DefaultValueFactory = _ => "auto", Description = $"{string.Join(", ", ClaimShape.All)}; by default what it is." };
        var inAccessToken = new Option<bool>("--in-access-token") { Description = "Also in access tokens." };
        var set = new Command("set", "Give a claim another source, name or shape.") { id, claim, source, shape, inAccessToken };
        set.SetAction((parsed, _) => OnClient(host, parsed.GetValue(id)!, (services, sql, client) => services.GetRequiredService<ChangeClaimPlan>()
            .SetRule(sql, client, ClaimRoutes.Rule(parsed.GetValue(claim)!, parsed.GetValue(source)!, parsed.GetValue(shape)!, parsed.GetValue(inAccessToken)), Actor.Console)));
        var remove = new Command("remove", "Back to the standard.") { id, claim };
        remove.SetAction((parsed, _) => OnClient(host, parsed.GetValue(id)!, async (services, sql, client) =>
        {
            await services.GetRequiredService<ChangeClaimPlan>().RemoveRule(sql, client, parsed.GetValue(claim)!, Actor.Console);
            return Done.It;
        }));
        return new Command("claim", "What the application reads about people, and under which names.") { set, remove };
    }

    private static Command Role(IConsoleHost host)
    {
        var id = new Argument<string>("client") { Description = "Id or name." };
        var role = new Argument<string>("role");
        var group = new Argument<string>("group") { Description = "Members of this group hold the role." };
        var add = new Command("add", "Members of a group hold a role in the application.") { id, role, group };
        add.SetAction((parsed, _) => OnClient(host, parsed.GetValue(id)!, async (services, sql, client) =>
            await services.GetRequiredService<ChangeClaimPlan>().AddRole(sql, client, parsed.GetValue(role)!, (await GroupStore.FindByName(sql, parsed.GetValue(group)!))?.Id ?? "", Actor.Console)));
        var remove = new Command("remove", "Take the role from the group.") { id, role, group };
        remove.SetAction((parsed, _) => OnClient(host, parsed.GetValue(id)!, async (services, sql, client) =>
        {
            await services.GetRequiredService<ChangeClaimPlan>().RemoveRole(sql, client, parsed.GetValue(role)!, (await GroupStore.FindByName(sql, parsed.GetValue(group)!))?.Id ?? "", Actor.Console);
            return Done.It;
        }));
        return new Command("role", "Roles in the application.") { add, remove };
    }

    private static Task<int> OnClient(IConsoleHost host, string idOrName, Func<IServiceProvider, Sql, Client, Task<Outcome<Done>>> act) => host.With(async services =>
    {
        var outcome = await services.GetRequiredService<Database>().Write(async sql => await Named(sql, idOrName) is { } client ? await act(services, sql, client) : (Outcome<Done>?)null);
        if (outcome is not { } told) return await NotFound(host);
        if (told.Passed(out _, out var refusal))
        {
            await host.Output.WriteLineAsync("Saved.");
            return 0;
        }
        await host.Error.WriteLineAsync($"{refusal.Evidence}\n  {refusal.Facts.Fix}\n  ({refusal.Facts.Code})");
        return 2;
    });

    private static Command Switch(IConsoleHost host, string verb, bool enabled)
    {
        var id = new Argument<string>("client") { Description = "Id or name." };
        var command = new Command(verb, enabled ? "Let people sign in to it again." : "Stop signing people in to it, at once.") { id };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var changed = await services.GetRequiredService<Database>().Write(async sql =>
            {
                if (await Named(sql, parsed.GetValue(id)!) is not { } client) return (Client?)null;
                await services.GetRequiredService<SaveClient>().SetEnabled(sql, client, enabled, Actor.Console);
                return client;
            });
            if (changed is null) return await NotFound(host);
            await host.Output.WriteLineAsync($"{Printable.Cap(changed.Name, 80)} is {(enabled ? "enabled" : "disabled")}.");
            return 0;
        }));
        return command;
    }

    /// <summary>By id, else by the one name that fits.</summary>
    internal static async Task<Client?> Named(Sql sql, string idOrName)
    {
        if (await ClientStore.Find(sql, idOrName) is { DeletedAt: null } found) return found;
        var named = (await ClientStore.All(sql)).Where(c => c.Name == idOrName).ToArray();
        return named.Length == 1 ? await ClientStore.Find(sql, named[0].Id) : null;
    }

    private static async Task<int> NotFound(IConsoleHost host)
    {
        await host.Error.WriteLineAsync("There is no client of that id or name. See: gatehouse client list");
        return 2;
    }

    private static string Option(string field) => field switch
    {
        "callbacks" => "--redirect-uri",
        "logout_callbacks" => "--post-logout-redirect-uri",
        "launch_url" => "--launch-url",
        "backchannel_logout_uri" => "--backchannel-logout-uri",
        "groups" => "--group",
        "pkce_required" => "--no-pkce",
        "auth_method" => "--auth-method",
        "id_token_alg" => "--id-token-alg",
        "grant_types" => "--grant-type",
        "jwks" => "--jwks",
        "jwks_uri" => "--jwks-uri",
        "refresh_idle" => "--refresh-idle-days",
        "session_idle" => "--session-idle-minutes",
        "session_max" => "--session-max-minutes",
        _ => "--name",
    };
}
