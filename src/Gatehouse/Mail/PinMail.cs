using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>
/// Writes what SMTP_* variables say into the settings when the server starts, by the rules of the page's form. From then on every reader,
/// console commands without these variables included, finds them where settings are; the page shows them locked.
/// </summary>
internal sealed class PinMail(MailSettingsStore store, Database database, AuditLog audit) : IPinnedSettings
{
    public Task<IReadOnlyList<string>> Apply() => database.Write<IReadOnlyList<string>>(async sql =>
    {
        if (!store.Pins().Any()) return [];
        await sql.LockAll();
        var before = await MailSettingsStore.Read(sql);
        var draft = EmailForm.Read(StrictParameters.Empty.With(Fields(before)), before, store, "");
        string[] wrong = [.. draft.Faults.Where(f => store.PinOf(f.Field) is not null).Select(f => $"{store.PinOf(f.Field)} cannot be used: {f.Fault.TrimEnd('.')}")];
        if (wrong.Length > 0) return wrong;
        var after = draft.Settings;
        // Each sealing is another text; the same password for the same server is no change.
        if (after.PasswordSeal != before.PasswordSeal && after.Endpoint == before.Endpoint && store.Password(after) == store.Password(before)) after = after with { PasswordSeal = before.PasswordSeal };
        if (after == before) return [];
        await store.Write(sql, after);
        await audit.Write(sql, new Actor("environment", ""), "settings.mail_changed", new("setting", "mail", "E-mail"), SaveMailSettings.Describe(before), SaveMailSettings.Describe(after));
        return [];
    });

    private static Dictionary<string, string> Fields(MailSettings s) => new(StringComparer.Ordinal)
    {
        ["host"] = s.Host,
        ["port"] = s.Port.ToString(CultureInfo.InvariantCulture),
        ["security"] = s.Security,
        ["user"] = s.User,
        ["method"] = s.Method,
        ["from"] = s.From,
        ["from_name"] = s.FromName,
        ["authorities"] = s.Authorities,
        ["token_url"] = s.TokenUrl,
        ["token_client"] = s.TokenClient,
        ["token_scope"] = s.TokenScope,
    };
}
