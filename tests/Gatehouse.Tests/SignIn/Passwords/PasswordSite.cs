using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.Passwords;

/// <summary>An instance with passwords switched on, and what tests do with them.</summary>
internal static partial class PasswordSite
{
    public const string Good = "violet kettle on the third stair";
    public const string Other = "seven lanterns drift past Bergen";

    public static async Task<TestInstance> Start(PostgresCluster? postgres = null, PasswordSettings? settings = null, params (string, string)[] environment)
    {
        var instance = await TestInstance.Start(postgres is null ? null : await postgres.NewDatabase(), environment);
        await Set(instance, settings ?? new() { Enabled = true });
        return instance;
    }

    public static Task Set(TestInstance instance, PasswordSettings settings) =>
        instance.Database.Write(sql => settings.Save(sql, instance.Services.GetRequiredService<Settings>()));

    /// <summary>A user with a password, without a browser.</summary>
    public static async Task<User> NewUser(TestInstance instance, string email, string name, string? password = Good)
    {
        var (code, _, error) = await instance.Console("user", "add", "--email", email, "--name", name);
        Assert.True(code == 0, error);
        if (password is not null) await Give(instance, email, password);
        return await Find(instance, email);
    }

    /// <summary>Sets a password as the console does, to be kept.</summary>
    public static async Task Give(TestInstance instance, string email, string password)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, password + "\n");
        var (code, _, error) = await instance.Console("user", "password", email, "--file", file, "--permanent");
        File.Delete(file);
        Assert.True(code == 0, error);
    }

    public static async Task<User> Find(TestInstance instance, string name) => (await instance.Database.Read(sql => UserStore.FindByIdentifier(sql, name)))!;

    public static Task<Page> Enter(TestBrowser browser, string name, string password, string query = "") =>
        browser.Post("/sign-in/password" + query, ("name", name), ("password", password));

    public static bool IsIn(Page page) => page.Status == HttpStatusCode.OK && page.Body.Contains("data-signed-in", StringComparison.Ordinal);

    /// <summary>The code of the stored case behind a refused page.</summary>
    public static async Task<string> CodeOf(TestInstance instance, Page page)
    {
        Assert.True(page.Reference is not null, $"{page.Status} carries no reference: {page.Body[..Math.Min(300, page.Body.Length)]}");
        await instance.Services.GetRequiredService<RefusalLog>().Flush();
        return await instance.Database.Read(sql => sql.One<string>("""
            select p.code from problems p where p.id = coalesce((select problem_id from cases where reference = @Reference), (select problem_id from loose_references where reference = @Reference))
            """, new { page.Reference })) ?? throw new InvalidOperationException($"no case {page.Reference}");
    }

    /// <summary>A guess from somewhere else; the instance must trust 127.0.0.1 as its proxy.</summary>
    public static Task<Page> EnterFrom(TestBrowser browser, string address, string name, string password)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in/password")
        {
            Content = new FormUrlEncodedContent([new("name", name), new("password", password), new("_token", browser.Token)]),
        };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        request.Headers.Add("X-Forwarded-For", address);
        return browser.Send(request);
    }

    public static async Task<(string Kind, string Text)[]> Mails(TestInstance instance, string userId)
    {
        var outbox = instance.Services.GetRequiredService<Gatehouse.Mail.Outbox>();
        return await instance.Database.Read(async sql =>
        {
            var all = new List<(string, string)>();
            foreach (var entry in await Gatehouse.Mail.Outbox.Of(sql, "user", userId, 50)) all.Add((entry.Kind, (await outbox.Read(sql, entry.Id))?.Text ?? ""));
            return all.ToArray();
        });
    }

    public static string LinkIn(string text) => Link().Match(text) is { Success: true } m ? m.Groups[1].Value : throw new InvalidOperationException("no link in: " + text);

    [GeneratedRegex(@"/reset\?t=([\w-]+)")]
    private static partial Regex Link();
}
