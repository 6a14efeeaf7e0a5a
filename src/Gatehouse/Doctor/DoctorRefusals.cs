using Gatehouse.Refusals;

namespace Gatehouse.Doctor;

/// <summary>APP_URL is plain http on a real host.</summary>
public sealed record PlainHttpAddress(string Origin) : Refusal<PlainHttpAddress>, IRefusal<PlainHttpAddress>
{
    public static RefusalEntry Entry { get; } = new("ops.plain_http", "The address is plain http",
        Public: "This server is not reached over a secure connection.",
        Fix: "Put TLS in front and set APP_URL=https://your-host, then start again.", Causer: Causer.Operator);
    public static PlainHttpAddress Example => new("http://id.example.com");
    public override string Evidence => $"APP_URL is {Origin}: browsers offer no passkeys there, and everything sent can be read on the way.";
}

/// <summary>APP_URL names an IP address.</summary>
public sealed record NumericAddress(string Origin) : Refusal<NumericAddress>, IRefusal<NumericAddress>
{
    public static RefusalEntry Entry { get; } = new("ops.numeric_address", "The address is an IP address",
        Public: "This server is reached by a number instead of a name.",
        Fix: "Give the server a host name and set APP_URL to it.", Causer: Causer.Operator);
    public static NumericAddress Example => new("https://192.0.2.7");
    public override string Evidence => $"APP_URL is {Origin}: a passkey is bound to a host name, so none can be made there.";
}

/// <summary>Forwarded headers come from a peer that is not trusted (C091).</summary>
public sealed record ProxyNotTrusted(string Peer, long Requests) : Refusal<ProxyNotTrusted>, IRefusal<ProxyNotTrusted>
{
    public static RefusalEntry Entry { get; } = new("ops.proxy_not_trusted", "A proxy that is not trusted",
        Public: "The server does not know its proxy.",
        Fix: "If that peer is your own reverse proxy, set TRUSTED_PROXIES to its address; if you have none, somebody pretends, and nothing needs doing.", Causer: Causer.Operator);
    public static ProxyNotTrusted Example => new("10.0.0.5", 12);
    public override string Target => Peer;
    public override string Evidence => $"{Requests} requests since the start carried forwarded headers from {Peer}, which is not in TRUSTED_PROXIES: everybody behind it counts as one address.";
}

/// <summary>The trusted proxy does not say how the browser came (C091).</summary>
public sealed record ProxyNamesNoScheme(long Requests, long Of) : Refusal<ProxyNamesNoScheme>, IRefusal<ProxyNamesNoScheme>
{
    public static RefusalEntry Entry { get; } = new("ops.proxy_without_proto", "The proxy sends no X-Forwarded-Proto",
        Public: "The proxy in front of this server is not set up completely.",
        Fix: "Let the proxy set X-Forwarded-Proto to the scheme that the browser used.", Causer: Causer.Operator);
    public static ProxyNamesNoScheme Example => new(10, 12);
    public override string Evidence => $"{Requests} of {Of} requests from the trusted proxy did not say whether the browser used TLS.";
}

/// <summary>Browsers reach the trusted proxy without TLS although APP_URL is https (C091).</summary>
public sealed record BrowsersComeWithoutTls(long Requests, long Of) : Refusal<BrowsersComeWithoutTls>, IRefusal<BrowsersComeWithoutTls>
{
    public static RefusalEntry Entry { get; } = new("ops.proxy_plain_http", "The proxy serves plain http",
        Public: "This server is not reached over a secure connection.",
        Fix: "Let the proxy redirect http to https and serve https only.", Causer: Causer.Operator);
    public static BrowsersComeWithoutTls Example => new(3, 12);
    public override string Evidence => $"{Requests} of {Of} requests from the trusted proxy came to it by plain http, but APP_URL is https.";
}

/// <summary>The trusted proxy passes no client addresses on.</summary>
public sealed record ProxyNamesNoClient(long Requests, long Of) : Refusal<ProxyNamesNoClient>, IRefusal<ProxyNamesNoClient>
{
    public static RefusalEntry Entry { get; } = new("ops.proxy_without_for", "The proxy sends no X-Forwarded-For",
        Public: "The proxy in front of this server is not set up completely.",
        Fix: "Let the proxy append the client's address to X-Forwarded-For.", Causer: Causer.Operator);
    public static ProxyNamesNoClient Example => new(10, 12);
    public override string Evidence => $"{Requests} of {Of} requests from the trusted proxy named no client address: everybody behind it counts as one.";
}

