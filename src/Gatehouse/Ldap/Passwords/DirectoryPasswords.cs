using System.Text;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Linking;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Passwords;

/// <summary>
/// Asks the directory whether a password is that of the entry which our own record names. The entry is found by its stable id, bound as under the DN found,
/// and looked at once more afterwards: a DN that meanwhile belongs to somebody else opens nothing.
/// </summary>
internal sealed class DirectoryPasswords(Database database, DirectoryDoor door, SettingsStore store, TimeProvider clock) : IPasswordSource
{
    /// <summary>Asked at the same time; beyond it people hear at once that it is on our side, so that a slow directory holds nothing else up.</summary>
    private const int AtOnce = 8;
    private readonly SemaphoreSlim seats = new(AtOnce, AtOnce);

    public bool Owns(string source) => source == DirectoryFields.Source;

    public int GuessesPerWindow => store.Last?.PasswordTries ?? new DirectorySettings().PasswordTries;

    public async Task<PasswordVerdict> Check(User user, string password, Visit visit, CancellationToken stop)
    {
        // Empty, or empty to a server written in C: such a bind would be no proof, and many servers answer it with success.
        if (string.IsNullOrWhiteSpace(password) || password[0] == '\0') return new PasswordVerdict.Wrong(new PasswordProvesNothing(user.Ref));
        var settings = await store.Get();
        if (!settings.Enabled || !settings.PasswordSignIn) return new PasswordVerdict.Wrong(new DirectoryPasswordsOff(user.Ref));
        if (await database.Read(sql => sql.One<string>("select stable_id from ldap_users where user_id = @Id", new { user.Id })) is not { } stableId) return new PasswordVerdict.Wrong(new NotLinked(user.Ref));
        if (!seats.Wait(TimeSpan.Zero, CancellationToken.None)) return new PasswordVerdict.Unavailable(new DirectoryCrowded(settings.Urls.Count > 0 ? settings.Urls[0] : "", AtOnce));
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(door.Limits.SignIn);
            return await Ask(user, Encoding.UTF8.GetBytes(password), stableId, settings, visit, limit.Token);
        }
        finally
        {
            seats.Release();
        }
    }

    private async Task<PasswordVerdict> Ask(User user, byte[] password, string stableId, DirectorySettings settings, Visit visit, CancellationToken stop)
    {
        if (!store.Password(settings).Passed(out var readerPassword, out var refusal)) return new PasswordVerdict.Unavailable(refusal);
        var authorities = settings.Authorities();
        if (!(await door.Open(settings.Endpoints, authorities, settings.BindDn, readerPassword, stop)).Passed(out var reader, out refusal)) return new PasswordVerdict.Unavailable(refusal);
        await using (reader)
        {
            var found = await Find(reader, settings, stableId, stop);
            if (!found.Passed(out var entries, out refusal)) return Away(reader.Endpoint, refusal);
            if (entries.Count == 0) return new PasswordVerdict.Wrong(new EntryGone(user.Ref, stableId));
            if (entries.Count > 1) return new PasswordVerdict.Wrong(new EntryAmbiguous(user.Ref, [.. entries.Take(5).Select(e => Printable.Cap(e.Dn, 200))]));
            var entry = entries[0];
            if (StableId.Of(entry, settings.Mapping.Id) != stableId) return new PasswordVerdict.Wrong(new EntryChangedHands(user.Ref, Printable.Cap(entry.Dn, 300)));
            if (SwitchedOff.Why(entry, clock.GetUtcNow()) is { } off) return new PasswordVerdict.Wrong(new EntryIsOff(user.Ref, Printable.Cap(entry.Dn, 300), off));
            visit.Passed("entry found in the directory");

            // A connection of its own: the reader's keeps the reader's rights for the look afterwards.
            if (!(await LdapConnection.Open(reader.Endpoint, authorities, door.Limits, clock, stop)).Passed(out var own, out refusal)) return Away(reader.Endpoint, refusal);
            LdapResult result;
            await using (own)
            {
                if (!(await own.BindResult(entry.Dn, password, stop)).Passed(out result!, out refusal)) return Away(reader.Endpoint, refusal);
            }
            if (result.Code is ResultCode.Busy or ResultCode.Unavailable) return Away(reader.Endpoint, LdapFailureReader.Result(reader.Endpoint, "bind", entry.Dn, result));
            // Any result but 0 is failure.
            if (!result.Passed) return new PasswordVerdict.Wrong(Refused(user, entry.Dn, result));

            DirectoryEntry? after = null;
            var again = await reader.Search(new(entry.Dn, SearchScope.Base, LdapFilter.Exists("objectClass"), settings.UserAttributes), 0, e => after = e, stop);
            if (!again.Passed(out _, out refusal)) return refusal is BaseDnMissing ? new PasswordVerdict.Wrong(new EntryChangedHands(user.Ref, Printable.Cap(entry.Dn, 300))) : Away(reader.Endpoint, refusal);
            return after is not null && StableId.Of(after, settings.Mapping.Id) == stableId ? new PasswordVerdict.Right() : new PasswordVerdict.Wrong(new EntryChangedHands(user.Ref, Printable.Cap(entry.Dn, 300)));
        }
    }

    /// <summary>By the stable id, and only where a sync would look: who was moved out of reach an hour ago is out now.</summary>
    private static async Task<Outcome<IReadOnlyList<DirectoryEntry>>> Find(LdapConnection reader, DirectorySettings settings, string stableId, CancellationToken stop)
    {
        var entries = new Dictionary<string, DirectoryEntry>(StringComparer.OrdinalIgnoreCase);
        var filter = new Many(CompareKind.And, [StableId.Find(settings.Mapping.Id, stableId), FilterText.Parse(settings.UserFilter, out _)!]);
        foreach (var baseDn in settings.UserBases)
            if (!(await reader.Search(new(baseDn, settings.Scope, filter, settings.UserAttributes, SizeLimit: 5), 0, e => entries.TryAdd(e.Dn, e), stop)).Passed(out _, out var refusal)) return refusal;
        return entries.Values.ToArray();
    }

    private PasswordVerdict.Unavailable Away(DirectoryEndpoint endpoint, Refusal refusal)
    {
        door.Rest(endpoint, refusal);
        return new(refusal);
    }

    private static Refusal Refused(User user, string dn, LdapResult result)
    {
        var sub = AdSubCode.Of(result.Message);
        var said = LdapFailureReader.Say(result);
        return AdSubCode.Meaning(sub) is { } meaning && sub is not ("52e" or "525")
            ? new DirectoryAccountUnusable(user.Ref, Printable.Cap(dn, 300), sub!, meaning, said)
            : new DirectoryPasswordWrong(user.Ref, Printable.Cap(dn, 300), said);
    }
}
