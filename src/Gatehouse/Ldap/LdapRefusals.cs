using System.Globalization;
using Gatehouse.Ldap.Client;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap;

/// <summary>What all failures of the machinery have in common: whoever signs in hears that it is on our side, and nothing else.</summary>
internal static class OnOurSide
{
    public const string Page = "/admin/settings/ldap";

    public static RefusalEntry Entry(string code, string title, string fix) => new(code, title,
        Public: "We cannot check your password right now. It is on our side; your password was not refused.",
        Fix: fix, Causer: Causer.Operator, PublicCode: "ldap.on_our_side");

    public static IEnumerable<Remedy> Remedies => [new OpenPage("Test the directory", Page)];

    public static string Day(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>The host of the directory has no address.</summary>
public sealed record DirectoryNameUnknown(string Url, string Host, string Said) : Refusal<DirectoryNameUnknown>, IRefusal<DirectoryNameUnknown>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.name_unknown", "The directory's host name does not resolve",
        "Correct the host in the URL, or let this machine's DNS know it: getent hosts HOST.");
    public static DirectoryNameUnknown Example => new("ldaps://dc1.corp.example", "dc1.corp.example", "HostNotFound");
    public override string Target => Url;
    public override string Evidence => $"{Host} of {Url} has no address here ({Said}).";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>No TCP connection.</summary>
public sealed record DirectoryNotReachable(string Url, string Address, string Said) : Refusal<DirectoryNotReachable>, IRefusal<DirectoryNotReachable>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.not_reachable", "The directory takes no connection",
        "Check the port (636 for ldaps://, 389 for ldap:// with StartTLS), the server and the firewalls between.");
    public static DirectoryNotReachable Example => new("ldaps://dc1.corp.example", "192.0.2.7, port 636", "nobody listens there");
    public override string Target => Url;
    public override string Evidence => $"{Url} at {Address}: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The directory did not answer in time.</summary>
public sealed record DirectoryTimedOut(string Url, string Step, double Seconds) : Refusal<DirectoryTimedOut>, IRefusal<DirectoryTimedOut>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.timed_out", "The directory does not answer in time",
        "Look at the load of the directory and at what lies between; an unindexed attribute in the filter makes searches slow.");
    public static DirectoryTimedOut Example => new("ldaps://dc1.corp.example", "bind", 5);
    public override string Target => Url;
    public override string Evidence => string.Create(CultureInfo.InvariantCulture, $"{Url} took longer than {Seconds:0.#} s: {Step}.");
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The server will not do StartTLS, or somebody on the way cut it out.</summary>
public sealed record StartTlsRefused(string Url, string Said) : Refusal<StartTlsRefused>, IRefusal<StartTlsRefused>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.starttls_refused", "The directory refuses StartTLS",
        "Give the directory a certificate, or use ldaps://. Gatehouse never falls back to clear text.");
    public static StartTlsRefused Example => new("ldap://dc1.corp.example", "2 protocolError: unsupported extended operation");
    public override string Target => Url;
    public override string Evidence => $"{Url} answered StartTLS with {Said}. Nothing else was sent.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>Bytes came between the answer to StartTLS and the handshake (CVE-2011-0411).</summary>
public sealed record BytesBeforeTls(string Url, int Bytes) : Refusal<BytesBeforeTls>, IRefusal<BytesBeforeTls>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bytes_before_tls", "Something was sent before TLS began",
        "Somebody between this server and the directory may be putting in answers of their own. Use ldaps://, and look at what stands between.");
    public static BytesBeforeTls Example => new("ldap://dc1.corp.example", 34);
    public override string Target => Url;
    public override string Evidence => $"{Bytes} bytes came from {Url} behind the answer to StartTLS and before the handshake. The connection was dropped.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>TLS did not come about, for a reason before the certificate.</summary>
public sealed record DirectoryTlsFailed(string Url, bool StartTls, string Said) : Refusal<DirectoryTlsFailed>, IRefusal<DirectoryTlsFailed>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.tls_failed", "The TLS handshake with the directory fails",
        "ldaps:// belongs to port 636, ldap:// to port 389. The server needs TLS 1.2 or newer.");
    public static DirectoryTlsFailed Example => new("ldaps://dc1.corp.example:389", false, "the server closed the connection or speaks no TLS there");
    public override string Target => Url;
    public override string Evidence => $"{Url}: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The certificate comes from nobody we trust.</summary>
