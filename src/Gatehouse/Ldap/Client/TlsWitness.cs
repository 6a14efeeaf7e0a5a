using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Client;

/// <summary>
/// The platform's own judgement about a certificate, written down. The chain is built under <see cref="Policy"/> by the platform; this decides nothing of its own,
/// it only remembers what was found, so that a refusal can say which name, date or issuer did not fit.
/// </summary>
internal sealed class TlsWitness(string host, X509Certificate2Collection? authorities)
{
    /// <summary>What the server showed; null before the handshake.</summary>
    public SeenCertificate? Seen { get; private set; }

    public SslPolicyErrors Errors { get; private set; }
    public IReadOnlyList<string> ChainFaults { get; private set; } = [];

    /// <summary>True when a date is what the chain fails by.</summary>
    public bool OutOfDate { get; private set; }

    public SslClientAuthenticationOptions Options() => new()
    {
        TargetHost = host,
        EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = Note,
    };

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true, TrustMode = X509ChainTrustMode.System };
        policy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.1"));
        if (authorities is { Count: > 0 })
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }
        return policy;
    }

    private bool Note(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Errors = errors;
        if (certificate is X509Certificate2 shown) Seen = SeenCertificate.Of(shown);
        if (chain is not null)
        {
            ChainFaults = [.. chain.ChainStatus.Select(s => s.Status.ToString()).Distinct()];
            OutOfDate = chain.ChainStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotTimeValid));
        }
        return errors == SslPolicyErrors.None;
    }
}

/// <summary>A server's certificate in the words a person compares.</summary>
public sealed record SeenCertificate(string Subject, string Issuer, IReadOnlyList<string> Names, long NotBefore, long NotAfter, string Sha256)
{
    internal static SeenCertificate Of(X509Certificate2 certificate)
    {
        var names = new List<string>();
        foreach (var extension in certificate.Extensions)
        {
            if (extension is not X509SubjectAlternativeNameExtension alternative) continue;
            try
            {
                names.AddRange(alternative.EnumerateDnsNames().Take(50));
                names.AddRange(alternative.EnumerateIPAddresses().Take(50).Select(a => a.ToString()));
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                names.Add("(unreadable names)");
            }
        }
        return new(Cap(certificate.Subject), Cap(certificate.Issuer), [.. names.Select(Cap)], new DateTimeOffset(certificate.NotBefore).ToUnixTimeMilliseconds(),
            new DateTimeOffset(certificate.NotAfter).ToUnixTimeMilliseconds(), certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256));
    }

    private static string Cap(string text) => Web.Printable.Cap(text, 200);
}
