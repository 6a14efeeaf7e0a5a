using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Hardening;

/// <summary>People who are signed in already: their session is written, not earned, so that a test about routes need not know how one signs in.</summary>
static class Somebody
{
    /// <summary>A browser of a new account with this role; <paramref name="recent"/> as if it had just confirmed with a passkey.</summary>
    public static async Task<TestBrowser> With(TestInstance instance, string role, bool recent = true, string kind = SessionKind.Full)
    {
        var (clock, value) = (instance.Clock, Secrets.NewToken());
        var (id, now) = (clock.NewId(), clock.Now());
        await instance.Database.Write(async sql =>
        {
            await UserStore.Insert(sql, new User { Id = id, UserName = id, Email = id + "@example.com", DisplayName = "Somebody", Role = role, CreatedAt = now });
            var factor = new Factor("hwk", recent ? now : now - 3_600_000, "key", now - 86_400_000);
            await SessionStore.Insert(sql, new Session
            {
                Hash = instance.Services.GetRequiredService<Secrets>().Hash("session", value),
                PublicId = clock.NewId(),
                UserId = id,
                Epoch = 1,
                Kind = kind,
                FactorsJson = JsonSerializer.Serialize(new[] { factor }),
                BeganAt = now,
                AuthTime = now,
                LastSeenAt = now,
                ExpiresAt = now + 86_400_000,
            });
        });
        var browser = instance.Browser();
        await browser.Get("/sign-in");
        browser.Cookies[instance.Services.GetRequiredService<Cookies>().Name(BeginSession.Cookie)] = value;
        return browser;
    }
}
