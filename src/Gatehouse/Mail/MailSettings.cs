using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail.Mime;
using Gatehouse.Mail.Smtp;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>What is set on the Email page. Secrets are sealed, the password to the endpoint it was entered for.</summary>
public sealed record MailSettings
{
    public string Host { get; init; } = "";
    public int Port { get; init; } = 587;

    /// <summary>One of <see cref="Smtp.Security"/>.</summary>
    public string Security { get; init; } = Smtp.Security.StartTls;
    public string User { get; init; } = "";

    /// <summary>One of <see cref="AuthMethods"/>.</summary>
    public string Method { get; init; } = AuthMethods.Auto;

    /// <summary>The password; where access tokens are renewed, the refresh token, a line break and the client secret.</summary>
    public string? PasswordSeal { get; init; }

    /// <summary>Where access tokens for XOAUTH2 are fetched (RFC 6749 section 6); "" for a token that is typed.</summary>
    public string TokenUrl { get; init; } = "";
    public string TokenClient { get; init; } = "";
    public string TokenScope { get; init; } = "";

    /// <summary>True when access tokens are fetched by a refresh token.</summary>
    [JsonIgnore] public bool Renews => Method == AuthMethods.XOAuth2 && TokenUrl.Length > 0;

    /// <summary>The address that mails come from; also the envelope sender, where servers report bounces to.</summary>
    public string From { get; init; } = "";
    public string FromName { get; init; } = "";

    /// <summary>Certificates of a private authority in PEM; "" for the authorities of the system.</summary>
    public string Authorities { get; init; } = "";
    public string DkimSelector { get; init; } = "";
    public string DkimAlgorithm { get; init; } = "";
    public string? DkimSeal { get; init; }

    /// <summary>What the headers of a test mail said about the provider's own signature.</summary>
    public string SeenDkimDomain { get; init; } = "";
    public string SeenDkimSelector { get; init; } = "";

    /// <summary>Keyed hash of the secret that bounce reports carry; null while none is accepted.</summary>
    public string? BounceHash { get; init; }

    /// <summary>DNS block lists to ask about the sending address; none unless an admin named some.</summary>
    public IReadOnlyList<string> BlockLists { get; init; } = [];

    /// <summary>Changes with each save; a form made from an older one does not overwrite.</summary>
    public long Version { get; init; }

    /// <summary>True when there is somewhere to send to and somebody to send as.</summary>
    [JsonIgnore] public bool IsSet => Host.Length > 0 && From.Length > 0;

    /// <summary>What a password is bound to: changing any of it asks for the password again.</summary>
    [JsonIgnore]
    public string Endpoint =>
        $"smtp|{Host.ToLowerInvariant()}|{Port}|{Security}|{User}|{(Authorities.Length == 0 ? "system" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Authorities))))}{(TokenUrl.Length == 0 ? "" : $"|{TokenUrl}|{TokenClient}")}";

    [JsonIgnore] public string Server => $"{Host}:{Port}";

    [JsonIgnore] public string FromDomain => Address.TryParse(From, out var from) ? from.Domain : "";
}

/// <summary>Reads and keeps the settings of mail; the only place that opens their secrets.</summary>
public sealed class MailSettingsStore(Settings settings, Secrets secrets, ServerConfiguration configuration, TimeProvider clock) : ISealed
{
    private const string Name = "mail";

    public async ValueTask<MailSettings> Read() => await settings.Get(Name) is { } json ? JsonSerializer.Deserialize<MailSettings>(json) ?? new() : new();

    /// <summary>The variable that holds a field of the form fast; null when the page edits it.</summary>
    internal string? PinOf(string field) => Variables.TryGetValue(field, out var variable) && configuration.Pins.ContainsKey(variable) ? variable : null;

