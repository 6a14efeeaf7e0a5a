using Gatehouse.Accounts.Groups;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>What a form or command says about a client.</summary>
public sealed record ClientDraft
{
    public string Name { get; init; } = "";
    public IReadOnlyList<string> Callbacks { get; init; } = [];
    public IReadOnlyList<string> LogoutCallbacks { get; init; } = [];
    public string? LaunchUrl { get; init; }
    public bool Trusted { get; init; }
    public string? BackchannelLogoutUri { get; init; }
    public bool BackchannelPrivate { get; init; }
    public bool LoopGuard { get; init; } = true;
    public bool IsPublic { get; init; }
    public bool IsNative { get; init; }
    public bool PkceRequired { get; init; } = true;
    public string AuthMethod { get; init; } = Clients.AuthMethod.Basic;
    public string IdTokenAlgorithm { get; init; } = "ES256";
    public string GrantTypes { get; init; } = GrantType.Usual;
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }
    public bool JwksPrivate { get; init; }
    public long RefreshIdleSeconds { get; init; } = 30 * 86_400;
    public long RefreshMaxSeconds { get; init; } = 90 * 86_400;
    public long SessionIdleSeconds { get; init; }
    public long SessionMaxSeconds { get; init; }
    public bool Restricted { get; init; }
    public IReadOnlyList<string> GroupIds { get; init; } = [];

    public static ClientDraft Of(Client c) => new()
    {
        Name = c.Name,
        Callbacks = c.Callbacks,
        LogoutCallbacks = c.LogoutCallbacks,
        LaunchUrl = c.LaunchUrl,
        Trusted = c.Trusted,
        BackchannelLogoutUri = c.BackchannelLogoutUri,
        BackchannelPrivate = c.BackchannelPrivate,
        LoopGuard = c.LoopGuard,
        IsPublic = c.IsPublic,
        IsNative = c.IsNative,
        PkceRequired = c.PkceRequired,
        AuthMethod = c.AuthMethod,
        IdTokenAlgorithm = c.IdTokenAlgorithm,
        GrantTypes = c.GrantTypes,
        Jwks = c.Jwks,
        JwksUri = c.JwksUri,
        JwksPrivate = c.JwksPrivate,
        RefreshIdleSeconds = c.RefreshIdleSeconds,
        RefreshMaxSeconds = c.RefreshMaxSeconds,
        SessionIdleSeconds = c.SessionIdleSeconds,
        SessionMaxSeconds = c.SessionMaxSeconds,
        Restricted = c.Restricted,
        GroupIds = [.. c.Groups.Select(g => g.Id)],
    };
}

/// <summary>A fault beside the field that has it.</summary>
/// <param name="Value">The line at fault where a field has several.</param>
public sealed record FieldFault(string Field, Refusal Refusal, string? Value = null);

/// <summary>What saving gave: the client, or what stands in the way.</summary>
/// <param name="Secret">The first secret of a new confidential client; shown once.</param>
/// <param name="Current">The row as somebody else left it, when that is what stands in the way.</param>
public sealed record SavedClient(Client? Client, string? Secret, IReadOnlyList<FieldFault> Faults, Client? Current = null);

/// <summary>The one write path of clients: pages, console and remedies all end here.</summary>
public sealed class SaveClient(AuditLog audit, ClientSecrets secrets, SigningKeys keys, TimeProvider clock)
{
    public async Task<SavedClient> Create(Sql sql, ClientDraft draft, Actor actor)
    {
        var (groups, faults) = await Check(sql, draft);
        if (faults.Count > 0) return new(null, null, faults);
        var client = Apply(new Client { Id = clock.NewId(), CreatedAt = clock.Now(), RowVersion = 1 }, draft, groups);
        await ClientStore.Insert(sql, client);
        await audit.Write(sql, actor, "client.created", Target(client), after: Describe(client));
        await sql.Bump("clients");
        await keys.Publish(sql, client.IdTokenAlgorithm);
        var secret = !client.HasSecret ? null : await secrets.Add(sql, client, expiresAt: null, actor);
        return new(client, secret, []);
    }

