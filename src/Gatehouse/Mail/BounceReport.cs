using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Mail;

/// <summary>What a report about an undelivered mail says.</summary>
/// <param name="MessageId">Ours, without angle brackets.</param>
public sealed partial record BounceReport(string MessageId, string Reason)
{
    private const int MaxText = 256 * 1024;

    /// <summary>
    /// Reads a delivery status notification (RFC 3464) pasted as text: the Message-ID of ours that it quotes, and Diagnostic-Code or Status.
    /// Null when it names no message of this server.
    /// </summary>
    /// <param name="host">The part behind the @ sign of our Message-IDs.</param>
    public static BounceReport? FromText(string text, string host)
    {
        if (text.Length > MaxText) text = text[..MaxText];
        var ours = MessageIds().Matches(text).Select(m => m.Groups[1].Value).FirstOrDefault(id => id.EndsWith("@" + host, StringComparison.OrdinalIgnoreCase));
        if (ours is null) return null;
        var unfolded = Folded().Replace(text, " ");
        var reason = Diagnostic().Match(unfolded) is { Success: true } diagnostic ? diagnostic.Groups[1].Value
            : Status().Match(unfolded) is { Success: true } status ? status.Groups[1].Value : "reported as undeliverable";
        return new(ours, Printable.Cap(reason.Trim(), 300));
    }

    /// <summary>
    /// Reads a report by webhook: our own form (message_id, reason), or the events of Mailgun, Brevo, SendGrid (lists), Postmark and Amazon SES through EventBridge.
    /// An event that is no bounce gives null.
    /// </summary>
    public static BounceReport? FromJson(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) return null;
        // EventBridge wraps what Amazon SES says.
        if (Child(json, "detail") is { } inner) return FromJson(inner);
        if (Child(json, "event-data") is { } mailgun)
        {
            if (Text(mailgun, "event") is not ("failed" or "rejected") || Text(mailgun, "severity") == "temporary") return null;
            var headers = Child(Child(mailgun, "message"), "headers");
            return Of(Text(headers, "message-id"), Text(Child(mailgun, "delivery-status"), "message") ?? Text(Child(mailgun, "delivery-status"), "description") ?? Text(mailgun, "reason"));
        }
        if ((Text(json, "notificationType") ?? Text(json, "eventType")) is { } ses)
        {
            if (ses is not ("Bounce" or "Complaint")) return null;
            var first = Child(json, "bounce") is { } bounce && bounce.TryGetProperty("bouncedRecipients", out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0 ? list[0] : (JsonElement?)null;
            return Of(Text(Child(Child(json, "mail"), "commonHeaders"), "messageId"), Text(first, "diagnosticCode") ?? ses);
        }
        if (Text(json, "event") is { } kind && kind is not ("hard_bounce" or "soft_bounce" or "blocked" or "invalid_email" or "spam" or "bounce" or "dropped" or "error")) return null;
        return Of(Text(json, "message_id") ?? Text(json, "message-id") ?? Text(json, "smtp-id") ?? Text(json, "MessageID"), Text(json, "reason") ?? Text(json, "Description") ?? Text(json, "event"));
    }

    internal static JsonElement? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new() { MaxDepth = 16 });
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static BounceReport? Of(string? messageId, string? reason) =>
        messageId?.Trim().Trim('<', '>') is { Length: > 0 and <= 200 } id ? new(id, Printable.Cap(reason ?? "reported as undeliverable", 300)) : null;

    private static JsonElement? Child(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } p && p.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.Object ? child : null;

    private static string? Text(JsonElement? parent, string name)
    {
        if (parent is not { ValueKind: JsonValueKind.Object } p || !p.TryGetProperty(name, out var child) || child.ValueKind != JsonValueKind.String) return null;
        try
        {
            return child.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate.
            return null;
        }
    }

    [GeneratedRegex(@"^[ \t>]*(?:Original-|X-Original-)?Message-ID:\s*<([^<>\s]{3,200})>", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex MessageIds();

    [GeneratedRegex(@"\r?\n[ \t]+")]
    private static partial Regex Folded();

    [GeneratedRegex(@"^Diagnostic-Code:\s*(?:smtp;)?\s*([^\r\n]{1,500})", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Diagnostic();

    [GeneratedRegex(@"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Status();
}

/// <summary>An accepted mail came back.</summary>
public sealed record Bounced(string To, string MessageId, string Reason) : Refusal<Bounced>, IRefusal<Bounced>
{
    public static RefusalEntry Entry { get; } = new("mail.bounced", "Mail came back",
        Public: "The mail could not be delivered.",
        Fix: "Correct the address and send again; when the address is right, the reason says what its mail server minds.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static Bounced Example => new("ada@example.com", "0199aaaa@id.example.com", "550 5.1.1 user unknown");
    public override string Target => To;
    public override string Evidence => $"The mail to {To} was accepted first and then reported as not delivered: {Reason}";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the mail log", MailPaths.Log)];
}

/// <summary>A report about a mail that this server did not send, or that was reported already.</summary>
public sealed record BounceUnknown(string MessageId) : Refusal<BounceUnknown>, IRefusal<BounceUnknown>
{
    public static RefusalEntry Entry { get; } = new("mail.bounce_unknown", "Bounce report about no mail of ours",
        Public: "The report names no mail that this server sent and that was accepted.",
        Fix: "Paste the whole report with its headers; it must quote the Message-ID of the mail log.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BounceUnknown Example => new("1234@example.net");
    public override string Target => "";
    public override string Evidence => $"No accepted mail of this server has the Message-ID {(MessageId.Length == 0 ? "(none found in the report)" : MessageId)}.";
}

/// <summary>A report without the secret.</summary>
public sealed record BounceSecretWrong(bool IsSet, bool Sent) : Refusal<BounceSecretWrong>, IRefusal<BounceSecretWrong>
{
    public static RefusalEntry Entry { get; } = new("mail.bounce_secret_wrong", "Bounce report without the right secret",
        Public: "The report was not accepted.",
        Fix: "Give your provider the secret of the Email page as Authorization: Bearer, or as password of any user.",
        Wire: "invalid_client", Status: 401);
    public static BounceSecretWrong Example => new(true, false);
    public override string Evidence => !IsSet ? "Bounce reports are switched off, yet somebody sent one." : Sent ? "The secret of a bounce report was wrong." : "A bounce report came without a secret.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the e-mail settings", MailPaths.Settings)];
}