public sealed record DirectoryCertificateUntrusted(string Url, SeenCertificate Certificate, string[] Faults) : Refusal<DirectoryCertificateUntrusted>, IRefusal<DirectoryCertificateUntrusted>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.certificate_untrusted", "The directory's certificate is not trusted",
        "Get the certificate of your own authority from whoever runs it (not from this connection) and paste it in the settings.");
    public static DirectoryCertificateUntrusted Example => new("ldaps://dc1.corp.example", Shown, ["PartialChain"]);
    internal static SeenCertificate Shown => new("CN=dc1.corp.example", "CN=Corp CA", ["dc1.corp.example"], 1_700_000_000_000, 1_731_536_000_000, "2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E886266E7AE");
    public override string Target => Url;
    public override string Evidence => $"{Url} shows {Certificate.Subject}, issued by {Certificate.Issuer}, SHA-256 {Certificate.Sha256[..16]}…; the chain fails with {List(Faults)}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The certificate, or one above it, is out of date.</summary>
public sealed record DirectoryCertificateExpired(string Url, SeenCertificate Certificate, long Now) : Refusal<DirectoryCertificateExpired>, IRefusal<DirectoryCertificateExpired>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.certificate_expired", "The directory's certificate is out of date",
        "Renew the certificate of the directory, or set the clock of this machine.");
    public static DirectoryCertificateExpired Example => new("ldaps://dc1.corp.example", DirectoryCertificateUntrusted.Shown, 1_732_000_000_000);
    public override string Target => Url;
    public override string Evidence => $"{Url} shows {Certificate.Subject}, good from {OnOurSide.Day(Certificate.NotBefore)} to {OnOurSide.Day(Certificate.NotAfter)}; it is {OnOurSide.Day(Now)}{(Certificate.NotBefore <= Now && Now <= Certificate.NotAfter ? ", so one of its issuers is out of date" : "")}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The certificate is for other names.</summary>
public sealed record DirectoryCertificateWrongName(string Url, string Host, SeenCertificate Certificate) : Refusal<DirectoryCertificateWrongName>, IRefusal<DirectoryCertificateWrongName>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.certificate_wrong_name", "The directory's certificate is for another name",
        "Use one of the names in the certificate as host of the URL, or give the directory a certificate that holds the host.");
    public static DirectoryCertificateWrongName Example => new("ldaps://ldap.lan", "ldap.lan", DirectoryCertificateUntrusted.Shown);
    public override string Target => Url;
    public override string Evidence => $"{Host} is not among the names of the certificate: {List(Certificate.Names)}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>What came is no LDAP.</summary>
public sealed record AnswerMalformed(string Url, string Step, string Fault) : Refusal<AnswerMalformed>, IRefusal<AnswerMalformed>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.answer_malformed", "The directory answers with something else than LDAP",
        "Check that URL and port belong to a directory and that nothing between changes what it says.");
    public static AnswerMalformed Example => new("ldaps://dc1.corp.example", "search", "the entry is broken");
    public override string Target => Url;
    public override string Evidence => $"{Url}, {Step}: {Fault}. The connection was dropped.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The directory closed the connection in the middle.</summary>
public sealed record ConnectionLost(string Url, string Step) : Refusal<ConnectionLost>, IRefusal<ConnectionLost>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.connection_lost", "The directory closed the connection",
        "Look into the directory's log at this time; a proxy or load balancer between may cut connections.");
    public static ConnectionLost Example => new("ldaps://dc1.corp.example", "search");
    public override string Target => Url;
    public override string Evidence => $"{Url} closed the connection before the answer was whole: {Step}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The directory says that it cannot now.</summary>
public sealed record DirectoryUnavailable(string Url, string Said) : Refusal<DirectoryUnavailable>, IRefusal<DirectoryUnavailable>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.unavailable", "The directory is not available",
        "Wait, or add a second server to the URLs.");
    public static DirectoryUnavailable Example => new("ldaps://dc1.corp.example", "52 unavailable: shutting down");
    public override string Target => Url;
    public override string Evidence => $"{Url} answered {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The circuit is open: a server that just failed is left alone for a moment.</summary>
