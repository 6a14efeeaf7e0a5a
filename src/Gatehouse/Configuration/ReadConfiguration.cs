using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Configuration;

/// <summary>Turns the environment into a <see cref="ServerConfiguration"/>, or into every fault at once.</summary>
public sealed class ReadConfiguration
{
    private static readonly string[] Known =
    [
        "APP_URL", "HOST", "PORT", "DATA_DIR", "DB_CONNECTION_STRING", "ENCRYPTION_KEY", "KEY_FILE",
        "TRUSTED_PROXIES", "ALLOW_INSECURE_HTTP", "LOG_LEVEL", "LOG_FORMAT", .. Pinnable,
    ];

    /// <summary>What the pages Email and LDAP edit, unless the environment says it.</summary>
    private static string[] Pinnable =>
    [
        "SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "SMTP_PASSWORD", "SMTP_METHOD", "SMTP_FROM", "SMTP_FROM_NAME", "SMTP_CA",
        "LDAP_ENABLED", "LDAP_URL", "LDAP_BIND_DN", "LDAP_BIND_PASSWORD", "LDAP_CA", "LDAP_BASE_DN", "LDAP_USER_FILTER", "LDAP_GROUP_BASE_DN", "LDAP_GROUP_FILTER", "LDAP_ADMIN_GROUP",
    ];

    private static readonly string[] DataVariables = ["DATA_DIR", "DB_CONNECTION_STRING", "ENCRYPTION_KEY", "KEY_FILE"];

    private readonly IReadOnlyDictionary<string, string> environment;
    private readonly List<ConfigurationInvalid> faults = [];

    private ReadConfiguration(IReadOnlyDictionary<string, string> environment) => this.environment = environment;

    /// <summary>The configuration (null when anything is wrong) and all faults.</summary>
    public static (ServerConfiguration? Configuration, IReadOnlyList<ConfigurationInvalid> Faults) From(IReadOnlyDictionary<string, string> environment)
    {
        var reader = new ReadConfiguration(environment);
        var configuration = reader.Read();
        return (reader.faults.Count == 0 ? configuration : null, reader.faults);
    }

    /// <summary>What can be told about data and key although something else is wrong, to look at them all the same; null when these are what is wrong.</summary>
    public static ServerConfiguration? DataOnly(IReadOnlyDictionary<string, string> environment)
    {
        var reader = new ReadConfiguration(environment.Where(e => DataVariables.Any(v => e.Key == v || e.Key == v + "_FILE")).ToDictionary(StringComparer.Ordinal));
        var configuration = reader.Read();
        return reader.faults.Count == 0 ? configuration : null;
    }

    private ServerConfiguration? Read()
    {
        RefuseAmbientFramework();
        RefuseMisspelt();
        var port = Port();
        var insecure = Flag("ALLOW_INSECURE_HTTP");
        var appUrl = AppUrl(port, insecure);
        var listen = Listen();
        var folder = DataFolder();
        var postgres = Postgres();
        var key = EncryptionKey();
        var proxies = Proxies();
        var level = Level();
        var pins = Pins();
        var format = Value("LOG_FORMAT") ?? "text";
        if (format is not ("text" or "json")) Fault("LOG_FORMAT", $"'{format}' is neither text nor json", "Set LOG_FORMAT=text or LOG_FORMAT=json");
        if (key is not null && Value("KEY_FILE") is not null)
            Fault("KEY_FILE", "both ENCRYPTION_KEY and KEY_FILE are set", "Keep the one that holds this instance's key and remove the other");
        if (listen.Any(a => !IPAddress.IsLoopback(a)) && Value("APP_URL") is null)
            Fault("APP_URL", $"HOST={Value("HOST")} listens beyond this machine, but APP_URL is not set", "Set APP_URL to the address people type, e.g. https://id.example.com");
        var keyFile = key is null ? KeyFile(folder) : Path.Combine(folder, "gatehouse.key");
        if (appUrl is null) return null;
        return new ServerConfiguration
        {
            AppUrl = appUrl,
            Listen = listen,
            Port = port,
            DataFolder = folder,
            PostgresUrl = postgres,
            EncryptionKey = key,
            KeyFile = keyFile,
            TrustedProxies = proxies,
            Pins = pins,
            AllowInsecureHttp = insecure,
            LogLevel = level,
            LogJson = format == "json",
        };
    }

