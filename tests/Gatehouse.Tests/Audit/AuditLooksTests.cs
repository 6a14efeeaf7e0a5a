using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Audit;

/// <summary>The audit pages in a real browser: readable by everybody, on every width, in both themes.</summary>
public sealed class AuditLooksTests(Chromium chromium)
{
    [Theory, InlineData(false, 320), InlineData(false, 768), InlineData(true, 1280)]
    public async Task Audit_pages_break_no_accessibility_rule_and_fit_the_width(bool dark, int width)
    {
        await using var server = await AuditServer.Start();
        var differs = RefusalCatalogue.All.First(i => i.Example.Difference is not null).Example;
        var reference = server.Log.Record(differs, AuditStore.From("192.0.2.1") with { Steps = [new("client known", TimeProvider.System.Now())] }).Text;
        var group = server.Log.Record(UserNotInAllowedGroup.Example, AuditStore.From("2001:db8::1", "u1") with { ClientId = "c1" }).Text;
        for (var i = 0; i < 12; i++) server.Log.Note(new NotedSignIn(SignInLog.App, "u1", "c1", "hwk", "192.0.2.9", "Firefox", TimeProvider.System.Now() - i * 5_000_000));
        await server.Log.Flush();
        var audit = new AuditLog(TimeProvider.System);
        await server.Database.Write(sql => audit.Write(sql, new("ada@example.com", "192.0.2.1"), "client.restricted", new("client", "c1", "Grafana"), "open", "ops, sre", group));
        var problem = await server.Database.Read(sql => sql.One<string>("select id from problems limit 1"));

        await using var context = await chromium.NewContext(dark, width);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type is "error" or "warning") complaints.Add(message.Text); };
        var index = UserNotInAllowedGroup.Example.Remedies.ToList().FindIndex(r => r is LiftGroupRestriction);
        string[] paths = ["/admin/sign-ins", "/admin/problems", $"/admin/problems/{problem}", $"/admin/cases/{reference}", $"/admin/cases/{group}?said=done",
            $"/admin/cases/{group}/remedies/{index}", "/admin/audit", "/admin/lookup?q=nobody", "/help/account.disabled"];
        foreach (var path in paths)
        {
            await page.GotoAsync(new Uri(new Uri(server.Browser().Origin), path).ToString());
            await AxeCheck.HasNoViolation(page, $"{path} {(dark ? "dark" : "light")} {width}");
            var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overflow <= 0, $"{path} is {overflow} px wider than {width}");
            if (Environment.GetEnvironmentVariable("GATEHOUSE_SHOTS") is { Length: > 0 } folder)
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{path.Split('?')[0].Trim('/').Replace('/', '-')}-{width}{(dark ? "-dark" : "")}.png"), FullPage = true });
        }
        Assert.Empty(complaints);
    }
}
