using Gatehouse.Refusals;

namespace Gatehouse.Mail.Smtp;

public sealed record TokenEndpointFailed(string Server, string Host, string Fault) : SmtpRefusal<TokenEndpointFailed>(Server), IRefusal<TokenEndpointFailed>
{
    public static RefusalEntry Entry { get; } = Make("mail.token_endpoint_failed", "No access token came back",
        "Check the token endpoint on the Email page and that this machine reaches it; what waits is tried again by itself.");
    public static TokenEndpointFailed Example => new("smtp.example.com:587", "oauth2.example.com", "no answer within 5 seconds");
    public override string Evidence => $"{Host} gave no access token for {Server}: {Fault}.";
}

public sealed record RefreshTokenRefused(string Server, string Host, string Error) : SmtpRefusal<RefreshTokenRefused>(Server), IRefusal<RefreshTokenRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.refresh_token_refused", "Refresh token refused",
        "The consent has ended or was taken back: give consent again with the scope for sending mail, and enter the new refresh token on the Email page.");
    public static RefreshTokenRefused Example => new("smtp.example.com:587", "oauth2.example.com", "invalid_grant");
    public override string Evidence => $"{Host} refused the refresh token for {Server}: {Error}.";
}

public sealed record TokenClientRefused(string Server, string Host, string Error) : SmtpRefusal<TokenClientRefused>(Server), IRefusal<TokenClientRefused>
{
    public static RefusalEntry Entry { get; } = Make("mail.token_client_refused", "Client for access tokens refused",
        "Client id or client secret do not fit, or the secret has expired at the provider: make a new secret there and enter it on the Email page, together with the refresh token.");
    public static TokenClientRefused Example => new("smtp.example.com:587", "oauth2.example.com", "invalid_client");
    public override string Evidence => $"{Host} refused the client that asks for access tokens for {Server}: {Error}.";
}
