using System.Text.Json.Serialization;
using Gatehouse.Refusals;

namespace Gatehouse.Mail.Dns;

/// <summary>A DNS record that mends something, ready to copy.</summary>
public interface IRecordToPublish
{
    string RecordName { get; }
    string RecordValue { get; }
}

/// <summary>What makes receivers distrust our mail.</summary>
public abstract record DeliveryRefusal<TSelf> : Refusal<TSelf> where TSelf : DeliveryRefusal<TSelf>, IRefusal<TSelf>
{
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open Deliverability", MailPaths.Settings + "#deliverability")];

    protected static RefusalEntry Make(string code, string title, string fix) =>
        new(code, title, Public: "Mail from this server may not arrive.", Fix: fix, Audience: Audience.AfterProof, Causer: Causer.Operator);
}

public sealed record FromPlaceholder(string Domain) : DeliveryRefusal<FromPlaceholder>, IRefusal<FromPlaceholder>
{
    public static RefusalEntry Entry { get; } = Make("mail.from_placeholder", "From address of a placeholder domain",
        "Use an address of a domain that you own as From.");
    public static FromPlaceholder Example => new("example.com");
    public override string Target => Domain;
    public override string Evidence => $"Mail would come from {Domain}, a domain that stands for examples or exists only at home.";
}

public sealed record FromDomainMissing(string Domain) : DeliveryRefusal<FromDomainMissing>, IRefusal<FromDomainMissing>
{
    public static RefusalEntry Entry { get; } = Make("mail.from_domain_missing", "From domain does not exist",
        "Correct the From address, or give its domain an MX or A record.");
    public static FromDomainMissing Example => new("gatehose.com");
    public override string Target => Domain;
    public override string Evidence => $"{Domain} has neither mail servers nor an address in DNS, so receivers refuse mail from it.";
}

public sealed record DnsUnanswered(string Name) : DeliveryRefusal<DnsUnanswered>, IRefusal<DnsUnanswered>
{
    public static RefusalEntry Entry { get; } = Make("mail.dns_unanswered", "Name servers gave no answer",
        "Look again later; if it stays so, check /etc/resolv.conf and whether this machine may ask on port 53.");
    public static DnsUnanswered Example => new("gatehouse.dev");
    public override string Target => Name;
    public override string Evidence => $"No name server of this machine answered about {Name}, so it could not be judged.";
}

public sealed record SpfMissing(string Domain, string RecordValue) : DeliveryRefusal<SpfMissing>, IRefusal<SpfMissing>, IRecordToPublish
{
    public static RefusalEntry Entry { get; } = Make("mail.spf_missing", "No SPF record",
        "Publish the TXT record that is shown.");
    public static SpfMissing Example => new("gatehouse.dev", "v=spf1 ip4:203.0.113.7 ~all");
    public override string Target => Domain;
    public override string Evidence => $"{Domain} has no SPF record, so receivers cannot tell that your mail server may send for it.";

    [JsonIgnore] public string RecordName => Domain;
}

public sealed record SpfBroken(string Domain, string Why, string Record) : DeliveryRefusal<SpfBroken>, IRefusal<SpfBroken>
{
    public static RefusalEntry Entry { get; } = Make("mail.spf_broken", "SPF record is broken",
        "Mend the record: one TXT record beginning with v=spf1, at most ten look-ups in all.");
    public static SpfBroken Example => new("gatehouse.dev", "there are 2 SPF records, only one is allowed", "v=spf1 mx -all");
    public override string Target => Domain;
    public override string Evidence => $"The SPF record of {Domain} counts as broken: {Why}. It says: {Record}";
}

public sealed record SpfExcludes(string Domain, string Sender, string Why, string RecordValue) : DeliveryRefusal<SpfExcludes>, IRefusal<SpfExcludes>, IRecordToPublish
{
    public static RefusalEntry Entry { get; } = Make("mail.spf_excludes", "SPF leaves the mail server out",
        "Replace the TXT record by the one that is shown.");
    public static SpfExcludes Example => new("gatehouse.dev", "203.0.113.7", "no term fits", "v=spf1 mx ip4:203.0.113.7 -all");
    public override string Target => Domain;
    public override string Evidence => $"SPF of {Domain} does not let {Sender} send: {Why}.";

    [JsonIgnore] public string RecordName => Domain;
}

public sealed record DkimMissing(string Domain, string RecordName, string RecordValue) : DeliveryRefusal<DkimMissing>, IRefusal<DkimMissing>, IRecordToPublish
{
    public static RefusalEntry Entry { get; } = Make("mail.dkim_missing", "DKIM key is not published",
        "Publish the TXT record that is shown; DNS may need an hour.");
    public static DkimMissing Example => new("gatehouse.dev", "gatehouse._domainkey.gatehouse.dev", "v=DKIM1; k=rsa; p=MII");
    public override string Target => Domain;
    public override string Evidence => $"Mails are signed, but {RecordName} holds no key, so the signature cannot be verified.";
}

public sealed record DkimDiffers(string Domain, string RecordName, string RecordValue) : DeliveryRefusal<DkimDiffers>, IRefusal<DkimDiffers>, IRecordToPublish
{
    public static RefusalEntry Entry { get; } = Make("mail.dkim_differs", "Another DKIM key is published",
        "Replace the TXT record by the one that is shown, or choose another selector.");
    public static DkimDiffers Example => new("gatehouse.dev", "gatehouse._domainkey.gatehouse.dev", "v=DKIM1; k=rsa; p=MII");
    public override string Target => Domain;
    public override string Evidence => $"{RecordName} holds another key than the one that mails are signed with, so every signature is bad.";
}

