using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Client;

/// <summary>Opens connections to the servers of a directory in their order. One that could not be reached rests for half a minute, so that nobody waits for it twice.</summary>
internal sealed class DirectoryDoor(LdapLimits limits, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Resting> resting = new(StringComparer.Ordinal);

    public LdapLimits Limits => limits;

    /// <summary>The first server that takes the connection and the bind. A wrong password is told by the first one that answers; nobody else is asked.</summary>
    public async Task<Outcome<LdapConnection>> Open(IReadOnlyList<DirectoryEndpoint> endpoints, X509Certificate2Collection? authorities, string bindDn, byte[] password, CancellationToken stop)
    {
        Refusal? last = null;
        foreach (var endpoint in endpoints)
        {
            if (resting.TryGetValue(endpoint.Url, out var rest) && rest.Until > clock.Now())
            {
                last = new DirectoryResting(endpoint.Url, rest.Because, rest.Until);
                continue;
            }
            var opened = await LdapConnection.Open(endpoint, authorities, limits, clock, stop);
            if (opened.Passed(out var connection, out var refusal))
            {
                var bound = await connection.Bind(bindDn, password, stop);
                if (bound.Passed(out _, out refusal))
                {
                    resting.TryRemove(endpoint.Url, out _);
                    return connection;
                }
                await connection.DisposeAsync();
            }
            last = refusal;
            if (!LdapFailureReader.IsAboutTheServer(refusal)) return refusal;
            Rest(endpoint, refusal);
        }
        return last ?? new DirectoryNotConfigured();
    }

    /// <summary>A server that broke off in the middle rests too.</summary>
    public void Rest(DirectoryEndpoint endpoint, Refusal because)
    {
        if (LdapFailureReader.IsAboutTheServer(because) && because is not DirectoryResting)
            resting[endpoint.Url] = new(clock.Now() + (long)limits.Rest.TotalMilliseconds, because.Facts.Code);
    }

    /// <summary>After a change of settings everything is tried anew.</summary>
    public void Forget() => resting.Clear();

    private sealed record Resting(long Until, string Because);
}
