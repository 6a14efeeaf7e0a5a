using System.CommandLine;
using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.SignIn;

/// <summary>gatehouse user link: a way in, from the host's shell.</summary>
internal static class SignInCommands
{
    public static Command Link(IConsoleHost host)
    {
        var email = new Argument<string>("email") { Description = "E-mail or user name" };
        var json = new Option<bool>("--json") { Description = "Print {\"url\": …}" };
        var command = new Command("link", "Make a one-time login link for a user") { email, json };
        command.SetAction(parse => host.With(async services =>
        {
            var links = services.GetRequiredService<LoginLinks.LoginLinks>();
            var name = parse.GetValue(email)!;
            var url = await services.GetRequiredService<Database>().Write(async sql =>
                await UserStore.FindByIdentifier(sql, name) is { } user ? await links.Issue(sql, user, Actor.Console) : null);
            if (url is null)
            {
                await host.Error.WriteLineAsync($"No user has the e-mail or user name {Web.Printable.Cap(name, 100)}. See: gatehouse user list");
                return 1;
            }
            await host.Output.WriteLineAsync(parse.GetValue(json) ? JsonSerializer.Serialize(new { url }) : $"{url}\nWorks once, for 15 minutes. It ends any older link of this user.");
            return 0;
        }));
        return command;
    }
}
