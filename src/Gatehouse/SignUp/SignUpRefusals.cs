using Gatehouse.Refusals;

namespace Gatehouse.SignUp;

/// <summary>A sign-up link as a refusal names one.</summary>
/// <param name="Kind">"link", "invitation" or "request".</param>
/// <param name="Name">The address, or what the admin calls the link.</param>
public sealed record SignUpLinkRef(string Id, string Kind, string Name)
{
    public string Path => $"/admin/invitations/{Id}";
}

/// <summary>Mail the invitation again, with a new link.</summary>
public sealed record SendInvitationAgain(SignUpLinkRef Link) : Remedy
{
    public override string Label => $"Send {Link.Name} a new link";
}

/// <summary>Nobody ever made this link, or it is not whole.</summary>
public sealed record SignUpLinkUnknown(int Length) : Refusal<SignUpLinkUnknown>, IRefusal<SignUpLinkUnknown>
{
    public static RefusalEntry Entry { get; } = new("signup.link_unknown", "A sign-up link that we never made, or not whole",
        Public: "This link does not work. Copy the whole link, or ask whoever gave it to you for a new one.",
        Fix: "Copy the whole link, or make a new one under Invitations.", Status: 410);
    public static SignUpLinkUnknown Example => new(20);
    public override string Evidence => $"The token has {Length} characters ({(Length == 43 ? "as ours do" : "ours have 43")}) and matches none that is kept.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open invitations", "/admin/invitations")];
}

/// <summary>The link's time is over; told to whoever has it.</summary>
public sealed record SignUpLinkExpired(SignUpLinkRef Link, long ExpiredAt, long LateBySeconds) : Refusal<SignUpLinkExpired>, IRefusal<SignUpLinkExpired>
{
    public static RefusalEntry Entry { get; } = new("signup.link_expired", "The sign-up link's time is over",
        Public: "This link has expired. Ask for a new one.",
        Fix: "Send a new link; the old one stays dead.", Status: 410, Audience: Audience.AfterProof);
    public static SignUpLinkExpired Example => new(new("i1", "invitation", "ada@example.com"), 1_700_000_000_000, 3600);
    public override string Target => Link.Id;
    public override string Evidence => $"The {Link.Kind} for {Link.Name} ended at {DateTimeOffset.FromUnixTimeMilliseconds(ExpiredAt):yyyy-MM-dd HH:mm:ss} UTC, {LateBySeconds} s before it was opened.";
    public override IEnumerable<Remedy> Remedies => Link.Kind == "link" ? [new OpenPage("Make a new link", "/admin/invite")] : [new SendInvitationAgain(Link), new OpenPage("Open it", Link.Path)];
}

/// <summary>The link has led to as many accounts as it may.</summary>
public sealed record SignUpLinkUsed(SignUpLinkRef Link, long Uses, long MaxUses, long? UsedAt) : Refusal<SignUpLinkUsed>, IRefusal<SignUpLinkUsed>
{
    public static RefusalEntry Entry { get; } = new("signup.link_used", "The sign-up link is used up",
        Public: "This link was used already. If that was you, sign in with the account you made; else ask for a new link.",
        Fix: "Look at the account that was made with it. If that is not the right person, disable it and send a new invitation.", Status: 410, Audience: Audience.AfterProof);
    public static SignUpLinkUsed Example => new(new("i1", "invitation", "ada@example.com"), 1, 1, 1_700_000_000_000);
    public override string Target => Link.Id;
    public override string Evidence => $"The {Link.Kind} {Link.Name} was used {Uses} of {MaxUses} times{(UsedAt is { } at ? $", the last time at {DateTimeOffset.FromUnixTimeMilliseconds(at):yyyy-MM-dd HH:mm:ss} UTC" : "")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open it", Link.Path)];
}

/// <summary>An admin ended the link, or a newer one took its place.</summary>
public sealed record SignUpLinkRevoked(SignUpLinkRef Link, string By, bool Replaced) : Refusal<SignUpLinkRevoked>, IRefusal<SignUpLinkRevoked>
{
    public static RefusalEntry Entry { get; } = new("signup.link_revoked", "The sign-up link was revoked or replaced",
        Public: "This link does not work any more. If you were sent a newer one, use that; else ask whoever invited you.",
        Fix: "When it was replaced, the person uses the newest link; else send a new one.", Status: 410, Audience: Audience.AfterProof);
    public static SignUpLinkRevoked Example => new(new("i1", "invitation", "ada@example.com"), "grace@example.com", Replaced: true);
    public override string Target => Link.Id;
    public override string Evidence => Replaced ? $"A newer link was made for the {Link.Kind} {Link.Name}; this was an older one." : $"The {Link.Kind} {Link.Name} was revoked by {By}.";
    public override IEnumerable<Remedy> Remedies => Replaced && Link.Kind != "link" ? [new SendInvitationAgain(Link), new OpenPage("Open it", Link.Path)] : [new OpenPage("Open it", Link.Path)];
}

