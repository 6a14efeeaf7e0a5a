using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.Mail.Templates;

/// <summary>A letter as it is sent.</summary>
public sealed record WrittenLetter(string Subject, string Text, string Html);

/// <summary>Whose letters these are.</summary>
/// <param name="Name">Of this instance, as people know it.</param>
/// <param name="Contact">Whom to ask, a line for the foot; "" for none.</param>
/// <param name="Colour">Of the mark and the button, "#rrggbb".</param>
public sealed record Sender(string Name, string Contact, string Colour)
{
    public const string NameSetting = "instance.name", ContactSetting = "instance.contact", ColourSetting = "instance.colour";
    public const string UsualName = "Gatehouse", UsualColour = "#3446c9";

    /// <summary>The mark that stands where there is no logo: the first letter of the name.</summary>
    public string Mark => new StringInfo(Name).SubstringByTextElements(0, 1).ToUpperInvariant();

    public static async ValueTask<Sender> Of(Settings settings) => new(
        await settings.Get(NameSetting) is { Length: > 0 } name ? name : UsualName,
        await settings.Get(ContactSetting) ?? "",
        await settings.Get(ColourSetting) is { Length: 7 } colour ? colour : UsualColour);
}

/// <summary>Puts what a letter says on the instance's paper: a text part and an HTML part that say the same. Every letter goes through here.</summary>
public sealed class LetterPaper(Settings settings, LogoStore logos, ServerConfiguration server)
{
    /// <summary>The one style sheet, inside the letter. Constant but for the colour, so that a preview can name it by its hash.</summary>
    private const string Style = """
        body{margin:0;padding:24px 12px;background:#f6f7f9;color:#14181f;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
        .sheet{max-width:560px;margin:0 auto}.head{padding:0 4px 16px;font-size:18px;font-weight:600}
        .mark{display:inline-block;width:32px;height:32px;margin-right:10px;border-radius:8px;background:COLOUR;color:#fff;text-align:center;line-height:32px;font-weight:700}.logo{margin-right:10px;vertical-align:middle}
        .card{background:#fff;border:1px solid #d8dce3;border-radius:12px;padding:24px}h1{margin:0 0 12px;font-size:20px;line-height:1.3}p{margin:0 0 14px}
        .button{display:inline-block;padding:12px 20px;border-radius:10px;background:COLOUR;color:#fff;font-weight:600;text-decoration:none}
        .plain{color:#545d6b;font-size:14px}.plain a,.foot a{color:#545d6b}.url{word-break:break-all}
        table{border-collapse:collapse;margin:0 0 14px}th{padding:4px 16px 4px 0;text-align:left;font-weight:400;color:#545d6b;vertical-align:top}td{padding:4px 0}
        .foot{padding:16px 4px 0;color:#545d6b;font-size:13px}
        @media (prefers-color-scheme:dark){body{background:#0e1116;color:#e9edf3}.card{background:#161b22;border-color:#2b323d}.plain,.plain a,.foot,.foot a,th{color:#a3adbb}}
        """;

    /// <summary>The letter in both parts, in the language of <paramref name="texts"/>.</summary>
    public async ValueTask<WrittenLetter> Write(LetterBody body, Texts texts) => Write(body, texts, await Sender.Of(settings), await logos.Get());

    /// <param name="logo">Comes inside the letter: a picture fetched from here would tell when the mail is read, and many readers block it.</param>
    public WrittenLetter Write(LetterBody body, Texts texts, Sender sender, Logo? logo)
    {
        var foot = texts["{0} sent this from {1}. Nobody reads answers to it.", sender.Name, server.AppUrl.Authority].Value;
        var help = sender.Contact.Length > 0 ? texts["Questions? {0}", sender.Contact].Value : null;
        return new(body.Subject, Plain(body, foot, help), Html(body, foot, help, sender, logo, texts));
    }

    /// <summary>What a page that shows the HTML part adds to its policy: the hash of the style sheet, and nothing else.</summary>
    public static string StyleHash(Sender sender) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(StyleOf(sender))))}'";

    private static string StyleOf(Sender sender) => Style.Replace("COLOUR", sender.Colour, StringComparison.Ordinal);

    private static string Plain(LetterBody body, string foot, string? help)
    {
        var text = new StringBuilder();
        void Line(string line) => text.Append(line).Append("\n\n");
        foreach (var sentence in body.Lead) Line(sentence);
        if (body.Button is { } button) Line($"{button.Label}:\n{button.Url}");
        if (body.Facts.Count > 0) Line(string.Join('\n', body.Facts.Select(f => $"{f.Label}: {f.Value}")));
        foreach (var sentence in body.After) Line(sentence);
        if (body.Otherwise is { } otherwise) Line($"{otherwise.Label}:\n{otherwise.Url}");
        return text.Append("-- \n").Append(foot).Append('\n').Append(help is null ? "" : help + "\n").ToString();
    }

    private static string Html(LetterBody body, string foot, string? help, Sender sender, Logo? logo, Texts texts)
    {
        static string E(string text) => WebUtility.HtmlEncode(text);
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"");
        html.Append(E(texts.Language)).Append("\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>");
        html.Append(E(body.Subject)).Append("</title><style>").Append(StyleOf(sender)).Append("</style></head>\n<body><div class=\"sheet\">\n<div class=\"head\">");
        if (logo is null) html.Append("<span class=\"mark\" aria-hidden=\"true\">").Append(E(sender.Mark)).Append("</span>");
        else html.Append(LogoStore.Tag);
        html.Append(E(sender.Name)).Append("</div>\n<div class=\"card\"><h1>").Append(E(body.Subject)).Append("</h1>\n");
        foreach (var sentence in body.Lead) html.Append("<p>").Append(E(sentence)).Append("</p>\n");
        if (body.Button is { } button)
        {
            html.Append("<p><a class=\"button\" href=\"").Append(E(button.Url)).Append("\">").Append(E(button.Label)).Append("</a></p>\n");
            html.Append("<p class=\"plain\">").Append(E(texts["If the button does not work, open this address:"])).Append("<br><a class=\"url\" href=\"").Append(E(button.Url)).Append("\">").Append(E(button.Url)).Append("</a></p>\n");
        }
        if (body.Facts.Count > 0)
        {
            html.Append("<table>");
            foreach (var (label, value) in body.Facts) html.Append("<tr><th scope=\"row\">").Append(E(label)).Append("</th><td>").Append(E(value)).Append("</td></tr>");
            html.Append("</table>\n");
        }
        foreach (var sentence in body.After) html.Append("<p class=\"plain\">").Append(E(sentence)).Append("</p>\n");
        if (body.Otherwise is { } otherwise) html.Append("<p class=\"plain\"><a href=\"").Append(E(otherwise.Url)).Append("\">").Append(E(otherwise.Label)).Append("</a></p>\n");
        html.Append("</div>\n<div class=\"foot\"><p>").Append(E(foot));
        if (help is not null) html.Append("<br>").Append(E(help));
        return html.Append("</p></div>\n</div></body></html>\n").ToString();
    }
}