    private void Fault(string variable, string fault, string cure)
    {
        var found = new ConfigurationInvalid(variable, fault, cure);
        if (!faults.Contains(found)) faults.Add(found);
    }

    /// <summary>The variable, or the content of the file that its _FILE twin names. Empty counts as not set.</summary>
    private string? Value(string name)
    {
        var direct = environment.GetValueOrDefault(name);
        var twin = name == "KEY_FILE" ? null : environment.GetValueOrDefault(name + "_FILE");
        if (!string.IsNullOrEmpty(direct) && !string.IsNullOrEmpty(twin))
        {
            Fault(name, $"both {name} and {name}_FILE are set", "Keep one of them");
            return direct;
        }
        if (string.IsNullOrEmpty(twin)) return string.IsNullOrEmpty(direct) ? null : direct;
        try
        {
            return File.ReadAllText(twin).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Fault(name + "_FILE", $"the file {twin} cannot be read ({e.GetType().Name})", "Check the path and that this user may read it");
            return null;
        }
    }

    /// <summary>ASP.NET reads these on its own in other servers; here they would change listening, proxies or environment behind our back.</summary>
    private void RefuseAmbientFramework()
    {
        foreach (var name in environment.Keys.Order(StringComparer.Ordinal))
        {
            if (name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Kestrel__", StringComparison.OrdinalIgnoreCase)
                || name.Equals("DOTNET_ENVIRONMENT", StringComparison.OrdinalIgnoreCase))
                Fault(name, "this framework variable would change how the server listens, trusts proxies or shows errors", $"Remove it: unset {name}. Use HOST, PORT, APP_URL and TRUSTED_PROXIES instead");
        }
    }

