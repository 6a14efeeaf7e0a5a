using System.Net;
using System.Text.Json;
using Gatehouse.Accounts.Deletion;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gatehouse.Tests.Accounts;

public class PersonalDataTests(PostgresCluster postgres)
{
    /// <summary>Columns that name a person otherwise than by user_id.</summary>
    private static readonly (string Table, string Column)[] OtherNames =
        [("users", "id"), ("audit", "target_id"), ("audit", "actor"), ("one_time_tokens", "subject"), ("mails", "recipient"), ("signup_links", "email"), ("signup_pending", "email"), ("break_glass_credentials", "made_by")];

    [Fact]
    public async Task Every_table_with_a_person_in_it_is_declared_by_its_room()
    {
        await using var instance = await TestInstance.Start();
        var declared = instance.Services.GetServices<PersonalData>().SelectMany(p => p.Tables).ToHashSet(StringComparer.Ordinal);
        var tables = await instance.Database.Read(sql => sql.List<string>("select name from sqlite_master where type = 'table'"));
        var missing = new List<string>();
        foreach (var table in tables)
        {
            var columns = await instance.Database.Read(sql => sql.List<string>($"select name from pragma_table_info('{table}')"));
            if ((columns.Contains("user_id") || OtherNames.Any(o => o.Table == table)) && !declared.Contains(table)) missing.Add(table);
        }
        Assert.True(missing.Count == 0, "no room says what these keep about people (PersonalData): " + string.Join(", ", missing));
        Assert.All(declared, t => Assert.Contains(t, tables));
        Assert.All(OtherNames, o => Assert.Contains(o.Table, declared));
        var names = instance.Services.GetServices<PersonalData>().Select(p => p.Name).ToArray();
        Assert.Equal(names.Length, names.Distinct().Count());
        // What has no foreign key to the account says how it is cleared.
        foreach (var part in instance.Services.GetServices<PersonalData>().Where(p => p.Clear is null))
            foreach (var table in part.Tables.Where(t => t != "users"))
                Assert.True(await instance.Database.Read(sql => sql.One<long>($"select count(*) from pragma_foreign_key_list('{table}') where \"table\" = 'users' and on_delete = 'CASCADE'")) > 0, $"{table} outlives the account");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_person_downloads_everything_about_them_and_nothing_of_others_or_secret(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--ask");
        var instance = site.Server;
        using var admin = await TestPerson.FirstAdmin(instance, "root@example.com", "Root Admin");
        using var ada = await TestPerson.User(instance, "countess@example.com", "Countess");
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob Other");
        await site.Run("group", "add", "Editors");
        await site.Run("group", "member", "add", "Editors", "countess@example.com");
        await site.Run("user", "claim", "set", "countess@example.com", "department", "engines");
        await instance.Console("user", "disable", "bob@example.com", "--reason", "secret reason of bob");
        await ada.Browser.Get(site.AuthorizePath(("prompt", "none")));
        await site.SignIn(ada.Browser, "countess@example.com");
        await ada.Browser.Post("/sign-out");
        await ada.SignIn();
        instance.Clock.Advance(TimeSpan.FromMinutes(11));

        var page = await ada.Browser.Get("/account/data");
        Assert.Contains("Passkeys; only their public half", page.Body);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/account/data")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/data/confirm")).Status);
        await ada.StepUp();
        Assert.Equal("/account/data?ready=1", (await ada.Browser.Get("/account/data/confirm")).Location);
        // Nobody can ask for somebody else: no parameter is looked at.
        var file = await ada.Browser.Post("/account/data", ("id", "x"), ("user_id", "y"), ("email", "bob@example.com"));
        Assert.Equal(HttpStatusCode.OK, file.Status);
        Assert.Equal("attachment; filename=\"my-data.json\"", file.Headers["Content-Disposition"]);
        Assert.Equal("no-store", file.Headers["Cache-Control"]);
        Assert.StartsWith("application/json", file.Headers["Content-Type"], StringComparison.Ordinal);
        var json = JsonDocument.Parse(file.Body).RootElement;
        Assert.Equal("countess@example.com", Rows("profile")[0].GetProperty("email").GetString());
        Assert.Equal("Editors", Rows("groups")[0].GetProperty("name").GetString());
        Assert.Equal("engines", Rows("custom_claims")[0].GetProperty("value").GetString());
        Assert.Equal(JsonValueKind.True, Rows("profile")[0].TryGetProperty("is_email_verified", out var verified) ? JsonValueKind.True : verified.ValueKind);
        Assert.NotEmpty(Rows("passkeys"));
        Assert.NotEmpty(Rows("sessions"));
        Assert.NotEmpty(Rows("sign_ins"));
        Assert.NotEmpty(Rows("known_browsers"));
        Assert.Contains(Rows("changes"), r => r.GetProperty("done_by").GetString() == "the operator of the server");
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T", Rows("sessions")[0].GetProperty("began_at").GetString()!);
        foreach (var other in new[] { "bob@example.com", "Bob Other", "root@example.com", "Root Admin", "secret reason", Environment.MachineName }) Assert.DoesNotContain(other, file.Body, StringComparison.Ordinal);
        foreach (var secret in await instance.Database.Read(sql => sql.List<string>("select hash from sessions union select hash from one_time_tokens union select public_key from passkeys union select credential_id from passkeys union select browser from known_browsers")))
            Assert.DoesNotContain(secret, file.Body, StringComparison.Ordinal);
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where action = 'user.data_downloaded' and actor = 'countess@example.com'")));

        // Five within an hour.
        for (var i = 0; i < 4; i++) Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Post("/account/data")).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ada.Browser.Post("/account/data")).Status);

        IReadOnlyList<JsonElement> Rows(string part) => [.. json.GetProperty(part).GetProperty("rows").EnumerateArray()];
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Somebody_asks_for_deletion_takes_it_back_is_declined_and_approved_and_everybody_hears_of_it(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var admin = await TestPerson.FirstAdmin(instance, "root@example.com", "Root");
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob");
        await admin.SignIn();
        await ada.SignIn();
        var id = await Id(instance, "ada@example.com");
        // Without the tick nothing happens.
        Assert.Equal(HttpStatusCode.BadRequest, (await ada.Browser.Post("/account/delete")).Status);
        Assert.Equal("/account/delete", (await ada.Browser.Post("/account/delete", ("sure", "on"))).Location);
        Assert.Equal("/account/delete", (await ada.Browser.Post("/account/delete", ("sure", "on"))).Location);
        Assert.Contains("Take it back", (await ada.Browser.Get("/account/delete")).Body);
        Assert.Single(await instance.Mails("root@example.com"), m => m.Subject == "ada@example.com asks for their account to be deleted");
        Assert.Single(await instance.Mails("ada@example.com"), m => m.Subject.StartsWith("You asked for your account", StringComparison.Ordinal));
        Assert.Contains("asks to be deleted", (await admin.Browser.Get("/admin/users?state=deletion-asked")).Body);
        Assert.DoesNotContain("bob@example.com", (await admin.Browser.Get("/admin/users?state=deletion-asked")).Body);
        // What admins are written about others is no part of their own data.
        var own = await admin.Browser.Post("/account/data");
        Assert.Contains("\"letters\"", own.Body);
        Assert.DoesNotContain("ada@example.com", own.Body);
        // Bob cannot take back, approve or decline what is Ada's.
        await bob.Browser.Post("/account/delete/take-back", ("user_id", id));
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.Browser.Post($"/admin/users/{id}/deletion/approve")).Status);
        Assert.Contains("Asks to be deleted", (await admin.Browser.Get($"/admin/users/{id}")).Body);
        Assert.Equal("/account/delete?done=taken-back", (await ada.Browser.Post("/account/delete/take-back")).Location);
        Assert.Single(await instance.Mails("root@example.com"), m => m.Subject == "ada@example.com keeps their account");
        // Taken back at the same moment: the admin is told, nothing is deleted.
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Browser.Post($"/admin/users/{id}/deletion/approve")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);

        await ada.Browser.Post("/account/delete", ("sure", "on"));
        Assert.Equal(FindingStatus.Pass, (await new WishesCheck(instance.Database, instance.Clock).Run(default)).Status);
        var later = new TestClock();
        later.Advance(TimeSpan.FromDays(16));
        Assert.IsType<DeletionWaits>((await new WishesCheck(instance.Database, later).Run(default)).Refusal);
        Assert.Equal($"/admin/users/{id}?done=declined", (await admin.Browser.Post($"/admin/users/{id}/deletion/decline", ("because", "You hold the <b>keys</b>."))).Location);
        Assert.Contains("You hold the", Assert.Single(await instance.Mails("ada@example.com"), m => m.Subject.Contains("was not deleted", StringComparison.Ordinal)).Text);
        Assert.Contains("You hold the &lt;b&gt;keys", (await ada.Browser.Get("/account/delete")).Body);
        await ada.Browser.Post("/account/delete", ("sure", "on"));
        Assert.Equal($"/admin/users/{id}?done=deleted", (await admin.Browser.Post($"/admin/users/{id}/deletion/approve")).Location);
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.SignIn()).Status);
        Assert.Single(await instance.Mails("ada@example.com"), m => m.Subject.EndsWith("is deleted", StringComparison.Ordinal));
        // Until the date an admin brings it back, whole but for its sessions.
        Assert.Equal($"/admin/users/{id}?done=undeleted", (await admin.Browser.Post($"/admin/users/{id}/undelete")).Location);
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/delete")).Status);
        Assert.DoesNotContain("Take it back", (await ada.Browser.Get("/account/delete")).Body);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task D10_a_deleted_account_is_dead_at_once_and_after_its_days_nothing_of_the_person_is_left_but_an_id_in_the_audit_log(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var instance = site.Server;
        using var admin = await TestPerson.FirstAdmin(instance, "root@example.com", "Root");
        using var ada = await TestPerson.User(instance, "early.lovelace@example.com", "Augusta Lovelace");
        // An earlier address, under which she acted.
        await ada.Browser.Post("/account/sessions/end-all");
        await ada.SignIn();
        await admin.SignIn();
        var early = await Id(instance, "early.lovelace@example.com");
        var version = await instance.Database.Read(sql => sql.One<long>("select row_version from users where id = @early", new { early }));
        Assert.Equal($"/admin/users/{early}?done=saved", (await admin.Browser.Post($"/admin/users/{early}", ("row_version", $"{version}"), ("user_name", "lovelace"), ("email", "lovelace@example.com"), ("display_name", "Augusta Lovelace"))).Location);
        await site.Run("group", "add", "Editors");
        await site.Run("group", "member", "add", "Editors", "lovelace@example.com");
        await site.SignIn(ada.Browser, "lovelace@example.com");
        var tokens = (await site.Token(("code", await site.Code(ada.Browser)))).Json;
        var code = await site.Code(ada.Browser);
        await ada.Browser.Get("/admin/users");
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        await ada.StepUp();
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Post("/account/data")).Status);
        Assert.Equal("/account/delete", (await ada.Browser.Post("/account/delete", ("sure", "on"))).Location);
        var link = await TestPerson.LoginLink(instance, "lovelace@example.com");
        var id = await Id(instance, "lovelace@example.com");
        await instance.Database.Write(sql => new DeletionSettings { GraceDays = 3 }.Save(sql, instance.Services.GetRequiredService<Settings>()));
        Assert.Equal(0, (await instance.Console("user", "delete", "lovelace@example.com")).Code);

        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.SignIn()).Status);
        Assert.Equal(401, (await site.Userinfo(tokens.GetProperty("access_token").GetString()!)).Status);
        Assert.Equal(400, (await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Status);
        Assert.Equal(400, (await site.Token(("code", code))).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await new TestPerson(instance).FollowLoginLink(link)).Status);
        Assert.Equal(0, (await instance.Console("user", "undelete", "lovelace@example.com")).Code);
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
        Assert.Equal(400, (await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Status);

        await instance.Console("user", "delete", "lovelace@example.com");
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        var purge = instance.Services.GetServices<IHostedService>().OfType<PurgeDeletedUsers>().Single();
        instance.Clock.Advance(TimeSpan.FromDays(3) - TimeSpan.FromMinutes(1));
        Assert.Equal(0, await purge.Run());
        instance.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await purge.Run());
        Assert.Equal(1, (await instance.Console("user", "undelete", "lovelace@example.com")).Code);
        var (places, ids) = await Traces(instance, onPostgres, id, "lovelace", "Augusta");
        Assert.True(places.Count == 0, "still there: " + string.Join(", ", places));
        Assert.Equal(["audit"], ids);
        Assert.Contains("user.purged", await instance.Database.Read(sql => sql.List<string>("select action from audit where target_id = @id", new { id })));
        // The address is free again, and the new account is another.
        await site.Run("user", "add", "--email", "lovelace@example.com", "--name", "Augusta");
        Assert.NotEqual(id, await Id(instance, "lovelace@example.com"));
    }

    [Fact]
    public async Task D03_the_last_admin_can_neither_ask_nor_be_deleted_and_a_directory_keeps_its_own_accounts()
    {
        await using var instance = await TestInstance.Start();
        using var admin = await TestPerson.FirstAdmin(instance, "root@example.com", "Root");
        Assert.Contains("You are the last administrator", (await admin.Browser.Get("/account/delete")).Body);
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Browser.Post("/account/delete", ("sure", "on"))).Status);
        Assert.Equal(1, (await instance.Console("user", "delete", "root@example.com")).Code);
        // Asked for while there was another one; that one is gone when it is to be approved.
        using var second = await TestPerson.User(instance, "second@example.com", "Second");
        await instance.Console("user", "promote", "second@example.com");
        await admin.SignIn();
        Assert.Equal("/account/delete", (await admin.Browser.Post("/account/delete", ("sure", "on"))).Location);
        await instance.Console("user", "disable", "second@example.com");
        await admin.StepUp();
        Assert.Equal(HttpStatusCode.Conflict, (await admin.Browser.Post($"/admin/users/{await Id(instance, "root@example.com")}/deletion/approve")).Status);
        Assert.Equal(HttpStatusCode.OK, (await admin.Browser.Get("/admin/users")).Status);

        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await instance.Database.Write(sql => sql.Run("update users set source = 'ldap' where email = 'ada@example.com'"));
        await ada.SignIn();
        Assert.Contains("belongs to your organisation", System.Net.WebUtility.HtmlDecode((await ada.Browser.Get("/account/delete")).Body));
        Assert.Equal(HttpStatusCode.Conflict, (await ada.Browser.Post("/account/delete", ("sure", "on"))).Status);
        // Switched off for everybody.
        Assert.Equal("/admin/settings/deletion?done=saved", (await admin.Browser.Post("/admin/settings/deletion", ("grace", "30"))).Location);
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.Browser.Post("/admin/settings/deletion", ("grace", "0"))).Status);
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob");
        Assert.Contains("Please write to your administrator", (await bob.Browser.Get("/account/delete")).Body);
        Assert.Equal(HttpStatusCode.Conflict, (await bob.Browser.Post("/account/delete", ("sure", "on"))).Status);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from deletion_requests where user_id <> (select id from users where email = 'root@example.com')")));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_sign_in_that_races_a_deletion_leaves_no_live_session(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var admin = await TestPerson.FirstAdmin(instance, "root@example.com", "Root");
        for (var round = 0; round < 6; round++)
        {
            using var ada = await TestPerson.User(instance, $"ada{round}@example.com", "Ada");
            using var again = new TestPerson(instance) { Authenticator = ada.Authenticator };
            await again.Browser.Get("/sign-in");
            var id = await Id(instance, $"ada{round}@example.com");
            await Task.WhenAll(again.SignIn(), instance.Services.GetRequiredService<DeleteUser>().Run(id, Gatehouse.Audit.Actor.Console));
            Assert.StartsWith("/sign-in", (await again.Browser.Get("/account")).Location!, StringComparison.Ordinal);
            Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location!, StringComparison.Ordinal);
        }
    }

    private static async Task<string> Id(TestInstance instance, string email) => (await instance.Database.Read(sql => sql.One<string>("select id from users where email = @email", new { email })))!;

    /// <summary>Tables in which one of the words stands somewhere, and tables in which the id stands.</summary>
    private static Task<(List<string> Words, List<string> Ids)> Traces(TestInstance instance, bool postgres, string id, params string[] words) => instance.Database.Read(async sql =>
    {
        var tables = await sql.List<string>(postgres ? "select table_name from information_schema.tables where table_schema = current_schema()" : "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'");
        var (found, ids) = (new List<string>(), new List<string>());
        foreach (var table in tables.Order(StringComparer.Ordinal))
            foreach (var row in await sql.Rows($"select * from {table}"))
                foreach (var (column, value) in row)
                {
                    if (value is not string text) continue;
                    if (words.Any(w => text.Contains(w, StringComparison.OrdinalIgnoreCase))) found.Add($"{table}.{column}: {text}");
                    if (text.Contains(id, StringComparison.Ordinal) && !ids.Contains(table)) ids.Add(table);
                }
        return (found, ids);
    });
}
