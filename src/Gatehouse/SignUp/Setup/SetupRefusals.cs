using Gatehouse.Refusals;

namespace Gatehouse.SignUp.Setup;

/// <summary>The set-up link is not the present one, or another browser has it.</summary>
public sealed record SetupLinkRefused(string Why) : Refusal<SetupLinkRefused>, IRefusal<SetupLinkRefused>
{
    public static RefusalEntry Entry { get; } = new("setup.link_refused", "The set-up link does not work",
        Public: "This set-up link does not work. Use the one that the server printed last, in the browser where you began.",
        Fix: "Run gatehouse setup-link on the host: it prints a new link and ends the old one.", Status: 410);
    public static SetupLinkRefused Example => new("expired");
    public override string Evidence => $"Set-up link: {Why}.";
}

/// <summary>Ten wrong set-up links came; set-up waits for the console.</summary>
public sealed record SetupLocked(long Tries) : Refusal<SetupLocked>, IRefusal<SetupLocked>
{
    public static RefusalEntry Entry { get; } = new("setup.locked", "Too many wrong set-up links",
        Public: SetupLinkRefused.Entry.Public, Fix: "Run gatehouse setup-link on the host.", Status: 410, PublicCode: "setup.link_refused");
    public static SetupLocked Example => new(10);
    public override string Evidence => $"{Tries} wrong set-up links were tried.";
}

/// <summary>Somebody else finished set-up first.</summary>
public sealed record SetupClosed(string By) : Refusal<SetupClosed>, IRefusal<SetupClosed>
{
    public static RefusalEntry Entry { get; } = new("setup.closed", "Set-up is closed",
        Public: "Set-up is finished. Sign in with the account that was made.",
        Fix: "Promote a user under Users, or run gatehouse admin add on the host.", Status: 410, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SetupClosed Example => new("ada@example.com");
    public override string Evidence => $"Set-up was closed by {By}.";
}
