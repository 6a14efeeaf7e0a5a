namespace Gatehouse.Mail.Smtp;

/// <summary>What is known about a mail provider, from its own public pages.</summary>
/// <param name="Suffixes">Host names end like this.</param>
/// <param name="Spf">The include that its SPF record wants; "" where the envelope sender is its own.</param>
/// <param name="Advice">What people get wrong there.</param>
public sealed record Provider(string Name, string[] Suffixes, int Port, string Security, string Spf, string Advice);

/// <summary>Providers that are recognised by the host name of their mail server.</summary>
public static class Providers
{
    private static readonly Provider[] All =
    [
        new("Amazon SES", [".amazonaws.com"], 587, Security.StartTls, "amazonses.com",
            "The user name and password are SMTP credentials made in the SES console, not an access key. The From address or its domain must be a verified identity in the region of this host. In the sandbox, recipients must be verified too: request production access. Ports 465 and 2587 work as well."),
        new("Gmail", ["smtp.gmail.com", "smtp-relay.gmail.com", "smtp.googlemail.com"], 587, Security.StartTls, "_spf.google.com",
            "The password is an app password (16 letters, needs 2-Step Verification). Gmail puts the account's own address into From unless another one is confirmed as an alias. About 500 mails a day."),
        new("Microsoft 365", ["smtp.office365.com", "smtp-mail.outlook.com", ".mail.protection.outlook.com"], 587, Security.StartTls, "spf.protection.outlook.com",
            "Authenticated SMTP must be switched on for the mailbox, and security defaults can forbid it. From must be the mailbox itself or one it may Send As. Only port 587 with STARTTLS."),
        new("Mailgun", ["smtp.mailgun.org", "smtp.eu.mailgun.org"], 587, Security.StartTls, "mailgun.org",
            "The user name is postmaster@ your domain at Mailgun; the domain must be verified. A sandbox domain mails only to authorised recipients. Accounts in Europe use smtp.eu.mailgun.org."),
        new("Brevo", ["smtp-relay.brevo.com", "smtp-relay.sendinblue.com"], 587, Security.StartTls, "spf.brevo.com",
            "The password is an SMTP key (not the API key) and the user name the login shown beside it. From must be a validated sender or of an authenticated domain. Port 2525 works as well."),
    ];

    public static Provider? Of(string host) =>
        Array.Find(All, p => p.Suffixes.Any(s => host.EndsWith(s, StringComparison.OrdinalIgnoreCase) && (s[0] == '.' || host.Length == s.Length)));
}
