using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>An address that is not exactly one address.</summary>
public sealed record AddressMalformed(string Given) : Refusal<AddressMalformed>, IRefusal<AddressMalformed>
{
    public static RefusalEntry Entry { get; } = new("mail.address_malformed", "Address is not one e-mail address",
        Public: "That is no e-mail address.",
        Fix: "Write one address such as ada@example.com, without a name, quotes, commas or line breaks.",
        Causer: Causer.Operator);
    public static AddressMalformed Example => new("ada@example.com,bob@example.com");
    public override string Target => Given;
    public override string Evidence => $"'{Given}' is not exactly one address.";
}

/// <summary>No mail server is set.</summary>
public sealed record MailNotSetUp : Refusal<MailNotSetUp>, IRefusal<MailNotSetUp>
{
    public static RefusalEntry Entry { get; } = new("mail.not_set_up", "E-mail is not set up",
        Public: "This server sends no mail yet.",
        Fix: "Enter a mail server and a From address on the Email page; until then hand links over by copying them.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static MailNotSetUp Example => new();
    public override string Evidence => "No mail server is set; what is mailed waits in the outbox until its link ends.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the e-mail settings", MailPaths.Settings)];
}

/// <summary>The stored password cannot be used for the server that is set (D15), or not be decrypted at all.</summary>
public sealed record PasswordForOtherServer(string Server) : Refusal<PasswordForOtherServer>, IRefusal<PasswordForOtherServer>
{
    public static RefusalEntry Entry { get; } = new("mail.password_other_server", "Password was entered for another mail server",
        Public: "The mail could not be sent.",
        Fix: "Enter the password of this mail server again: a stored one is used only for the host, port, protection, authority and user it was entered for.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static PasswordForOtherServer Example => new("smtp.example.com:465");
    public override string Target => Server;
    public override string Evidence => $"The stored password was not entered for {Server} as it is set now, so it was not sent there.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the e-mail settings", MailPaths.Settings)];
}

/// <summary>The link in a letter ended before a mail server took it.</summary>
public sealed record EndedUnsent(string To, string Kind) : Refusal<EndedUnsent>, IRefusal<EndedUnsent>
{
    public static RefusalEntry Entry { get; } = new("mail.ended_unsent", "Link ended before its mail could be sent",
        Public: "The mail could not be sent in time.",
        Fix: "Mend what keeps mail back (the Email page says what), then make a new link.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EndedUnsent Example => new("ada@example.com", "login_link");
    public override string Target => To;
    public override string Evidence => $"The {Kind} for {To} ended before any mail server took the mail; it was not sent any more.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the mail log", MailPaths.Log)];
}

/// <summary>A letter's content cannot be decrypted.</summary>
public sealed record ContentUnreadable(string Id) : Refusal<ContentUnreadable>, IRefusal<ContentUnreadable>
{
    public static RefusalEntry Entry { get; } = new("mail.content_unreadable", "Letter cannot be decrypted",
        Public: "The mail could not be sent.",
        Fix: "The row was changed or copied from another instance; make the link or invitation again.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ContentUnreadable Example => new("0199aaaaaaaa7000800000000000abcd");
    public override string Target => Id;
    public override string Evidence => $"The content of letter {Id} is not decryptable with this instance's key.";
}

/// <summary>Another node sends this letter, or it was cancelled in the meantime.</summary>
public sealed record TakenBack(string Server) : Refusal<TakenBack>, IRefusal<TakenBack>
{
    public static RefusalEntry Entry { get; } = new("mail.taken_back", "Letter was taken back while it was being sent",
        Public: "The mail was taken back.",
        Fix: "Nothing to mend: its link was revoked, or another node sends it.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static TakenBack Example => new("smtp.example.com:587");
    public override string Target => Server;
    public override string Evidence => $"Before the end of the message was sent to {Server} the letter was taken back or taken over.";
}