public sealed record DirectoryResting(string Url, string Because, long Until) : Refusal<DirectoryResting>, IRefusal<DirectoryResting>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.resting", "The directory failed a moment ago and is left alone",
        "Mend the failure named in the evidence; the next try is made by itself.");
    public static DirectoryResting Example => new("ldaps://dc1.corp.example", "ldap.timed_out", 1_732_000_000_000);
    public override string Target => Url;
    public override string Evidence => $"{Url} failed with {Because} and is not asked until {OnOurSide.Day(Until)}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The account that Gatehouse reads with does not exist.</summary>
public sealed record BindDnUnknown(string Url, string Dn, string Said) : Refusal<BindDnUnknown>, IRefusal<BindDnUnknown>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bind_dn_unknown", "The bind DN does not exist",
        "Correct the bind DN: it is the whole name of the account, such as cn=reader,ou=services,dc=corp,dc=example.");
    public static BindDnUnknown Example => new("ldaps://dc1.corp.example", "cn=reader,dc=corp,dc=example", "49 invalidCredentials, and the directory knows no such entry");
    public override string Target => Dn;
    public override string Evidence => $"{Url} knows nobody called {Printable.Cap(Dn, 300)}: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The bind DN is no DN.</summary>
public sealed record BindDnMalformed(string Url, string Dn, string Said) : Refusal<BindDnMalformed>, IRefusal<BindDnMalformed>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bind_dn_malformed", "The bind DN is no distinguished name",
        "Write the whole name of the account, such as cn=reader,ou=services,dc=corp,dc=example; Active Directory also takes reader@corp.example.");
    public static BindDnMalformed Example => new("ldaps://dc1.corp.example", "reader", "34 invalidDNSyntax: invalid DN");
    public override string Target => Dn;
    public override string Evidence => $"{Url} cannot read {Printable.Cap(Dn, 300)} as a name: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The bind password is wrong, and the server says so.</summary>
public sealed record BindPasswordWrong(string Url, string Dn, string Said) : Refusal<BindPasswordWrong>, IRefusal<BindPasswordWrong>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bind_password_wrong", "The bind password is wrong",
        "Enter the current password of the account that Gatehouse reads with.");
    public static BindPasswordWrong Example => new("ldaps://dc1.corp.example", "cn=reader,dc=corp,dc=example", "49 invalidCredentials, and the entry is there");
    public override string Target => Dn;
    public override string Evidence => $"{Url} refused the password of {Printable.Cap(Dn, 300)}: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The account that Gatehouse reads with is locked, expired or disabled.</summary>
public sealed record BindAccountUnusable(string Url, string Dn, string SubCode, string Meaning, string Said) : Refusal<BindAccountUnusable>, IRefusal<BindAccountUnusable>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bind_account_unusable", "The account that Gatehouse reads with is locked, expired or disabled",
        "Mend the account in the directory; give a service account a password that does not expire.");
    public static BindAccountUnusable Example => new("ldaps://dc1.corp.example", "cn=reader,dc=corp,dc=example", "532", "the password has expired", "49 invalidCredentials: 80090308: LdapErr: DSID-0C09042A, data 532, v3839");
    public override string Target => Dn;
    public override string Evidence => $"{Url} says of {Printable.Cap(Dn, 300)}: {Meaning} (sub-code {SubCode}). In its words: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>Name or password of the bind are wrong; this server does not tell which.</summary>
public sealed record BindRefused(string Url, string Dn, string Said) : Refusal<BindRefused>, IRefusal<BindRefused>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bind_refused", "Bind DN or bind password is wrong",
        "This server does not say which of the two: check both, with the ldapsearch command shown beside the test.");
    public static BindRefused Example => new("ldaps://dc1.corp.example", "cn=reader,dc=corp,dc=example", "49 invalidCredentials");
    public override string Target => Dn;
    public override string Evidence => $"{Url} refused {Printable.Cap(Dn, 300)}: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The base DN is not there.</summary>
