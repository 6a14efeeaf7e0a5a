using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Accounts.CustomClaims;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Accounts;

/// <summary>Users and groups from the host's shell, also when nobody can sign in. The same use cases as the pages.</summary>
public static class AccountCommands
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Default };

    public static IEnumerable<Command> All(IConsoleHost host) => [User(host), Group(host)];

    private static Command User(IConsoleHost host)
    {
        var who = new Argument<string>("EMAIL") { Description = "E-mail or user name" };
        var email = new Option<string>("--email") { Required = true };
        var name = new Option<string>("--name") { Description = "Display name" };
        var userName = new Option<string>("--user-name") { Description = "By default from the e-mail" };
        var reason = new Option<string>("--reason") { Description = "Shown to admins in the case and the audit log" };
        var role = new Option<string>("--role") { Description = "admin (default), viewer or user", DefaultValueFactory = _ => Role.Admin };
        role.AcceptOnlyFromAmong(Role.Admin, Role.Viewer, Role.User);
        var state = new Option<string>("--state") { Description = "active, disabled, deleted, deletion-asked or locked-out" };
        state.AcceptOnlyFromAmong("active", "disabled", "deleted", "deletion-asked", "locked-out");
        var search = new Option<string>("--search");
        var json = JsonOption();

        var add = new Command("add", "Create a user") { email, name, userName, json };
        add.SetAction((parsed, _) => host.With(async services =>
        {
            var made = await services.GetRequiredService<CreateUser>().Run(new(parsed.GetValue(email)!, parsed.GetValue(userName), parsed.GetValue(name)), Actor.Console);
            return await Tell(host, made, user => Print(host, user, parsed.GetValue(json), $"Created {user.DisplayName} <{user.Email}>, user name {user.UserName}."));
        }));

        var list = new Command("list", "List users") { state, search, json };
        list.SetAction((parsed, _) => host.With(async services =>
        {
            var question = new UserQuestion(parsed.GetValue(search) ?? "", parsed.GetValue(state) ?? "", "name", false, 1);
            var (lines, total) = await services.GetRequiredService<FindUsers>().Run(question, 10_000);
            if (parsed.GetValue(json))
            {
                await host.Output.WriteLineAsync(JsonSerializer.Serialize(lines.Select(u => new { u.Id, u.Email, u.UserName, Name = u.DisplayName, u.Role, State = StateOf(u), u.Passkeys, u.CreatedAt, u.LastSignInAt }), Json));
                return 0;
            }
            foreach (var u in lines)
                await host.Output.WriteLineAsync($"{Printable.Cap(u.Email, 254),-36} {Printable.Cap(u.DisplayName, 100),-24} {u.Role,-7} {StateOf(u),-9} {u.Passkeys} passkey{(u.Passkeys == 1 ? "" : "s")}");
            await host.Output.WriteLineAsync($"{total} user{(total == 1 ? "" : "s")}");
            return 0;
        }));

        var disable = new Command("disable", "Switch an account off and end its sessions") { who, reason };
        disable.SetAction((parsed, _) => OnUser(host, parsed.GetValue(who)!, (services, user) => services.GetRequiredService<DisableUser>().Run(user.Id, parsed.GetValue(reason), Actor.Console),
            user => $"{user.Email} is disabled; all sessions are ended."));

        var enable = new Command("enable", "Switch an account on again") { who };
        enable.SetAction((parsed, _) => OnUser(host, parsed.GetValue(who)!, (services, user) => services.GetRequiredService<EnableUser>().Run(user.Id, Actor.Console),
            user => $"{user.Email} is active."));

        var delete = new Command("delete", "Delete an account: it is switched off at once and removed for good after the days of the settings") { who };
        delete.SetAction((parsed, _) => OnUser(host, parsed.GetValue(who)!, (services, user) => services.GetRequiredService<DeleteUser>().Run(user.Id, Actor.Console),
            user => $"{user.Email} is deleted; until {DateTimeOffset.FromUnixTimeMilliseconds(user.PurgeAt ?? 0):yyyy-MM-dd HH:mm} UTC gatehouse user undelete brings it back."));

        var undelete = new Command("undelete", "Bring a deleted account back while that is possible") { who };
        undelete.SetAction((parsed, _) => OnUser(host, parsed.GetValue(who)!, (services, user) => services.GetRequiredService<UndoDeleteUser>().Run(user.Id, Actor.Console),
            user => $"{user.Email} is back. Passkeys and groups are as they were; sessions stay ended."));

        var promote = new Command("promote", "Give a user another role") { who, role };
        promote.SetAction((parsed, _) => OnUser(host, parsed.GetValue(who)!, (services, user) => services.GetRequiredService<PromoteUser>().Run(user.Id, parsed.GetValue(role)!, Actor.Console),
            user => $"{user.Email} has role {user.Role}."));

        return new Command("user", "Users") { add, list, disable, enable, delete, undelete, promote, Claim(host, ofUser: true) };
    }

    private static Command Group(IConsoleHost host)
    {
        var name = new Argument<string>("NAME");
        var description = new Option<string>("--description");
        var group = new Argument<string>("GROUP");
        var who = new Argument<string>("EMAIL") { Description = "E-mail or user name" };
        var json = JsonOption();

        var add = new Command("add", "Create a group") { name, description, json };
        add.SetAction((parsed, _) => host.With(async services =>
        {
            var made = await services.GetRequiredService<CreateGroup>().Run(parsed.GetValue(name), parsed.GetValue(description), Actor.Console);
            return await Tell(host, made, g => host.Output.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(new { g.Id, g.Name, g.Description }, Json) : $"Created group {g.Name}."));
        }));

        var list = new Command("list", "List groups") { json };
        list.SetAction((parsed, _) => host.With(async services =>
        {
            var find = services.GetRequiredService<FindGroups>();
            var all = new List<GroupLine>();
            for (var page = 1; ; page++)
            {
                var (lines, total) = await find.Run("", page);
                all.AddRange(lines);
                if (lines.Count == 0 || all.Count >= total) break;
            }
            if (parsed.GetValue(json))
            {
                await host.Output.WriteLineAsync(JsonSerializer.Serialize(all.Select(g => new { g.Id, g.Name, g.Description, g.Members, g.Clients }), Json));
                return 0;
            }
            foreach (var g in all)
                await host.Output.WriteLineAsync($"{Printable.Cap(g.Name, 100),-28} {g.Members.ToString(CultureInfo.InvariantCulture),5} member{(g.Members == 1 ? " " : "s")}  {Printable.Cap(g.Description, 100)}");
            return 0;
        }));

        var join = new Command("add", "Put a user into a group") { group, who };
        join.SetAction((parsed, _) => host.With(async services =>
        {
            var database = services.GetRequiredService<Database>();
            var found = await database.Read(async sql => (Group: await GroupStore.FindByName(sql, parsed.GetValue(group)!), User: await UserStore.FindByIdentifier(sql, parsed.GetValue(who)!)));
            if (found.Group is null) return await Refused(host, new NoSuchGroup(parsed.GetValue(group)!));
            if (found.User is null) return await Refused(host, new NoSuchUser(parsed.GetValue(who)!));
            var done = await services.GetRequiredService<AddMember>().Run(found.Group.Id, found.User.Id, Actor.Console);
            return await Tell(host, done, joined => host.Output.WriteLineAsync($"{found.User.Email} is {(joined ? "now" : "already")} in {found.Group.Name}."));
        }));
        return new Command("group", "User groups") { add, list, new Command("member", "Members of a group") { join }, Claim(host, ofUser: false) };
    }

    private static Command Claim(IConsoleHost host, bool ofUser)
    {
        var owner = new Argument<string>(ofUser ? "EMAIL" : "GROUP") { Description = ofUser ? "E-mail or user name" : "Name of the group" };
        var name = new Argument<string>("NAME") { Description = "Such as department" };
        var value = new Argument<string>("VALUE");
        var set = new Command("set", "Set a custom claim") { owner, name, value };
        set.SetAction((parsed, _) => OnOwner(host, ofUser, parsed.GetValue(owner)!, (claims, id) => ofUser
            ? claims.SetOnUser(id, parsed.GetValue(name), parsed.GetValue(value), Actor.Console) : claims.SetOnGroup(id, parsed.GetValue(name), parsed.GetValue(value), Actor.Console)));
        var remove = new Command("remove", "Remove a custom claim") { owner, name };
        remove.SetAction((parsed, _) => OnOwner(host, ofUser, parsed.GetValue(owner)!, (claims, id) => ofUser
            ? claims.RemoveFromUser(id, parsed.GetValue(name)!, Actor.Console) : claims.RemoveFromGroup(id, parsed.GetValue(name)!, Actor.Console)));
        return new Command("claim", "Custom claims: facts of your own that applications may be given") { set, remove };
    }

    private static Task<int> OnOwner(IConsoleHost host, bool ofUser, string owner, Func<ChangeCustomClaims, string, Task<Outcome<Done>>> act) => host.With(async services =>
    {
        var id = await services.GetRequiredService<Database>().Read(async sql => ofUser ? (await UserStore.FindByIdentifier(sql, owner))?.Id : (await GroupStore.FindByName(sql, owner))?.Id);
        if (id is null) return await Refused(host, ofUser ? new NoSuchUser(owner) : new NoSuchGroup(owner));
        return await Tell(host, await act(services.GetRequiredService<ChangeCustomClaims>(), id), _ => host.Output.WriteLineAsync("Saved."));
    });

    private static Option<bool> JsonOption() => new("--json") { Description = "Print JSON" };

    private static Task<int> OnUser(IConsoleHost host, string identifier, Func<IServiceProvider, User, Task<Outcome<User>>> act, Func<User, string> said) => host.With(async services =>
    {
        if (await services.GetRequiredService<Database>().Read(sql => UserStore.FindByIdentifier(sql, identifier)) is not { } user) return await Refused(host, new NoSuchUser(identifier));
        return await Tell(host, await act(services, user), changed => host.Output.WriteLineAsync(Printable.Cap(said(changed), 500)));
    });

    private static async Task<int> Tell<T>(IConsoleHost host, Outcome<T> outcome, Func<T, Task> print)
    {
        if (!outcome.Passed(out var value, out var refusal)) return await Refused(host, refusal);
        await print(value);
        return 0;
    }

    private static async Task<int> Refused(IConsoleHost host, Refusal refusal)
    {
        await host.Error.WriteLineAsync(Printable.Cap(refusal.Evidence, 500));
        await host.Error.WriteLineAsync($"  {refusal.Facts.Fix}\n  ({refusal.Facts.Code})");
        return 1;
    }

    private static Task Print(IConsoleHost host, User user, bool json, string sentence) =>
        host.Output.WriteLineAsync(json ? JsonSerializer.Serialize(new { user.Id, user.Email, user.UserName, Name = user.DisplayName, user.Role }, Json) : Printable.Cap(sentence, 500));

    private static string StateOf(UserLine user) => user.DeletedAt is not null ? "deleted" : user.DisabledAt is not null ? "disabled" : "active";
}
