using System.Net;
using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Requests;

/// <summary>Something a stranger asked for, as stored.</summary>
public sealed record PublicRequest
{
    public string Id { get; init; } = "";
    public string Kind { get; init; } = "";
    public string Content { get; init; } = "";
    public long At { get; init; }
    public string Address { get; init; } = "";
    public string UserAgent { get; init; } = "";
    public string TraceId { get; init; } = "";

    public T Read<T>() => JsonSerializer.Deserialize<T>(Content)!;

    /// <summary>The request's facts for a refusal that is raised behind it.</summary>
    public RefusalContext Context(string? userId) => new()
    {
        UserId = userId,
        Address = IPAddress.TryParse(Address, out var address) ? address : null,
        UserAgent = UserAgent,
        TraceId = TraceId,
    };
}

/// <summary>Does what was asked for, behind the answer. Registered as a singleton.</summary>
public interface IPublicRequestKind
{
    string Kind { get; }

    /// <summary>May be called again for the same request after a crash: what it causes must be named by the request's id.</summary>
    Task Answer(PublicRequest request);
}

/// <summary>
/// Requests whose answer must not tell whether an account exists. They are stored and answered at once, in the same time whoever asks for whatever;
/// everything that depends on the address happens afterwards, in <see cref="AnswerRequests"/>.
/// </summary>
public sealed class PublicRequests(Database database, Secrets secrets, Throttles throttles, TimeProvider clock)
{
    /// <summary>How many from one network in an hour.</summary>
    public const long PerNetwork = 20;
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim wake = new(0, 1);

    /// <summary>Stores the request; false when this network has asked too often.</summary>
    public Task<bool> Ask<T>(string kind, T content, Visit visit) => database.Write(async sql =>
    {
        if (!await Reserve(sql, visit)) return false;
        await sql.Run("""
            insert into public_requests (id, kind, content, at, address, user_agent, trace_id) values (@id, @kind, @content, @now, @address, @userAgent, @traceId)
            """, new { id = clock.NewId(), kind, content = JsonSerializer.Serialize(content), now = clock.Now(), address = visit.Address.ToString(), userAgent = visit.UserAgent, traceId = visit.TraceId });
        sql.AfterCommit(Wake);
        return true;
    });

    /// <summary>Counts a request of this network; false when it has none left.</summary>
    public Task<bool> Reserve(Sql sql, Visit visit) => throttles.Reserve(sql, $"ask:{secrets.Hash("network", ClientAddress.Block(visit.Address))}", PerNetwork, Window);

    /// <summary>Returns when something was stored, or after a while.</summary>
    internal Task<bool> Woken(TimeSpan atMost, CancellationToken stop) => wake.WaitAsync(atMost, stop);

    private void Wake()
    {
        try
        {
            if (wake.CurrentCount == 0) wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has just woken it.
        }
    }
}
