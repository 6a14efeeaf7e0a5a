using System.Diagnostics;
using System.Text;
using Gatehouse.Accounts.Users;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;

namespace Gatehouse.Tests.SignIn.Passwords;

public class RulesTests
{
    private static readonly User Ada = new() { UserName = "lovelace", Email = "ada.byron@analytical.example", DisplayName = "Ada Byron", GivenName = "Ada", FamilyName = "Byron" };

    private static Refusal? Judge(string password, bool second = false) => PasswordRules.Judge(password, Ada, second, "id.analytical.example");

    [Fact]
    public void P01_lengths_at_the_border()
    {
        const string words = "violet kettle stairs otter";
        Assert.IsType<PasswordTooShort>(Judge(""));
        Assert.IsType<PasswordTooShort>(Judge(words[..14]));
        Assert.Null(Judge(words[..15]));
        Assert.IsType<PasswordTooShort>(Judge("vkrt7xq", second: true));
        Assert.Null(Judge("vkrt7xqm", second: true));
        Assert.Null(Judge(string.Concat(Enumerable.Range(0, 64).Select(i => (char)('!' + i * 31 % 90)))));
        // Characters as people count them: eight letters that carry two marks each are eight, not twenty-four.
        Assert.Equal(8, PasswordRules.Length(string.Concat(Enumerable.Repeat("q\u0307\u0323", 8))));
        Assert.Equal(3, PasswordRules.Length("🦜é👩‍👩‍👧"));
    }

    [Theory]
    [InlineData("passwordpassword", Guessable.Repetition), InlineData("Password1234567!", Guessable.No)]
    [InlineData("aaaaaaaaaaaaaaaaaaaa", Guessable.Repetition), InlineData("abcabcabcabcabcab", Guessable.Repetition)]
    [InlineData("123456789012345", Guessable.Sequence), InlineData("qwertyuiopasdfgh", Guessable.Sequence), InlineData("1qaz2wsx3edc4rfv", Guessable.Sequence), InlineData("zyxwvutsrqponmlk", Guessable.Sequence)]
    [InlineData("31121999", Guessable.Date), InlineData("1999-12-31", Guessable.Date)]
    [InlineData("P@ssw0rd", Guessable.CommonWords), InlineData("Summer2024!", Guessable.CommonWords), InlineData("iloveyouforever", Guessable.CommonWords), InlineData("Liverpool-Football", Guessable.CommonWords)]
    [InlineData("l3tm31n!!", Guessable.CommonWords), InlineData("Tr0ub4dor&3", Guessable.No), InlineData("correcthorsebatterystaple", Guessable.CommonWords)]
    [InlineData("violet kettle on the third stair", Guessable.No), InlineData("vkrt7xqm", Guessable.No), InlineData("gegenüber am Ufer", Guessable.No)]
    public void P02_what_anybody_tries_first(string password, Guessable expected) => Assert.Equal(expected, CommonPasswords.Judge(password));

