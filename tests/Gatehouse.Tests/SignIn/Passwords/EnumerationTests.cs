using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;
using static Gatehouse.Tests.SignIn.Passwords.PasswordSite;

namespace Gatehouse.Tests.SignIn.Passwords;

/// <summary>
/// What a stranger can tell from answers and their times. The medians are printed; only with GATEHOUSE_TESTS_FULL=1 are they held against 5 %, for other work on the machine moves them too.
/// What always holds: nothing is answered before the floor, and every answer is the same bytes.
/// </summary>
public class EnumerationTests
{
    /// <summary>Lower than the real one, to see more and wait less.</summary>
    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(50);

    private static bool Full => Environment.GetEnvironmentVariable("GATEHOUSE_TESTS_FULL") == "1";

    [Fact]
    public async Task P04_sign_in_takes_the_same_time_for_every_class()
    {
        await using var instance = await Start(null, null, ("TRUSTED_PROXIES", "127.0.0.1"));
        await NewUser(instance, "known@example.com", "Known");
        await NewUser(instance, "dis01@example.com", "Disabled");
        await NewUser(instance, "nopas@example.com", "Without", null);
        var old = await NewUser(instance, "oldpa@example.com", "Oldish");
        await NewUser(instance, "direc@example.com", "Directory", null);
        var throttled = await NewUser(instance, "throt@example.com", "Throttled");
        await instance.Database.Write(sql => sql.Run("update users set source = 'ldap:main' where email = 'direc@example.com'"));
        var digest = Convert.ToBase64String(Argon2.Hash(Encoding.UTF8.GetBytes(Good), Encoding.UTF8.GetBytes("somesaltsomesalt"), 1, 4096, 1, 32)).TrimEnd('=');
        await instance.Database.Write(sql => sql.Run("update passwords set hash = @hash where user_id = @Id", new { hash = $"$argon2id$v=19$m=4096,t=1,p=1${Convert.ToBase64String(Encoding.UTF8.GetBytes("somesaltsomesalt")).TrimEnd('=')}${digest}", old.Id }));
        Assert.Equal(0, (await instance.Console("user", "disable", "dis01@example.com")).Code);
        string[] names = ["nobod@example.com", "known@example.com", "dis01@example.com", "nopas@example.com", "oldpa@example.com", "direc@example.com", "throt@example.com"];
        instance.Services.GetRequiredService<AnswerFloor>().Least = Floor;
        using var browser = instance.Browser();
        await browser.Get("/sign-in");
        for (var i = 0; i < 12; i++) await EnterFrom(browser, $"203.0.{i}.1", "throt@example.com", "a wrong guess");

        var times = await Measure(names, Full ? 2000 : 200, browser, async (name, round) =>
        {
            // The counters are emptied so that each class stays the class it is; one stays full.
            if (round % 5 == 0) await instance.Database.Write(sql => sql.Run("update guesses set times = '' where lane like 'password:%' and not (lane like '%' || @id || '%')", new { id = throttled.Id }));
            var at = $"{10 + round / 250 % 200}.{round % 250}.{Array.IndexOf(names, name)}.1";
            return () => EnterFrom(browser, at, name, Other);
        });
        Judge("sign-in", times);
    }

    [Fact]
    public async Task P04_asking_for_a_reset_takes_the_same_time_for_every_class()
    {
        await using var instance = await Start();
        await NewUser(instance, "known@example.com", "Known");
        await NewUser(instance, "dis01@example.com", "Disabled");
        await NewUser(instance, "direc@example.com", "Directory", null);
        await instance.Database.Write(sql => sql.Run("update users set source = 'ldap:main' where email = 'direc@example.com'"));
        Assert.Equal(0, (await instance.Console("user", "disable", "dis01@example.com")).Code);
        instance.Services.GetRequiredService<AnswerFloor>().Least = Floor;
        using var browser = instance.Browser();
        // The second visit drops a cookie of another kind (0017), whoever is asked for.
        await browser.Get("/sign-in/reset");
        await browser.Get("/sign-in/reset");
        var times = await Measure(["nobod@example.com", "known@example.com", "dis01@example.com", "direc@example.com"], Full ? 2000 : 60, browser, async (name, _) =>
        {
            await instance.Database.Write(sql => sql.Run("update guesses set times = ''"));
            return () => browser.Post("/sign-in/reset", ("name", name));
        });
        Judge("reset", times);
    }

    /// <summary>Interleaved, so that whatever else the machine does falls on all alike; the answers' bytes are compared on the way.</summary>
    private static async Task<Dictionary<string, List<double>>> Measure(string[] names, int samples, TestBrowser browser, Func<string, int, Task<Func<Task<Page>>>> prepare)
    {
        var times = names.ToDictionary(n => n, _ => new List<double>());
        var answers = new HashSet<string>();
        for (var round = 0; round < samples + 3; round++)
            foreach (var name in names)
            {
                var act = await prepare(name, round);
                var began = Stopwatch.GetTimestamp();
                var page = await act();
                var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                if (round >= 3) times[name].Add(took);
                var text = $"{page.Status} {string.Join('|', page.Headers.Where(h => h.Key is not ("Date" or "Gatehouse-Reference")).OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => h.Key + h.Value))} {page.Body}".Replace(name, "NAME", StringComparison.Ordinal);
                answers.Add(page.Reference is null ? text : text.Replace(page.Reference, "REF", StringComparison.Ordinal));
            }
        var two = answers.Take(2).ToArray();
        var same = two[0].Zip(two[^1]).TakeWhile(c => c.First == c.Second).Count();
        Assert.True(answers.Count == 1, $"{answers.Count} different answers: {string.Join("\n---\n", two.Select(a => a.Substring(Math.Max(0, same - 80), Math.Min(280, a.Length - Math.Max(0, same - 80)))))}");
        return times;
    }

    private static void Judge(string what, Dictionary<string, List<double>> times)
    {
        var medians = times.ToDictionary(t => t.Key, t => t.Value.Order().ElementAt(t.Value.Count / 2));
        var overall = medians.Values.Order().ElementAt(medians.Count / 2);
        foreach (var (name, median) in medians)
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what} {name,-20} n={times[name].Count} median {median:0.00} ms ({(median / overall - 1) * 100:+0.00;-0.00} %), p95 {times[name].Order().ElementAt(times[name].Count * 95 / 100):0.00} ms"));
        Assert.All(times.Values, all => Assert.True(all.Min() >= Floor.TotalMilliseconds - 5, $"answered after {all.Min():0.0} ms"));
        if (Full) Assert.All(medians.Values, m => Assert.InRange(m / overall, 0.95, 1.05));
    }
}