public sealed record DkimUnknown(string Domain, string Sender) : DeliveryRefusal<DkimUnknown>, IRefusal<DkimUnknown>
{
    public static RefusalEntry Entry { get; } = Make("mail.dkim_unknown", "Not known whether mails are signed",
        "Send a test mail to yourself and paste its headers on the Email page, or let Gatehouse sign.");
    public static DkimUnknown Example => new("gatehouse.dev", "smtp.gatehouse.dev");
    public override string Target => Domain;
    public override string Evidence => $"Whether {Sender} signs mails of {Domain} cannot be seen from here: the selector is not known.";
}

public sealed record DkimGone(string Domain, string KeyName) : DeliveryRefusal<DkimGone>, IRefusal<DkimGone>
{
    public static RefusalEntry Entry { get; } = Make("mail.dkim_gone", "DKIM key of the provider is not published",
        "Publish the record that your provider shows for this selector.");
    public static DkimGone Example => new("gatehouse.dev", "s1._domainkey.gatehouse.dev");
    public override string Target => Domain;
    public override string Evidence => $"The test mail was signed, but {KeyName} holds no key any more.";
}

public sealed record DkimUnaligned(string Domain, string Signed) : DeliveryRefusal<DkimUnaligned>, IRefusal<DkimUnaligned>
{
    public static RefusalEntry Entry { get; } = Make("mail.dkim_unaligned", "Signature is of another domain",
        "Let your provider sign with your own domain (it calls this domain authentication), or let Gatehouse sign.");
    public static DkimUnaligned Example => new("gatehouse.dev", "mailprovider.net");
    public override string Target => Domain;
    public override string Evidence => $"The test mail was signed for {Signed}, which is not aligned with From {Domain}; DMARC does not count such a signature.";
}

public sealed record DmarcMissing(string Domain, string RecordName, string RecordValue) : DeliveryRefusal<DmarcMissing>, IRefusal<DmarcMissing>, IRecordToPublish
{
    public static RefusalEntry Entry { get; } = Make("mail.dmarc_missing", "No DMARC policy",
        "Publish the TXT record that is shown; raise p=none to quarantine once the reports look well.");
    public static DmarcMissing Example => new("gatehouse.dev", "_dmarc.gatehouse.dev", "v=DMARC1; p=none; rua=mailto:postmaster@gatehouse.dev");
    public override string Target => Domain;
    public override string Evidence => $"{Domain} has no DMARC record; large receivers trust such mail less.";
}

public sealed record DmarcBroken(string Domain, string Why, string Record) : DeliveryRefusal<DmarcBroken>, IRefusal<DmarcBroken>
{
    public static RefusalEntry Entry { get; } = Make("mail.dmarc_broken", "DMARC record is broken",
        "Mend the record: one TXT record at _dmarc, beginning with v=DMARC1 and with p=none, quarantine or reject.");
    public static DmarcBroken Example => new("gatehouse.dev", "its policy p= is none of none, quarantine, reject", "v=DMARC1");
    public override string Target => Domain;
    public override string Evidence => $"The DMARC record of {Domain} counts as broken: {Why}. It says: {Record}";
}

public sealed record PtrMissing(string Address) : DeliveryRefusal<PtrMissing>, IRefusal<PtrMissing>
{
    public static RefusalEntry Entry { get; } = Make("mail.ptr_missing", "Sending address has no reverse name",
        "Ask whoever gave you the address to set its reverse name to the name of your mail server.");
    public static PtrMissing Example => new("203.0.113.7");
    public override string Target => Address;
    public override string Evidence => $"{Address} has no reverse name (PTR); many receivers refuse mail from such an address.";
}

public sealed record PtrDiffers(string Address, string Name) : DeliveryRefusal<PtrDiffers>, IRefusal<PtrDiffers>
{
    public static RefusalEntry Entry { get; } = Make("mail.ptr_differs", "Reverse name does not lead back",
        "Give the reverse name an address record with the sending address, or let the reverse name be one that has it.");
    public static PtrDiffers Example => new("203.0.113.7", "host7.provider.example");
    public override string Target => Address;
    public override string Evidence => $"The reverse name of {Address} is {Name}, and that name does not lead back to {Address}.";
}

public sealed record LinkHostDiffers(string Host, string Domain) : DeliveryRefusal<LinkHostDiffers>, IRefusal<LinkHostDiffers>
{
    public static RefusalEntry Entry { get; } = Make("mail.link_host", "Links lead to another domain than From",
        "Use a From address of the domain that APP_URL belongs to.");
    public static LinkHostDiffers Example => new("id.gatehouse.dev", "example.net");
    public override string Target => Domain;
    public override string Evidence => $"Mails come from {Domain}, their links lead to {Host}: filters and people take that for phishing.";
}

public sealed record BlockListed(string Address, string Zone, string Said) : DeliveryRefusal<BlockListed>, IRefusal<BlockListed>
{
    public static RefusalEntry Entry { get; } = Make("mail.block_listed", "Sending address is on a block list",
        "Look the address up on the page of that list: it says why, and how to be removed.");
    public static BlockListed Example => new("203.0.113.7", "zen.spamhaus.org", "127.0.0.2");
    public override string Target => Address;
    public override string Evidence => $"{Address} is on the block list {Zone} (it answered {Said}).";
}
