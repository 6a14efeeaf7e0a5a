using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Mail.Smtp;

/// <summary>How the connection is protected.</summary>
public static class Security
{
    /// <summary>In the clear first, TLS before anything else is said (RFC 3207); usual on 587 and 2525.</summary>
    public const string StartTls = "starttls";

    /// <summary>TLS from the first byte (RFC 8314 section 3.3); usual on 465.</summary>
    public const string Tls = "tls";

    /// <summary>Never TLS: only to this machine itself.</summary>
    public const string None = "none";

    public static bool IsOne(string? text) => text is StartTls or Tls or None;
}

/// <summary>How we say who we are.</summary>
public static class AuthMethods
{
    /// <summary>PLAIN where the server offers it, else LOGIN.</summary>
    public const string Auto = "auto";
    public const string Plain = "plain";
    public const string Login = "login";

    /// <summary>An OAuth access token in place of the password.</summary>
    public const string XOAuth2 = "xoauth2";

    public static bool IsOne(string? text) => text is Auto or Plain or Login or XOAuth2;
}

/// <summary>How long each step may take before it counts as hanging.</summary>
public sealed record Patience(TimeSpan Connect, TimeSpan Step, TimeSpan Final)
{
    /// <summary>In the background there is time; RFC 5321 section 4.5.3.2 would give even more.</summary>
    public static Patience Background { get; } = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(3));

    /// <summary>Somebody sits in front of the page.</summary>
    public static Patience OnScreen { get; } = new(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(20));
}

/// <summary>A mail server and how to speak to it.</summary>
public sealed record SmtpTarget
{
    public required string Host { get; init; }
    public required int Port { get; init; }
    public required string Security { get; init; }

    /// <summary>Empty for no authentication.</summary>
    public string User { get; init; } = "";
    public string Secret { get; init; } = "";
    public string Method { get; init; } = AuthMethods.Auto;

    /// <summary>The name we greet with: the host of APP_URL.</summary>
    public required string OwnName { get; init; }

    /// <summary>A private authority to trust instead of the system's; null for the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }
    public Patience Patience { get; init; } = Patience.Background;

    public string Server => $"{Host}:{Port}";
}
