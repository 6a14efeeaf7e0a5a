using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.SecondFactors;

/// <summary>Somebody with a password and an authenticator app, whose codes come from oathtool.</summary>
internal sealed partial class Holder : IDisposable
{
    private Holder(TestInstance instance, User user) => (Instance, User, Browser) = (instance, user, instance.Browser());

    public TestInstance Instance { get; }
    public User User { get; private set; }
    public TestBrowser Browser { get; private set; }

    /// <summary>Base32, as the page showed it.</summary>
    public string Secret { get; private set; } = "";
    public IReadOnlyList<string> Codes { get; private set; } = [];

    public static async Task<Holder> New(TestInstance instance, string email = "ada@example.com", string name = "Ada", bool withApp = true)
    {
        var holder = new Holder(instance, await PasswordSite.NewUser(instance, email, name));
        if (!withApp) return holder;
        Assert.True(PasswordSite.IsIn(await holder.Password()));
        await holder.Enrol();
        // A later session: a factor of this one counts for nothing yet.
        await holder.Leave();
        return holder;
    }

    /// <summary>Registers an app in the session there is.</summary>
    public async Task<Page> Enrol()
    {
        var page = await Browser.Get("/account/factors/app");
        if (page.Status == HttpStatusCode.Forbidden) page = await Browser.Post("/account/confirm", ("then", "/account/factors/app"), ("confirm_password", PasswordSite.Good));
        page = await Browser.Follow(page.Status == HttpStatusCode.SeeOther ? page : await Browser.Get("/account/factors/app"));
        Secret = SecretOf(page.Body);
        var done = await Browser.Post("/account/factors/app", ("seed", Field(page.Body, "seed")), ("replaces", Field(page.Body, "replaces")), ("code", await Code()));
        Codes = CodesIn(done.Body);
        User = await PasswordSite.Find(Instance, User.Email);
        return done;
    }

    public Task<Page> Password(string query = "") => PasswordSite.Enter(Browser, User.Email, PasswordSite.Good, query);

    /// <summary>Another browser, which knows nothing.</summary>
    public async Task Leave()
    {
        Browser.Dispose();
        Browser = Instance.Browser();
        await Browser.Get("/sign-in");
        Instance.Clock.Advance(TimeSpan.FromSeconds(60));
    }

    /// <summary>To the page of the second step; the pending sign-in's id.</summary>
    public async Task<string> ToSecondStep(string query = "")
    {
        var page = await Password(query);
        Assert.Equal(HttpStatusCode.SeeOther, page.Status);
        Assert.StartsWith("/sign-in/second", page.Location!, StringComparison.Ordinal);
        return Field((await Browser.Get(page.Location!)).Body, "pending");
    }

    public Task<Page> Give(string pending, string code, params (string, string)[] more) => Browser.Post("/sign-in/second/code", [("pending", pending), ("code", code), .. more]);

    /// <summary>The code of a moment, by oathtool.</summary>
    public async Task<string> Code(TimeSpan off = default) => (await Tool.Run("oathtool",
        ["--totp", "-b", Secret, "--now", Instance.Clock.GetUtcNow().Add(off).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC"])).Trim();

    public void Dispose() => Browser.Dispose();

    public static Task Policy(TestInstance instance, FactorSettings settings) =>
        instance.Database.Write(sql => settings.Save(sql, instance.Services.GetRequiredService<Settings>()));

    public static string Field(string body, string name) => new Regex($"name=\"{name}\" value=\"([^\"]*)\"").Match(body) is { Success: true } m ? WebUtility.HtmlDecode(m.Groups[1].Value) : throw new InvalidOperationException($"no {name} in: {body}");
    public static string SecretOf(string body) => Shown().Match(body).Groups[1].Value.Replace(" ", "", StringComparison.Ordinal);
    public static IReadOnlyList<string> CodesIn(string body) => [.. Codes10().Matches(body).Select(m => m.Value)];

    [GeneratedRegex("<code id=\"secret\"[^>]*>([A-Z2-7 ]+)</code>")]
    private static partial Regex Shown();

    [GeneratedRegex("(?<![\\w-])[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}(?![\\w-])")]
    private static partial Regex Codes10();
}
