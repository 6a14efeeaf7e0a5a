using System.Net.Security;
using System.Net.Sockets;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Client;

/// <summary>Turns whatever a directory does instead of answering into a refusal with evidence.</summary>
internal static class LdapFailureReader
{
    public static Refusal Resolve(DirectoryEndpoint endpoint, SocketException e) => new DirectoryNameUnknown(endpoint.Url, endpoint.Host, e.SocketErrorCode.ToString());

    public static Refusal Connect(DirectoryEndpoint endpoint, string address, SocketException e) => new DirectoryNotReachable(endpoint.Url, address, e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "nobody listens there",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "there is no way to that address",
        SocketError.TimedOut => "nothing answered",
        var other => other.ToString(),
    });

    public static Refusal Late(DirectoryEndpoint endpoint, string step, TimeSpan limit) => new DirectoryTimedOut(endpoint.Url, step, limit.TotalSeconds);

    public static Refusal Tls(DirectoryEndpoint endpoint, TlsWitness witness, Exception e, long now)
    {
        if (witness.Seen is not { } seen) return new DirectoryTlsFailed(endpoint.Url, endpoint.StartTls, e is IOException ? "the server closed the connection or speaks no TLS there" : "the two found no common version of TLS, or the server speaks none there");
        if (witness.OutOfDate) return new DirectoryCertificateExpired(endpoint.Url, seen, now);
        if (witness.Errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)) return new DirectoryCertificateUntrusted(endpoint.Url, seen, [.. witness.ChainFaults]);
        if (witness.Errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return new DirectoryCertificateWrongName(endpoint.Url, endpoint.Host, seen);
        return new DirectoryTlsFailed(endpoint.Url, endpoint.StartTls, "the handshake broke off after the certificate");
    }

    public static Refusal Bind(DirectoryEndpoint endpoint, string dn, LdapResult result)
    {
        var sub = AdSubCode.Of(result.Message);
        var said = Say(result);
        return result.Code switch
        {
            ResultCode.InvalidCredentials when sub == "525" => new BindDnUnknown(endpoint.Url, dn, said),
            ResultCode.InvalidCredentials when sub == "52e" => new BindPasswordWrong(endpoint.Url, dn, said),
            ResultCode.InvalidCredentials when AdSubCode.Meaning(sub) is { } meaning => new BindAccountUnusable(endpoint.Url, dn, sub!, meaning, said),
            ResultCode.InvalidCredentials => new BindRefused(endpoint.Url, dn, said),
            ResultCode.InvalidDnSyntax => new BindDnMalformed(endpoint.Url, dn, said),
            _ => Result(endpoint, "bind", dn, result),
        };
    }

    public static Refusal Search(DirectoryEndpoint endpoint, string baseDn, LdapResult result) => result.Code switch
    {
        ResultCode.NoSuchObject => new BaseDnMissing(endpoint.Url, baseDn, Printable.Cap(result.MatchedDn, 300), Say(result)),
        ResultCode.InvalidDnSyntax => new BaseDnMalformed(endpoint.Url, baseDn, Say(result)),
        ResultCode.InsufficientAccess => new NoRightToRead(endpoint.Url, baseDn, Say(result)),
        ResultCode.SizeLimitExceeded or ResultCode.TimeLimitExceeded or ResultCode.AdminLimitExceeded => new AnswerCutShort(endpoint.Url, baseDn, Say(result)),
        ResultCode.Referral => new DirectoryRefers(endpoint.Url, baseDn, [.. result.Referrals.Take(5).Select(r => Printable.Cap(r, 200))]),
        _ => Result(endpoint, "search", baseDn, result),
    };

    public static Refusal Result(DirectoryEndpoint endpoint, string step, string about, LdapResult result) =>
        result.Code is ResultCode.Busy or ResultCode.Unavailable ? new DirectoryUnavailable(endpoint.Url, Say(result)) : new DirectoryRefused(endpoint.Url, step, about, Say(result));

    /// <summary>"49 invalidCredentials: the server's own words".</summary>
    public static string Say(LdapResult result) => ResultCode.Say(result.Code) + (result.Message.Length == 0 ? "" : ": " + Printable.Cap(result.Message.Trim('\0', ' '), 300));

    /// <summary>True for what another server of the same directory may do better.</summary>
    public static bool IsAboutTheServer(Refusal refusal) => refusal is DirectoryNameUnknown or DirectoryNotReachable or DirectoryTimedOut or StartTlsRefused or BytesBeforeTls or DirectoryTlsFailed
        or DirectoryCertificateExpired or DirectoryCertificateUntrusted or DirectoryCertificateWrongName or AnswerMalformed or ConnectionLost or DirectoryUnavailable or DirectoryResting;
}
