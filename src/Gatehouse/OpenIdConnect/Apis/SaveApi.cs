using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Apis;

/// <summary>What a form or command says about an API.</summary>
public sealed record ApiDraft
{
    public string Identifier { get; init; } = "";
    public string Name { get; init; } = "";
    public string TokenFormat { get; init; } = Apis.TokenFormat.Jwt;
    public string Algorithm { get; init; } = "ES256";
    public long TokenSeconds { get; init; } = 300;
    public string? IntrospectorId { get; init; }
    public bool Enabled { get; init; } = true;

    /// <summary>Name and description of each scope.</summary>
    public IReadOnlyList<(string Name, string Description)> Scopes { get; init; } = [];

    public static ApiDraft Of(Api api) => new()
    {
        Identifier = api.Identifier,
        Name = api.Name,
        TokenFormat = api.TokenFormat,
        Algorithm = api.Algorithm,
        TokenSeconds = api.TokenSeconds,
        IntrospectorId = api.IntrospectorId,
        Enabled = api.Enabled,
        Scopes = [.. api.Scopes.Select(s => (s.Name, s.Description))],
    };

    /// <summary>One scope on each line: its name, and after a space what it lets somebody do.</summary>
    public static IReadOnlyList<(string Name, string Description)> ReadScopes(string? text) =>
    [
        .. (text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries)).Select(parts => (parts[0], parts.Length == 2 ? parts[1] : "")),
    ];

    public string ScopeLines => string.Join('\n', Scopes.Select(s => $"{s.Name} {s.Description}".Trim()));
}

/// <summary>The one write path of APIs and of who holds their scopes.</summary>
public sealed class SaveApi(AuditLog audit, SigningKeys keys, ServerConfiguration configuration, TimeProvider clock)
{
    private const int MaxScopes = 100;

    public async Task<(Api? Api, IReadOnlyList<FieldFault> Faults)> Create(Sql sql, ApiDraft draft, Actor actor)
    {
        await sql.LockAll();
        var faults = await Faults(sql, draft, isNew: true);
        if (faults.Count > 0) return (null, faults);
        var api = Apply(new Api { Id = clock.NewId(), Identifier = draft.Identifier, CreatedAt = clock.Now(), RowVersion = 1 }, draft);
        await ApiStore.Insert(sql, api);
        await Note(sql, api, actor, "api.created", null, Describe(api));
        return (api, []);
    }

    /// <summary>Everything but the identifier can change: tokens and configurations elsewhere carry it.</summary>
    public async Task<(Api? Api, IReadOnlyList<FieldFault> Faults)> Change(Sql sql, Api before, long rowVersion, ApiDraft draft, Actor actor)
    {
        var faults = await Faults(sql, draft with { Identifier = before.Identifier }, isNew: false);
        if (faults.Count > 0) return (null, faults);
        var after = Apply(before, draft);
        if (before.RowVersion != rowVersion || !await ApiStore.Update(sql, after, rowVersion)) return (null, [new("", new ApiChangedMeanwhile(before.Ref, rowVersion, before.RowVersion))]);
        await Note(sql, after, actor, "api.changed", Describe(before), Describe(after));
        return (after with { RowVersion = rowVersion + 1 }, []);
    }

    public async Task Delete(Sql sql, Api api, Actor actor)
    {
        await ApiStore.Delete(sql, api.Id);
        await Note(sql, api, actor, "api.deleted", Describe(api), null);
    }

    /// <summary>Gives or takes a scope; kind is "client", "group" or "role".</summary>
    public async Task<Outcome<Done>> Grant(Sql sql, Api api, string scope, string kind, string holder, bool give, Actor actor)
    {
        if (api.Find(scope) is null) return new ApiGrantInvalid("the API has no such scope");
        string name;
        if (kind == "client")
        {
            if (await ClientStore.Find(sql, holder) is not { DeletedAt: null } client) return new ApiGrantInvalid("there is no such application");
            name = client.Name;
            if ((give ? await ApiStore.AddClient(sql, api.Id, scope, holder) : await ApiStore.RemoveClient(sql, api.Id, scope, holder)) == 0) return Done.It;
        }
        else
        {
            if (kind == HolderKind.Group)
            {
                if (await GroupStore.Find(sql, holder) is { } group) name = group.Name;
                else if (!give) name = holder;
                else return new ApiGrantInvalid("there is no such group");
            }
            else if (kind == HolderKind.Role && holder is Role.User or Role.Viewer or Role.Admin) name = holder;
            else return new ApiGrantInvalid("there is no such role");
            if ((give ? await ApiStore.AddHolder(sql, api.Id, scope, kind, holder) : await ApiStore.RemoveHolder(sql, api.Id, scope, kind, holder)) == 0) return Done.It;
        }
        await Note(sql, api, actor, give ? "api.scope_granted" : "api.scope_withdrawn", give ? null : $"{scope}: {kind} {name}", give ? $"{scope}: {kind} {name}" : null);
        return Done.It;
    }