    public async Task<SavedClient> Change(Sql sql, string id, long rowVersion, ClientDraft draft, Actor actor, string? reference = null)
    {
        if (await ClientStore.Find(sql, id) is not { DeletedAt: null } before) return new(null, null, [new("", new ClientChangedMeanwhile(new(id, draft.Name), rowVersion, 0))]);
        var (groups, faults) = await Check(sql, draft);
        if (faults.Count > 0) return new(null, null, faults);
        var after = Apply(before, draft, groups);
        if (before.RowVersion != rowVersion || !await ClientStore.Update(sql, after, rowVersion))
            return new(null, null, [new("", new ClientChangedMeanwhile(before.Ref, rowVersion, before.RowVersion))], before);
        await Note(sql, before, after, actor, "client.changed", reference);
        await keys.Publish(sql, after.IdTokenAlgorithm);
        return new(after with { RowVersion = rowVersion + 1 }, null, []);
    }

    public async Task<bool> SetEnabled(Sql sql, Client client, bool enabled, Actor actor)
    {
        var after = client with { Enabled = enabled, UpdatedAt = clock.Now() };
        if (client.Enabled == enabled || !await ClientStore.Update(sql, after, client.RowVersion)) return false;
        await Note(sql, client, after, actor, enabled ? "client.enabled" : "client.disabled", null);
        return true;
    }

    /// <summary>Keeps the row, so that a request for it can be explained; ends every secret.</summary>
    public async Task<bool> Delete(Sql sql, Client client, Actor actor)
    {
        var now = clock.Now();
        var after = client with { Enabled = false, DeletedAt = now, UpdatedAt = now };
        if (!await ClientStore.Update(sql, after, client.RowVersion)) return false;
        await sql.Run("update client_secrets set revoked_at = @now where client_id = @Id and revoked_at is null", new { now, client.Id });
        await Note(sql, client, after, actor, "client.deleted", null);
        return true;
    }

    /// <summary>Everything wrong with a draft, field by field.</summary>
    public static IReadOnlyList<FieldFault> Faults(ClientDraft draft)
    {
        var faults = new List<FieldFault>();
        if (draft.Name.Length is 0 or > 80 || draft.Name.Any(char.IsControl)) faults.Add(new("name", new ClientNameInvalid(draft.Name.Length)));
        var people = draft.GrantTypes.Split(' ').Contains(GrantType.Code);
        if (draft.Callbacks.Count is 0 && people || draft.Callbacks.Count > 50) faults.Add(new("callbacks", new CallbackMissing()));
        foreach (var (field, urls) in new[] { ("callbacks", draft.Callbacks), ("logout_callbacks", draft.LogoutCallbacks) })
            foreach (var url in urls)
                if (CallbackUrl.Fault(url) is { } fault) faults.Add(new(field, fault, url));
        if (draft.LaunchUrl is { } launch)
        {
            if (CallbackUrl.Fault(launch) is { } fault) faults.Add(new("launch_url", fault, launch));
            else if (!launch.StartsWith("http", StringComparison.Ordinal)) faults.Add(new("launch_url", new CallbackScheme(UrlParts.Split(launch).Scheme), launch));
        }
        if (draft.BackchannelLogoutUri is { } told && Egress.Fault(told) is { } odd) faults.Add(new("backchannel_logout_uri", new BackchannelAddressInvalid(odd), told));
        if (draft.IsPublic && !draft.PkceRequired) faults.Add(new("pkce_required", new ClientSettingsConflict("a public client without PKCE")));
        if (!Clients.AuthMethod.All.Contains(draft.AuthMethod) || draft.IsPublic != (draft.AuthMethod == Clients.AuthMethod.None))
            faults.Add(new("auth_method", new ClientSettingsConflict(draft.IsPublic ? "a public client with a secret" : "a confidential client without a way to authenticate")));
        if (!SigningKeys.Offered.Contains(draft.IdTokenAlgorithm)) faults.Add(new("id_token_alg", new ClientSettingsConflict($"ID tokens are signed with {string.Join(" or ", SigningKeys.Offered)}")));
        faults.AddRange(MachineFaults(draft));
        if (draft.Restricted && draft.GroupIds.Count == 0) faults.Add(new("groups", new ClientGroupsInvalid("restricted, and no group chosen")));
        return faults;
    }

