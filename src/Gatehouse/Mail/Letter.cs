namespace Gatehouse.Mail;

/// <summary>A mail to send: one recipient, both parts, and why it is sent.</summary>
public sealed record Letter
{
    /// <summary>One address, as stored with the user or invitation. A malformed one is kept as failed, never sent.</summary>
    public required string To { get; init; }
    public required string Subject { get; init; }

    /// <summary>The plain text part, with the link written out.</summary>
    public required string Text { get; init; }

    /// <summary>The HTML part: a whole document without scripts, style sheets or images from elsewhere.</summary>
    public required string Html { get; init; }

    /// <summary>What it is, for the ledger: "login_link", "invitation", "test".</summary>
    public required string Kind { get; init; }

    /// <summary>What brought it about, unique for ever: "login_link:{token hash}". A second letter with the same cause is not written.</summary>
    public required string Cause { get; init; }

    /// <summary>The thing beside which its state is shown.</summary>
    public required About About { get; init; }

    /// <summary>The user it concerns; its state is then found by <c>Of("user", id)</c> too.</summary>
    public string? UserId { get; init; }

    /// <summary>Unix milliseconds after which sending is pointless because its link has ended; it fails then.</summary>
    public long? ExpiresAt { get; init; }
}

/// <summary>What a letter is about: "user", "invitation", "sign_up_link", "login_link", "settings", and its id.</summary>
public sealed record About(string Kind, string Id);

/// <summary>Where a letter stands.</summary>
public static class MailStates
{
    /// <summary>Written, not tried yet, or being tried for the first time.</summary>
    public const string Queued = "queued";

    /// <summary>The mail server took it: reply and queue id are kept.</summary>
    public const string Accepted = "accepted";

    /// <summary>Tried in vain; tried again at <see cref="LedgerEntry.NextAttemptAt"/>.</summary>
    public const string Deferred = "deferred";

    /// <summary>Given up: refused for good, tried too long, or its link ended before.</summary>
    public const string Failed = "failed";

    /// <summary>Accepted first, then reported as not delivered.</summary>
    public const string Bounced = "bounced";

    /// <summary>Taken back before it was sent, because its link was revoked or replaced.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>A letter as the ledger shows it: everything but its content.</summary>
public sealed record LedgerEntry
{
    internal const string Columns = """
        m.id as "Id", m.kind as "Kind", m.cause as "Cause", m.about_kind as "AboutKind", m.about_id as "AboutId", m.user_id as "UserId", m.recipient as "To", m.subject as "Subject",
        m.message_id as "MessageId", m.state as "State", m.created_at as "CreatedAt", m.expires_at as "ExpiresAt", m.attempts as "Attempts",
        m.next_attempt_at as "NextAttemptAt", m.claim_until as "ClaimUntil", m.handed_at as "HandedAt", m.doubtful as "Doubtful", m.settled_at as "SettledAt",
        m.server as "Server", m.reply as "Reply", m.queue_id as "QueueId", m.code as "Code", m.reference as "Reference", m.transcript as "Transcript",
        m.content is not null as "HasContent"
        """;

    public string Id { get; init; } = "";
    public string Kind { get; init; } = "";
    public string Cause { get; init; } = "";
    public string AboutKind { get; init; } = "";
    public string AboutId { get; init; } = "";
    public string? UserId { get; init; }
    public string To { get; init; } = "";
    public string Subject { get; init; } = "";

    /// <summary>Without the angle brackets.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>One of <see cref="MailStates"/>.</summary>
    public string State { get; init; } = "";
    public long CreatedAt { get; init; }
    public long? ExpiresAt { get; init; }
    public long Attempts { get; init; }
    public long NextAttemptAt { get; init; }
    public long? ClaimUntil { get; init; }
    public long? HandedAt { get; init; }

    /// <summary>How often the server process ended between handing it over and hearing the answer; it may then have arrived more than once.</summary>
    public long Doubtful { get; init; }

    /// <summary>When it was accepted, given up or bounced.</summary>
    public long? SettledAt { get; init; }

    /// <summary>Host and port it was handed to.</summary>
    public string? Server { get; init; }

    /// <summary>The mail server's own words, the last ones.</summary>
    public string? Reply { get; init; }

    /// <summary>The id under which the mail server's log knows it, where its reply named one.</summary>
    public string? QueueId { get; init; }

    /// <summary>The refusal's code; null while nothing went wrong.</summary>
    public string? Code { get; init; }

    /// <summary>The case with the evidence.</summary>
    public string? Reference { get; init; }

    /// <summary>The conversation of the last attempt, without secrets, as JSON.</summary>
    public string? Transcript { get; init; }

    /// <summary>False once it is accepted or ended: then it can only be made anew by whoever made it.</summary>
    public bool HasContent { get; init; }
}
