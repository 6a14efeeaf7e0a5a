using System.Diagnostics;
using System.Formats.Asn1;
using System.Text;
using Gatehouse.Ldap.Wire;

namespace Gatehouse.Tests.Ldap;

/// <summary>BER, messages, filters and names: pure functions, alone.</summary>
public class WireTests
{
    [Theory]
    [InlineData("(uid=ada)")]
    [InlineData("(&(objectClass=person)(|(uid=a*)(mail=*@corp.example))(!(title=guest)))")]
    [InlineData("(cn=a*b*c)")]
    [InlineData("(cn=*mid*)")]
    [InlineData("(mail=*)")]
    [InlineData("(age>=18)")]
    [InlineData("(age<=18)")]
    [InlineData("(sn~=meier)")]
    [InlineData("(userAccountControl:1.2.840.113556.1.4.803:=2)")]
    [InlineData("(memberOf:1.2.840.113556.1.4.1941:=cn=staff,dc=corp)")]
    [InlineData("(cn:dn:2.4.6.8.10:=Ada)")]
    [InlineData("(:caseExactMatch:=Ada)")]
    [InlineData("(cn=\\2a\\28\\29\\5c\\00)")]
    [InlineData("(cn=Jürgen 漢)")]
    [InlineData("(&)")]
    public void A_filter_reads_and_writes_the_same(string text)
    {
        if (text == "(&)")
        {
            Assert.Null(FilterText.Parse(text, out var empty));
            Assert.Equal(2, empty!.At);
            return;
        }
        Assert.Equal(text, FilterText.Parse(text, out var fault)!.Text);
        Assert.Null(fault);
        Assert.Equal(text, FilterText.Parse(" \n" + text.Replace("(objectClass", "\n  (objectClass", StringComparison.Ordinal) + "\r\n ", out _)!.Text);
    }

