using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Accounts.Groups;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.SignUp.Links;
using Gatehouse.Web;

namespace Gatehouse.SignUp;

/// <summary>gatehouse user invite: the same use case as Users > Invite.</summary>
public static class SignUpCommands
{
    public static Command Invite(IConsoleHost host)
    {
        var emails = new Argument<string[]>("EMAIL") { Description = "One or more addresses", Arity = ArgumentArity.OneOrMore };
        var groups = new Option<string[]>("--group") { Description = "The new accounts join it; may be given several times", AllowMultipleArgumentsPerToken = true };
        var hours = new Option<int>("--hours") { Description = "How long the link works, 1 to 744", DefaultValueFactory = _ => 168 };
        var show = new Option<bool>("--show") { Description = "Print the link instead of mailing it" };
        var json = new Option<bool>("--json") { Description = "Print JSON, one line an address" };
        var command = new Command("invite", "Invite people: each makes an own account with a passkey") { emails, groups, hours, show, json };
        command.SetAction((parsed, _) => host.With(async services =>
        {
            var links = services.GetRequiredService<SignUpLinks>();
            var ids = new List<string>();
            foreach (var name in parsed.GetValue(groups) ?? [])
            {
                if (await services.GetRequiredService<Database>().Read(sql => GroupStore.FindByName(sql, name)) is not { } group)
                {
                    await host.Error.WriteLineAsync($"There is no group {Printable.Cap(name, 100)}. See: gatehouse group list");
                    return 1;
                }
                ids.Add(group.Id);
            }
            var wish = new LinkWish(TimeSpan.FromHours(parsed.GetValue(hours)), ids);
            var code = 0;
            foreach (var email in parsed.GetValue(emails)!)
            {
                var outcome = await links.Invite(email, null, wish, mail: !parsed.GetValue(show), Actor.Console);
                if (!outcome.Passed(out var made, out var refusal))
                {
                    code = 1;
                    await host.Error.WriteLineAsync($"{Printable.Cap(email, 254)}: {Printable.Cap(refusal.Evidence, 300)} ({refusal.Facts.Code})");
                    continue;
                }
                var url = parsed.GetValue(show) ? made.Made.Url : null;
                var until = DateTimeOffset.FromUnixTimeMilliseconds(made.Made.Link.ExpiresAt).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
                await host.Output.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(new { id = made.Made.Link.Id, email = made.Made.Link.Email, url, again = made.Again })
                    : url is null ? $"{made.Made.Link.Email}: invitation {(made.Again ? "renewed" : "made")}, its mail is queued; works until {until}"
                    : $"{made.Made.Link.Email}: {url}\n  works once, until {until}");
            }
            return code;
        }));
        return command;
    }
}