public sealed record BaseDnMissing(string Url, string BaseDn, string Matched, string Said) : Refusal<BaseDnMissing>, IRefusal<BaseDnMissing>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.base_missing", "The base DN does not exist",
        "Correct the base DN, or let the account that Gatehouse reads with see it: to an account without rights it does not exist either.");
    public static BaseDnMissing Example => new("ldaps://dc1.corp.example", "ou=peple,dc=corp,dc=example", "dc=corp,dc=example", "32 noSuchObject");
    public override string Target => BaseDn;
    public override string Evidence => $"{Url} has no {Printable.Cap(BaseDn, 300)}{(Matched.Length > 0 ? $"; it knows the way as far as {Matched}" : "")} ({Said}).";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The base DN is no DN.</summary>
public sealed record BaseDnMalformed(string Url, string BaseDn, string Said) : Refusal<BaseDnMalformed>, IRefusal<BaseDnMalformed>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.base_malformed", "The base DN is no distinguished name",
        "Write it like ou=people,dc=corp,dc=example.");
    public static BaseDnMalformed Example => new("ldaps://dc1.corp.example", "corp.example", "34 invalidDNSyntax");
    public override string Target => BaseDn;
    public override string Evidence => $"{Url} cannot read {Printable.Cap(BaseDn, 300)} as a name ({Said}).";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The account that Gatehouse reads with may not read there.</summary>
public sealed record NoRightToRead(string Url, string BaseDn, string Said) : Refusal<NoRightToRead>, IRefusal<NoRightToRead>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.no_right_to_read", "The bind account may not read there",
        "Give the account that Gatehouse reads with the right to search and read below the base DN.");
    public static NoRightToRead Example => new("ldaps://dc1.corp.example", "ou=people,dc=corp,dc=example", "50 insufficientAccessRights");
    public override string Target => BaseDn;
    public override string Evidence => $"{Url} does not let the bind account read {Printable.Cap(BaseDn, 300)} ({Said}).";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The directory sent only a part; a part is never taken for the whole.</summary>
public sealed record AnswerCutShort(string Url, string BaseDn, string Said) : Refusal<AnswerCutShort>, IRefusal<AnswerCutShort>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.answer_cut_short", "The directory sends only a part of the answer",
        "Raise the limit for the account that Gatehouse reads with (OpenLDAP: limits or olcSizeLimit; it must allow paging over all entries), or use a smaller page size.");
    public static AnswerCutShort Example => new("ldaps://dc1.corp.example", "ou=people,dc=corp,dc=example", "4 sizeLimitExceeded");
    public override string Target => BaseDn;
    public override string Evidence => $"{Url} stopped in the middle of {Printable.Cap(BaseDn, 300)}: {Said}. Nothing was changed.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>More came than a sync can mean.</summary>
public sealed record AnswerTooLarge(string Url, string BaseDn, int Entries, long Bytes) : Refusal<AnswerTooLarge>, IRefusal<AnswerTooLarge>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.answer_too_large", "The directory sends more than can be meant",
        "Narrow the base DN or the filter to the people who should have accounts here.");
    public static AnswerTooLarge Example => new("ldaps://dc1.corp.example", "dc=corp,dc=example", 200_001, 300_000_000);
    public override string Target => BaseDn;
    public override string Evidence => $"{Url} sent {Entries} entries, {Bytes} bytes, for {Printable.Cap(BaseDn, 300)}, and was not at the end.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The base lies on another server.</summary>
public sealed record DirectoryRefers(string Url, string BaseDn, string[] To) : Refusal<DirectoryRefers>, IRefusal<DirectoryRefers>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.refers", "The directory refers to another server",
        "Put that server's URL into the settings if it is yours. Gatehouse follows no referral: its password goes only where you sent it.");
    public static DirectoryRefers Example => new("ldaps://dc1.corp.example", "dc=other,dc=example", ["ldap://dc9.other.example/dc=other,dc=example"]);
    public override string Target => BaseDn;
    public override string Evidence => $"{Url} says that {Printable.Cap(BaseDn, 300)} is at {List(To)}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>Any other result code.</summary>
