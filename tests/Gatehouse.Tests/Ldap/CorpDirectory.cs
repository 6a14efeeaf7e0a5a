using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Sync;
using Gatehouse.Tests.Data;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Ldap;

/// <summary>Settings and shortcuts that most tests of this room share.</summary>
static class CorpDirectory
{
    public static readonly Actor Admin = new("grace@example.com", "192.0.2.1");

    /// <summary>OpenLDAP's preset on this slapd.</summary>
    public static DirectorySettings Settings(Slapd slapd) => Presets.Apply(new(), "openldap") with
    {
        Enabled = true,
        Urls = [slapd.LdapsUrl],
        CaPem = slapd.Authority.Pem.Trim(),
        BindDn = Slapd.Reader,
        UserBases = [Slapd.People],
        GroupBases = [Slapd.Groups],
    };

    /// <summary>As the settings page saves it.</summary>
    public static async Task Save(IServiceProvider services, DirectorySettings settings, string? password = Slapd.ReaderPassword)
    {
        var store = services.GetRequiredService<SettingsStore>();
        var faults = await store.Save(settings with { Version = (await store.Get()).Version }, password, Admin);
        Assert.True(faults.Count == 0, string.Join('\n', faults.Select(f => f.Refusal.Evidence)));
        // The settings are cached for half a second at most; a write of our own drops them at once.
        Assert.Equal(settings.Urls, (await store.Get()).Urls);
    }

    public static Task<SyncRun> Sync(this IServiceProvider services) => services.GetRequiredService<RunLdapSync>().Run("page", Admin, CancellationToken.None);

    public static Task<SyncRun> Rehearse(this IServiceProvider services) => services.GetRequiredService<RunLdapSync>().Rehearse("page", Admin, CancellationToken.None);

    public static Task<T> Read<T>(this IServiceProvider services, Func<Sql, Task<T>> work) => services.GetRequiredService<Database>().Read(work);

    public static Task<IReadOnlyList<RunEntry>> Entries(this IServiceProvider services, SyncRun run, string act = "") => services.Read(sql => RunStore.Entries(sql, run.Id, act, 1, 10_000));
}

/// <summary>All rooms over a fresh database, without a web server, beside a directory of its own.</summary>
sealed class SyncedRooms : IAsyncDisposable
{
    private readonly Stores stores;
    private readonly ServiceProvider provider;

    private SyncedRooms(Stores stores, ServiceProvider provider, Slapd slapd) => (this.stores, this.provider, Slapd) = (stores, provider, slapd);

    public Slapd Slapd { get; }
    public IServiceProvider Services => provider;
    public TestClock Clock => stores.Clock;

    public static async Task<SyncedRooms> Start(PostgresCluster postgres, bool onPostgres, string ldif, Func<DirectorySettings, DirectorySettings>? change = null)
    {
        var slapd = await Slapd.Start(ldif);
        var stores = await Stores.New(postgres, onPostgres);
        var instance = await stores.Open();
        var services = new ServiceCollection();
        Server.AddRooms(services, stores.Configuration, instance, stores.Clock);
        services.AddSingleton(LdapLimits.Ordinary);
        var rooms = new SyncedRooms(stores, services.BuildServiceProvider(), slapd);
        var settings = CorpDirectory.Settings(slapd);
        await CorpDirectory.Save(rooms.Services, change is null ? settings : change(settings));
        return rooms;
    }

    public T Get<T>() where T : notnull => provider.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        await stores.DisposeAsync();
        await Slapd.DisposeAsync();
    }
}
