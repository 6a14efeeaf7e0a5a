using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>
/// Fetches access tokens for XOAUTH2 by the refresh token (RFC 6749 section 6) and keeps each in memory for as long as it lives.
/// Whatever goes wrong is a refusal of its own; a refresh token that the provider exchanges is stored before the access token is used.
/// </summary>
public sealed class AccessTokens(MailSettingsStore store, Database database, Egress egress, TimeProvider clock)
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim one = new(1, 1);
    private Held? held;

    /// <summary>Whom to speak to and how, with a fresh access token where one is needed.</summary>
    public async Task<Outcome<SmtpTarget>> Target(MailSettings settings, Patience patience, CancellationToken stop)
    {
        if (!store.Target(settings, patience).Passed(out var target, out var refusal)) return refusal;
        if (!settings.Renews || settings.User.Length == 0) return target;
        await one.WaitAsync(stop);
        try
        {
            if (held is not { } kept || kept.Seal != settings.PasswordSeal || kept.Until <= clock.Now())
            {
                if (!(await Fetch(settings, stop)).Passed(out kept, out refusal)) return refusal;
                held = kept;
            }
            return target with { Secret = kept.Token };
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>The mail server did not take it although it should still live: the next one is fetched anew.</summary>
    public void Forget() => held = null;

    private async Task<Outcome<Held>> Fetch(MailSettings settings, CancellationToken stop)
    {
        var (host, parts) = (new Uri(settings.TokenUrl).Host, (store.Password(settings) ?? "").Split('\n', 2));
        var form = new List<KeyValuePair<string, string>> { new("grant_type", "refresh_token"), new("refresh_token", parts[0]), new("client_id", settings.TokenClient) };
        var secret = parts.ElementAtOrDefault(1) ?? "";
        if (secret.Length > 0) form.Add(new("client_secret", secret));
        if (settings.TokenScope.Length > 0) form.Add(new("scope", settings.TokenScope));
        var answer = await egress.PostFormForJson(settings.TokenUrl, allowPrivate: false, form, stop);
        var read = StrictJson.TryReadObject(answer.Body, out var json);
        if (answer.Fault == EgressFault.Status && read && StrictJson.TryString(json, "error", out var error))
        {
            error = Printable.Cap(error, 60);
            return error is "invalid_client" or "unauthorized_client" ? new TokenClientRefused(settings.Server, host, error) : new RefreshTokenRefused(settings.Server, host, error);
        }
        if (!answer.IsGood) return new TokenEndpointFailed(settings.Server, host, answer.Detail);
        if (!read || !StrictJson.TryString(json, "access_token", out var token) || token.Length is 0 or > 8000 || token.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return new TokenEndpointFailed(settings.Server, host, "its answer held no access token");
        var seal = settings.PasswordSeal;
        if (StrictJson.TryString(json, "refresh_token", out var next) && next != parts[0] && next.Length is > 0 and <= 4000 && !next.Any(char.IsControl)
            && await database.Write(sql => store.Exchange(sql, settings, $"{next}\n{secret}")) is { } changed) seal = changed.PasswordSeal;
        var seconds = StrictJson.TryInt64(json, "expires_in", out var lives) && lives is > 0 and < 86_400 ? lives : 300;
        return new Held(seal, token, clock.Now() + Math.Max(0, seconds * 1000 - (long)Margin.TotalMilliseconds));
    }

    private sealed record Held(string? Seal, string Token, long Until);
}
