using System.Net;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Tests.Parts;
using Microsoft.Playwright;

namespace Gatehouse.Tests.Accounts;

public class PagesTests(Chromium chromium)
{
    [Fact]
    public async Task An_admin_adds_edits_disables_and_deletes_a_user_with_plain_forms()
    {
        await using var pages = await PagesWithOpenDoor.Start();
        using var browser = new TestBrowser(pages.Origin);
        await browser.Get("/admin/users/new");
        var created = await browser.Post("/admin/users/new", ("email", "grace@example.com"), ("display_name", "<b>Grace</b>"));
        Assert.Equal(HttpStatusCode.SeeOther, created.Status);
        var path = created.Location!.Split('?')[0];
        var page = await browser.Get(created.Location);
        Assert.Contains("&lt;b&gt;Grace&lt;/b&gt;", page.Body);
        Assert.DoesNotContain("<b>Grace</b>", page.Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.Post(path, ("row_version", "1"), ("user_name", "grace"), ("email", "grace@example.com"), ("display_name", "Grace"), ("given_name", ""), ("family_name", ""))).Status);
        var stale = await browser.Post(path, ("row_version", "1"), ("user_name", "grace"), ("email", "grace@example.com"), ("display_name", "Other"));
        Assert.Equal(HttpStatusCode.Conflict, stale.Status);
        Assert.Contains("GH-", stale.Headers["Gatehouse-Reference"]);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.Post(path + "/disable", ("reason", "left"))).Status);
        Assert.Contains("left", (await browser.Get(path)).Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.Post(path + "/enable")).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.Post(path + "/delete")).Status);
        Assert.Contains("Undo the deletion", (await browser.Get(path)).Body);
        Assert.DoesNotContain("grace@example.com", (await browser.Get("/admin/users")).Body);
        Assert.Contains("grace@example.com", (await browser.Get("/admin/users?state=deleted")).Body);
    }

    [Fact]
    public async Task D03_a_bulk_act_spares_the_last_admin_and_does_the_others()
    {
        await using var pages = await PagesWithOpenDoor.Start();
        var grace = (await pages.Get<CreateUser>().Run(new("grace@example.com"), Actor.Console)).Value;
        using var browser = new TestBrowser(pages.Origin);
        await browser.Get("/admin/users");
        var done = await browser.Post("/admin/users/bulk", ("act", "disable"), ("id", pages.Ada.Id), ("id", grace.Id));
        Assert.Equal("/admin/users?done=1&refused=1&act=disable", done.Location);
        Assert.True((await pages.Database.Read(sql => UserStore.Find(sql, pages.Ada.Id)))!.IsActive);
        Assert.False((await pages.Database.Read(sql => UserStore.Find(sql, grace.Id)))!.IsActive);
    }

    [Fact]
    public async Task D04_fields_that_a_form_does_not_have_change_nothing()
    {
        await using var pages = await PagesWithOpenDoor.Start();
        using var browser = new TestBrowser(pages.Origin);
        await browser.Get("/admin/users/new");
        var created = await browser.Post("/admin/users/new", ("email", "grace@example.com"), ("role", "admin"), ("email_verified", "true"), ("id", pages.Ada.Id));
        var user = await pages.Database.Read(sql => UserStore.Find(sql, created.Location!.Split('?')[0].Split('/')[^1]));
        Assert.Equal((Role.User, false), (user!.Role, user.EmailVerified));
        await browser.Get("/account");
        await browser.Post("/account", ("row_version", "1"), ("display_name", "Ada"), ("email", "evil@example.com"), ("role", "user"), ("user_id", user.Id));
        var ada = await pages.Database.Read(sql => UserStore.Find(sql, pages.Ada.Id));
        Assert.Equal(("Ada", "ada@example.com", Role.Admin), (ada!.DisplayName, ada.Email, ada.Role));
    }

    [Fact]
    public async Task The_theme_is_kept_in_a_cookie_and_the_way_back_stays_on_our_site()
    {
        await using var pages = await PagesWithOpenDoor.Start();
        using var browser = new TestBrowser(pages.Origin);
        await browser.Get("/account");
        Assert.Equal("/account?x=1", (await browser.Post("/preferences", ("theme", "dark"), ("back", "/account?x=1"))).Location);
        Assert.Contains("data-theme=\"dark\"", (await browser.Get("/account")).Body);
        foreach (var evil in new[] { "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=1", "", "javascript:alert(1)", "/\u202e", " /account" })
            Assert.Equal("/", (await browser.Post("/preferences", ("theme", ""), ("back", evil))).Location);
        Assert.DoesNotContain("data-theme", (await browser.Get("/account")).Body);
    }

    [Theory]
    [InlineData(320, false)]
    [InlineData(1280, true)]
    public async Task Every_page_fits_the_screen_and_breaks_no_accessibility_rule(int width, bool dark)
    {
        await using var pages = await PagesWithOpenDoor.Start();
        var long1 = (await pages.Get<CreateUser>().Run(new("a.very.long.address.that.does.not.end@subdomain.department.company.example.com", DisplayName: "Maria del Carmen Fernandez-Villaverde"), Actor.Console)).Value;
        var group = (await pages.Get<CreateGroup>().Run("operations-and-everything-else-with-a-long-name", null, Actor.Console)).Value;
        await pages.Get<AddMember>().Run(group.Id, long1.Id, Actor.Console);
        await pages.Get<DisableUser>().Run(long1.Id, "on leave", Actor.Console);
        await using var context = await chromium.NewContext(dark, width);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error") complaints.Add(message.Text); };
        foreach (var path in new[] { "/admin/users", $"/admin/users/{long1.Id}", "/admin/users/new", "/admin/groups", $"/admin/groups/{group.Id}?q=a", "/account" })
        {
            await page.GotoAsync(pages.Origin + path);
            await AxeCheck.HasNoViolation(page, $"{path} at {width} px");
            Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        }
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task A_refused_form_tells_why_takes_the_focus_and_keeps_what_was_typed()
    {
        await using var pages = await PagesWithOpenDoor.Start();
        await using var context = await chromium.NewContext();
        var page = await context.NewPageAsync();
        await page.GotoAsync(pages.Origin + "/admin/users/new");
        await page.FillAsync("#email", "ADA@example.com");
        await page.FillAsync("#given_name", "Augusta");
        await page.ClickAsync("main button.primary");
        await Assertions.Expect(page.Locator("#errors")).ToBeFocusedAsync();
        Assert.Equal("true", await page.GetAttributeAsync("#email", "aria-invalid"));
        Assert.Equal("Augusta", await page.InputValueAsync("#given_name"));
    }
}
