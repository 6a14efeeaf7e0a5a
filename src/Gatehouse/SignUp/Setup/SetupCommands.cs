using System.CommandLine;
using System.Text.Json;
using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.SignIn.LoginLinks;

namespace Gatehouse.SignUp.Setup;

/// <summary>setup-link, admin add, reset: ways back from the host's shell.</summary>
public static class SetupCommands
{
    public static IEnumerable<Command> All(IConsoleHost host) => [SetupLinkCommand(host), Admin(host), Reset(host)];

    private static Command SetupLinkCommand(IConsoleHost host)
    {
        var command = new Command("setup-link", "Print a new set-up link and end the old one");
        command.SetAction(_ => host.With(async services =>
        {
            var link = services.GetRequiredService<SetupLink>();
            var database = services.GetRequiredService<Database>();
            var url = await database.Write(link.Issue);
            if (url is not null)
            {
                await host.Output.WriteLineAsync(url);
                return 0;
            }
            var closed = await database.Read(InstanceSetup.Closed);
            await host.Error.WriteLineAsync($"Set-up is closed: {closed?.By} did it at {DateTimeOffset.FromUnixTimeMilliseconds(closed?.At ?? 0):yyyy-MM-dd HH:mm} UTC.\n"
                + "  Another administrator: gatehouse admin add --email … --name …\n  Start over: gatehouse reset --yes-delete-everything");
            return 1;
        }));
        return command;
    }

    private static Command Admin(IConsoleHost host)
    {
        var email = new Option<string>("--email") { Required = true, Description = "E-mail, also the user name" };
        var name = new Option<string?>("--name") { Description = "Display name; by default the e-mail" };
        var json = new Option<bool>("--json") { Description = "Print {\"id\": …, \"url\": …}" };
        var add = new Command("add", "Make an administrator (or promote a user), and print a login link") { email, name, json };
        add.SetAction(parse => host.With(async services =>
        {
            if (!AccountNames.Email(parse.GetValue(email)).Passed(out var address, out var fault))
            {
                await host.Error.WriteLineAsync($"--email cannot be used. {fault.Evidence}");
                return 1;
            }
            var clock = services.GetRequiredService<TimeProvider>();
            var audit = services.GetRequiredService<AuditLog>();
            var links = services.GetRequiredService<LoginLinks>();
            var (id, url) = await services.GetRequiredService<Database>().Write(async sql =>
            {
                var user = await UserStore.FindByIdentifier(sql, address);
                if (user is null)
                {
                    user = new User
                    {
                        Id = clock.NewId(),
                        UserName = address,
                        Email = address,
                        DisplayName = parse.GetValue(name)?.Trim() is { Length: > 0 } given ? given : address,
                        Role = Role.Admin,
                        Epoch = 1,
                        CreatedAt = clock.Now(),
                    };
                    await UserStore.Insert(sql, user);
                }
                else
                {
                    await sql.Run("""
                        update users set role = @role, disabled_at = null, disabled_by = null, disabled_because = null, deleted_at = null, updated_at = @now, row_version = row_version + 1
                        where id = @id
                        """, new { role = Role.Admin, now = clock.Now(), id = user.Id });
                }
                await InstanceSetup.Close(sql, Actor.Console.Name, clock.Now());
                await audit.Write(sql, Actor.Console, "user.made_admin", new("user", user.Id, user.DisplayName), after: "by the console");
                return (user.Id, await links.Issue(sql, (await UserStore.Find(sql, user.Id))!, Actor.Console));
            });
            await host.Output.WriteLineAsync(parse.GetValue(json) ? JsonSerializer.Serialize(new { id, url }) : $"{address} is an administrator. One-time login link, 15 minutes:\n{url}");
            return 0;
        }));
        return new Command("admin", "Administrators") { add };
    }

    private static Command Reset(IConsoleHost host)
    {
        var yes = new Option<bool>("--yes-delete-everything") { Description = "Really delete all users, apps and cases" };
        var command = new Command("reset", "Empty the instance: everything is deleted, set-up opens again") { yes };
        command.SetAction(parse => host.With(async services =>
        {
            if (!parse.GetValue(yes))
            {
                await host.Error.WriteLineAsync("This deletes every user, app, key and case of this instance and cannot be undone.\n  If you mean it: gatehouse reset --yes-delete-everything");
                return 1;
            }
            var url = await services.GetRequiredService<Database>().Write(async sql =>
            {
                foreach (var table in new[] { "known_browsers", "public_requests", "signup_pending", "signup_link_groups", "signup_tokens", "signup_links", "mails", "applied_remedies", "audit", "sign_ins", "cases", "problems", "grants", "client_groups", "client_secrets", "client_urls", "clients",
                    "one_time_tokens", "sessions", "passkeys", "group_members", "groups", "users", "settings", "throttles", "signing_keys", "break_glass_openings", "break_glass_credentials", "guesses" })
                    await sql.Run($"delete from {table}");
                await sql.Run("update instance set setup_closed_at = null, setup_closed_by = null, epoch = epoch + 1");
                foreach (var name in await sql.List<string>("select name from versions")) await sql.Bump(name);
                return await services.GetRequiredService<SetupLink>().Issue(sql);
            });
            await host.Output.WriteLineAsync($"Everything is deleted. Set-up is open again:\n{url}");
            return 0;
        }));
        return command;
    }
}
