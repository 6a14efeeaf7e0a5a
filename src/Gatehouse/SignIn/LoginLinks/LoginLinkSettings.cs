using Gatehouse.Data;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>Whether people may have a login link mailed to themselves on the sign-in page.</summary>
public sealed record LoginLinkSettings(bool SelfService)
{
    private const string SelfServiceName = "login_links.self_service";

    public static async ValueTask<LoginLinkSettings> Of(Settings settings) => new(await settings.Get(SelfServiceName) == "true");

    public Task Save(Sql sql, Settings settings) => settings.Set(sql, SelfServiceName, SelfService ? "true" : "false");
}