    /// <summary>L05, C129: what is wrong is said with its place.</summary>
    [Theory]
    [InlineData("", 0, "empty")]
    [InlineData("uid=ada", 0, "begins with an opening bracket")]
    [InlineData("(uid=ada", 0, "never closed")]
    [InlineData("(&(a=b)(c=d)", 0, "never closed")]
    [InlineData("(a=b))", 5, "no opening one")]
    [InlineData("(a=b)(c=d)", 5, "behind the last")]
    [InlineData("(a=b(c=d))", 4, "\\28")]
    [InlineData("((a=b))", 1, "operator is missing")]
    [InlineData("(!a=b)", 2, "brackets of its own")]
    [InlineData("(a=\\zz)", 3, "hexadecimal")]
    [InlineData("(a=b\\2)", 4, "hexadecimal")]
    [InlineData("(a)", 2, "= is expected")]
    [InlineData("(a=**b)", 3, "side by side")]
    [InlineData("(a>=b*)", 4, "only behind =")]
    [InlineData("(uid={0})", 5, "placeholder")]
    [InlineData("(&(uid={username})(mail={username}))", 7, "placeholder")]
    [InlineData("(%s=a)", 1, "placeholder")]
    [InlineData("(:=x)", 1, "neither")]
    public void L05_a_broken_filter_names_the_place(string text, int at, string why)
    {
        Assert.Null(FilterText.Parse(text, out var fault));
        Assert.Equal(at, fault!.At);
        Assert.Contains(why, fault.Why);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*)(uid=*")]
    [InlineData("x)(uid=*))(|(uid=*")]
    [InlineData("a\0b")]
    [InlineData("\\2a")]
    [InlineData("ada ")]
    public void CVE_2026_44671_L01_a_name_is_a_value_and_never_a_piece_of_filter(string name)
    {
        var written = LdapFilter.Equal("uid", name);
        Assert.Equal(written.Text, FilterText.Parse(written.Text, out _)!.Text);
        var ber = new AsnWriter(AsnEncodingRules.BER);
        written.Write(ber);
        var reader = new BerReader(ber.Encode());
        Assert.True(reader.TryEnter(0xa3, out var inner));
        Assert.True(inner.TryText(0x04, out _));
        Assert.True(inner.TryRead(0x04, out var value));
        Assert.True(inner.IsEmpty);
        Assert.Equal(Encoding.UTF8.GetBytes(name), value.ToArray());
    }

    [Fact]
    public void L03_the_writer_itself_cannot_write_an_empty_or_NUL_led_password()
    {
        Assert.Throws<ArgumentException>(() => LdapRequest.Bind(1, "cn=a", []));
        Assert.Throws<ArgumentException>(() => LdapRequest.Bind(1, "cn=a", "\0secret"u8));
        Assert.Throws<ArgumentException>(() => LdapRequest.Bind(1, "", "secret"u8));
        Assert.Throws<ArgumentException>(() => LdapRequest.Bind(1, " ", "secret"u8));
        Assert.Equal("300e0201076009020103040161800162", Convert.ToHexStringLower(LdapRequest.Bind(7, "a", "b"u8)));
    }

    [Theory]
    [InlineData("uid=Ada, OU=People ,dc=corp", "UID=ada,ou=people,DC=CORP", true)]
    [InlineData("cn=a\\,b,dc=c", "cn=a\\2cb,dc=c", true)]
    [InlineData("cn=a b,dc=c", "cn=ab,dc=c", false)]
    [InlineData("cn=J\\C3\\BCrgen,dc=c", "cn=jürgen,dc=c", true)]
    [InlineData("cn=a\\20,dc=c", "cn=a,dc=c", false)]
    public void Names_are_compared_as_names(string one, string other, bool same) => Assert.Equal(same, DistinguishedName.Key(one) == DistinguishedName.Key(other));

    [Fact]
    public void A_name_stands_below_a_base_only_at_a_separator()
    {
        Assert.True(DistinguishedName.IsUnder("uid=a,ou=people,dc=corp", "OU=People,dc=corp"));
        Assert.True(DistinguishedName.IsUnder("dc=corp", "dc=corp"));
        Assert.False(DistinguishedName.IsUnder("uid=a,ou=notpeople,dc=corp", "people,dc=corp"));
        Assert.False(DistinguishedName.IsUnder("uid=a,xou=people,dc=corp", "ou=people,dc=corp"));
    }

    [Fact]
    public void What_RFC_4511_forbids_is_no_message()
    {
        var good = Answers.Entry(3, "uid=a", ("uid", "a"), ("mail", "a@b"));
        Assert.True(LdapReply.TryRead(good, out _, out _));
        foreach (var (bad, why) in new (byte[], string)[]
        {
            ([.. good, 0], "bytes behind it"),
            ([0x30, 0x80, 0x02, 0x01, 0x01, 0, 0], "indefinite length"),
            (good[..^1], "cut off"),
            (Answers.Entry(3, "uid=a", ("uid", "a"), ("UID", "b")), "one attribute twice"),
            ([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], "announces two gigabytes"),
            ([0x30, 0x0c, 0x02, 0x05, 0, 0, 0, 0, 1, 0x65, 0x03, 0x0a, 0x01, 0x00], "message id of five bytes"),
        }) Assert.False(LdapReply.TryRead(bad, out _, out _), why);
    }

    [Theory]
    [InlineData("80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839\0", "52e")]
    [InlineData("80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 775, v4563", "775")]
    [InlineData("invalid credentials", null)]
    [InlineData("data zz", null)]
    public void C126_sub_codes_of_Active_Directory_are_read(string message, string? code) => Assert.Equal(code, AdSubCode.Of(message));

    [Fact]
    public void L12_an_entry_says_in_many_ways_that_it_is_switched_off()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        foreach (var (name, value, off) in new[]
        {
            ("userAccountControl", "514", true), ("userAccountControl", "512", false), ("userAccountControl", "66050", true), ("nsAccountLock", "true", true), ("nsAccountLock", "FALSE", false),
            ("accountExpires", "0", false), ("accountExpires", "9223372036854775807", false), ("accountExpires", new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).ToFileTime().ToString(System.Globalization.CultureInfo.InvariantCulture), true),
            ("accountExpires", new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero).ToFileTime().ToString(System.Globalization.CultureInfo.InvariantCulture), false), ("shadowExpire", "1", true), ("shadowExpire", "-1", false), ("shadowExpire", "99999", false),
            ("pwdAccountLockedTime", "000001010000Z", true), ("pwdAccountLockedTime", "20250101000000Z", false), ("krbPrincipalExpiration", "20250101000000Z", true), ("loginDisabled", "TRUE", true),
        })
        {
            Assert.True(LdapReply.TryRead(Answers.Entry(1, "uid=a", (name, value)), out var reply, out _));
            Assert.True(SwitchedOff.Why(reply!.Entry!, now) is not null == off, $"{name}={value}");
        }
    }

    /// <summary>200,000 mutated messages and filters: no exception, nothing slow, no more memory than the input explains.</summary>
    [Fact]
    public void Two_hundred_thousand_mutated_messages_and_filters_do_no_harm()
    {
        byte[][] seeds =
        [
            Answers.Bind(1, 49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839", "dc=corp"),
            Answers.Entry(2, "uid=ada,ou=people,dc=corp,dc=example", ("uid", "ada"), ("mail", "ada@corp.example"), ("member;range=0-2", "a"), ("member;range=0-2", "b"), ("objectGUID", new byte[16])),
            Answers.Done(3, 0, [1, 2, 3, 4]), Answers.Done(4, 10, null, "see", "dc=corp", "ldap://a/", "ldap://b/"), Answers.Reference(5, "ldap://a/dc=x", "ldap://b/dc=y"), Answers.Extended(6, 2, "unsupported"),
        ];
        string[] texts = ["(&(objectClass=person)(|(uid=a*b*c)(mail=*@corp))(!(title=guest))(uac:1.2.840:=2))", "(cn=\\2a\\28Jürgen)", "((((((((((a=b))))))))))"];
        string[] names = ["uid=Ada\\2c B+cn=x, ou=people ,dc=corp", "cn=\\C3\\BC,dc=c"];
        var random = new Random(20260101);
        var slowest = TimeSpan.Zero;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var (whole, given) = (0, 0L);
        for (var i = 0; i < 200_000; i++)
        {
            var text = i % 4 == 3;
            var bytes = Mutate(text ? Encoding.Latin1.GetBytes(i % 8 == 3 ? texts[random.Next(texts.Length)] : names[random.Next(names.Length)]) : seeds[random.Next(seeds.Length)], random);
            given += bytes.Length;
            // What took long is tried again: a machine that was busy with something else is no hang of ours.
            var took = Time(() => Read(bytes, text, i));
            for (var again = 0; again < 3 && took > TimeSpan.FromMilliseconds(50); again++) took = TimeSpan.FromTicks(Math.Min(took.Ticks, Time(() => Read(bytes, text, i)).Ticks));
            if (took > slowest) slowest = took;
            if (Read(bytes, text, i)) whole++;
        }

        static TimeSpan Time(Action act)
        {
            var started = Stopwatch.GetTimestamp();
            act();
            return Stopwatch.GetElapsedTime(started);
        }

        static bool Read(byte[] bytes, bool text, int i)
        {
            if (text && i % 8 == 3) return FilterText.Parse(Encoding.Latin1.GetString(bytes), out _) is { Text.Length: > 0 };
            if (text) return DistinguishedName.Key(Encoding.Latin1.GetString(bytes)).Length < 0;
            if (!LdapReply.TryRead(bytes, out var reply, out var fault))
            {
                Assert.NotEmpty(fault);
                return false;
            }
            if (reply!.Entry is { } entry) _ = (StableId.Of(entry, "objectGUID"), entry.Text("mail"), entry.Range("member"), SwitchedOff.Why(entry, DateTimeOffset.UnixEpoch));
            if (reply.Result is { } result) _ = AdSubCode.Of(result.Message);
            return true;
        }
        Assert.True(whole > 10_000, $"only {whole} survived their mutation: the seeds are never reached");
        Assert.True(slowest < TimeSpan.FromMilliseconds(100), $"one took {slowest.TotalMilliseconds} ms");
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 400L * given, $"{allocated} bytes for {given} bytes of input");
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = (byte[])seed.Clone();
        for (var n = random.Next(1, 5); n > 0; n--)
        {
            if (bytes.Length == 0) break;
            var at = random.Next(bytes.Length);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes = bytes[..at]; break;
                case 3: bytes = [.. bytes[..at], .. bytes[random.Next(bytes.Length)..]]; break;
                case 4: bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]]; break;
                default: bytes[at] = (byte)(random.Next(2) == 0 ? 0x80 : 0xff); break;
            }
        }
        return bytes;
    }
}
