using System.CommandLine;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>gatehouse user mfa: second factors from the host's shell.</summary>
internal static class FactorCommands
{
    public static Command Make(IConsoleHost host)
    {
        var email = new Argument<string>("email") { Description = "E-mail or user name" };
        var method = new Option<string>("--method") { Required = true, Description = "How you made sure who asks: " + string.Join(", ", IdentityCheck.Methods) };
        method.AcceptOnlyFromAmong(IdentityCheck.Methods);
        var note = new Option<string>("--note") { Required = true, Description = "What you checked; it stands in the audit log" };
        var reset = new Command("reset", "Take a user's second factors away and sign the user out everywhere") { email, method, note };
        reset.SetAction(parse => host.With(async services =>
        {
            var name = parse.GetValue(email)!;
            if (await services.GetRequiredService<Database>().Read(sql => UserStore.FindByIdentifier(sql, name)) is not { } user)
            {
                await host.Error.WriteLineAsync($"No user has the e-mail or user name {Printable.Cap(name, 100)}. See: gatehouse user list");
                return 1;
            }
            var done = await services.GetRequiredService<ResetFactors>().Ask(user.Id, new(parse.GetValue(method)!, parse.GetValue(note)!), byId: null, Actor.Console);
            if (!done.Passed(out _, out var refusal))
            {
                await host.Error.WriteLineAsync($"{Printable.Cap(refusal.Evidence, 500)}\n  {refusal.Facts.Fix}\n  ({refusal.Facts.Code})");
                return 1;
            }
            await host.Output.WriteLineAsync($"{user.Email} has no second factor any more, is signed out everywhere, and registers a new one at the next sign-in with a password. A mail tells them.");
            return 0;
        }));
        return new Command("mfa", "Second factors of a user") { reset };
    }
}