    [Fact]
    public void P02_the_longest_of_known_lists_are_found_and_random_ones_are_not()
    {
        // What appears near the top of every published count of leaked passwords and has at least eight characters; from memory, to hold the rules against more than the list they came from.
        string[] known =
        [
            "password", "password1", "password123", "12345678", "123456789", "1234567890", "qwertyui", "qwerty123", "qwertyuiop", "1q2w3e4r", "1qaz2wsx", "iloveyou", "sunshine", "princess", "football",
            "baseball", "superman", "trustno1", "welcome1", "letmein1", "monkey123", "dragon123", "michael1", "jennifer", "jordan23", "liverpool", "chelsea1", "starwars", "whatever", "computer", "internet",
            "samantha", "mercedes", "corvette", "maverick", "11111111", "00000000", "88888888", "abcd1234", "abc12345", "asdfghjkl", "zxcvbnm1", "q1w2e3r4", "changeme", "passw0rd", "admin123", "test1234",
            "iloveyou1", "charlie1", "butterfly", "blink182", "pokemon1", "naruto123", "minecraft", "spiderman", "lovelove", "babygirl1", "angel123", "jesus123", "master123", "hello123", "killer123",
        ];
        var missed = known.Where(p => CommonPasswords.Judge(p) == Guessable.No).ToArray();
        Assert.True(missed.Length <= 4, string.Join(' ', missed));
        var refused = Enumerable.Range(0, 5000).Count(_ => CommonPasswords.Judge(System.Security.Cryptography.RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 12)) != Guessable.No);
        Assert.InRange(refused, 0, 5);
        TestContext.Current.TestOutputHelper?.WriteLine($"{CommonPasswords.Count} words; missed of {known.Length}: {string.Join(' ', missed)}");
    }

    [Theory]
    [InlineData("lovelace lovelace"), InlineData("ADA.BYRON@analytical.example"), InlineData("noryb-ada-noryb-1"), InlineData("id.analytical.example 1"), InlineData("gatehouse-gatehouse-1234")]
    public void P02_the_own_names_are_no_password(string password) => Assert.IsType<PasswordNamesOwner>(Judge(password));

    [Fact]
    public void P03_the_normal_form_is_the_one_of_unicode()
    {
        if (!File.Exists("/usr/bin/python3")) Assert.Skip("python3 is the oracle");
        // Every character that decomposes or composes, alone and with marks around it, and random heaps of marks.
        var random = new Random(7);
        var texts = new List<string>();
        for (var cp = 0xA0; cp < 0x30000; cp++)
        {
            if (cp is >= 0xD800 and <= 0xDFFF || cp is >= 0xAC00 and <= 0xD7A3 && cp % 17 != 0) continue;
            texts.Add("a" + char.ConvertFromUtf32(cp) + "\u0301\u0323");
        }
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(1, 12); n > 0; n--)
                text.Append(char.ConvertFromUtf32(random.Next(6) switch { 0 => random.Next('a', 'z'), 1 or 2 => random.Next(0x300, 0x370), 3 => random.Next(0x1100, 0x1200), 4 => random.Next(0x900, 0xE00), _ => random.Next(0x1D100, 0x1D200) }));
            texts.Add(text.ToString());
        }
        var start = new ProcessStartInfo("/usr/bin/python3") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("import sys,unicodedata\nfor l in sys.stdin.buffer: print(unicodedata.normalize('NFC', bytes.fromhex(l.decode().strip()).decode('utf-16-le')).encode('utf-16-le').hex())");
        using var python = Process.Start(start)!;
        var asking = Task.Run(() =>
        {
            foreach (var text in texts) python.StandardInput.WriteLine(Convert.ToHexStringLower(Encoding.Unicode.GetBytes(text)));
            python.StandardInput.Close();
        }, TestContext.Current.CancellationToken);
        var wrong = new List<string>();
        foreach (var text in texts)
        {
            var expected = python.StandardOutput.ReadLine();
            if (expected != Convert.ToHexStringLower(Encoding.Unicode.GetBytes(NormalFormC.Of(text)))) wrong.Add(Convert.ToHexStringLower(Encoding.Unicode.GetBytes(text)));
        }
        python.WaitForExit();
        Assert.True(asking.IsCompletedSuccessfully);
        Assert.True(wrong.Count == 0, $"{wrong.Count}: {string.Join(' ', wrong.Take(10))}");
        Assert.Equal("\ud800a", NormalFormC.Of("\ud800a"));
    }

    [Fact]
    public void A_heap_of_marks_costs_little()
    {
        var heap = string.Concat(Enumerable.Range(0, 500).Select(i => i % 2 == 0 ? "\u0301" : "\u0323"));
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 10; i++) NormalFormC.Of(heap + heap);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Argon2_gives_the_published_answer_and_hashes_read_back()
    {
        Assert.True(Argon2.IsAvailable);
        var hash = PasswordHash.Make("violet kettle");
        Assert.True(PasswordHash.TryRead(hash.ToString(), out var read, out _));
        Assert.True(read.Matches("violet kettle") && read.IsCurrent && !read.Matches("violet kettlE"));
        Assert.True(PasswordHash.TryRead("$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0$" + Convert.ToBase64String(System.Security.Cryptography.Rfc2898DeriveBytes.Pbkdf2("x y"u8, "saltsaltsalt"u8, 1000, System.Security.Cryptography.HashAlgorithmName.SHA256, 32)).TrimEnd('='), out var other, out var fault), fault);
        Assert.True(other.Matches("x y") && !other.IsCurrent);
    }
}
