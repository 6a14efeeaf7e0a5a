using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Web;

namespace Gatehouse.Mail.Smtp;

/// <summary>The certificate that a server showed, as facts for people.</summary>
internal sealed class SeenCertificate
{
    public string Subject { get; set; } = "";
    public string Issuer { get; set; } = "";
    public string[] Names { get; set; } = [];
    public DateTimeOffset From { get; set; }
    public DateTimeOffset Until { get; set; }
    public SslPolicyErrors Errors { get; set; }
    public X509ChainStatusFlags Chain { get; set; }
    public bool Shown { get; set; }

    public IEnumerable<string> Facts => !Shown ? [] :
    [
        $"certificate of {Subject}, issued by {Issuer}",
        $"for {string.Join(", ", Names)}",
        string.Create(CultureInfo.InvariantCulture, $"valid from {From:yyyy-MM-dd} until {Until:yyyy-MM-dd}"),
    ];
}

/// <summary>TLS towards a mail server: the name must fit and the authority must be trusted; nobody can switch that off.</summary>
internal static class SmtpTls
{
    public static SslClientAuthenticationOptions Options(SmtpTarget target, SeenCertificate seen) => new()
    {
        TargetHost = target.Host,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateChainPolicy = Policy(target.Authorities),
        // It only looks: the verdict stays the one that TLS came to.
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            Note(seen, certificate as X509Certificate2, chain, errors);
            return errors == SslPolicyErrors.None;
        },
    };

    /// <summary>A private authority stands in place of the system's; nothing is fetched from addresses that a certificate names.</summary>
    private static X509ChainPolicy Policy(X509Certificate2Collection? authorities)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (authorities is { Count: > 0 })
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }
        return policy;
    }

    private static void Note(SeenCertificate seen, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        (seen.Errors, seen.Shown) = (errors, certificate is not null);
        if (certificate is null) return;
        seen.Subject = Printable.Cap(certificate.Subject, 200);
        seen.Issuer = Printable.Cap(certificate.Issuer, 200);
        (seen.From, seen.Until) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(Names).Take(20).ToArray();
        seen.Names = names.Length > 0 ? names : ["no name at all"];
        foreach (var status in chain?.ChainStatus ?? []) seen.Chain |= status.Status;
    }

    private static IEnumerable<string> Names(X509SubjectAlternativeNameExtension extension) =>
        extension.EnumerateDnsNames().Select(n => Printable.Cap(n, 100)).Concat(extension.EnumerateIPAddresses().Select(a => a.ToString()));
}