/// <summary>A range of proxies that is wide open.</summary>
public sealed record WideProxyRange(string Network) : Refusal<WideProxyRange>, IRefusal<WideProxyRange>
{
    public static RefusalEntry Entry { get; } = new("ops.proxies_wide", "Very many addresses are trusted as proxies",
        Public: "The server trusts more proxies than it should.",
        Fix: "List only the addresses of your own reverse proxies in TRUSTED_PROXIES.", Causer: Causer.Operator);
    public static WideProxyRange Example => new("10.0.0.0/8");
    public override string Target => Network;
    public override string Evidence => $"TRUSTED_PROXIES holds {Network}: whoever sits there can pretend any client address.";
}

/// <summary>The clock stands before something that already happened.</summary>
public sealed record ClockBehind(long Now, long Newest, string What) : Refusal<ClockBehind>, IRefusal<ClockBehind>
{
    public static RefusalEntry Entry { get; } = new("ops.clock_wrong", "The clock is wrong",
        Public: "The clock of this server is wrong.",
        Fix: "Set the clock and keep it right with an NTP service (timedatectl set-ntp true).", Causer: Causer.Operator);
    public static ClockBehind Example => new(1_700_000_000_000, 1_700_000_900_000, "the newest audit entry");
    public override string Evidence =>
        $"It is {DateTimeOffset.FromUnixTimeMilliseconds(Now):yyyy-MM-dd HH:mm} UTC by this clock, but {What} is from {DateTimeOffset.FromUnixTimeMilliseconds(Newest):yyyy-MM-dd HH:mm}: links and codes live too long or die at once.";
}

/// <summary>This node and its database do not agree on the time.</summary>
/// <param name="Seconds">How far the database's clock is ahead; negative when it is behind.</param>
public sealed record ClocksDiffer(long Seconds) : Refusal<ClocksDiffer>, IRefusal<ClocksDiffer>
{
    public static RefusalEntry Entry { get; } = new("ops.clocks_differ", "This machine and the database differ in time",
        Public: "The clock of this server is wrong.",
        Fix: "Keep the clocks of all nodes and of the database right with an NTP service (timedatectl set-ntp true).", Causer: Causer.Operator);
    public static ClocksDiffer Example => new(90);
    public override string Evidence => $"The database's clock is {Math.Abs(Seconds)} seconds {(Seconds > 0 ? "ahead of" : "behind")} this machine's: sessions, codes and links of one node end too early or too late on another.";
}

/// <summary>The database found damage in itself.</summary>
public sealed record DatabaseDamaged(string Detail) : Refusal<DatabaseDamaged>, IRefusal<DatabaseDamaged>
{
    public static RefusalEntry Entry { get; } = new("ops.database_damaged", "The database is damaged",
        Public: "The server's data needs its administrator.",
        Fix: "Stop the server, keep a copy of the data folder, and restore the last good backup.", Causer: Causer.Operator);
    public static DatabaseDamaged Example => new("row 7 missing from index users_email");
    public override string Evidence => $"The integrity check says: {Detail}.";
}

/// <summary>PostgreSQL acknowledges what is not on disk.</summary>
public sealed record DatabaseNotDurable(string Setting, string Value) : Refusal<DatabaseNotDurable>, IRefusal<DatabaseNotDurable>
{
    public static RefusalEntry Entry { get; } = new("ops.database_not_durable", "PostgreSQL may lose what it acknowledged",
        Public: "The server's data needs its administrator.",
        Fix: "Set fsync, full_page_writes and synchronous_commit to on in PostgreSQL.", Causer: Causer.Operator);
    public static DatabaseNotDurable Example => new("synchronous_commit", "off");
    public override string Target => Setting;
    public override string Evidence => $"PostgreSQL runs with {Setting}={Value}: a crash loses sign-ins and codes that were answered.";
}

/// <summary>Others on the machine may read what is the owner's.</summary>
public sealed record FilesOpenToOthers(string[] Files) : Refusal<FilesOpenToOthers>, IRefusal<FilesOpenToOthers>
{
    public static RefusalEntry Entry { get; } = new("ops.files_open", "Files can be read by other users of the machine",
        Public: "The server's files are not closed to others.",
        Fix: "Run chmod 700 on the data folder and chmod 600 on the files named.", Causer: Causer.Operator);
    public static FilesOpenToOthers Example => new(["/var/lib/gatehouse (0755)"]);
    public override string Evidence => $"Open to group or others: {List(Files)}.";
}

/// <summary>The disk is nearly full.</summary>
public sealed record DiskNearlyFull(long FreeMegabytes, string Folder) : Refusal<DiskNearlyFull>, IRefusal<DiskNearlyFull>
{
    public static RefusalEntry Entry { get; } = new("ops.disk_nearly_full", "The disk is nearly full",
        Public: "The server runs out of space.",
        Fix: "Make room on the disk of the data folder; with no space left nobody can sign in.", Causer: Causer.Operator);
    public static DiskNearlyFull Example => new(40, "/var/lib/gatehouse");
    public override string Evidence => $"{FreeMegabytes} MB are free where {Folder} lies.";
}

