using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Requests;
using Gatehouse.Web;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>Somebody typed a name on the sign-in page to have a login link mailed. The answer is the same for every name.</summary>
public sealed class RequestLoginLink(PublicRequests requests, Database database, LoginLinks links, Settings settings, Throttles throttles, IRefusalLog log) : IPublicRequestKind
{
    /// <summary>How many links an account is mailed in fifteen minutes, and in a day.</summary>
    public const int PerQuarter = 3, PerDay = 10;

    private sealed record Wish(string Name, string Onward, string Browser);

    public string Kind => "login-link";

    /// <summary>Stores the wish. Nothing here looks at accounts.</summary>
    public async Task<Refusal?> Ask(string typed, string onward, Visit visit) =>
        await requests.Ask(Kind, new Wish(Printable.Cap(typed.Trim(), 320), onward.Length <= 3000 ? onward : "", visit.BrowserId), visit)
            ? null
            : new LinkAskedTooOften(ClientAddress.Block(visit.Address), PublicRequests.PerNetwork, (long)PublicRequests.Window.TotalMinutes);

    public async Task Answer(PublicRequest request)
    {
        var wish = request.Read<Wish>();
        if (!(await LoginLinkSettings.Of(settings)).SelfService) return;
        var refusal = await database.Write<Refusal?>(async sql =>
        {
            if (await UserStore.FindByIdentifier(sql, wish.Name) is not { } user) return new LinkForNobody(wish.Name);
            if (!user.IsActive) return new LinkForInactive(user.Ref, user.DeletedAt is not null);
            if (!await throttles.Reserve(sql, $"login-link:{user.Id}", PerQuarter, TimeSpan.FromMinutes(15))) return new LinkMailboxFull(user.Ref, PerQuarter, 15);
            if (!await throttles.Reserve(sql, $"login-link-day:{user.Id}", PerDay, TimeSpan.FromDays(1))) return new LinkMailboxFull(user.Ref, PerDay, 1440);
            await links.Send(sql, user, new AskingDevice(wish.Browser, request.UserAgent, request.Address, request.At), wish.Onward);
            return null;
        });
        if (refusal is not null) log.Record(refusal, request.Context(refusal is LinkForNobody ? null : refusal.Target));
    }
}