/// <summary>Sign-up is switched off, or needs a link.</summary>
public sealed record SignUpClosed(string Mode) : Refusal<SignUpClosed>, IRefusal<SignUpClosed>
{
    public static RefusalEntry Entry { get; } = new("signup.closed", "Sign-up is not open",
        Public: "Accounts cannot be made here by yourself. Ask your administrator for an invitation.",
        Fix: "Open it under Settings > Administration > Sign-up, or invite the person.", Status: 403);
    public static SignUpClosed Example => new("disabled");
    public override string Evidence => $"The sign-up mode is \"{Mode}\".";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open sign-up settings", "/admin/settings/sign-up"), new OpenPage("Invite people", "/admin/invite")];
}

/// <summary>The domain is not on the list; said before anybody looks whether the address has an account.</summary>
public sealed record SignUpDomainNotAllowed(string Domain, string[] Allowed) : Refusal<SignUpDomainNotAllowed>, IRefusal<SignUpDomainNotAllowed>
{
    public static RefusalEntry Entry { get; } = new("signup.domain_not_allowed", "The e-mail domain may not sign up",
        Public: "Sign-up is not open for this e-mail domain. Use your work address, or ask your administrator.",
        Fix: "Add the domain under Settings > Administration > Sign-up, or invite the person.", Status: 403);
    public static SignUpDomainNotAllowed Example => new("example.net", ["example.com"]);
    public override string Target => Domain;
    public override string Evidence => $"The domain was {Domain}; allowed: {List(Allowed)}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open sign-up settings", "/admin/settings/sign-up"), new OpenPage("Invite people", "/admin/invite")];
}

/// <summary>Somebody wants an account with an address that has one. Nobody but admins and the owner of the mailbox hears it.</summary>
public sealed record SignUpAddressKnown(UserRef User, string How) : Refusal<SignUpAddressKnown>, IRefusal<SignUpAddressKnown>
{
    public static RefusalEntry Entry { get; } = new("signup.address_known", "The address has an account",
        Public: "This account could not be made. If you have one already, sign in; else ask whoever gave you the link.",
        Fix: "Nothing: the person signs in with the account they have. Send a login link if they cannot.", Status: 409, PublicCode: "signup.refused");
    public static SignUpAddressKnown Example => new(new("u1", "Ada"), "open sign-up");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} has this address already; it came by {How}.";
    public override IEnumerable<Remedy> Remedies => [new SendLoginLink(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>What was begun is not there any more, or in another browser.</summary>
public sealed record SignUpNotBegun(bool CookieCame) : Refusal<SignUpNotBegun>, IRefusal<SignUpNotBegun>
{
    public static RefusalEntry Entry { get; } = new("signup.not_begun", "Signing up was not begun in this browser",
        Public: "Open the link again and start from there. Nothing is lost.",
        Fix: "The person opens the same link again. When it repeats, the browser keeps no cookies.");
    public static SignUpNotBegun Example => new(CookieCame: false);
    public override string Evidence => $"No sign-up was begun with this link in this browser; its cookie {(CookieCame ? "came" : "is missing")}.";
}

/// <summary>An address that was typed too often today gets no further mail. Nobody but admins hears it.</summary>
public sealed record SignUpMailboxFull(string Address, long PerDay) : Refusal<SignUpMailboxFull>, IRefusal<SignUpMailboxFull>
{
    public static RefusalEntry Entry { get; } = new("signup.mailbox_limit", "An address was typed too often to sign up",
        Public: SignUpAddressKnown.Entry.Public, Fix: "Invite the person, or let them try again tomorrow.", Status: 409, PublicCode: "signup.refused");
    public static SignUpMailboxFull Example => new("ada@example.com", 3);
    public override string Target => Address;
    public override string Evidence => $"{Address} was typed more than {PerDay} times in a day; no further mail went there.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Invite people", "/admin/invite")];
}

/// <summary>Too many requests from one network.</summary>
public sealed record SignUpTooMany(string Network, long Limit, long Minutes) : Refusal<SignUpTooMany>, IRefusal<SignUpTooMany>
{
    public static RefusalEntry Entry { get; } = new("signup.too_many", "Too many sign-ups from one network",
        Public: "Too many requests came from your network. Please try again in an hour.",
        Fix: "Usually nothing. A whole class or office that signs up at once is better served by invitations.", Status: 429);
    public static SignUpTooMany Example => new("192.0.2.1", 20, 60);
    public override string Target => Network;
    public override string Evidence => $"More than {Limit} requests in {Minutes} minutes from {Network}.";
}

/// <summary>A number or choice of the form is out of range.</summary>
public sealed record InvitationInvalid(string Field, string Fault) : Refusal<InvitationInvalid>, IRefusal<InvitationInvalid>
{
    public static RefusalEntry Entry { get; } = new("signup.invitation_invalid", "The form for a link or invitation is not right",
        Public: "Please look at the marked field.", Fix: "Correct the field and send the form again.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static InvitationInvalid Example => new("uses", "it is not a number from 1 to 1,000");
    public override string Evidence => $"{Field}: {Fault}.";
}
