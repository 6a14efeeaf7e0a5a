using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;

namespace Gatehouse.Tests.Data;

public class SecretsTests
{
    private static readonly byte[] Root = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void What_is_sealed_opens_only_at_its_place_and_with_its_key()
    {
        var secrets = new Secrets(Root);
        var plain = Encoding.UTF8.GetBytes("smtp password");
        var box = secrets.Protect("settings/smtp/mail.example.com:465", plain);
        Assert.Equal(plain, secrets.Reveal("settings/smtp/mail.example.com:465", box));
        Assert.Null(secrets.Reveal("settings/smtp/evil.example:465", box));
        Assert.Null(new Secrets(SHA256.HashData(Root)).Reveal("settings/smtp/mail.example.com:465", box));
        Assert.NotEqual(box, secrets.Protect("settings/smtp/mail.example.com:465", plain));
    }

    [Fact]
    public void A_box_with_any_character_changed_does_not_open()
    {
        var secrets = new Secrets(Root);
        var box = secrets.Protect("p", "hello"u8);
        for (var i = 0; i < box.Length; i++)
        {
            var other = box[i] == 'A' ? 'B' : 'A';
            var changed = box[..i] + other + box[(i + 1)..];
            // The last character carries bits that decode to nothing; what opens must be what was sealed.
            if (secrets.Reveal("p", changed) is { } opened) Assert.True(i == box.Length - 1 && opened.AsSpan().SequenceEqual("hello"u8), $"opened with character {i} changed");
        }
        foreach (var junk in new[] { "", "A", "====", "not base64 at all", new string('A', 5000) }) Assert.Null(secrets.Reveal("p", junk));
    }

    [Fact]
    public void Hashes_differ_by_type_and_key_and_do_not_run_together()
    {
        var secrets = new Secrets(Root);
        Assert.NotEqual(secrets.Hash("code", "x"), secrets.Hash("login_link", "x"));
        Assert.NotEqual(secrets.Hash("ab", "c"), secrets.Hash("a", "bc"));
        Assert.NotEqual(secrets.Hash("code", "x"), new Secrets(SHA256.HashData(Root)).Hash("code", "x"));
        Assert.Equal(43, secrets.Hash("code", new string('y', 9000)).Length);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => Secrets.NewToken()).Distinct().Count());
    }
}
