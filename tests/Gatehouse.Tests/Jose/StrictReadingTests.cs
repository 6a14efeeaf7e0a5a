using System.Text;
using Gatehouse.Jose;

namespace Gatehouse.Tests.Jose;

public class StrictReadingTests
{
    [Fact]
    public void Base64url_of_every_length_survives_the_way_there_and_back()
    {
        for (var n = 0; n < 70; n++)
        {
            var bytes = Enumerable.Range(0, n).Select(i => (byte)(i * 37 + n)).ToArray();
            Assert.True(StrictBase64Url.TryDecode(StrictBase64Url.Encode(bytes), n, out var again));
            Assert.Equal(bytes, again);
            if (n > 0) Assert.False(StrictBase64Url.TryDecode(StrictBase64Url.Encode(bytes), n - 1, out _));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("AA==")]
    [InlineData("AA=")]
    [InlineData("AA%3D")]
    [InlineData("AB")]
    [InlineData("AAB")]
    [InlineData("A A")]
    [InlineData("AA\n")]
    [InlineData(" AA")]
    [InlineData("+AAA")]
    [InlineData("/AAA")]
    [InlineData("AAA.")]
    [InlineData("ÄAAA")]
    [InlineData("AA\0A")]
    public void K09_only_the_one_spelling_of_base64url_is_read(string? text) =>
        Assert.False(StrictBase64Url.TryDecode(text, 100, out _));

    [Fact]
    public void No_two_spellings_give_the_same_bytes()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=% ";
        var seen = new HashSet<string>();
        foreach (var a in alphabet)
            foreach (var b in alphabet)
                if (StrictBase64Url.TryDecode($"{a}{b}", 10, out var bytes)) Assert.True(seen.Add(Convert.ToHexString(bytes)));
        Assert.Equal(256, seen.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("null")]
    [InlineData("\"x\"")]
    [InlineData("{} {}")]
    [InlineData("{}x")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":1,\"a\":1}")]
    [InlineData("{\"a\":1,\"\\u0061\":1}")]
    [InlineData("{\"b\":{\"a\":1,\"a\":2}}")]
    [InlineData("{\"a\":[{\"x\":1,\"x\":2}]}")]
    [InlineData("/**/{}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":01}")]
    [InlineData("\uFEFF{}")]
    [InlineData("{\"a\":[[[[[[[[1]]]]]]]]}")]
    public void Json_that_is_not_one_clean_object_is_not_read(string json) =>
        Assert.False(StrictJson.TryReadObject(Encoding.UTF8.GetBytes(json), out _));

    [Fact]
    public void Json_with_broken_utf8_or_beyond_the_cap_is_not_read()
    {
        Assert.False(StrictJson.TryReadObject([(byte)'{', (byte)'"', 0xC0, 0x80, (byte)'"', (byte)':', (byte)'1', (byte)'}'], out _));
        Assert.False(StrictJson.TryReadObject("{\"a\":\"\xED\xA0\x80\"}"u8.ToArray().Select((b, i) => i == 6 ? (byte)0xFF : b).ToArray(), out _));
        Assert.False(StrictJson.TryReadObject(Encoding.UTF8.GetBytes($"{{\"a\":\"{new string('x', 70_000)}\"}}"), out _));
        Assert.True(StrictJson.TryReadObject(Encoding.UTF8.GetBytes($"{{\"a\":\"{new string('x', 70_000)}\"}}"), 100_000, out _));
        StrictJson.TryReadObject("{\"\\ud800\":1,\"\\udc00\":1}"u8, out _);
    }

    [Fact]
    public void Accessors_never_throw_and_never_convert()
    {
        Assert.True(StrictJson.TryReadObject("""
            {"s":"x","n":1,"f":1.5,"e":1e3,"q":"1","big":99999999999999999999,"lone":"\ud800","t":true,"z":null,"a":["x","y"],"m":["x",1],"o":{}}
            """u8.ToArray().AsSpan(), out var o));
        Assert.True(StrictJson.TryString(o, "s", out var s) && s == "x");
        Assert.True(StrictJson.TryInt64(o, "n", out var n) && n == 1);
        foreach (var bad in new[] { "f", "q", "big", "lone", "t", "z", "a", "S", "" })
            Assert.False(StrictJson.TryInt64(o, bad, out _), bad);
        foreach (var bad in new[] { "n", "lone", "t", "z", "a", "o", "S" })
            Assert.False(StrictJson.TryString(o, bad, out _), bad);
        Assert.True(StrictJson.TryBool(o, "t", out var t) && t);
        Assert.False(StrictJson.TryBool(o, "z", out _));
        Assert.True(StrictJson.TryStrings(o, "a", out var a) && a.Length == 2);
        Assert.False(StrictJson.TryStrings(o, "m", out _));
        Assert.False(StrictJson.TryStrings(o, "s", out _));
        Assert.True(StrictJson.TryStringOrStrings(o, "s", out var one) && one is ["x"]);
        Assert.True(StrictJson.TryObject(o, "o", out _));
        Assert.False(StrictJson.TryString(default, "s", out _));
    }
}
