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
        var mail = new Option<bool>("--mail") { Description = "Mail it to the user's address instead of printing it" };
        var valid = new Option<string>("--valid") { Description = "15m (default), 1h, 1d, 7d or 31d", DefaultValueFactory = _ => "15m" };
        valid.AcceptOnlyFromAmong([.. LoginLinks.LoginLinkRoutes.Times.Keys]);
        var command = new Command("link", "Make a one-time login link for a user") { email, json, mail, valid };
        command.Aliases.Add("login-link");
        command.SetAction(parse => host.With(async services =>
        {
            var links = services.GetRequiredService<LoginLinks.LoginLinks>();
            var name = parse.GetValue(email)!;
            var validity = LoginLinks.LoginLinkRoutes.Times[parse.GetValue(valid)!];
            var (user, url) = await services.GetRequiredService<Database>().Write<(User? User, string? Url)>(async sql =>
            {
                if (await UserStore.FindByIdentifier(sql, name) is not { } found) return (null, null);
                if (!parse.GetValue(mail)) return (found, await links.Issue(sql, found, Actor.Console, validity));
                await links.Send(sql, found, Actor.Console, validity);
                return (found, null);
            });
            if (user is null)
            {
                await host.Error.WriteLineAsync($"No user has the e-mail or user name {Web.Printable.Cap(name, 100)}. See: gatehouse user list");
                return 1;
            }
            if (!user.IsActive) await host.Error.WriteLineAsync($"{Web.Printable.Cap(user.Email, 254)} is {(user.DeletedAt is null ? "disabled" : "deleted")}: the link lets nobody in until that is changed.");
            await host.Output.WriteLineAsync(parse.GetValue(json) ? JsonSerializer.Serialize(new { url, mailed = url is null })
                : url is null ? $"A login link is on its way to {Web.Printable.Cap(user.Email, 254)}. It ends any older link of this user."
                : $"{url}\nWorks once. It ends any older link of this user.");
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
