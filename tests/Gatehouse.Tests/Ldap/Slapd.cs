using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Ldap;

/// <summary>Debian's slapd as a process of ours on loopback, with a private CA, ACLs and size limits; the system's own service is not touched.</summary>
sealed class Slapd : IAsyncDisposable
{
    public const string Suffix = "dc=corp,dc=example";
    public const string People = "ou=people,dc=corp,dc=example";
    public const string Groups = "ou=groups,dc=corp,dc=example";
    public const string Reader = "cn=reader,ou=services,dc=corp,dc=example";
    public const string ReaderPassword = "reader-secret";
    private const string Root = "cn=root,dc=corp,dc=example";
    private const string RootPassword = "root-secret";
    private readonly string folder = Directory.CreateTempSubdirectory("ghldap-").FullName;

    private Slapd()
    {
    }

    public TestAuthority Authority { get; } = new();
    public int Port { get; private set; }
    public int TlsPort { get; private set; }
    public string LdapsUrl => string.Create(CultureInfo.InvariantCulture, $"ldaps://localhost:{TlsPort}");
    public string StartTlsUrl => string.Create(CultureInfo.InvariantCulture, $"ldap://localhost:{Port}");

    /// <param name="ldif">Entries below the suffix, which is made with ou=people, ou=groups and the reader.</param>
    /// <param name="acl">Rules for who may read what; by default the reader reads all, everybody else may only bind.</param>
    public static async Task<Slapd> Start(string ldif = "", string? acl = null, string limits = "")
    {
        var slapd = new Slapd();
        // The ldap-utils take "localhost" for this machine's own name.
        using var certificate = slapd.Authority.Issue(["localhost", System.Net.Dns.GetHostName()]);
        await File.WriteAllTextAsync(slapd.At("ca.pem"), slapd.Authority.Pem);
        await File.WriteAllTextAsync(slapd.At("cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(slapd.At("key.pem"), System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(certificate)!.ExportPkcs8PrivateKeyPem());
        Directory.CreateDirectory(slapd.At("db"));
        await File.WriteAllTextAsync(slapd.At("slapd.conf"), $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            include /etc/ldap/schema/nis.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            moduleload memberof
            pidfile {slapd.At("pid")}
            TLSCACertificateFile {slapd.At("ca.pem")}
            TLSCertificateFile {slapd.At("cert.pem")}
            TLSCertificateKeyFile {slapd.At("key.pem")}
            database mdb
            suffix "{Suffix}"
            rootdn "{Root}"
            rootpw {RootPassword}
            directory {slapd.At("db")}
            maxsize 268435456
            dbnosync
            index objectClass,entryUUID,uid,mail,member eq
            sizelimit 500
            {(limits.Length > 0 ? limits : $"limits dn.exact=\"{Reader}\" size.soft=unlimited size.hard=unlimited size.prtotal=unlimited")}
            overlay memberof
            {acl ?? $"""
            access to attrs=userPassword by anonymous auth by * none
            access to * by dn.exact="{Reader}" read by anonymous auth by * none
            """}

            """.Replace("\r", "", StringComparison.Ordinal));
        await File.WriteAllTextAsync(slapd.At("begin.ldif"), $"""
            dn: {Suffix}
            objectClass: dcObject
            objectClass: organization
            dc: corp
            o: Corp

            dn: {People}
            objectClass: organizationalUnit
            ou: people

            dn: {Groups}
            objectClass: organizationalUnit
            ou: groups

            dn: ou=services,{Suffix}
            objectClass: organizationalUnit
            ou: services

            dn: ou=external,{Suffix}
            objectClass: organizationalUnit
            ou: external

            dn: {Reader}
            objectClass: organizationalRole
            objectClass: simpleSecurityObject
            cn: reader
            userPassword: {ReaderPassword}

            {ldif}

            """);
        await Tool.Run("/usr/sbin/slapadd", ["-q", "-f", slapd.At("slapd.conf"), "-l", slapd.At("begin.ldif")]);
        await slapd.Up();
        return slapd;
    }

    /// <summary>One inetOrgPerson; <paramref name="more"/> are further lines.</summary>
    public static string Person(string uid, string? mail = null, string? more = null, string at = People) =>
        $"dn: uid={uid},{at}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {char.ToUpperInvariant(uid[0])}{uid[1..]} Person\nsn: Person\ngivenName: {char.ToUpperInvariant(uid[0])}{uid[1..]}\nmail: {mail ?? uid + "@corp.example"}\nuserPassword: {uid}-secret\n{(more is null ? "" : more + "\n")}\n";

    /// <summary>One groupOfNames.</summary>
    public static string Group(string cn, params IEnumerable<string> memberDns)
    {
        var text = new StringBuilder($"dn: cn={cn},{Groups}\nobjectClass: groupOfNames\ncn: {cn}\n");
        foreach (var dn in memberDns) text.Append("member: ").Append(dn).Append('\n');
        return text.Append('\n').ToString();
    }

    public static string PersonDn(string uid) => $"uid={uid},{People}";

    /// <summary>Applies LDIF changes (changetype: …) as the root of the directory.</summary>
    public async Task Change(string ldif)
    {
        var file = At("change.ldif");
        await File.WriteAllTextAsync(file, ldif);
        await Tool.Run("/usr/bin/ldapmodify", ["-x", "-H", string.Create(CultureInfo.InvariantCulture, $"ldap://127.0.0.1:{Port}"), "-D", Root, "-w", RootPassword, "-f", file]);
    }

    public Task Delete(string uid) => Change($"dn: {PersonDn(uid)}\nchangetype: delete\n");

    /// <summary>Runs a command line that the product printed, with the reader's password given instead of asked for.</summary>
    public async Task<string> RunPrinted(string command)
    {
        var passwordFile = At("password");
        await File.WriteAllTextAsync(passwordFile, ReaderPassword);
        return await Tool.Run("/bin/sh", ["-c", command.Replace(" -W ", $" -y {passwordFile} ", StringComparison.Ordinal)], folder);
    }

    public async Task Down()
    {
        if (!File.Exists(At("pid"))) return;
        using var process = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(At("pid")), CultureInfo.InvariantCulture));
        process.Kill();
        await process.WaitForExitAsync();
        File.Delete(At("pid"));
    }

    public async Task Up()
    {
        for (var attempt = 1; ; attempt++)
        {
            if (Port == 0) (Port, TlsPort) = (LoopbackPort.Free(), LoopbackPort.Free());
            try
            {
                // It goes into the background with its ports bound, and listens a moment later.
                await Tool.Run("/bin/sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"exec /usr/sbin/slapd -f {At("slapd.conf")} -h 'ldap://127.0.0.1:{Port}/ ldaps://127.0.0.1:{TlsPort}/' >/dev/null 2>&1 </dev/null")]);
                foreach (var port in new[] { Port, TlsPort }) await Listens(port);
                return;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                (Port, TlsPort) = (0, 0);
            }
        }
    }

    private static async Task Listens(int port)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Yield())
        {
            try
            {
                using var client = new System.Net.Sockets.TcpClient();
                await client.ConnectAsync(System.Net.IPAddress.Loopback, port);
                return;
            }
            catch (System.Net.Sockets.SocketException) when (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10))
            {
                // Not yet.
            }
        }
    }

    private string At(string name) => Path.Combine(folder, name);

    public async ValueTask DisposeAsync()
    {
        await Down();
        Directory.Delete(folder, recursive: true);
    }
}
