using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Audit;

/// <summary>One line of the Sign-ins page: a success or a refusal.</summary>
public sealed record SignInLine
{
    public long At { get; init; }
    public string Id { get; init; } = "";
    public bool Refused { get; init; }

    /// <summary>The refusal's code; for a success "session" or "app".</summary>
    public string What { get; init; } = "";
    public string Method { get; init; } = "";
    public string? UserId { get; init; }
    public string? UserName { get; init; }
    public string? ClientId { get; init; }
    public string? ClientName { get; init; }
    public string Address { get; init; } = "";
    public string UserAgent { get; init; } = "";

    public string Title => RefusalCatalogue.Find(What)?.Entry.Title ?? What;
}

/// <summary>Half an hour of the chart.</summary>
public sealed record SignInSlot(long From, long Successes, long Refusals);

/// <summary>What the Sign-ins page was asked for.</summary>
public sealed record SignInFilter(string? User, string? Client, string? Code, string? Outcome, string? Address, long? From, long? To)
{
    internal static readonly string[] Names = ["user", "client", "code", "outcome", "address", "from", "to"];

    internal static SignInFilter Of(StrictParameters query) => new(query.Text("user"), query.Text("client"), query.Text("code"),
        query.Text("outcome") is "success" or "refused" ? query.Text("outcome") : null, query.Text("address"), query.Time("from"), query.Time("to"));
}

/// <summary>Successes and refusals merged, newest first.</summary>
public static class SignInStream
{
    public const long SlotLength = 1_800_000;
    public const int Slots = 48;

    public static async Task<(IReadOnlyList<SignInLine> Lines, long Total)> Read(Sql sql, SignInFilter filter, int page, int size)
    {
        var merged = Merged(filter, out var args, size, (long)(page - 1) * size);
        var lines = await sql.List<SignInLine>($"""
            select m.at as "At", m.id as "Id", m.refused as "Refused", m.what as "What", m.method as "Method", m.user_id as "UserId", u.display_name as "UserName",
                m.client_id as "ClientId", k.name as "ClientName", m.address as "Address", m.user_agent as "UserAgent"
            from ({merged}) as m left join users u on u.id = m.user_id left join clients k on k.id = m.client_id
            order by m.at desc, m.id desc limit @Limit offset @Offset
            """, args);
        return (lines, await sql.One<long>($"select count(*) from ({merged}) as m", args));
    }

    /// <summary>The last 24 hours in half hours, oldest first, with the same filter but for its times.</summary>
    public static async Task<IReadOnlyList<SignInSlot>> Day(Sql sql, SignInFilter filter, long now)
    {
        var last = now / SlotLength;
        var first = last - Slots + 1;
        var merged = Merged(filter with { From = first * SlotLength, To = null }, out var args, 0, 0);
        var counted = await sql.List<Counted>($"""
            select m.at / {SlotLength} as "Slot", m.refused as "Refused", count(*) as "Number" from ({merged}) as m group by m.at / {SlotLength}, m.refused
            """, args);
        return [.. Enumerable.Range(0, Slots).Select(i => first + i).Select(slot => new SignInSlot(slot * SlotLength,
            counted.Where(c => c.Slot == slot && !c.Refused).Sum(c => c.Number), counted.Where(c => c.Slot == slot && c.Refused).Sum(c => c.Number)))];
    }

    private static string Merged(SignInFilter filter, out Arguments args, long limit, long offset)
    {
        var where = "1 = 1";
        if (filter.From is not null) where += " and x.at >= @From";
        if (filter.To is not null) where += " and x.at < @To";
        if (filter.Address is not null) where += " and x.address like @AddressLike escape '!'";
        if (filter.User is not null)
            where += " and x.user_id in (select id from users where id = @User or email_folded like @UserLike escape '!' or user_name_folded like @UserLike escape '!' or lower(display_name) like @UserLike escape '!')";
        if (filter.Client is not null) where += " and (x.client_id = @Client or x.client_id in (select id from clients where lower(name) like @ClientLike escape '!'))";
        args = new()
        {
            From = filter.From,
            To = filter.To,
            User = filter.User,
            Client = filter.Client,
            UserLike = Like.Containing(filter.User),
            ClientLike = Like.Containing(filter.Client),
            AddressLike = Like.Beginning(filter.Address),
            CodeLike = Like.Beginning(filter.Code),
            Limit = limit,
            Offset = offset,
        };
        var successes = $"select x.at, x.id, false as refused, x.kind as what, x.method, x.user_id, x.client_id, x.address, x.user_agent from sign_ins x where {where}";
        var code = filter.Code is null ? "" : " and x.code like @CodeLike escape '!'";
        var refusals = $"select x.at, x.reference as id, true as refused, x.code as what, '' as method, x.user_id, x.client_id, x.address, x.user_agent from cases x where {where}{code}";
        return filter switch
        {
            { Outcome: "refused" } or { Code: not null } => refusals,
            { Outcome: "success" } => successes,
            _ => successes + " union all " + refusals,
        };
    }

    private sealed record Arguments
    {
        public long? From { get; init; }
        public long? To { get; init; }
        public string? User { get; init; }
        public string? Client { get; init; }
        public string UserLike { get; init; } = "";
        public string ClientLike { get; init; } = "";
        public string AddressLike { get; init; } = "";
        public string CodeLike { get; init; } = "";
        public long Limit { get; init; }
        public long Offset { get; init; }
    }

    private sealed record Counted
    {
        public long Slot { get; init; }
        public bool Refused { get; init; }
        public long Number { get; init; }
    }
}
