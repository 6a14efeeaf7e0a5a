using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Mail;
using Gatehouse.SignIn.Requests;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignUp;

/// <summary>An instance with an admin, and what people without an account do there.</summary>
static partial class SignUpSite
{
    /// <summary>Invites by mail as the form does; the page with the result of each row.</summary>
    public static async Task<Page> Invite(this TestPerson admin, string addresses, string hours = "168", params string[] groups)
    {
        await admin.Browser.Get("/admin/invite");
        return await admin.Browser.Post("/admin/invite/mail", [("addresses", addresses), ("valid", hours), .. groups.Select(g => ("group", g))]);
    }

    /// <summary>Makes a link for whoever has it; its path and query.</summary>
    public static async Task<string> MakeLink(this TestPerson admin, int uses = 1, string hours = "168", params string[] groups)
    {
        await admin.Browser.Get("/admin/invite");
        var page = await admin.Browser.Post("/admin/invite/link", [("label", "Open day"), ("uses", uses.ToString()), ("valid", hours), .. groups.Select(g => ("group", g))]);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        return Shown(page, admin.Browser.Origin);
    }

    /// <summary>The link that a page shows once, as path and query.</summary>
    public static string Shown(Page page, string origin) => LinkShown().Match(page.Body) is { Success: true } match ? match.Value : throw new InvalidOperationException($"no link of {origin} in {page.Body}");

    /// <summary>Opens a sign-up link, types name and address, and makes the account with a passkey. The first answer that is not good, or the last.</summary>
    public static async Task<Page> Join(this TestPerson person, string link, string name = "Bo", string email = "bo@example.com")
    {
        var begun = await person.BeginJoin(link, name, email);
        return begun.Status == HttpStatusCode.SeeOther ? await person.FinishJoin(link) : begun;
    }

    public static async Task<Page> BeginJoin(this TestPerson person, string link, string name = "Bo", string email = "bo@example.com")
    {
        var page = await person.Browser.Get(link);
        return page.Status == HttpStatusCode.OK ? await person.Browser.Post("/join", ("t", Token(link)), ("display_name", name), ("email", email)) : page;
    }

    public static async Task<Page> FinishJoin(this TestPerson person, string link)
    {
        var options = await person.Browser.PostJson("/join/options", JsonSerializer.Serialize(new { t = Token(link) }));
        return options.Status == HttpStatusCode.OK ? await person.CompleteRegistration("/join/complete", options) : options;
    }

    public static string Token(string link) => link.Split("?t=")[1];

    /// <summary>Waits until what strangers asked for is worked off.</summary>
    public static async Task Settle(this TestInstance instance)
    {
        await instance.Services.GetRequiredService<AnswerRequests>().WorkOff();
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
    }

    /// <summary>The newest letter to somebody.</summary>
    public static async Task<Letter> LastMail(this TestInstance instance, string to) => (await instance.Mails(to))[^1];

    public static async Task<string> LastLink(this TestInstance instance, string to) => instance.LinkIn(await instance.LastMail(to));

    public static Task<long> Count(this TestInstance instance, string table, string where = "1 = 1") => instance.Database.Read(sql => sql.One<long>($"select count(*) from {table} where {where}"));

    /// <summary>Sets the settings of sign-up as the admin's form does.</summary>
    public static async Task Set(this TestPerson admin, string mode, string domains = "", bool prove = false)
    {
        await admin.Browser.Get("/admin/settings/sign-up");
        var fields = new List<(string, string)> { ("mode", mode), ("domains", domains) };
        if (prove) fields.Add(("prove", "on"));
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post("/admin/settings/sign-up", [.. fields])).Status);
    }

    public static string Mask(Page page) => References().Replace(Tokens().Replace(page.Body, "TOKEN"), "REF");

    [GeneratedRegex("/join\\?t=[A-Za-z0-9_-]{43}")]
    private static partial Regex LinkShown();

    [GeneratedRegex("GH-[0-9A-Z]{4}-[0-9A-Z]{4}")]
    private static partial Regex References();

    [GeneratedRegex("[A-Za-z0-9_-]{43}")]
    private static partial Regex Tokens();
}
