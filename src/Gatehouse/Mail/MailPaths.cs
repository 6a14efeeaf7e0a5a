namespace Gatehouse.Mail;

/// <summary>Where this room's pages stand.</summary>
public static class MailPaths
{
    public const string Settings = "/admin/settings/email";
    public const string Log = "/admin/mail";
    public const string Bounces = "/mail/bounces";
}
