using System.CommandLine;
using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;
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

    /// <summary>gatehouse user password: a temporary password, or one from a file, or none.</summary>
    public static Command Password(IConsoleHost host)
    {
        var email = new Argument<string>("email") { Description = "E-mail or user name" };
        var file = new Option<string>("--file") { Description = "Take the password from the first line of this file; - is standard input" };
        var permanent = new Option<bool>("--permanent") { Description = "The person need not change it at the first sign-in" };
        var remove = new Option<bool>("--remove") { Description = "Remove the password" };
        var command = new Command("password", "Set a user's password: a temporary one is made and printed, or take it from a file") { email, file, permanent, remove };
        command.SetAction((parse, stop) => host.With(async services =>
        {
            var database = services.GetRequiredService<Database>();
            var setPassword = services.GetRequiredService<SetPassword>();
            var name = parse.GetValue(email)!;
            if (await database.Read(sql => UserStore.FindByIdentifier(sql, name)) is not { } user)
            {
                await host.Error.WriteLineAsync($"No user has the e-mail or user name {Web.Printable.Cap(name, 100)}. See: gatehouse user list");
                return 1;
            }
            if (parse.GetValue(remove))
            {
                var had = await database.Write(sql => setPassword.Remove(sql, user, Actor.Console));
                await host.Output.WriteLineAsync(had ? $"{user.Email} has no password any more; everything it was signed in to is signed out." : $"{user.Email} had no password.");
                return 0;
            }
            var password = PasswordEndpoints.NewTemporary();
            var made = parse.GetValue(file) is null;
            if (parse.GetValue(file) is { } from)
            {
                if (from != "-" && !File.Exists(from))
                {
                    await host.Error.WriteLineAsync($"There is no file {Web.Printable.Cap(from, 200)}.");
                    return 1;
                }
                password = (from == "-" ? await Console.In.ReadLineAsync(stop) : (await File.ReadAllLinesAsync(from, stop)).FirstOrDefault()) ?? "";
            }
            if (!(await setPassword.Prepare(user, password, System.Net.IPAddress.Loopback)).Passed(out var ready, out var refusal))
            {
                await host.Error.WriteLineAsync($"{Web.Printable.Cap(refusal.Evidence, 500)}\n  {refusal.Facts.Fix}\n  ({refusal.Facts.Code})");
                return 1;
            }
            var temporary = made || !parse.GetValue(permanent);
            await database.Write(sql => setPassword.Write(sql, ready, temporary, "console", Actor.Console));
            if (made) await host.Output.WriteLineAsync(password);
            await host.Output.WriteLineAsync(temporary
                ? $"{user.Email} signs in with it once, within {SetPassword.TemporaryFor.TotalDays:0} days, and chooses another one then. Everything it was signed in to is signed out."
                : $"The password of {user.Email} is set. Everything it was signed in to is signed out.");
            return 0;
        }));
        return command;
    }
}
