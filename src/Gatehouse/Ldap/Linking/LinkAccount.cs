using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Linking;

/// <summary>Joins an account to an entry, or parts the two. Only an admin does this, account by account; no sync ever guesses that two are one person.</summary>
internal sealed class LinkAccount(Database database, DirectoryDoor door, SettingsStore store, AuditLog audit, TimeProvider clock)
{
    public async Task<Outcome<User>> Link(string userId, string dn, Actor actor, CancellationToken stop)
    {
        var settings = await store.Get();
        dn = dn.Trim();
        if (!DistinguishedName.IsOne(dn) || !dn.Contains('=', StringComparison.Ordinal)) return new DirectorySettingInvalid("dn", dn, "it is no distinguished name, such as uid=ada,ou=people,dc=corp,dc=example");
        if (settings.Endpoints.Count == 0) return new DirectoryNotConfigured();
        if (!store.Password(settings).Passed(out var password, out var refusal)) return refusal;
        if (!(await door.Open(settings.Endpoints, settings.Authorities(), settings.BindDn, password, stop)).Passed(out var connection, out refusal)) return refusal;
        DirectoryEntry? entry = null;
        await using (connection)
        {
            if (!(await connection.Search(new(dn, SearchScope.Base, FilterText.Parse(settings.UserFilter, out _)!, settings.UserAttributes), 0, e => entry = e, stop)).Passed(out _, out refusal)) return refusal;
        }
        if (entry is null) return new ExcludedByFilter(Web.Printable.Cap(dn, 300), [settings.UserFilter]);
        if (!settings.UserBases.Any(b => DistinguishedName.IsUnder(entry.Dn, b))) return new OutsideBase(Web.Printable.Cap(entry.Dn, 300), [.. settings.UserBases]);
        if (StableId.Of(entry, settings.Mapping.Id) is not { } id) return new EntryLacksAttribute(Web.Printable.Cap(entry.Dn, 300), settings.Mapping.Id, "id");
        return await database.Write<Outcome<User>>(async sql =>
        {
            if (await UserStore.Find(sql, userId) is not { DeletedAt: null } user) return new NoSuchUser(userId);
            var holder = await sql.One<string>("select user_id from ldap_users where stable_id = @id", new { id });
            if (holder is not null && holder != userId && await UserStore.Find(sql, holder) is { DeletedAt: null } other) return new EntryLinked(Web.Printable.Cap(entry.Dn, 300), other.Ref);
            await sql.Run("delete from ldap_users where stable_id = @id or user_id = @userId", new { id, userId });
            // Switched off by a sync under its old entry: the next sync may switch it on again under the new one.
            var off = user.DisabledAt is not null && Sync.SyncActor.Is(user.DisabledBy) ? "link" : null;
            await sql.Run("insert into ldap_users (user_id, stable_id, dn, off_by_run, linked_at) values (@userId, @id, @Dn, @off, @now)", new { userId, id, entry.Dn, off, now = clock.Now() });
            await sql.Run("update users set source = 'ldap', updated_at = @now, row_version = row_version + 1 where id = @userId", new { now = clock.Now(), userId });
            await audit.Write(sql, actor, "user.linked_to_directory", user.AuditTarget, user.Source, entry.Dn);
            return (await UserStore.Find(sql, userId))!;
        });
    }

    /// <summary>The account stays as it is and is kept by hand from now on; the directory's password no longer opens it.</summary>
    public Task<Outcome<User>> Unlink(string userId, Actor actor) => database.Write<Outcome<User>>(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { } user) return new NoSuchUser(userId);
        if (user.Source != DirectoryFields.Source) return user;
        var dn = await sql.One<string>("select dn from ldap_users where user_id = @userId", new { userId });
        await sql.Run("delete from ldap_users where user_id = @userId", new { userId });
        await sql.Run("delete from ldap_memberships where user_id = @userId", new { userId });
        await sql.Run("update users set source = 'local', updated_at = @now, row_version = row_version + 1 where id = @userId", new { now = clock.Now(), userId });
        await audit.Write(sql, actor, "user.detached_from_directory", user.AuditTarget, dn, "local");
        return (await UserStore.Find(sql, userId))!;
    });
}

/// <summary>The entry belongs to another account.</summary>
public sealed record EntryLinked(string Dn, UserRef Owner) : Refusal<EntryLinked>, IRefusal<EntryLinked>
{
    public static RefusalEntry Entry { get; } = new("ldap.entry_linked", "The entry belongs to another account",
        Public: "This entry of the directory belongs to another account.", Fix: "Detach the other account first, if both are the same person.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryLinked Example => new("uid=ada,ou=people,dc=corp,dc=example", new("u1", "Ada"));
    public override string Target => Owner.Id;
    public override string Evidence => $"{Dn} belongs to {Owner.Name}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}
