using System.Diagnostics;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Ldap;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Passwords;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Ldap;

/// <summary>The directory judges passwords of its own users, found by their stable id and nothing else.</summary>
public class SignInTests(PostgresCluster postgres)
{
    private static readonly TestAuthority Authority = new();

    private static async Task<PasswordVerdict> Check(IServiceProvider services, string name, string password)
    {
        var user = (await services.Read(sql => UserStore.FindByIdentifier(sql, name)))!;
        var source = services.GetRequiredService<IPasswordSource>();
        Assert.True(source.Owns(user.Source));
        return await source.Check(user, password, new Visit(TimeProvider.System), CancellationToken.None);
    }

    private static string Code(PasswordVerdict verdict) => verdict switch
    {
        PasswordVerdict.Wrong wrong => wrong.Why.Facts.Code,
        PasswordVerdict.Unavailable away => "away " + away.Why.Facts.Code,
        _ => "right",
    };

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_password_of_the_entry_opens_the_account_and_nothing_else_does(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Slapd.Person("ada") + Slapd.Person("bob"));
        await rooms.Services.Sync();
        Assert.Equal("right", Code(await Check(rooms.Services, "ada", "ada-secret")));
        Assert.Equal("ldap.password_wrong", Code(await Check(rooms.Services, "ada", "bob-secret")));
        Assert.Equal("ldap.password_wrong", Code(await Check(rooms.Services, "ada", "ada-secret ")));
        // Renamed there, before any sync: found by the id all the same.
        await rooms.Slapd.Change($"dn: {Slapd.PersonDn("ada")}\nchangetype: modrdn\nnewrdn: uid=lovelace\ndeleteoldrdn: 1\n");
        Assert.Equal("right", Code(await Check(rooms.Services, "ada", "ada-secret")));
        // Somebody else under the old DN and with the old name is somebody else.
        await rooms.Slapd.Change(Slapd.Person("ada", "other@corp.example").Replace("ada-secret", "evil-secret", StringComparison.Ordinal).Replace("\nobjectClass", "\nchangetype: add\nobjectClass", StringComparison.Ordinal));
        Assert.Equal("ldap.password_wrong", Code(await Check(rooms.Services, "ada", "evil-secret")));
        // Moved out of reach or removed: out at once, before the next sync.
        await rooms.Slapd.Change($"dn: uid=lovelace,{Slapd.People}\nchangetype: modrdn\nnewrdn: uid=lovelace\ndeleteoldrdn: 1\nnewsuperior: ou=external,{Slapd.Suffix}\n");
        Assert.Equal("ldap.entry_gone", Code(await Check(rooms.Services, "ada", "ada-secret")));
        await CorpDirectory.Save(rooms.Services, (await rooms.Get<SettingsStore>().Get()) with { PasswordSignIn = false }, null);
        Assert.Equal("ldap.passwords_off", Code(await Check(rooms.Services, "bob", "bob-secret")));
    }

    [Fact]
    public async Task CVE_2017_14623_L03_L04_a_password_without_proof_reaches_no_server_even_one_that_would_say_yes()
    {
        await using var yes = new ScriptedDirectory(Authority.Issue(["localhost"]), talk => talk.Obey((id, _) => talk.Send(Answers.Done(id))));
        await using var rooms = await With(yes.Url);
        foreach (var password in new[] { "", " ", "\t  ", "\0", "\0secret" }) Assert.Equal("ldap.password_proves_nothing", Code(await Check(rooms.Services, "ada", password)));
        Assert.Equal(0, yes.Connections);
    }

    [Fact]
    public async Task L06_two_entries_of_one_id_open_nothing()
    {
        await using var two = new ScriptedDirectory(Authority.Issue(["localhost"]), talk => talk.Obey((id, _) => talk.Send(Entry(id, "uid=ada,ou=people"), Entry(id, "uid=ada,ou=old"), Answers.Done(id))));
        await using var rooms = await With(two.Url);
        Assert.Equal("ldap.entry_ambiguous", Code(await Check(rooms.Services, "ada", "secret")));
        Assert.DoesNotContain(two.Received, r => r.AsSpan().IndexOf("secret"u8) >= 0 && r.AsSpan().IndexOf("uid=ada"u8) >= 0);
    }

    [Fact]
    public async Task An_entry_that_is_exchanged_between_search_and_bind_opens_nothing()
    {
        var searches = 0;
        await using var swapping = new ScriptedDirectory(Authority.Issue(["localhost"]), talk => talk.Obey((id, _) => talk.Send(Entry(id, "uid=ada,ou=people", Interlocked.Increment(ref searches) == 1 ? "id-ada" : "id-mallory"), Answers.Done(id))));
        await using var rooms = await With(swapping.Url);
        Assert.Equal("ldap.entry_changed_hands", Code(await Check(rooms.Services, "ada", "secret")));
        // And one that answers with another id than was asked for.
        searches = 5;
        Assert.Equal("ldap.entry_changed_hands", Code(await Check(rooms.Services, "ada", "secret")));
    }

    [Theory]
    [InlineData(49, "", "ldap.password_wrong")]
    [InlineData(49, "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 775, v4563", "ldap.account_unusable")]
    [InlineData(49, "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 532, v4563", "ldap.account_unusable")]
    [InlineData(19, "Exceed password retry limit", "ldap.password_wrong")]
    [InlineData(53, "Account inactivated", "ldap.password_wrong")]
    [InlineData(14, "saslBindInProgress", "ldap.password_wrong")]
    [InlineData(10, "referral", "ldap.password_wrong")]
    [InlineData(52, "", "away ldap.unavailable")]
    public async Task C121_any_result_but_0_is_a_failure_with_a_code_of_its_own(int code, string message, string expected)
    {
        await using var directory = new ScriptedDirectory(Authority.Issue(["localhost"]), async talk =>
        {
            while (true)
            {
                var (id, tag, body) = await talk.Read();
                if (tag == 0x60) await talk.Send(Answers.Bind(id, body.AsSpan().IndexOf("uid=ada"u8) >= 0 ? code : 0, message));
                else if (tag == 0x63) await talk.Send(Entry(id, "uid=ada,ou=people"), Answers.Done(id));
                else return;
            }
        });
        await using var rooms = await With(directory.Url);
        var verdict = await Check(rooms.Services, "ada", "secret");
        Assert.Equal(expected, Code(verdict));
        if (verdict is PasswordVerdict.Wrong wrong) Assert.Equal((PasswordRefused.PublicCode, 403), (wrong.Why.Facts.CodeForStrangers, wrong.Why.Facts.Status));
    }

    [Fact]
    public async Task C121_L15_a_directory_that_cannot_be_asked_is_on_our_side_and_quickly_so_the_second_time()
    {
        await using var hanging = new ScriptedDirectory(Authority.Issue(["localhost"]), talk => talk.Silence());
        await using var rooms = await With(hanging.Url);
        var verdict = Assert.IsType<PasswordVerdict.Unavailable>(await Check(rooms.Services, "ada", "secret"));
        Assert.IsType<DirectoryTimedOut>(verdict.Why);
        Assert.Contains("on our side", verdict.Why.Facts.Public);
        Assert.DoesNotContain("wrong", verdict.Why.Facts.Public);
        var started = Stopwatch.GetTimestamp();
        Assert.Equal("away ldap.resting", Code(await Check(rooms.Services, "ada", "secret")));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMilliseconds(300));
    }

    [Fact]
    public async Task A_slow_directory_is_asked_by_few_at_a_time_and_the_others_hear_so_at_once()
    {
        await using var hanging = new ScriptedDirectory(Authority.Issue(["localhost"]), talk => talk.Silence());
        await using var rooms = await With(hanging.Url);
        var all = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Check(rooms.Services, "ada", "secret")));
        Assert.All(all, v => Assert.StartsWith("away ", Code(v)));
        Assert.Contains(all, v => Code(v) == "away ldap.crowded");
        Assert.InRange(hanging.Connections, 1, 8);
    }

    [Fact]
    public async Task The_limit_of_guesses_is_ours_and_below_the_directorys()
    {
        await using var rooms = await SyncedRooms.Start(postgres, false, Slapd.Person("ada"), s => s with { PasswordTries = 3 });
        await rooms.Get<SettingsStore>().Get();
        Assert.Equal(3, rooms.Get<IPasswordSource>().GuessesPerWindow);
        Assert.Equal(4, new DirectorySettings().PasswordTries);
    }

    private static byte[] Entry(int id, string dn, string stable = "id-ada") => Answers.Entry(id, dn, ("entryUUID", stable), ("uid", "ada"), ("mail", "ada@corp.example"), ("cn", "Ada"));

    /// <summary>One user of a scripted directory, without a sync.</summary>
    private async Task<ScriptedRooms> With(string url)
    {
        var stores = await Tests.Data.Stores.New(postgres, false);
        var instance = await stores.Open();
        var services = new ServiceCollection();
        Server.AddRooms(services, stores.Configuration, instance, stores.Clock);
        services.AddSingleton(LdapLimits.Ordinary with { Step = TimeSpan.FromMilliseconds(700), SignIn = TimeSpan.FromSeconds(2) });
        var provider = services.BuildServiceProvider();
        await CorpDirectory.Save(provider, Presets.Apply(new(), "openldap") with { Enabled = true, Urls = [url], CaPem = Authority.Pem.Trim(), BindDn = "cn=reader", UserBases = ["ou=people"] }, "reader-secret");
        var ada = new User { Id = stores.Clock.NewId(), UserName = "ada", Email = "ada@corp.example", DisplayName = "Ada", Source = "ldap", CreatedAt = 1 };
        await instance.Database.Write(async sql =>
        {
            await UserStore.Insert(sql, ada);
            await sql.Run("insert into ldap_users (user_id, stable_id, dn, linked_at) values (@Id, 'id-ada', 'uid=ada,ou=people', 1)", new { ada.Id });
        });
        return new(stores, provider);
    }

    private sealed class ScriptedRooms(Tests.Data.Stores stores, ServiceProvider provider) : IAsyncDisposable
    {
        public IServiceProvider Services => provider;

        public async ValueTask DisposeAsync()
        {
            await provider.DisposeAsync();
            await stores.DisposeAsync();
        }
    }
}
