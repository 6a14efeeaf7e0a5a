using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.SignIn.Throttling;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passwords;

/// <summary>
/// Signs in by name and password. Every way to "no" does the same work: one look-up, one durable reservation, one hash; and none is answered before the <see cref="AnswerFloor"/>,
/// so that neither the answer nor its time tells which it was.
/// </summary>
public sealed class SignInWithPassword(Database database, Settings settings, Secrets secrets, HashingGate gate, GuessLimits limits, SignInSteps steps, IEnumerable<IPasswordSource> sources, IEnumerable<IInvitedPeople> invited,
    PasswordLetters letters, AnswerFloor floor, AuditLog audit, TimeProvider clock)
{
    /// <summary>Guesses judged per account and quarter of an hour; three in ten are kept for browsers that signed in before.</summary>
    public const int PerAccount = 10;

    /// <summary>Failed guesses per address (IPv6: /64) and quarter of an hour.</summary>
    public const int PerAddress = 60;

    public async Task<Outcome<SignInStep>> Run(string name, string password, string onward, ClientRef? client, AccessGranted? present, Visit visit)
    {
        var began = TimeProvider.System.GetTimestamp();
        var outcome = await Judge(name, password, onward, client, present, visit);
        if (outcome.Refusal is { Facts.PublicCode: PasswordRefused.PublicCode }) await floor.Wait(began);
        return outcome;
    }

    /// <summary>Judges the password of a signed-in person, to confirm an act. The same counters, the same queue.</summary>
    public async Task<Outcome<Done>> Confirm(AccessGranted granted, string password, Visit visit)
    {
        var user = granted.User;
        if (user.Source != "local") return new PasswordNotForThisAccount(user.Ref, $"it comes from {user.Source}");
        if (!PasswordRules.IsReadable(password)) return new PasswordNotConfirmed(user.Ref, Throttled: false);
        using var seat = gate.TryEnter(visit.Address, null, knows: true);
        if (seat is null) return new PasswordsBusy(HashingGate.Seats, HashingGate.Threads);
        var lane = Total(user.Id, PerAccount);
        var reserved = await database.Write(sql => limits.Reserve(sql, lane));
        if (!reserved.MayJudge) return new PasswordNotConfirmed(user.Ref, Throttled: true);
        var stored = await database.Read(sql => PasswordStore.Of(sql, user.Id));
        var right = stored is not null && PasswordHash.TryRead(stored.Hash, out var hash, out _) && await seat.Run(() => hash.Matches(password));
        if (!right) return new PasswordNotConfirmed(user.Ref, Throttled: false);
        await database.Write(sql => limits.GiveBack(sql, reserved, lane));
        return Done.It;
    }

    private async Task<Outcome<SignInStep>> Judge(string name, string password, string onward, ClientRef? client, AccessGranted? present, Visit visit)
    {
        var policy = await PasswordSettings.Of(settings);
        if (!policy.Enabled) return new PasswordsOff();
        if (!PasswordRules.IsReadable(password) || name.Length > 320) return new PasswordUnreasonable(password.Length);
        var browser = secrets.Hash("browser", visit.BrowserId);
        // In a flood strangers cost one look-up, not five.
        if (gate.IsFull && !await database.Read(sql => PasswordStore.KnowsByName(sql, UserStore.Fold(name), browser)))
        {
            gate.TurnAway();
            return new PasswordsBusy(HashingGate.Seats, HashingGate.Threads);
        }
        var (user, groups, stored, knows, invitation) = await Find(name, browser);
        using var seat = gate.TryEnter(visit.Address, UserStore.Fold(name), knows);
        if (seat is null) return new PasswordsBusy(HashingGate.Seats, HashingGate.Threads);
        visit.UserId = user?.Id;

        var source = user is null || user.Source == "local" ? null : sources.FirstOrDefault(s => s.Owns(user.Source));
        var perAccount = Math.Clamp(source?.GuessesPerWindow ?? PerAccount, 1, PerAccount);
        var total = Total(user?.Id ?? "name:" + secrets.Hash("typed-name", UserStore.Fold(name)), perAccount);
        var strangers = total with { Key = total.Key + ":strangers", Limit = Math.Max(1, perAccount - Math.Max(1, perAccount * 3 / 10)) };
        var address = new Lane("password:address:" + ClientAddress.Block(visit.Address), PerAddress, Lane.Quarter);
        Lane[] lanes = knows ? [total] : [total, strangers, address];
        var reserved = await database.Write(sql => limits.Reserve(sql, lanes));
        if (reserved.Full == address) return new AddressThrottled(ClientAddress.Block(visit.Address), address.Limit, reserved.FreeAt);

        // From here on every way takes one hash.
        PasswordHash? hash = null;
        var fault = "";
        var no = user is null ? invitation is null ? new PasswordNameUnknown(name.Length, name.Contains('@', StringComparison.Ordinal)) : new AccountInvited(invitation.State, invitation.ExpiresAt, invitation.Path)
            : policy.Judge(user, groups)
            ?? (user.Source != "local" ? source is null ? new PasswordSourceMissing(user.Ref, user.Source) : null
                : stored is null ? new PasswordNone(user.Ref)
                : !PasswordHash.TryRead(stored.Hash, out hash, out fault) ? new PasswordUnreadable(user.Ref, fault)
                : stored.ExpiresAt <= clock.Now() ? new PasswordTemporaryOver(user.Ref, stored.SetAt) : (Refusal?)null);
        if (!reserved.MayJudge) no = await Throttled(user, reserved, knows);

        if (no is not null || hash is null)
        {
            var pretended = seat.Run(() =>
            {
                PasswordHash.Pretend(password);
                return true;
            });
            // The directory is asked while the hash is made: a person from there takes no longer than others.
            var verdict = no is null ? await source!.Check(user!, password, visit, CancellationToken.None) : null;
            await pretended;
            if (no is not null) return no;
            if (verdict is PasswordVerdict.Wrong wrong) return wrong.Why;
            if (verdict is PasswordVerdict.Unavailable away)
            {
                await database.Write(sql => limits.GiveBack(sql, reserved, lanes));
                return away.Why;
            }
        }
        else
        {
            var (right, rehashed) = await seat.Run(() =>
            {
                var matches = hash.Matches(password);
                return (matches, matches && !hash.IsCurrent ? PasswordHash.Make(password).ToString() : null);
            });
            if (!right) return new PasswordWrong(user!.Ref, knows);
            if (rehashed is not null) await database.Write(sql => PasswordStore.Rehash(sql, user!.Id, stored!.Hash, rehashed));
        }
        visit.Passed("password is right");
        return await database.Write(sql => Enter(sql, user!, stored, policy, knows ? [total] : [total, strangers], address, reserved, onward, client, present, visit));
    }

    private async Task<Outcome<SignInStep>> Enter(Sql sql, User judged, StoredPassword? stored, PasswordSettings policy, Lane[] own, Lane address, Reserved reserved,
        string onward, ClientRef? client, AccessGranted? present, Visit visit)
    {
        // The account as it is now: it may have changed while the hash was made.
        if (await UserStore.Find(sql, judged.Id) is not { } user || user.Epoch != judged.Epoch) return new PasswordWrong(judged.Ref, KnownBrowser: false);
        var kind = SessionKind.Full;
        if (stored is not null)
        {
            if (stored.MustChange && !await PasswordStore.SpendTemporary(sql, user.Id, stored.Hash, clock.Now()) && !await WasRehashed(sql, stored)) return new PasswordTemporaryOver(user.Ref, stored.SetAt);
            var tooOld = policy.MaxAgeDays > 0 && stored.SetAt < clock.Now() - (long)TimeSpan.FromDays(policy.MaxAgeDays).TotalMilliseconds;
            var tooShort = !stored.AloneOk && (await steps.Enrolled(sql, user.Id)).Count == 0;
            if (stored.MustChange || tooOld || tooShort) kind = SessionKind.Enrolment;
        }
        await limits.Clear(sql, own);
        await limits.GiveBack(sql, reserved, address);
        return await steps.First(sql, user, new Factor("pwd", clock.Now(), null, null), kind, onward, client, present, visit);
    }

    private async Task<bool> WasRehashed(Sql sql, StoredPassword before) =>
        await PasswordStore.Of(sql, before.UserId) is { MustChange: true } now && now.SetAt == before.SetAt && now.Hash != before.Hash && await PasswordStore.SpendTemporary(sql, before.UserId, now.Hash, clock.Now());

    private Task<(User? User, IReadOnlyList<GroupRef> Groups, StoredPassword? Stored, bool Knows, InvitedPerson? Invitation)> Find(string name, string browser) => database.Read(async sql =>
    {
        var user = await UserStore.FindByIdentifier(sql, name);
        var id = user?.Id ?? "";
        InvitedPerson? invitation = null;
        foreach (var room in invited) invitation ??= await room.Find(sql, name);
        return (user, await GroupStore.Of(sql, id), await PasswordStore.Of(sql, id), await PasswordStore.Knows(sql, user ?? new User(), browser), invitation);
    });

    private async Task<Refusal> Throttled(User? user, Reserved reserved, bool knows)
    {
        // The owner hears of it once a day, behind the answer's floor.
        if (user is not null && !knows)
        {
            var day = DateTimeOffset.FromUnixTimeMilliseconds(clock.Now()).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
            await database.Write(async sql =>
            {
                await letters.UnderAttack(sql, user, $"{user.Id}:{day}");
                if (await sql.One<long>("select count(*) from audit where action = 'password.throttled' and target_id = @Id and at > @since", new { user.Id, since = clock.Now() - (long)Lane.Quarter.TotalMilliseconds }) == 0)
                    await audit.Write(sql, new Actor("gatehouse", ""), "password.throttled", user.AuditTarget, after: $"{reserved.Full!.Limit} wrong passwords from unknown browsers");
            });
        }
        return new PasswordThrottled(user?.Ref, reserved.Full!.Limit, knows, reserved.FreeAt);
    }

    /// <summary>The counters of an account, for whoever has just proved in another way that it is theirs.</summary>
    internal static Lane[] LanesOf(string userId) => [Total(userId, PerAccount), Total(userId, PerAccount) with { Key = Total(userId, PerAccount).Key + ":strangers" }];

    private static Lane Total(string whose, int limit) => new("password:user:" + whose, limit, Lane.Quarter);
}