    /// <summary>Grant types, keys and lifetimes.</summary>
    private static IEnumerable<FieldFault> MachineFaults(ClientDraft draft)
    {
        var grants = draft.GrantTypes.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (grants.Length == 0 || grants.Distinct().Count() != grants.Length || grants.Except(GrantType.All).Any())
            yield return new("grant_types", new ClientGrantTypesInvalid($"of {string.Join(", ", GrantType.All)}, each at most once and at least one"));
        if (grants.Contains(GrantType.Refresh) && !grants.Contains(GrantType.Code)) yield return new("grant_types", new ClientGrantTypesInvalid("refresh_token renews what authorization_code began"));
        if (draft.IsPublic && grants.Contains(GrantType.ClientCredentials)) yield return new("grant_types", new ClientGrantTypesInvalid("a public client cannot prove that it is itself"));
        if (draft.AuthMethod == Clients.AuthMethod.PrivateKey && draft.Jwks is null == draft.JwksUri is null)
            yield return new("jwks", new ClientKeysInvalid("private_key_jwt needs the client's public keys: either the key set itself or its address"));
        if (draft.Jwks is { } jwks && !ClientKeySet.TryRead(jwks, out _, out var fault)) yield return new("jwks", new ClientKeysInvalid(fault));
        if (draft.JwksUri is { } uri)
        {
            if (Egress.Fault(uri) is { } odd) yield return new("jwks_uri", new ClientKeysInvalid(odd), uri);
            else if (!uri.StartsWith("https:", StringComparison.Ordinal) && !draft.JwksPrivate && !CallbackUrl.IsLoopback(UrlParts.Split(uri).Host))
                yield return new("jwks_uri", new ClientKeysInvalid("it is not encrypted: use https"), uri);
        }
        if (draft.RefreshIdleSeconds is < 300 or > 400 * 86_400L || draft.RefreshMaxSeconds < draft.RefreshIdleSeconds || draft.RefreshMaxSeconds > 3660 * 86_400L)
            yield return new("refresh_idle", new ClientLifetimesInvalid(draft.RefreshIdleSeconds, draft.RefreshMaxSeconds));
        foreach (var (field, seconds) in new[] { ("session_idle", draft.SessionIdleSeconds), ("session_max", draft.SessionMaxSeconds) })
            if (seconds is not 0 and (< 60 or > 400 * 86_400L)) yield return new(field, new ClientSessionLimitInvalid(seconds));
    }

    /// <summary>The lines in which two versions differ: field, before, after.</summary>
    public static IReadOnlyList<(string Field, string Before, string After)> Compare(Client before, Client after) =>
        [.. Lines(before).Zip(Lines(after)).Where(p => p.First.Value != p.Second.Value).Select(p => (p.First.Field, p.First.Value, p.Second.Value))];

    public static Client Apply(Client client, ClientDraft draft, IReadOnlyList<GroupRef> groups, long? now = null) => client with
    {
        Name = draft.Name,
        Callbacks = draft.Callbacks,
        LogoutCallbacks = draft.LogoutCallbacks,
        LaunchUrl = draft.LaunchUrl,
        Trusted = draft.Trusted,
        BackchannelLogoutUri = draft.BackchannelLogoutUri,
        BackchannelPrivate = draft.BackchannelPrivate,
        LoopGuard = draft.LoopGuard,
        IsPublic = draft.IsPublic,
        IsNative = draft.IsNative,
        PkceRequired = draft.PkceRequired,
        AuthMethod = draft.AuthMethod,
        IdTokenAlgorithm = draft.IdTokenAlgorithm,
        GrantTypes = string.Join(' ', GrantType.All.Where(draft.GrantTypes.Split(' ').Contains)),
        Jwks = draft.Jwks,
        JwksUri = draft.JwksUri,
        JwksPrivate = draft.JwksPrivate && draft.JwksUri is not null,
        RefreshIdleSeconds = draft.RefreshIdleSeconds,
        RefreshMaxSeconds = draft.RefreshMaxSeconds,
        SessionIdleSeconds = draft.SessionIdleSeconds,
        SessionMaxSeconds = draft.SessionMaxSeconds,
        Restricted = draft.Restricted,
        Groups = groups,
        UpdatedAt = now ?? client.UpdatedAt,
    };

