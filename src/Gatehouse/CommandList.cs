using System.CommandLine;
using Gatehouse.Accounts;
using Gatehouse.Audit;
using Gatehouse.Doctor;
using Gatehouse.Ldap;
using Gatehouse.Mail;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.SignIn;
using Gatehouse.SignIn.BreakGlass;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignUp;
using Gatehouse.SignUp.Setup;

namespace Gatehouse;

/// <summary>Every console command; each room brings its own.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> All(ConsoleHost host)
    {
        Command[] accounts = [.. AccountCommands.All(host)];
        // "user link" belongs under "user", but only SignIn can make a link.
        accounts.Single(c => c.Name == "user").Subcommands.Add(SignInCommands.Link(host));
        accounts.Single(c => c.Name == "user").Subcommands.Add(SignInCommands.Password(host));
        accounts.Single(c => c.Name == "user").Subcommands.Add(SignUpCommands.Invite(host));
        accounts.Single(c => c.Name == "user").Subcommands.Add(FactorCommands.Make(host));
        return [.. AuditCommands.All(host), MailCommands.Make(host), ClientCommands.Make(host), LdapModule.LdapCommand(host), ApiCommands.Make(host), KeyCommands.Make(host), .. accounts, .. SetupCommands.All(host), DoctorCommands.Make(host), BreakGlassCommands.Make(host), EncryptionKeyCommands.Make(host)];
    }
}