    /// <summary>What the environment holds fast, by field of the form.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Pins() => Variables.Where(v => configuration.Pins.ContainsKey(v.Value)).Select(v => new KeyValuePair<string, string>(v.Key, configuration.Pins[v.Value]));

    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["host"] = "SMTP_HOST",
        ["port"] = "SMTP_PORT",
        ["security"] = "SMTP_SECURITY",
        ["user"] = "SMTP_USER",
        ["password"] = "SMTP_PASSWORD",
        ["method"] = "SMTP_METHOD",
        ["from"] = "SMTP_FROM",
        ["from_name"] = "SMTP_FROM_NAME",
        ["authorities"] = "SMTP_CA",
    };

    /// <summary>True when a mail server is set: what is queued has a way out.</summary>
    public static async ValueTask<bool> IsSet(Settings settings) => await settings.Get(Name) is { } json && JsonSerializer.Deserialize<MailSettings>(json) is { IsSet: true };

    /// <summary>The settings inside a write, past the cache.</summary>
    internal static async Task<MailSettings> Read(Sql sql) =>
        await sql.One<string?>("select value from settings where name = @Name", new { Name }) is { } json ? JsonSerializer.Deserialize<MailSettings>(json) ?? new() : new();

    /// <summary>Keeps a refresh token that the provider exchanged, unless somebody saved other settings meanwhile; an open form still saves.</summary>
    internal async Task<MailSettings?> Exchange(Sql sql, MailSettings given, string secrets)
    {
        if (await Read(sql) is var kept && kept.PasswordSeal != given.PasswordSeal) return null;
        var changed = WithPassword(kept, secrets);
        await settings.Set(sql, Name, JsonSerializer.Serialize(changed));
        return changed;
    }

    internal Task Write(Sql sql, MailSettings changed) => settings.Set(sql, Name, JsonSerializer.Serialize(changed with { Version = changed.Version + 1 }));

    /// <summary>The settings with a password that fits the endpoint they name.</summary>
    internal MailSettings WithPassword(MailSettings given, string password) =>
        given with { PasswordSeal = password.Length == 0 ? null : secrets.Protect(Place(given), Encoding.UTF8.GetBytes(password)) };

    /// <summary>The password if it was entered for exactly this endpoint; null otherwise.</summary>
    internal string? Password(MailSettings given) =>
        given.PasswordSeal is { } seal && secrets.Reveal(Place(given), seal) is { } plain ? Encoding.UTF8.GetString(plain) : null;

    /// <summary>A typed password on its way from a test to the next form: for this endpoint, this person and an hour.</summary>
    internal string? Hold(MailSettings given, string userId) =>
        Password(given) is { } password ? secrets.Protect(HeldPlace(given, userId), JsonSerializer.SerializeToUtf8Bytes(new Held(password, clock.Now() + 3_600_000))) : null;

    internal string? OpenHeld(MailSettings given, string held, string userId) =>
        secrets.Reveal(HeldPlace(given, userId), held) is { } plain && JsonSerializer.Deserialize<Held>(plain) is { } kept && kept.Until > clock.Now() ? kept.Password : null;

    private static string HeldPlace(MailSettings given, string userId) => $"mail.held|{userId}|{given.Endpoint}";

    private sealed record Held(string Password, long Until);

    internal MailSettings WithDkim(MailSettings given, DkimKey key) =>
        given with { DkimSelector = key.Selector, DkimAlgorithm = key.Algorithm, DkimSeal = secrets.Protect(DkimPlace(key.Selector), key.Private) };

    /// <summary>The key that mails are signed with; null where none is set.</summary>
    internal DkimKey? Dkim(MailSettings given) =>
        given.DkimSeal is { } seal && given.FromDomain.Length > 0 && secrets.Reveal(DkimPlace(given.DkimSelector), seal) is { } key
            ? new(given.FromDomain, given.DkimSelector, given.DkimAlgorithm, key) : null;

    /// <summary>Whom to speak to and how.</summary>
    internal Outcome<SmtpTarget> Target(MailSettings given, Patience patience)
    {
        if (!given.IsSet) return new MailNotSetUp();
        var password = "";
        if (given.User.Length > 0)
        {
            if (Password(given) is not { } stored) return new PasswordForOtherServer(given.Server);
            password = stored;
        }
        return new SmtpTarget
        {
            Host = given.Host,
            Port = given.Port,
            Security = given.Security,
            User = given.User,
            Secret = given.Renews ? "" : password,
            Method = given.Method,
            OwnName = configuration.AppUrl.IdnHost is { } host && host.StartsWith('[') ? "gatehouse" : configuration.AppUrl.IdnHost,
            Authorities = ReadAuthorities(given.Authorities),
            Patience = patience,
        };
    }

    internal static X509Certificate2Collection? ReadAuthorities(string pem)
    {
        if (string.IsNullOrWhiteSpace(pem)) return null;
        var all = new X509Certificate2Collection();
        all.ImportFromPem(pem);
        return all;
    }

    async Task ISealed.Reseal(Sql sql, Func<string, string, string?> again)
    {
        var kept = await Read(sql);
        var changed = kept with
        {
            PasswordSeal = kept.PasswordSeal is { } password ? again(Place(kept), password) ?? password : null,
            DkimSeal = kept.DkimSeal is { } key ? again(DkimPlace(kept.DkimSelector), key) ?? key : null,
        };
        // Not through Write: an open form made from the same settings still saves.
        if (changed != kept) await settings.Set(sql, Name, JsonSerializer.Serialize(changed));
    }

    private static string DkimPlace(string selector) => "settings.mail.dkim|" + selector;

    private static string Place(MailSettings given) => "settings.mail.password|" + given.Endpoint;
}