    internal static AuditTarget Target(Client client) => new("client", client.Id, client.Name);

    private Client Apply(Client client, ClientDraft draft, IReadOnlyList<GroupRef> groups) => Apply(client, draft, groups, clock.Now());

    private async Task Note(Sql sql, Client before, Client after, Actor actor, string action, string? reference)
    {
        var changes = Compare(before, after);
        await audit.Write(sql, actor, action, Target(after), string.Join('\n', changes.Select(c => $"{c.Field}: {c.Before}")), string.Join('\n', changes.Select(c => $"{c.Field}: {c.After}")), reference);
        await sql.Bump("clients");
    }

    private static async Task<(IReadOnlyList<GroupRef> Groups, IReadOnlyList<FieldFault> Faults)> Check(Sql sql, ClientDraft draft)
    {
        var faults = Faults(draft).ToList();
        var groups = new List<GroupRef>();
        foreach (var id in draft.GroupIds.Distinct())
        {
            if (await GroupStore.Find(sql, id) is { } group) groups.Add(group.Ref);
            else faults.Add(new("groups", new ClientGroupsInvalid("a chosen group is gone")));
        }
        return (groups, faults);
    }

    private static string Describe(Client client) => string.Join('\n', Lines(client).Select(l => $"{l.Field}: {l.Value}"));

    private static IReadOnlyList<(string Field, string Value)> Lines(Client c) =>
    [
        ("Name", c.Name),
        ("Callback URLs", string.Join(' ', c.Callbacks)),
        ("Logout callback URLs", string.Join(' ', c.LogoutCallbacks)),
        ("Launch URL", c.LaunchUrl ?? "none"),
        ("Asks for consent", YesNo(!c.Trusted)),
        ("Back-channel logout URL", c.BackchannelLogoutUri ?? "none"),
        ("It may lie in the private network", YesNo(c.BackchannelPrivate)),
        ("Circles are stopped", YesNo(c.LoopGuard)),
        ("Kind", c.IsPublic ? "public" : "confidential"),
        ("Native", YesNo(c.IsNative)),
        ("PKCE required", YesNo(c.PkceRequired)),
        ("Token authentication", c.AuthMethod),
        ("ID token signature", c.IdTokenAlgorithm),
        ("Grant types", c.GrantTypes),
        ("Public keys", c.JwksUri ?? (c.Jwks is null ? "none" : ClientKeySet.Describe(c.Jwks))),
        ("Keys in a private range", YesNo(c.JwksPrivate)),
        ("Refresh tokens end unused after", Days(c.RefreshIdleSeconds)),
        ("Refresh tokens end after", Days(c.RefreshMaxSeconds)),
        ("Signs in again when it was not opened for", Limit(c.SessionIdleSeconds)),
        ("Takes no sign-in older than", Limit(c.SessionMaxSeconds)),
        ("Who may use it", !c.Restricted ? "every active user" : string.Join(", ", c.Groups.Select(g => g.Name))),
        ("Enabled", YesNo(c.Enabled)),
        ("Deleted", YesNo(c.DeletedAt is not null)),
    ];

    private static string Days(long seconds) => seconds % 86_400 == 0 ? $"{seconds / 86_400} days" : $"{seconds} seconds";

    private static string Limit(long seconds) => seconds == 0 ? "no limit" : Web.Spans.InWords(Web.Texts.In("en"), TimeSpan.FromSeconds(seconds));

    private static string YesNo(bool value) => value ? "yes" : "no";
}
