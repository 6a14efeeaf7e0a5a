using Gatehouse.Data;
using Gatehouse.Mail;

namespace Gatehouse.SignUp;

/// <summary>Who may make an account without an admin typing it in.</summary>
public static class SignUpMode
{
    /// <summary>Nobody; links and invitations that are out rest too.</summary>
    public const string Disabled = "disabled";

    /// <summary>Whoever has a link or an invitation.</summary>
    public const string WithLink = "link";

    /// <summary>Anybody with an address in an allowed domain, and whoever has a link.</summary>
    public const string Open = "open";

    public static readonly string[] All = [Disabled, WithLink, Open];
}

/// <summary>How sign-up is set.</summary>
/// <param name="Domains">E-mail domains that may sign up by themselves, lower case; empty means any.</param>
/// <param name="ProveAddress">True: whoever types an address gets a mail there first, and goes on from it. False: the account is made at once, its address unproven. Until it is chosen: true as soon as a mail server is set.</param>
public sealed record SignUpSettings(string Mode, IReadOnlyList<string> Domains, bool ProveAddress)
{
    private const string ModeName = "signup.mode", DomainsName = "signup.domains", ProveName = "signup.prove_address";

    public static async ValueTask<SignUpSettings> Of(Settings settings) => new(
        await settings.Get(ModeName) is { } mode && SignUpMode.All.Contains(mode) ? mode : SignUpMode.WithLink,
        await settings.Get(DomainsName) is { Length: > 0 } domains ? domains.Split(',') : [],
        await settings.Get(ProveName) is { } prove ? prove == "true" : await MailSettingsStore.IsSet(settings));

    public async Task Save(Sql sql, Settings settings)
    {
        await settings.Set(sql, ModeName, Mode);
        await settings.Set(sql, DomainsName, string.Join(',', Domains));
        await settings.Set(sql, ProveName, ProveAddress ? "true" : "false");
    }

    /// <summary>Decided by the domain alone, never by whether an account exists.</summary>
    public bool Allows(string email) => Domains.Count == 0 || Domains.Contains(email[(email.LastIndexOf('@') + 1)..].ToLowerInvariant(), StringComparer.Ordinal);

    public string Describe() => $"{Mode}{(Domains.Count > 0 ? $", domains {string.Join(", ", Domains)}" : "")}{(ProveAddress ? ", address proven first" : "")}";
}