    private async Task<IReadOnlyList<FieldFault>> Faults(Sql sql, ApiDraft draft, bool isNew)
    {
        var faults = new List<FieldFault>();
        if (draft.Name.Length is 0 or > 80 || draft.Name.Any(char.IsControl)) faults.Add(new("name", new ApiNameInvalid(draft.Name.Length)));
        if (isNew && (IdentifierFault(draft.Identifier) ?? (await ApiStore.FindByIdentifier(sql, draft.Identifier) is { } taken ? $"{taken.Name} has it" : null)) is { } fault)
            faults.Add(new("identifier", new ApiIdentifierInvalid(fault)));
        if (ScopeFault(draft.Scopes) is { } scopes) faults.Add(new("scopes", new ApiScopesInvalid(scopes)));
        if (draft.TokenFormat is not (TokenFormat.Jwt or TokenFormat.Opaque)) faults.Add(new("token_format", new ApiSettingsInvalid("an unknown token format")));
        if (!SigningKeys.Offered.Contains(draft.Algorithm)) faults.Add(new("algorithm", new ApiSettingsInvalid($"tokens are signed with {string.Join(" or ", SigningKeys.Offered)}")));
        if (draft.TokenSeconds < 60 || draft.TokenSeconds > AccessTokens.Longest.TotalSeconds) faults.Add(new("minutes", new ApiSettingsInvalid($"a lifetime of {draft.TokenSeconds} seconds")));
        if (draft.IntrospectorId is { } introspector && await ClientStore.Find(sql, introspector) is not { DeletedAt: null, IsPublic: false }) faults.Add(new("introspector", new ApiSettingsInvalid("whoever introspects must be a confidential application")));
        return faults;
    }

    private string? IdentifierFault(string identifier) =>
        identifier.Length is 0 or > 300 ? "it is empty or longer than 300 characters"
        : identifier.AsSpan().ContainsAnyExceptInRange('\u0021', '\u007e') ? "it has a space or another odd character"
        : identifier.Contains('#', StringComparison.Ordinal) ? "it has a fragment"
        : UrlParts.Split(identifier) is not { Scheme.Length: > 1, Rest.Length: > 0 } || !Uri.TryCreate(identifier, UriKind.Absolute, out _) ? "it is no absolute address"
        : identifier == configuration.Origin ? "it is our own address"
        : null;

    private static string? ScopeFault(IReadOnlyList<(string Name, string Description)> scopes)
    {
        if (scopes.Count > MaxScopes) return $"more than {MaxScopes} scopes";
        foreach (var (name, description) in scopes)
        {
            if (name.Length is 0 or > 100 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '/' or '_' or '-')) return "a name is too long or has other characters than letters, digits and . : / _ -";
            if (Scopes.Supported.Contains(name) || name is "address" or "phone") return $"{name} is a scope of ours";
            if (description.Length > 200 || description.Any(char.IsControl)) return $"the description of {name} is too long";
        }
        return scopes.GroupBy(s => s.Name).FirstOrDefault(g => g.Count() > 1) is { } twice ? $"{twice.Key} stands there twice" : null;
    }

    private Api Apply(Api api, ApiDraft draft) => api with
    {
        Name = draft.Name,
        TokenFormat = draft.TokenFormat,
        Algorithm = draft.Algorithm,
        TokenSeconds = draft.TokenSeconds,
        IntrospectorId = draft.IntrospectorId,
        Enabled = draft.Enabled,
        UpdatedAt = clock.Now(),
        Scopes = [.. draft.Scopes.Select(s => new ApiScope(s.Name, s.Description, api.Find(s.Name)?.Holders ?? []))],
    };

    private async Task Note(Sql sql, Api api, Actor actor, string action, string? before, string? after)
    {
        await audit.Write(sql, actor, action, new("api", api.Id, api.Name), before, after);
        await keys.Publish(sql, api.Algorithm);
        await sql.Bump(ApiRegistry.VersionName);
    }

    private static string Describe(Api api) => string.Join('\n',
        $"Identifier: {api.Identifier}", $"Name: {api.Name}", $"Tokens: {api.TokenFormat}, {api.Algorithm}, {api.TokenSeconds} seconds",
        $"Introspected by: {api.IntrospectorId ?? "nobody else"}", $"Scopes: {string.Join(' ', api.Scopes.Select(s => s.Name))}", $"Enabled: {(api.Enabled ? "yes" : "no")}");
}