public sealed record DirectoryRefused(string Url, string Step, string About, string Said) : Refusal<DirectoryRefused>, IRefusal<DirectoryRefused>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.refused", "The directory refuses a request",
        "Read the server's own words in the evidence; its log has more.");
    public static DirectoryRefused Example => new("ldaps://dc1.corp.example", "search", "dc=corp,dc=example", "53 unwillingToPerform: unindexed search");
    public override string Target => Url;
    public override string Evidence => $"{Url}, {Step} of {Printable.Cap(About, 300)}: {Said}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>Nothing is set up.</summary>
public sealed record DirectoryNotConfigured : Refusal<DirectoryNotConfigured>, IRefusal<DirectoryNotConfigured>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.not_configured", "No directory is set up",
        "Settings > Administration > LDAP: URL, bind DN, password, base DN, then Test.");
    public static DirectoryNotConfigured Example => new();
    public override string Evidence => "No directory is set up, or it is switched off.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>The stored bind password is unreadable or absent.</summary>
public sealed record BindPasswordMissing(bool Stored) : Refusal<BindPasswordMissing>, IRefusal<BindPasswordMissing>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.bind_password_missing", "There is no bind password for this endpoint",
        "Enter the bind password. It is kept for exactly the URLs and the certificate authority it was entered with; changing one of these asks for it again.");
    public static BindPasswordMissing Example => new(Stored: true);
    public override string Evidence => Stored ? "The stored bind password was entered for other URLs or another certificate authority and was sent nowhere." : "No bind password is stored.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}

/// <summary>A field of the settings cannot be used.</summary>
public sealed record DirectorySettingInvalid(string Field, string Value, string Fault) : Refusal<DirectorySettingInvalid>, IRefusal<DirectorySettingInvalid>
{
    public static RefusalEntry Entry { get; } = new("ldap.setting_invalid", "A setting of the directory cannot be used",
        Public: "This setting cannot be used.", Fix: "Correct the field as its error says.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static DirectorySettingInvalid Example => new("urls", "http://dc1", "it begins neither with ldaps:// nor with ldap://");
    public override string Target => Field;
    public override string Evidence => $"{Field}: {Printable.Cap(Value, 100)}: {Fault}.";
}

/// <summary>A filter cannot be read.</summary>
public sealed record FilterInvalid(string Field, string Before, string Odd, string After, string Fault) : Refusal<FilterInvalid>, IRefusal<FilterInvalid>
{
    public static RefusalEntry Entry { get; } = new("ldap.filter_invalid", "The filter cannot be read",
        Public: "This filter cannot be read.", Fix: "Correct it where it is marked; nothing was saved.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static FilterInvalid Example => new("user_filter", "(&(objectClass=person)(uid=*)", "", "", "this bracket is never closed");
    public override string Target => Field;
    public override string Evidence => $"Behind {Printable.Cap(Before.Length > 60 ? "…" + Before[^60..] : Before, 80)} at {(Odd.Length == 0 ? "the end" : Printable.Cap(Odd, 20))}: {Fault}.";

    internal static FilterInvalid Of(string field, string text, Wire.FilterFault fault)
    {
        var at = Math.Clamp(fault.At, 0, text.Length);
        var end = at < text.Length ? at + (char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1) : at;
        return new(field, text[..at], text[at..end], text[end..], fault.Why);
    }
}

/// <summary>The search for one person found two.</summary>
public sealed record DirectoryAmbiguous(string Asked, string[] Dns) : Refusal<DirectoryAmbiguous>, IRefusal<DirectoryAmbiguous>
{
    public static RefusalEntry Entry { get; } = OnOurSide.Entry("ldap.ambiguous", "Two entries of the directory fit one person",
        "Make the id attribute or the filter so that exactly one entry fits; the entries stand in the evidence.");
    public static DirectoryAmbiguous Example => new("entryUUID=0199…", ["uid=ada,ou=people,dc=corp", "uid=ada,ou=old,dc=corp"]);
    public override string Target => Asked;
    public override string Evidence => $"{Printable.Cap(Asked, 100)} fits {List(Dns.Select(d => Printable.Cap(d, 200)))}.";
    public override IEnumerable<Remedy> Remedies => OnOurSide.Remedies;
}
