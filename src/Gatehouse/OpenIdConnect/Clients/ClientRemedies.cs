using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>
/// The remedy "add this callback URL": one press only while the URL is a harmless variant of a registered one
/// and a browser with a live session asked for it. Everything else is typed by hand.
/// </summary>
internal sealed class AddCallbackUrlHandler(SaveClient save) : IRemedyHandler<AddCallbackUrl>
{
    public async Task<RemedyOffer> Offer(Sql sql, AddCallbackUrl remedy, RemedyCase origin)
    {
        var form = $"/admin/clients/{remedy.Client.Id}#callbacks";
        if (await ClientStore.Find(sql, remedy.Client.Id) is not { DeletedAt: null } client) return new(false, false, "The application is deleted.", [], "/admin/clients");
        if (client.Callbacks.Contains(remedy.Url)) return new(false, false, "It is registered now.", [], form);
        if (CallbackUrl.Fault(remedy.Url) is { } fault) return new(false, false, fault.Facts.Public, [], form);
        var nearest = CompareCallbacks.Nearest(remedy.Url, client.Callbacks);
        var harmless = nearest is not null && CompareCallbacks.IsHarmless(remedy.Url, nearest.Registered);
        return new(true, OneClick: harmless && origin.LiveSession,
            !harmless ? "It differs too much from what is registered to be added by one press." : origin.LiveSession ? "" : "Nobody was signed in in the browser that sent it, so type it yourself.",
            [$"{client.Name} may then also send people back to {remedy.Url}.", .. nearest is null ? Array.Empty<string>() : [$"It differs from {nearest.Registered} by {nearest.Words}."]], form);
    }

    public async Task<Outcome<string?>> Apply(Sql sql, AddCallbackUrl remedy, RemedyCase origin, Actor actor)
    {
        if (!(await Offer(sql, remedy, origin)).OneClick) return (string?)null;
        var client = (await ClientStore.Find(sql, remedy.Client.Id))!;
        var saved = await save.Change(sql, client.Id, client.RowVersion, ClientDraft.Of(client) with { Callbacks = [.. client.Callbacks, remedy.Url] }, actor, origin.Reference);
        return saved.Client is null ? saved.Faults[0].Refusal : JsonSerializer.Serialize(saved.Client.Callbacks);
    }

    public async Task<bool> Undo(Sql sql, AddCallbackUrl remedy, string undo, Actor actor)
    {
        if (await ClientStore.Find(sql, remedy.Client.Id) is not { DeletedAt: null } client || JsonSerializer.Serialize(client.Callbacks) != undo) return false;
        return (await save.Change(sql, client.Id, client.RowVersion, ClientDraft.Of(client) with { Callbacks = [.. client.Callbacks.Where(u => u != remedy.Url)] }, actor)).Client is not null;
    }
}

/// <summary>The remedy "let every active user in".</summary>
internal sealed class LiftGroupRestrictionHandler(SaveClient save) : IRemedyHandler<LiftGroupRestriction>
{
    public async Task<RemedyOffer> Offer(Sql sql, LiftGroupRestriction remedy, RemedyCase origin)
    {
        var form = $"/admin/clients/{remedy.Client.Id}#groups";
        if (await ClientStore.Find(sql, remedy.Client.Id) is not { DeletedAt: null } client) return new(false, false, "The application is deleted.", [], "/admin/clients");
        if (!client.Restricted) return new(false, false, "It is open to every active user now.", [], form);
        var users = await sql.One<long>("select count(*) from users where disabled_at is null and deleted_at is null");
        return new(true, OneClick: origin.Causer != Causer.Stranger && origin.LiveSession, "",
            [$"All {users} active users may then open {client.Name}.", $"So far only members of {string.Join(", ", client.Groups.Select(g => g.Name))} may."], form);
    }

    public async Task<Outcome<string?>> Apply(Sql sql, LiftGroupRestriction remedy, RemedyCase origin, Actor actor)
    {
        if (!(await Offer(sql, remedy, origin)).OneClick) return (string?)null;
        var client = (await ClientStore.Find(sql, remedy.Client.Id))!;
        var saved = await save.Change(sql, client.Id, client.RowVersion, ClientDraft.Of(client) with { Restricted = false }, actor, origin.Reference);
        return saved.Client is null ? saved.Faults[0].Refusal : Written(saved.Client);
    }

    public async Task<bool> Undo(Sql sql, LiftGroupRestriction remedy, string undo, Actor actor)
    {
        if (await ClientStore.Find(sql, remedy.Client.Id) is not { DeletedAt: null, Restricted: false } client || Written(client) != undo) return false;
        return (await save.Change(sql, client.Id, client.RowVersion, ClientDraft.Of(client) with { Restricted = true }, actor)).Client is not null;
    }

    private static string Written(Client client) => JsonSerializer.Serialize(client.Groups.Select(g => g.Id).Order(StringComparer.Ordinal));
}
