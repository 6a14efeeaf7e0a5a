using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Mail;

/// <summary>
/// Debian's Exim as a process of our own on loopback ports: STARTTLS and implicit TLS, AUTH with one account, mail kept in a maildir.
/// </summary>
sealed class Exim : IAsyncDisposable
{
    private readonly string folder;
    private readonly Process process;
    private readonly Task<string> said;

    private Exim(string folder, Process process, int startTls, int tls)
    {
        (this.folder, this.process, StartTls, Tls) = (folder, process, startTls, tls);
        said = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
    }

    public const string User = "gatehouse", Password = "correct horse";

    public int StartTls { get; }
    public int Tls { get; }

    public static async Task<Exim> Start(X509Certificate2 certificate)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-exim-").FullName;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var (startTls, tls) = (LoopbackPort.Free(), LoopbackPort.Free());
        foreach (var name in new[] { "spool", "log", "mail" }) Directory.CreateDirectory(Path.Combine(folder, name));
        await File.WriteAllTextAsync(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "key.pem"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        // As root it gives its rights away to a user of its own.
        if (Environment.IsPrivilegedProcess) await Tool.Run("chown", ["-R", "Debian-exim", folder]);
        const string plain = "${if and{{eq{$auth2}{" + User + "}}{eq{$auth3}{" + Password + "}}}}", login = "${if and{{eq{$auth1}{" + User + "}}{eq{$auth2}{" + Password + "}}}}";
        const string inTls = "${if def:tls_in_cipher}";
        await File.WriteAllTextAsync(Path.Combine(folder, "conf"), string.Create(CultureInfo.InvariantCulture, $$$"""
            primary_hostname = mail.test
            spool_directory = {{{folder}}}/spool
            log_file_path = {{{folder}}}/log/%slog
            pid_file_path = {{{folder}}}/pid
            daemon_smtp_ports = {{{startTls}}} : {{{tls}}}
            tls_on_connect_ports = {{{tls}}}
            local_interfaces = 127.0.0.1
            tls_advertise_hosts = *
            tls_certificate = {{{folder}}}/cert.pem
            tls_privatekey = {{{folder}}}/key.pem
            acl_smtp_rcpt = rcpt
            rfc1413_query_timeout = 0s
            keep_environment =
            deliver_drop_privilege = true
            begin acl
            rcpt:
              deny !authenticated = *
                   message = authentication required
              accept recipients = ada@example.com : grace@example.com
              deny message = unknown user
            begin routers
            all:
              driver = accept
              transport = keep
            begin transports
            keep:
              driver = appendfile
              directory = {{{folder}}}/mail
              maildir_format
              {{{(Environment.IsPrivilegedProcess ? "user = Debian-exim" : "")}}}
            begin authenticators
            plain:
              driver = plaintext
              public_name = PLAIN
              server_prompts = :
              server_condition = {{{plain}}}
              server_advertise_condition = {{{inTls}}}
            login:
              driver = plaintext
              public_name = LOGIN
              server_prompts = Username:: : Password::
              server_condition = {{{login}}}
              server_advertise_condition = {{{inTls}}}

            """));
        var process = Process.Start(Tool.Start("/usr/sbin/exim4", ["-bdf", "-C", Path.Combine(folder, "conf")]))!;
        process.StandardInput.Close();
        var server = new Exim(folder, process, startTls, tls);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var i = 0; i < 200; i++)
        {
            if (process.HasExited) throw new InvalidOperationException("exim ended: " + await server.said);
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync("127.0.0.1", tls);
                return server;
            }
            catch (SocketException)
            {
                await timer.WaitForNextTickAsync();
            }
        }
        throw new InvalidOperationException("exim did not start");
    }

    /// <summary>The messages delivered so far, when there are this many; waits for them a while.</summary>
    public async Task<IReadOnlyList<string>> Delivered(int count)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var mails = Path.Combine(folder, "mail", "new");
        for (var i = 0; i < 400; i++)
        {
            var files = Directory.Exists(mails) ? Directory.GetFiles(mails) : [];
            if (files.Length >= count) return [.. files.Select(File.ReadAllText)];
            await timer.WaitForNextTickAsync();
        }
        throw new InvalidOperationException($"{count} mails did not arrive");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
