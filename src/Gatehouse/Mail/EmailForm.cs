using System.Globalization;
using System.Security.Cryptography;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Gatehouse.Web.Parts;

namespace Gatehouse.Mail;

/// <summary>A field that cannot stay as it was typed.</summary>
public sealed record SettingMalformed(string Field, string Fault) : Refusal<SettingMalformed>, IRefusal<SettingMalformed>
{
    public static RefusalEntry Entry { get; } = new("mail.setting_malformed", "E-mail setting cannot be used",
        Public: "A value on this page cannot be used.",
        Fix: "Correct the marked field; each says what belongs there.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SettingMalformed Example => new("port", "it is not a whole number from 1 to 65535");
    public override string Target => Field;
    public override string Evidence => $"{Field}: {Fault}.";
}

/// <summary>Somebody else saved while the page was open.</summary>
public sealed record SettingsMoved : Refusal<SettingsMoved>, IRefusal<SettingsMoved>
{
    public static RefusalEntry Entry { get; } = new("mail.settings_moved", "Somebody else saved in the meantime",
        Public: "Somebody else saved these settings in the meantime. Look at them again.",
        Fix: "Open the page again; the audit log says who changed what.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SettingsMoved Example => new();
    public override string Evidence => "The form was made from older settings than the stored ones, so nothing was overwritten.";
}

/// <summary>The values on screen: what was typed over what is stored.</summary>
/// <param name="Settings">With the password that belongs to their endpoint, where there is one.</param>
/// <param name="Faults">By field.</param>
/// <param name="PasswordTyped">A new password stands in the form or came along from the test before.</param>
internal sealed record EmailDraft(MailSettings Settings, IReadOnlyList<SettingMalformed> Faults, bool PasswordTyped)
{
    public bool IsGood => Faults.Count == 0;

    public IReadOnlyList<FieldError> Errors(Texts texts) => [.. Faults.Select(f => new FieldError(f.Field, texts[f.Fault]))];
}

/// <summary>Reads the Email form.</summary>
internal static class EmailForm
{
    /// <param name="held">A sealed password that came along from the test before.</param>
    public static EmailDraft Read(StrictParameters form, MailSettings stored, MailSettingsStore store, string userId)
    {
        var faults = new List<SettingMalformed>();
        void Fault(string field, string fault) => faults.Add(new(field, fault));

        form = form.With(store.Pins());
        var host = form.Text("host") ?? "";
        if (host.Length > 0 && Address.HostName(host) is { } ascii) host = ascii;
        else if (host.Length > 0 && !System.Net.IPAddress.TryParse(host, out _)) Fault("host", "This is no host name. Write only the name, such as smtp.example.com");
        if (host.Length == 0) Fault("host", "Enter the host name of your mail server");
        var (portText, security) = (form["port"]?.Trim() ?? "", form["security"] ?? "");
        if (form["use"] is { } use && store.PinOf("port") is null && use.Split(':') is [var otherPort, var otherSecurity]) (portText, security) = (otherPort, otherSecurity);
        if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
        {
            Fault("port", "Enter a whole number from 1 to 65535");
            port = stored.Port;
        }
        if (!Security.IsOne(security))
        {
            Fault("security", "Choose one of the three");
            security = stored.Security;
        }
        var user = form["user"]?.Trim() ?? "";
        if (user.Length > 254 || user.Any(char.IsControl)) Fault("user", "It holds a character that nobody can see, or is too long");
        var method = form["method"] ?? AuthMethods.Auto;
        if (!AuthMethods.IsOne(method)) Fault("method", "Choose one of the list");
        var from = form["from"]?.Trim() ?? "";
        if (!Address.TryParse(from, out var address)) Fault("from", "Write one address such as noreply@example.com, without a name");
        var name = form["from_name"]?.Trim() ?? "";
        if (name.Length > 100 || name.Any(char.IsControl)) Fault("from_name", "At most 100 characters, none of them invisible");
        var authorities = (form["authorities"] ?? "").ReplaceLineEndings("\n").Trim();
        if (!IsPem(authorities)) Fault("authorities", "Paste certificates in PEM form: -----BEGIN CERTIFICATE----- and so on");
        var tokenUrl = method == AuthMethods.XOAuth2 ? form.Text("token_url") ?? "" : "";
        if (tokenUrl.Length > 0 && Egress.Fault(tokenUrl) is not null) Fault("token_url", "Write one https address, such as https://oauth2.googleapis.com/token");
        var (client, scope) = (form.Text("token_client") ?? "", form.Text("token_scope") ?? "");
        if (tokenUrl.Length > 0 && (client.Length is 0 or > 300 || client.Any(char.IsControl))) Fault("token_client", "Enter the client id that the refresh token was made for");
        if (scope.Length > 500 || scope.Any(char.IsControl)) Fault("token_scope", "At most 500 characters, none of them invisible");
        var typed = stored with
        {
            TokenUrl = tokenUrl,
            TokenClient = tokenUrl.Length > 0 ? client : "",
            TokenScope = tokenUrl.Length > 0 ? scope : "",
            Host = host,
            Port = port,
            Security = security,
            User = user,
            Method = AuthMethods.IsOne(method) ? method : AuthMethods.Auto,
            From = address?.Text ?? from,
            FromName = name,
            Authorities = authorities,
        };
        var password = form["password"] ?? "";
        var fresh = password.Length > 0;
        if (tokenUrl.Length > 0)
        {
            var secret = form["token_secret"] ?? "";
            if (secret.Length > 0 && !fresh) Fault("password", "Enter the refresh token together with the client secret: they are kept as one");
            if (password.Contains('\n', StringComparison.Ordinal) || secret.Length > 1000 || secret.Any(char.IsControl)) Fault("token_secret", "It holds a line break or is too long");
            if (fresh) password = $"{password}\n{secret}";
        }
        if (!fresh && form["held"] is { Length: > 0 } held && store.OpenHeld(typed, held, userId) is { } kept) (password, fresh) = (kept, true);
        if (password.Length > 4000 || password.Contains('\0', StringComparison.Ordinal)) Fault("password", "It is too long");
        if (fresh) typed = store.WithPassword(typed, password);
        else if (user.Length == 0) typed = typed with { PasswordSeal = null };
        else if (store.Password(typed) is null)
            Fault("password", stored.PasswordSeal is null ? "Enter the password that belongs to the user name" : "Server, port, protection, authority or user changed: enter the password again. A stored password is used only for the server it was entered for");
        return new(typed, faults, fresh);
    }

    private static bool IsPem(string text)
    {
        if (text.Length == 0) return true;
        if (text.Length > 40_000 || text.Contains("PRIVATE KEY", StringComparison.Ordinal)) return false;
        try
        {
            return MailSettingsStore.ReadAuthorities(text) is { Count: > 0 };
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