    private void RefuseMisspelt()
    {
        foreach (var name in environment.Keys.Order(StringComparer.Ordinal))
        {
            var bare = name.EndsWith("_FILE", StringComparison.Ordinal) && name != "KEY_FILE" ? name[..^5] : name;
            if (Known.Contains(bare, StringComparer.Ordinal)) continue;
            if (name.StartsWith("GATEHOUSE_", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("GATEHOUSE_TESTS", StringComparison.Ordinal))
            {
                var near = Known.MinBy(k => EditDistance(k, bare["GATEHOUSE_".Length..].ToUpperInvariant()))!;
                Fault(name, "no setting has this name", $"Did you mean {near}?");
            }
            else if (Known.FirstOrDefault(k => IsSlip(bare, k)) is { } meant)
                Fault(name, "no setting has this name", $"Did you mean {meant}?");
        }
    }

    /// <summary>A slip of the fingers away, and long enough that it is hardly somebody else's variable.</summary>
    private static bool IsSlip(string name, string known) =>
        known.Length >= 7 && (EditDistance(name.ToUpperInvariant(), known) <= known.Length / 5 || name.ToUpperInvariant() == known
            || name.ToUpperInvariant().Replace("_", "", StringComparison.Ordinal) == known.Replace("_", "", StringComparison.Ordinal));

    private static int EditDistance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 12) return 99;
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var up = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = up;
            }
        }
        return row[^1];
    }

    private bool Flag(string name)
    {
        switch (Value(name)?.ToLowerInvariant())
        {
            case null or "false" or "0" or "no": return false;
            case "true" or "1" or "yes": return true;
            default: Fault(name, "it is neither true nor false", $"Set {name}=true or remove it"); return false;
        }
    }

    private int Port()
    {
        if (Value("PORT") is not { } text) return 8080;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535) return port;
        Fault("PORT", $"'{text}' is not a port", "Set a whole number from 1 to 65535");
        return 8080;
    }

    private Uri? AppUrl(int port, bool insecure)
    {
        var text = Value("APP_URL") ?? $"http://localhost:{port}";
        const string cure = "Set APP_URL to scheme, host and optional port only, e.g. https://id.example.com";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            Fault("APP_URL", $"'{text}' is not an http or https address", cure);
            return null;
        }
        if (text.Any(c => c is <= ' ' or > '~'))
            Fault("APP_URL", "it holds white space or a character that is no ASCII", url.HostNameType == UriHostNameType.Dns && url.IdnHost != url.Host ? $"Write the host as browsers send it: {url.Scheme}://{url.IdnHost}" : cure);
        else if (text.Contains('@', StringComparison.Ordinal) || text.Contains('\\', StringComparison.Ordinal)) Fault("APP_URL", "it holds a user name or a backslash", cure);
        else if (url.AbsolutePath != "/" || url.Query.Length > 0 || url.Fragment.Length > 0)
            Fault("APP_URL", $"it has a path, query or fragment: '{url.PathAndQuery}{url.Fragment}'", $"Leave only {url.GetLeftPart(UriPartial.Authority)}; Gatehouse lives at the root of its host");
        else if (url.Scheme == "http" && url.Host != "localhost" && !insecure)
            Fault("APP_URL", $"'{text}' is plain http, and browsers offer passkeys only over https or on localhost", "Put TLS in front and set APP_URL=https://…, or set ALLOW_INSECURE_HTTP=true to go without passkeys");
        else if (url.Scheme == "https" && url.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 && !insecure)
            Fault("APP_URL", $"'{url.Host}' is an IP address, and passkeys need a host name", "Use a host name, or set ALLOW_INSECURE_HTTP=true to go without passkeys");
        return url;
    }

    private IPAddress[] Listen()
    {
        var host = Value("HOST") ?? "localhost";
        switch (host)
        {
            case "localhost": return HasIPv6Loopback() ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback];
            case "*" or "0.0.0.0": return [IPAddress.Any];
            case "::" or "[::]": return [IPAddress.IPv6Any];
        }
        if (StrictAddress.TryParse(host.Trim('[', ']'), out var address)) return [address];
        Fault("HOST", $"'{host}' is neither localhost, an IP address nor *", "Set HOST=localhost, HOST=0.0.0.0 or the address of one interface");
        return [IPAddress.Loopback];
    }

    /// <summary>Many containers know IPv6 but have switched ::1 off.</summary>
    private static bool HasIPv6Loopback()
    {
        if (!Socket.OSSupportsIPv6) return false;
        try
        {
            using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Looks only: what is there must be a folder that can be read. Whether it can be written, opening the instance finds out.</summary>
    private string DataFolder()
    {
        var folder = Path.GetFullPath(Value("DATA_DIR") ?? "data");
        try
        {
            for (var at = folder; at is not null; at = Path.GetDirectoryName(at))
                if (File.Exists(at)) Fault("DATA_DIR", $"{at} is a file, not a folder", "Set DATA_DIR to a folder that this user may write");
            if (Directory.Exists(folder)) _ = Directory.EnumerateFileSystemEntries(folder).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fault("DATA_DIR", $"{folder} cannot be read ({e.Message})", "Give this user the right to read and write it, or set DATA_DIR to another folder");
        }
        return folder;
    }

    private string KeyFile(string folder)
    {
        var file = Path.GetFullPath(Value("KEY_FILE") ?? Path.Combine(folder, "gatehouse.key"));
        try
        {
            var buffer = new byte[33];
            if (File.Exists(file) && !(Convert.TryFromBase64String(File.ReadAllText(file).Trim(), buffer, out var n) && n == 32))
                Fault("KEY_FILE", $"{file} does not hold a key of 32 bytes in base64", "Put the right file back; without this instance's key nothing encrypted can be read");
            else if (Directory.Exists(file)) Fault("KEY_FILE", $"{file} is a folder", "Set KEY_FILE to the file that holds the key");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fault("KEY_FILE", $"{file} cannot be read ({e.Message})", "Give this user the right to read it");
        }
        return file;
    }

    private string? Postgres()
    {
        if (Value("DB_CONNECTION_STRING") is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "postgres" or "postgresql" && url.AbsolutePath.Length > 1) return text;
        Fault("DB_CONNECTION_STRING", "it is no postgres:// URL with a database name", "Set postgres://user:password@host:5432/gatehouse, or remove it to use SQLite in DATA_DIR");
        return null;
    }

    private byte[]? EncryptionKey()
    {
        if (Value("ENCRYPTION_KEY") is not { } text) return null;
        byte[]? key = null;
        if (text.Length == 64 && text.All(char.IsAsciiHexDigit)) key = Convert.FromHexString(text);
        else if (text.Length is 43 or 44)
        {
            var buffer = new byte[33];
            if (Convert.TryFromBase64String(text.PadRight(44, '='), buffer, out var n) && n == 32) key = buffer[..32];
        }
        if (key is null)
            Fault("ENCRYPTION_KEY", $"it is {text.Length} characters and does not decode to exactly 32 bytes of base64 or hex", "Make one with: openssl rand -base64 32");
        return key;
    }

    private List<IPNetwork> Proxies()
    {
        var networks = new List<IPNetwork>();
        foreach (var item in (Value("TRUSTED_PROXIES") ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var wide = item.StartsWith("unsafe:", StringComparison.Ordinal);
            var text = wide ? item["unsafe:".Length..] : item;
            if (!StrictAddress.TryParseNetwork(text, out var network))
                Fault("TRUSTED_PROXIES", $"'{item}' is neither an address nor a range like 10.0.0.0/28", "List the addresses of your reverse proxies, separated by commas");
            else if (!wide && network.PrefixLength < (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 24 : 64))
                Fault("TRUSTED_PROXIES", $"'{item}' trusts more than a /24 (IPv6: /64): whoever sits there can pretend any address", $"Narrow it, or write unsafe:{text} if you mean it");
            else networks.Add(network);
        }
        return networks;
    }

    /// <summary>
    /// A password is for one server: where the environment brings it, it brings the whole address with it, so that nobody can point it elsewhere on a page.
    /// The values themselves are judged by the same rules as the pages' forms, when the server starts.
    /// </summary>
    private Dictionary<string, string> Pins()
    {
        var pins = Pinnable.Select(name => (Name: name, Value: Value(name))).Where(p => p.Value is not null).ToDictionary(p => p.Name, p => p.Value!, StringComparer.Ordinal);
        void Whole(string password, string[] needed, params (string Name, string Value)[] usual)
        {
            if (!pins.ContainsKey(password)) return;
            foreach (var name in needed.Where(n => !pins.ContainsKey(n))) Fault(password, $"{name} is not set", $"Set {name} too: a password is for one account on one server");
            foreach (var (name, value) in usual) pins.TryAdd(name, value);
        }
        var port = pins.GetValueOrDefault("SMTP_PORT", "587");
        Whole("SMTP_PASSWORD", ["SMTP_HOST", "SMTP_USER"], ("SMTP_PORT", port), ("SMTP_SECURITY", port == "465" ? "tls" : "starttls"), ("SMTP_CA", ""));
        Whole("LDAP_BIND_PASSWORD", ["LDAP_URL", "LDAP_BIND_DN"], ("LDAP_CA", ""));
        if (pins.TryGetValue("LDAP_ENABLED", out var enabled) && enabled is not ("true" or "false")) Fault("LDAP_ENABLED", "it is neither true nor false", "Set LDAP_ENABLED=true or LDAP_ENABLED=false, or remove it");
        return pins;
    }

    private LogLevel Level()
    {
        switch ((Value("LOG_LEVEL") ?? "info").ToLowerInvariant())
        {
            case "trace": return LogLevel.Trace;
            case "debug": return LogLevel.Debug;
            case "info" or "information": return LogLevel.Information;
            case "warn" or "warning": return LogLevel.Warning;
            case "error": return LogLevel.Error;
            default: Fault("LOG_LEVEL", "no such level", "Set LOG_LEVEL=debug, info, warn or error"); return LogLevel.Information;
        }
    }
}
