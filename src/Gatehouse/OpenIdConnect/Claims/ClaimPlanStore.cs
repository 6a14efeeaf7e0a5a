using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Claims;

/// <summary>All that an application's claims are made of.</summary>
public sealed record ClaimPlan(IReadOnlyList<ClaimRule> Rules, IReadOnlyList<ClientRole> Roles)
{
    public static readonly ClaimPlan Standard = new([], []);

    public bool NeedsCustomClaims => Rules.Any(r => r.Source.StartsWith(ClaimSource.Custom, StringComparison.Ordinal));
}

/// <summary>SQL of claim mappings and roles.</summary>
public static class ClaimPlanStore
{
    public static async Task<ClaimPlan> Of(Sql sql, string clientId) => (await Load(sql, "where x.client_id = @clientId", new { clientId })).GetValueOrDefault(clientId, ClaimPlan.Standard);

    public static Task<Dictionary<string, ClaimPlan>> All(Sql sql) => Load(sql, "", null);

    private static async Task<Dictionary<string, ClaimPlan>> Load(Sql sql, string where, object? args)
    {
        var rules = await sql.List<RuleRow>($"""
            select x.client_id as "ClientId", x.claim as "Claim", x.source as "Source", x.shape as "Shape", x.in_access_token as "InAccessToken"
            from client_claims x {where} order by x.position, x.claim
            """, args);
        var roles = await sql.List<RoleRow>($"""
            select x.client_id as "ClientId", x.role as "Role", x.group_id as "GroupId", g.name as "GroupName"
            from client_roles x join groups g on g.id = x.group_id {where} order by x.role, g.name_folded
            """, args);
        return rules.Select(r => r.ClientId).Concat(roles.Select(r => r.ClientId)).Distinct().ToDictionary(id => id, id => new ClaimPlan(
            [.. rules.Where(r => r.ClientId == id).Select(r => new ClaimRule { Claim = r.Claim, Source = r.Source, Shape = r.Shape, InAccessToken = r.InAccessToken })],
            [.. roles.Where(r => r.ClientId == id).Select(r => new ClientRole(r.Role, new(r.GroupId, r.GroupName)))]));
    }

    private sealed record RuleRow
    {
        public string ClientId { get; init; } = "";
        public string Claim { get; init; } = "";
        public string Source { get; init; } = "";
        public string Shape { get; init; } = "";
        public bool InAccessToken { get; init; }
    }

    private sealed record RoleRow
    {
        public string ClientId { get; init; } = "";
        public string Role { get; init; } = "";
        public string GroupId { get; init; } = "";
        public string GroupName { get; init; } = "";
    }
}

/// <summary>The one write path of mappings and roles: pages and console end here.</summary>
public sealed class ChangeClaimPlan(AuditLog audit, TimeProvider clock)
{
    private const int Most = 50;

    public async Task<Outcome<Done>> SetRule(Sql sql, Client client, ClaimRule rule, Actor actor)
    {
        if (ClaimRule.Fault(rule.Claim, rule.Source, rule.Shape) is { } fault) return fault;
        var plan = await ClaimPlanStore.Of(sql, client.Id);
        var before = plan.Rules.FirstOrDefault(r => r.Claim == rule.Claim);
        if (before is null && plan.Rules.Count >= Most) return new ClaimMappingInvalid("claim", $"there are {Most} already");
        await sql.Run("""
            insert into client_claims (client_id, claim, source, shape, in_access_token, position) values (@Id, @Claim, @Source, @Shape, @InAccessToken, @position)
            on conflict (client_id, claim) do update set source = excluded.source, shape = excluded.shape, in_access_token = excluded.in_access_token
            """, new { client.Id, rule.Claim, rule.Source, rule.Shape, rule.InAccessToken, position = clock.Now() });
        await Note(sql, client, actor, "client.claim_mapped", before is null ? null : Words(before), Words(rule));
        return Done.It;
    }

    public async Task RemoveRule(Sql sql, Client client, string claim, Actor actor)
    {
        if (await sql.Run("delete from client_claims where client_id = @Id and claim = @claim", new { client.Id, claim }) == 0) return;
        await Note(sql, client, actor, "client.claim_unmapped", claim, null);
    }

    public async Task<Outcome<Done>> AddRole(Sql sql, Client client, string role, string groupId, Actor actor)
    {
        role = role.Trim();
        if (role.Length is 0 or > 64 || role.Any(char.IsControl)) return new ClaimMappingInvalid("role", "a role has 1 to 64 characters");
        if (await Accounts.Groups.GroupStore.Find(sql, groupId) is not { } group) return new ClaimMappingInvalid("role_group", "choose a group that exists");
        if ((await ClaimPlanStore.Of(sql, client.Id)).Roles.Count >= 200) return new ClaimMappingInvalid("role", "there are 200 already");
        if (await sql.Run("insert into client_roles (client_id, role, group_id) values (@Id, @role, @groupId) on conflict (client_id, role, group_id) do nothing", new { client.Id, role, groupId }) == 1)
            await Note(sql, client, actor, "client.role_added", null, $"{role}: members of {group.Name}");
        return Done.It;
    }

    public async Task RemoveRole(Sql sql, Client client, string role, string groupId, Actor actor)
    {
        if (await sql.Run("delete from client_roles where client_id = @Id and role = @role and group_id = @groupId", new { client.Id, role, groupId }) == 0) return;
        await Note(sql, client, actor, "client.role_removed", role, null);
    }

    private async Task Note(Sql sql, Client client, Actor actor, string action, string? before, string? after)
    {
        await audit.Write(sql, actor, action, SaveClient.Target(client), before, after);
        await sql.Bump("clients");
    }

    private static string Words(ClaimRule rule) => $"{rule.Claim} from {rule.Source} as {rule.Shape}{(rule.InAccessToken ? ", also in access tokens" : "")}";
}
