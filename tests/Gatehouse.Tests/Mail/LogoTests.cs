using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Accounts.Users;
using Gatehouse.Mail.Templates;
using Gatehouse.Tests.Hardening;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

/// <summary>The logo of the instance: what may be one, where it is seen, and that it is never more than a picture.</summary>
public class LogoTests(PostgresCluster postgres)
{
    private const string Path = "/admin/settings/email-templates";

    /// <summary>A PNG of one colour, written by hand.</summary>
    internal static byte[] Png(int width = 120, int height = 40, params (string Type, byte[] Data)[] more)
    {
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
        var head = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(head, width);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), height);
        (head[8], head[9]) = (8, 2);
        Chunk(file, "IHDR", head);
        foreach (var (type, data) in more) Chunk(file, type, data);
        using var pixels = new MemoryStream();
        using (var zlib = new ZLibStream(pixels, CompressionLevel.SmallestSize, leaveOpen: true))
            for (var y = 0; y < Math.Min(height, 2000); y++) zlib.Write([0, .. Enumerable.Repeat((byte[])[0x34, 0x46, 0xc9], Math.Min(width, 2000)).SelectMany(p => p)]);
        Chunk(file, "IDAT", pixels.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, string type, byte[] data)
    {
        var whole = Encoding.ASCII.GetBytes(type).Concat(data).ToArray();
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(whole);
        var crc = uint.MaxValue;
        foreach (var b in whole)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        BinaryPrimitives.WriteUInt32BigEndian(number, ~crc);
        file.Write(number);
    }

    /// <summary>The frame of a JPEG: what is read of one, around a scan that means nothing.</summary>
    private static byte[] Jpeg(int width = 64, int height = 64, byte sof = 0xc0) =>
    [
        0xff, 0xd8, 0xff, 0xe0, 0, 16, .. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        0xff, sof, 0, 11, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 1, 1, 0x11, 0,
        0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 3, 0xff, 0x00, 4, 0xff, 0xd9,
    ];

    internal static async Task<Page> Upload(TestBrowser browser, byte[]? file, string name = "logo.png", string type = "image/png", string? token = null)
    {
        await browser.Get(Path);
        var form = new MultipartFormDataContent { { new StringContent(token ?? browser.Token), "\"_token\"" } };
        if (file is not null)
        {
            var part = new ByteArrayContent(file);
            part.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            form.Add(part, "\"logo\"", $"\"{name}\"");
        }
        var request = new HttpRequestMessage(HttpMethod.Post, Path + "/logo") { Content = form };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        return await browser.Send(request);
    }

    public static TheoryData<string, byte[]> NoLogos => new()
    {
        { "nothing", [] },
        { "text", "hello"u8.ToArray() },
        { "drawing", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"u8.ToArray() },
        { "html with the signature of a PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, .. "<html><script>alert(1)</script>"u8] },
        { "GIF", "GIF89a\x01\x00\x01\x00"u8.ToArray() },
        { "WebP", "RIFF\x24\0\0\0WEBPVP8 "u8.ToArray() },
        { "a page behind the end of a picture", [.. Png(), .. "<script>alert(1)</script>"u8] },
        { "an archive behind the end of a photograph", [.. Jpeg(), .. "PK\x03\x04"u8, 0xff, 0xd9] },
        { "cut", Png()[..^1] },
        { "a bit turned", [.. Png()[..20], (byte)(Png()[20] ^ 1), .. Png()[21..]] },
        { "moving", Png(120, 40, ("acTL", new byte[8])) },
        { "too wide", Png(1025, 16) },
        { "too high", Jpeg(16, 1025) },
        { "too small", Png(15, 15) },
        { "huge by its own word", Png(int.MaxValue, int.MaxValue) },
        { "no scan", [.. Jpeg()[..33], 0xff, 0xd9] },
        { "lossless JPEG", Jpeg(sof: 0xc3) },
        { "too many bytes", Png(120, 40, ("tEXt", new byte[PictureFile.MaxBytes])) },
    };

    [Theory, MemberData(nameof(NoLogos))]
    public void D05_what_is_not_wholly_one_small_picture_is_no_logo(string what, byte[] file) => Assert.True(PictureFile.Read(file).Picture is null, what);

    [Fact]
    public void Pictures_are_measured_by_what_they_hold()
    {
        Assert.Equal(new Picture("image/png", 120, 40), PictureFile.Read(Png()).Picture);
        Assert.Equal(new Picture("image/jpeg", 320, 200), PictureFile.Read(Jpeg(320, 200, 0xc2)).Picture);
        var random = new Random(7);
        foreach (var good in new[] { Png(), Jpeg() })
            for (var i = 0; i < 5_000; i++)
            {
                var bent = good.ToArray();
                for (var flips = random.Next(1, 6); flips > 0; flips--) bent[random.Next(bent.Length)] = (byte)random.Next(256);
                PictureFile.Read(bent.AsSpan(0, random.Next(bent.Length + 1)));
            }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_logo_is_uploaded_shown_mailed_inside_the_letter_and_removed(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        using var admin = await Somebody.With(instance, Role.Admin);
        using var stranger = instance.Browser();
        Assert.DoesNotContain("/logo/", (await stranger.Get("/sign-in")).Body, StringComparison.Ordinal);
        var png = Png();
        Assert.Equal(Path + "?done=logo", (await Upload(admin, png, "evil.svg", "image/svg+xml")).Location);

        var page = await stranger.Get("/sign-in");
        var address = System.Text.RegularExpressions.Regex.Match(page.Body, "/logo/[0-9a-f]{32}").Value;
        Assert.NotEmpty(address);
        var shown = await stranger.Get(address);
        Assert.Equal((HttpStatusCode.OK, "image/png"), (shown.Status, shown.Headers["Content-Type"]));
        Assert.Equal("nosniff", shown.Headers["X-Content-Type-Options"]);
        Assert.Contains("default-src 'none'", shown.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("sandbox", shown.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get("/logo/" + new string('0', 32))).Status);
        Assert.Contains(address, (await admin.Get(Path)).Body, StringComparison.Ordinal);
        var preview = await admin.Get(Path + "/login_link/html");
        Assert.Contains($"src=\"{address}\"", preview.Body, StringComparison.Ordinal);
        Assert.Contains("img-src 'self'", preview.Headers["Content-Security-Policy"], StringComparison.Ordinal);

        // In a mailbox it comes with the letter and is fetched from nowhere.
        await using var server = new ScriptedSmtp();
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Post("/admin/settings/email", ("version", "0"), ("host", "localhost"), ("port", $"{server.Port}"), ("security", "none"), ("user", ""), ("method", "auto"), ("from", "noreply@example.com"))).Status);
        await instance.Console("user", "add", "--email", "bo@example.com", "--name", "Bo");
        await instance.Console("user", "link", "bo@example.com", "--mail");
        await instance.Services.GetRequiredService<Gatehouse.Mail.MailSender>().Run();
        var message = Assert.Single(server.Messages).Data;
        Assert.Contains("Content-Type: multipart/related; type=\"text/html\"", message, StringComparison.Ordinal);
        Assert.Contains("Content-ID: <logo@gatehouse>", message, StringComparison.Ordinal);
        Assert.Contains("cid:logo@gatehouse", message.Replace("=\r\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("/logo/", message.Replace("=\r\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String(png)[..76], message, StringComparison.Ordinal);

        await admin.Get(Path);
        Assert.Equal(Path + "?done=logo-removed", (await admin.Post(Path + "/logo/remove")).Location);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get(address)).Status);
        Assert.DoesNotContain("/logo/", (await stranger.Get("/sign-in")).Body, StringComparison.Ordinal);
        Assert.Equal(["setting.logo", "setting.logo"], await instance.Database.Read(sql => sql.List<string>("select action from audit where target_id = 'logo'")));
    }

    [Fact]
    public async Task Only_an_admin_with_the_forms_token_uploads_and_what_is_refused_is_said_beside_the_field()
    {
        await using var instance = await TestInstance.Start();
        using var admin = await Somebody.With(instance, Role.Admin);
        using var viewer = await Somebody.With(instance, Role.Viewer);
        using var stale = await Somebody.With(instance, Role.Admin, recent: false);
        Assert.Equal(HttpStatusCode.Forbidden, (await Upload(viewer, Png())).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await Upload(stale, Png())).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Upload(admin, Png(), token: "wrong")).Status);
        foreach (var (file, says) in new[] { (null, "Choose a file first"), ("<svg/>"u8.ToArray(), "no whole PNG or JPEG"), (Png(2000, 16), "16 to 1024 pixels") })
        {
            var page = await Upload(admin, file);
            Assert.Equal(HttpStatusCode.BadRequest, page.Status);
            Assert.Contains(says, page.Body, StringComparison.Ordinal);
            Assert.Contains("id=\"logo-error\"", page.Body, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await Upload(admin, new byte[PictureFile.MaxBytes + 50_000])).Status);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from logos")));
    }
}
