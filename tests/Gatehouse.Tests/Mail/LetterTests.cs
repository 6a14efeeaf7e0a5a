using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Mail.Templates;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

public partial class LetterTests
{
    [Fact]
    public async Task Every_letter_says_the_same_in_both_parts_in_the_instances_name_and_can_be_looked_at()
    {
        await using var instance = await TestInstance.Start();
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Browser.Get("/admin/settings/email-templates");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post("/admin/settings/email-templates", ("name", "Weaver & <Sons>"), ("contact", "room 12"), ("colour", "#14683C"))).Status);
        var templates = instance.Services.GetServices<LetterTemplate>().ToArray();
        Assert.True(templates.Length >= 12);
        Assert.Equal(templates.Length, templates.Select(t => t.Kind).Distinct().Count());
        var list = (await admin.Browser.Get("/admin/settings/email-templates")).Body;
        foreach (var template in templates)
        {
            Assert.Contains($"/admin/settings/email-templates/{template.Kind}\"", list);
            Assert.Equal(HttpStatusCode.OK, (await admin.Browser.Get($"/admin/settings/email-templates/{template.Kind}")).Status);
            var html = await admin.Browser.Get($"/admin/settings/email-templates/{template.Kind}/html");
            Assert.Equal(HttpStatusCode.OK, html.Status);
            Assert.Contains("Weaver &amp; &lt;Sons&gt;", html.Body);
            Assert.Contains("room 12", html.Body);
            Assert.Contains("#14683c", html.Body);
            Assert.DoesNotContain("<script", html.Body);
            Assert.DoesNotContain("<img", html.Body);
            // Nothing is fetched when somebody reads it, and every link leads home.
            Assert.All(Addresses().Matches(html.Body), m => Assert.StartsWith(instance.Origin + "/", m.Groups[1].Value, StringComparison.Ordinal));
        }
        Assert.Equal(HttpStatusCode.NotFound, (await admin.Browser.Get("/admin/settings/email-templates/none")).Status);
        foreach (var (name, contact, colour) in new[] { ("x", "", "#ffff00"), ("x", "", "red"), ("x", "", "#12345"), (new string('x', 61), "", "#14683c"), ("a\u202eb", "", "#14683c") })
            Assert.Equal(HttpStatusCode.BadRequest, (await admin.Browser.Post("/admin/settings/email-templates", ("name", name), ("contact", contact), ("colour", colour))).Status);
    }

    [Fact]
    public async Task Every_sentence_of_every_letter_goes_through_the_localiser()
    {
        await using var instance = await TestInstance.Start();
        var paper = instance.Services.GetRequiredService<LetterPaper>();
        foreach (var template in instance.Services.GetServices<LetterTemplate>())
        {
            var letter = await paper.Write(template.Sample(Texts.In("qps-ploc"), instance.Origin), Texts.In("qps-ploc"));
            Assert.Contains("lang=\"qps-ploc\"", letter.Html);
            foreach (var line in letter.Text.Split('\n').Where(l => l.Length > 0 && l != "-- " && !l.StartsWith(instance.Origin, StringComparison.Ordinal)))
                Assert.True(line.Contains('⟦', StringComparison.Ordinal), $"{template.Kind}: {line}");
            Assert.Contains('⟦', letter.Subject);
        }
    }

    [GeneratedRegex("(?:href|src)=\"([^\"]*)\"")]
    private static partial Regex Addresses();
}
