using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Audit;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.BreakGlass;

/// <summary>What tests do with break-glass.</summary>
internal static partial class GlassSite
{
    /// <summary>As an admin seals it: the credential as the page shows it, in one line.</summary>
    public static async Task<string> Seal(TestBrowser admin)
    {
        var page = await admin.Post("/admin/break-glass/seal");
        Assert.True(page.Status == HttpStatusCode.OK, $"{page.Status} {page.Body[..Math.Min(200, page.Body.Length)]}");
        return WebUtility.HtmlDecode(Shown().Match(page.Body).Groups[1].Value).Replace('\n', '-');
    }

    /// <summary>A code of the console.</summary>
    public static async Task<string> Code(TestInstance instance, string reason = "nobody can sign in")
    {
        var (code, output, error) = await instance.Console("break-glass", "open", "--json", "--reason", reason);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement.GetProperty("code").GetString()!;
    }

    public static Task<Page> Open(TestBrowser browser, string credential) => browser.Post("/break-glass", ("credential", credential));

    /// <summary>From somewhere else; the instance must trust 127.0.0.1 as its proxy.</summary>
    public static Task<Page> OpenFrom(TestBrowser browser, string address, string credential, string path = "/break-glass")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent([new("credential", credential), new("_token", browser.Token)]) };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        request.Headers.Add("X-Forwarded-For", address);
        return browser.Send(request);
    }

    public static bool IsIn(Page page) => page is { Status: HttpStatusCode.SeeOther, Location: "/admin" };

    /// <summary>Well formed and never made here.</summary>
    public static string Foreign() => Gatehouse.SignIn.BreakGlass.BreakGlassText.Shown(Gatehouse.SignIn.BreakGlass.BreakGlassText.NewSealed());

    public static async Task<Gatehouse.Refusals.Finding> Finding(TestInstance instance) =>
        await instance.Services.GetServices<Gatehouse.Refusals.IDoctorCheck>().Single(c => c.Id == "signin.break_glass").Run(CancellationToken.None);

    public static Task<IReadOnlyList<string>> AuditOf(TestInstance instance, string actorLike) =>
        instance.Database.Read(sql => sql.List<string>("select action from audit where actor like @actorLike order by at, id", new { actorLike }));

    public static Task Settle(TestInstance instance) => instance.Services.GetRequiredService<RefusalLog>().Flush();

    [GeneratedRegex("<pre [^>]*id=\"credential\"[^>]*>([^<]+)</pre>")]
    private static partial Regex Shown();
}
