using System.CommandLine;
using System.Text.Json;
using Gatehouse.Accounts.Groups;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Apis;

/// <summary>The console's way to APIs: the same write path as the pages.</summary>
internal static class ApiCommands
{
    public static Command Make(IConsoleHost host) => new("api", "APIs: the services that take access tokens from here.")
    {
        Add(host), List(host), Grant(host, "grant", give: true), Grant(host, "withdraw", give: false),
    };

    private static Command Add(IConsoleHost host)
    {
        var identifier = new Option<string>("--identifier") { Required = true, Description = "The API's address: what applications name as resource and tokens carry as audience." };
        var name = new Option<string>("--name") { Required = true, Description = "What people see." };
        var scopes = new Option<string[]>("--scope") { Description = "A scope, or \"scope what it lets somebody do\". May be repeated." };
        var format = new Option<string>("--token-format") { DefaultValueFactory = _ => TokenFormat.Jwt, Description = "jwt or opaque." };
        var algorithm = new Option<string>("--alg") { DefaultValueFactory = _ => "ES256", Description = "ES256, RS256 or EdDSA." };
        var minutes = new Option<int>("--minutes") { DefaultValueFactory = _ => 5, Description = "Lifetime of its tokens, 1 to 60." };
        var introspector = new Option<string?>("--introspector") { Description = "Id or name of the client with which the API introspects." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("add", "Register an API.") { identifier, name, scopes, format, algorithm, minutes, introspector, json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var (api, faults) = await services.GetRequiredService<Database>().Write(async sql => await services.GetRequiredService<SaveApi>().Create(sql, new()
            {
                Identifier = parsed.GetValue(identifier)!,
                Name = parsed.GetValue(name)!.Trim(),
                Scopes = ApiDraft.ReadScopes(string.Join('\n', parsed.GetValue(scopes) ?? [])),
                TokenFormat = parsed.GetValue(format)!,
                Algorithm = parsed.GetValue(algorithm)!,
                TokenSeconds = parsed.GetValue(minutes) * 60L,
                IntrospectorId = parsed.GetValue(introspector) is { } who ? (await ClientCommands.Named(sql, who))?.Id ?? who : null,
            }, Actor.Console));
            if (api is null)
            {
                foreach (var fault in faults) await host.Error.WriteLineAsync($"--{fault.Field.Replace('_', '-')}: {fault.Refusal.Facts.Public} {fault.Refusal.Evidence} ({fault.Refusal.Facts.Code})");
                return 2;
            }
            await host.Output.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(Facts(api)) : $"{Printable.Cap(api.Name, 80)} is registered as {api.Identifier}. Grant its scopes with: gatehouse api grant");
            return 0;
        }));
        return command;
    }

    private static Command List(IConsoleHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("list", "All APIs and their scopes.") { json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var all = await services.GetRequiredService<Database>().Read(ApiStore.All);
            if (parsed.GetValue(json)) await host.Output.WriteLineAsync(JsonSerializer.Serialize(all.Select(Facts)));
            else
                foreach (var api in all) await host.Output.WriteLineAsync($"{api.Identifier}  {(api.Enabled ? "enabled " : "disabled")}  {api.TokenFormat,-6}  {Printable.Cap(api.Name, 60)}: {string.Join(' ', api.Scopes.Select(s => s.Name))}");
            return 0;
        }));
        return command;
    }

    private static Command Grant(IConsoleHost host, string verb, bool give)
    {
        var identifier = new Argument<string>("api") { Description = "Identifier of the API." };
        var scopes = new Argument<string[]>("scope") { Arity = ArgumentArity.OneOrMore, Description = "Scopes of it." };
        var clients = new Option<string[]>("--client") { Description = "Id or name of a client. May be repeated." };
        var groups = new Option<string[]>("--group") { Description = "A user group. May be repeated." };
        var roles = new Option<string[]>("--role") { Description = "user, viewer or admin. May be repeated." };
        var command = new Command(verb, give ? "Grant scopes to clients, groups or roles." : "Take scopes back.") { identifier, scopes, clients, groups, roles };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var refusals = new List<Refusal>();
            var done = 0;
            await services.GetRequiredService<Database>().Write(async sql =>
            {
                if (await ApiStore.FindByIdentifier(sql, parsed.GetValue(identifier)!) is not { } api)
                {
                    refusals.Add(new ApiGrantInvalid("there is no API of that identifier; see gatehouse api list"));
                    return;
                }
                var holders = new List<(string Kind, string Id)>();
                foreach (var client in parsed.GetValue(clients) ?? []) holders.Add(("client", (await ClientCommands.Named(sql, client))?.Id ?? client));
                foreach (var group in parsed.GetValue(groups) ?? []) holders.Add((HolderKind.Group, (await GroupStore.FindByName(sql, group))?.Id ?? group));
                foreach (var role in parsed.GetValue(roles) ?? []) holders.Add((HolderKind.Role, role));
                if (holders.Count == 0) refusals.Add(new ApiGrantInvalid("name a --client, --group or --role"));
                foreach (var (kind, id) in holders)
                    foreach (var scope in parsed.GetValue(scopes) ?? [])
                    {
                        if ((await services.GetRequiredService<SaveApi>().Grant(sql, api, scope, kind, id, give, Actor.Console)).Passed(out Done _, out var refusal)) done++;
                        else refusals.Add(refusal);
                    }
            });
            foreach (var refusal in refusals) await host.Error.WriteLineAsync($"{refusal.Facts.Public} {refusal.Evidence} ({refusal.Facts.Code})");
            if (done > 0) await host.Output.WriteLineAsync(give ? "Granted." : "Withdrawn.");
            return refusals.Count > 0 ? 2 : 0;
        }));
        return command;
    }

    private static object Facts(Api api) => new
    {
        identifier = api.Identifier,
        name = api.Name,
        enabled = api.Enabled,
        token_format = api.TokenFormat,
        alg = api.Algorithm,
        token_seconds = api.TokenSeconds,
        introspector = api.IntrospectorId,
        scopes = api.Scopes.Select(s => new { name = s.Name, description = s.Description, holders = s.Holders.Select(h => $"{h.Kind}:{h.Name}") }),
    };
}