/// <summary>The generated key lies beside the data it protects, and so in every backup of it.</summary>
public sealed record KeyBesideData(string File, int AgeDays) : Refusal<KeyBesideData>, IRefusal<KeyBesideData>
{
    public static RefusalEntry Entry { get; } = new("key.beside_data", "The encryption key lies in the data folder",
        Public: "The server's key is not kept apart from its data.",
        Fix: "Move the key file out of the data folder, set KEY_FILE to its new place, start again, and back it up apart from the data.", Causer: Causer.Operator);
    public static KeyBesideData Example => new("/var/lib/gatehouse/gatehouse.key", 12);
    public override string Evidence => $"{File} lies in the data folder of an instance that is {AgeDays} days old: whoever gets a backup of the folder has key and data.";
}

/// <summary>A signing key is there but cannot be used.</summary>
public sealed record SigningKeyUnusable(string Detail) : Refusal<SigningKeyUnusable>, IRefusal<SigningKeyUnusable>
{
    public static RefusalEntry Entry { get; } = new("key.signing_unusable", "A signing key cannot be used",
        Public: "The server cannot sign.",
        Fix: "Start with the encryption key this database was made with; check which backup the database is from.", Causer: Causer.Operator);
    public static SigningKeyUnusable Example => new("no active key");
    public override string Evidence => $"Signing keys: {Detail}.";
}

/// <summary>Nobody has closed set-up yet.</summary>
public sealed record SetupStillOpen(string Origin) : Refusal<SetupStillOpen>, IRefusal<SetupStillOpen>
{
    public static RefusalEntry Entry { get; } = new("setup.still_open", "Set-up is still open",
        Public: "This server is not set up yet.",
        Fix: "Open the link of the start-up log, or run gatehouse setup-link for a new one, and create the first admin.", Causer: Causer.Operator);
    public static SetupStillOpen Example => new("https://id.example.com");
    public override string Evidence => $"{Origin} has no admin yet: whoever holds the set-up link becomes the first.";
}

/// <summary>No active admin is left.</summary>
public sealed record NoAdmin() : Refusal<NoAdmin>, IRefusal<NoAdmin>
{
    public static RefusalEntry Entry { get; } = new("account.no_admin", "There is no active admin",
        Public: "This server has no administrator.",
        Fix: "Run gatehouse admin add --email you@example.com on the server.", Causer: Causer.Operator);
    public static NoAdmin Example => new();
    public override string Evidence => "Set-up is closed, but no enabled account has the admin role.";
}

/// <summary>Admins who lose their access with one device.</summary>
public sealed record AdminsWithOneDevice(string[] Admins) : Refusal<AdminsWithOneDevice>, IRefusal<AdminsWithOneDevice>
{
    public static RefusalEntry Entry { get; } = new("passkey.admin_one_device", "An admin depends on one device",
        Public: "Your account depends on a single device.",
        Fix: "Each of them adds a second passkey under Settings > Account > Security, on another device.", Causer: Causer.Operator);
    public static AdminsWithOneDevice Example => new(["ada@example.com"]);
    public override string Evidence => $"One passkey that is not backed up is all that these admins have: {List(Admins)}.";
}

/// <summary>Admins who cannot sign in with a passkey at all.</summary>
public sealed record AdminsWithoutPasskey(string[] Admins) : Refusal<AdminsWithoutPasskey>, IRefusal<AdminsWithoutPasskey>
{
    public static RefusalEntry Entry { get; } = new("passkey.admin_none", "An admin has no passkey",
        Public: "Your account has no passkey yet.",
        Fix: "Send each of them a login link (gatehouse user link EMAIL) and let them add a passkey.", Causer: Causer.Operator);
    public static AdminsWithoutPasskey Example => new(["grace@example.com"]);
    public override string Evidence => $"These admins have no passkey: {List(Admins)}.";
}

/// <summary>A check itself could not be carried out.</summary>
public sealed record CheckBroke(string Check, string Exception) : Refusal<CheckBroke>, IRefusal<CheckBroke>
{
    public static RefusalEntry Entry { get; } = new("ops.check_broke", "A check could not be carried out",
        Public: "The server could not look at itself.",
        Fix: "Read the log line of this moment; when the database is away, mend that first.", Causer: Causer.Operator);
    public static CheckBroke Example => new("data.database", "SqliteException");
    public override string Target => Check;
    public override string Evidence => $"{Check} ended with {Exception}.";
}
