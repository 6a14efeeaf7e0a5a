using System.Security.Cryptography;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Mail.Mime;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Mail.Templates;

/// <summary>The picture that stands for this instance, as pages and letters name it.</summary>
public sealed record Logo
{
    /// <summary>Changes with the picture, so that it may be kept for ever under its address.</summary>
    public string Stamp { get; init; } = "";
    public string Type { get; init; } = "";
    public long Width { get; init; }
    public long Height { get; init; }

    public string Path => "/logo/" + Stamp;
}

/// <summary>Keeps the logo.</summary>
public sealed class LogoStore(Database database, AuditLog audit)
{
    private const string Name = "instance", Version = "logo";
    private readonly Cached<Held> cached = new(database, Version, async sql => new(
        await sql.One<Logo>("select stamp as \"Stamp\", type as \"Type\", width as \"Width\", height as \"Height\" from logos where name = @Name", new { Name })));

    /// <summary>Stands in the head of a letter; the picture itself is put beside it when the letter is sent.</summary>
    internal const string Tag = $"<img class=\"logo\" src=\"cid:{ContentId}\" alt=\"\" height=\"40\">";
    internal const string ContentId = "logo@gatehouse";

    /// <summary>The letter with the picture that it names; without either when there is none any more.</summary>
    internal async Task<(Letter Letter, InlinePicture? Picture)> Fit(Letter letter)
    {
        if (!letter.Html.Contains(Tag, StringComparison.Ordinal)) return (letter, null);
        return await Get() is { } logo && await Content(logo.Stamp) is { } content
            ? (letter, new(ContentId, logo.Type, content))
            : (letter with { Html = letter.Html.Replace(Tag, "", StringComparison.Ordinal) }, null);
    }

    private static readonly AuditTarget Target = new("setting", "logo", "Logo");

    public async ValueTask<Logo?> Get() => (await cached.Get()).Logo;

    public async Task<byte[]?> Content(string stamp) => await database.Read(sql => sql.One<string>("select content from logos where stamp = @stamp", new { stamp })) is { } text
        && StrictBase64Url.TryDecode(text, PictureFile.MaxBytes, out var bytes) ? bytes : null;

    public Task Save(byte[] file, Picture picture, Actor actor) => database.Write(async sql =>
    {
        await sql.Run("""
            insert into logos (name, stamp, type, width, height, content) values (@Name, @stamp, @Type, @Width, @Height, @content)
            on conflict (name) do update set stamp = excluded.stamp, type = excluded.type, width = excluded.width, height = excluded.height, content = excluded.content
            """, new { Name, stamp = Convert.ToHexStringLower(SHA256.HashData(file))[..32], picture.Type, Width = (long)picture.Width, Height = (long)picture.Height, content = StrictBase64Url.Encode(file) });
        await sql.Bump(Version);
        await audit.Write(sql, actor, "setting.logo", Target, after: $"{picture.Type}, {picture.Width} by {picture.Height} pixels, {file.Length} bytes");
    });

    public Task Remove(Actor actor) => database.Write(async sql =>
    {
        if (await sql.Run("delete from logos where name = @Name", new { Name }) == 0) return;
        await sql.Bump(Version);
        await audit.Write(sql, actor, "setting.logo", Target, before: "a picture", after: "none");
    });

    private sealed record Held(Logo? Logo);
}

/// <summary>Uploading, removing and showing the logo.</summary>
internal static class LogoRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(TemplateRoutes.Path + "/logo", Upload).For(Access.Admin, recent: true).WithMetadata(new TakesFile(PictureFile.MaxBytes + 1));
        routes.MapPost(TemplateRoutes.Path + "/logo/remove", async (Visit visit, LogoStore logos) =>
        {
            await logos.Remove(new(visit.SignedIn!.Email, visit.Address.ToString()));
            return SeeOther.To(TemplateRoutes.Path + "?done=logo-removed");
        }).For(Access.Admin, recent: true);
        routes.MapGet("/logo/{stamp}", Show).ForProtocol();
    }

    private static async Task<IResult> Upload(Visit visit, LogoStore logos, Settings settings, Texts texts, IEnumerable<LetterTemplate> templates)
    {
        var file = visit.File ?? [];
        var (picture, fault) = PictureFile.Read(file);
        if (picture is not null)
        {
            await logos.Save(file, picture, new(visit.SignedIn!.Email, visit.Address.ToString()));
            return SeeOther.To(TemplateRoutes.Path + "?done=logo");
        }
        return new RazorComponentResult<TemplatesPage>(new
        {
            Templates = TemplateRoutes.Ordered(templates),
            Sender = await Sender.Of(settings),
            Logo = await logos.Get(),
            Errors = new List<FieldError> { new("logo", texts[fault]) },
        })
        { StatusCode = 400 };
    }

    /// <summary>Its type is ours to say; with nosniff and a policy that allows nothing it is a picture or nothing.</summary>
    private static async Task<IResult> Show(HttpContext http, string stamp, LogoStore logos, Refuse refuse)
    {
        if (await logos.Get() is not { } logo || logo.Stamp != stamp || await logos.Content(stamp) is not { } content) return refuse.NotFound(http);
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";
        return Results.Bytes(content, logo.Type);
    }
}
