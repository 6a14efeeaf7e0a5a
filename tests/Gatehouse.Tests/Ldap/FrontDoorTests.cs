using System.Diagnostics;
using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Ldap.Configure;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Ldap;

/// <summary>The password page, with a directory behind it.</summary>
public class FrontDoorTests(PostgresCluster postgres)
{
    private static readonly TestAuthority Authority = new();

    private static async Task<TestInstance> Start(PostgresCluster? postgres, DirectorySettings settings, string password = Slapd.ReaderPassword)
    {
        var instance = await PasswordSite.Start(postgres);
        await CorpDirectory.Save(instance.Services, settings, password);
        return instance;
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Somebody_of_the_directory_signs_in_with_the_password_of_the_directory(bool onPostgres)
    {
        await using var slapd = await Slapd.Start(Slapd.Person("ada") + Slapd.Person("bob"));
        await using var instance = await Start(onPostgres ? postgres : null, CorpDirectory.Settings(slapd));
        Assert.Equal(0, (await instance.Console("ldap", "sync")).Code);
        using var browser = instance.Browser();
        await browser.Get("/sign-in");
        Assert.True(PasswordSite.IsIn(await PasswordSite.Enter(browser, "ada@corp.example", "ada-secret")));
        Assert.Contains("Ada Person", (await browser.Get("/account")).Body);

        using var other = instance.Browser();
        await other.Get("/sign-in");
        var wrong = await PasswordSite.Enter(other, "bob", "ada-secret");
        var nobody = await PasswordSite.Enter(other, "nobody", "ada-secret");
        Assert.Equal(nobody.Status, wrong.Status);
        Assert.Equal("ldap.password_wrong", await PasswordSite.CodeOf(instance, wrong));
        Assert.DoesNotContain("ldap", wrong.Body);
        Assert.DoesNotContain("irectory", wrong.Body);
        // Gone from the directory: the next sync ends the session.
        await slapd.Delete("ada");
        await slapd.Change(Slapd.Person("cyd").Replace("\nobjectClass", "\nchangetype: add\nobjectClass", StringComparison.Ordinal));
        Assert.Equal(0, (await instance.Console("ldap", "sync")).Code);
        Assert.NotEqual(HttpStatusCode.OK, (await browser.Get("/account")).Status);
        Assert.Equal("ldap.entry_gone", await PasswordSite.CodeOf(instance, await PasswordSite.Enter(other, "ada", "ada-secret")));
    }

    [Fact]
    public async Task L18_an_entry_with_the_name_or_address_of_a_local_admin_never_opens_the_admins_account()
    {
        await using var slapd = await Slapd.Start(Slapd.Person("boss") + Slapd.Person("mallory", "chief@corp.example"));
        await using var instance = await Start(null, CorpDirectory.Settings(slapd));
        foreach (var (email, name) in new[] { ("boss@example.com", "boss"), ("chief@corp.example", "chief") })
        {
            Assert.Equal(0, (await instance.Console("user", "add", "--email", email, "--user-name", name)).Code);
            await instance.Console("user", "promote", email);
        }
        await instance.Console("ldap", "sync");
        using var browser = instance.Browser();
        await browser.Get("/sign-in");
        foreach (var (name, password, code) in new[]
        {
            ("boss", "boss-secret", "password.none"), ("chief@corp.example", "mallory-secret", "password.none"), ("boss@corp.example", "boss-secret", "password.name_unknown"), ("mallory", "mallory-secret", "password.name_unknown"),
        })
        {
            var page = await PasswordSite.Enter(browser, name, password);
            Assert.False(PasswordSite.IsIn(page), name);
            Assert.StartsWith("password.", await PasswordSite.CodeOf(instance, page));
        }
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from sessions")));
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from users where source = 'ldap'")));
    }

    [Fact]
    public async Task No_more_guesses_reach_the_directory_than_its_admin_allows()
    {
        var binds = 0;
        await using var directory = new ScriptedDirectory(Authority.Issue(["localhost"]), async talk =>
        {
            while (true)
            {
                var (id, tag, body) = await talk.Read();
                var own = body.AsSpan().IndexOf("uid=ada"u8) >= 0;
                if (tag == 0x60 && own) Interlocked.Increment(ref binds);
                if (tag == 0x60) await talk.Send(Answers.Bind(id, own ? 49 : 0));
                else if (tag == 0x63) await talk.Send(Answers.Entry(id, "uid=ada,ou=people", ("entryUUID", "id-ada"), ("uid", "ada"), ("mail", "ada@corp.example"), ("cn", "Ada")), Answers.Done(id));
                else return;
            }
        });
        await using var instance = await Scripted(directory.Url);
        using var browser = instance.Browser();
        await browser.Get("/sign-in");
        for (var i = 0; i < 8; i++) Assert.False(PasswordSite.IsIn(await PasswordSite.Enter(browser, i % 2 == 0 ? "ADA" : "ada@corp.example", $"guess {i}")));
        Assert.InRange(binds, 1, 4);
    }

    [Fact]
    public async Task C121_V12_while_the_directory_hangs_its_people_hear_on_our_side_and_local_people_sign_in()
    {
        await using var hanging = new ScriptedDirectory(Authority.Issue(["localhost"]), talk => talk.Silence());
        await using var instance = await Scripted(hanging.Url);
        using var local = await TestPerson.User(instance, "zoe@example.com", "Zoe");
        await PasswordSite.NewUser(instance, "yan@example.com", "Yan");
        using var browser = instance.Browser();
        await browser.Get("/sign-in");
        using var away = instance.Browser();
        await away.Get("/sign-in");
        async Task<double> LocalSignIn()
        {
            await local.Browser.Post("/sign-out");
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(HttpStatusCode.OK, (await local.SignIn()).Status);
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }
        var rounds = Environment.GetEnvironmentVariable("GATEHOUSE_FIGURES") is { Length: > 0 } ? 30 : 3;
        var (calm, during) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++) calm.Add(await LocalSignIn());
        var waiting = PasswordSite.Enter(away, "ada", "secret");
        for (var i = 0; i < rounds && !waiting.IsCompleted; i++) during.Add(await LocalSignIn());
        if (rounds > 3)
            await File.AppendAllTextAsync(Environment.GetEnvironmentVariable("GATEHOUSE_FIGURES")!, string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"local passkey sign-in: median {calm.Order().ElementAt(calm.Count / 2):0.0} ms, slowest {calm.Max():0.0} ms of {calm.Count}; while the directory hangs: median {during.Order().ElementAt(during.Count / 2):0.0} ms, slowest {during.Max():0.0} ms of {during.Count}\n"));
        if (rounds == 3) Assert.True(PasswordSite.IsIn(await PasswordSite.Enter(browser, "yan@example.com", PasswordSite.Good)));
        Assert.False(rounds == 3 && waiting.IsCompleted, "the directory was asked for as long as four people signed in");
        var page = await waiting;
        Assert.Contains("on our side", page.Body);
        Assert.DoesNotContain("Check the name and the password", page.Body);
        Assert.Equal("ldap.timed_out", await PasswordSite.CodeOf(instance, page));
        // The circuit is open: the next hears it at once, and no guess was spent.
        var started = Stopwatch.GetTimestamp();
        Assert.Equal("ldap.resting", await PasswordSite.CodeOf(instance, await PasswordSite.Enter(away, "ada", "secret")));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(4));
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select coalesce(max(used), 0) from throttles where bucket like 'password:user:%'")));
    }

    /// <summary>One user of a scripted directory.</summary>
    private static async Task<TestInstance> Scripted(string url)
    {
        var instance = await Start(null, Presets.Apply(new(), "openldap") with { Enabled = true, Urls = [url], CaPem = Authority.Pem.Trim(), BindDn = "cn=reader", UserBases = ["ou=people"], IntervalMinutes = 0 }, "reader-secret");
        var id = Gatehouse.Data.Clock.NewId(instance.Clock);
        await instance.Database.Write(async sql =>
        {
            await UserStore.Insert(sql, new User { Id = id, UserName = "ada", Email = "ada@corp.example", DisplayName = "Ada", Source = "ldap", CreatedAt = 1 });
            await sql.Run("insert into ldap_users (user_id, stable_id, dn, linked_at) values (@id, 'id-ada', 'uid=ada,ou=people', 1)", new { id });
        });
        return instance;
    }
}
