using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Accounts.Deletion;

/// <summary>The way from a person's wish to have their account deleted to an admin's decision. The deletion itself is <see cref="DeleteUser"/>, as for every other.</summary>
public sealed class AskForDeletion(Database database, DeleteUser delete, AuditLog audit, Outbox outbox, LetterPaper paper, Settings settings, Throttles throttles, ServerConfiguration configuration, TimeProvider clock)
{
    public const int PerDay = 3;

    public Task<DeletionRequest?> Of(string userId) => database.Read(sql => DeletionRequest.Of(sql, userId));

    /// <summary>The person asks; every admin is told.</summary>
    public Task<Outcome<Done>> Ask(string userId, Actor actor) => database.Write<Outcome<Done>>(async sql =>
    {
        var admins = await ActiveAdmins.Lock(sql);
        if (await UserStore.Find(sql, userId) is not { IsActive: true } user) return new NoSuchUser(userId);
        if (!(await DeletionSettings.Of(settings)).MayAsk) return new DeletionNotTaken(user.Ref, "this instance does not take such wishes");
        if (user.Source != "local") return new DeletionNotTaken(user.Ref, $"the account belongs to {user.Source}");
        if (admins.IsLast(user)) return new LastAdmin(user.Ref, "deleted");
        if (await DeletionRequest.Of(sql, userId) is { IsOpen: true }) return Done.It;
        if (!await throttles.Reserve(sql, $"deletion:{user.Id}", PerDay, TimeSpan.FromDays(1))) return new DeletionNotTaken(user.Ref, $"it was asked for {PerDay} times within a day");
        var (id, now) = (clock.NewId(), clock.Now());
        await sql.Run("""
            insert into deletion_requests (user_id, asked_at) values (@userId, @now)
            on conflict (user_id) do update set asked_at = excluded.asked_at, declined_at = null, declined_because = null
            """, new { userId, now });
        await audit.Write(sql, actor, "user.deletion_asked", user.AuditTarget);
        var (texts, instance) = await Paper();
        await Tell(sql, user, DeletionLetters.Asked, id, DeletionLetters.AskedFor(texts, instance, configuration.Link("/account/delete")));
        await TellAdmins(sql, user, DeletionLetters.ToAdmin, id, DeletionLetters.Wanted(texts, instance, user.Email, configuration.Link($"/admin/users/{user.Id}")));
        return Done.It;
    });

    /// <summary>The person thinks better of it, or reads why it was declined and closes the matter.</summary>
    public Task<Outcome<Done>> TakeBack(string userId, Actor actor) => database.Write<Outcome<Done>>(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { IsActive: true } user) return new NoSuchUser(userId);
        if (await sql.Run("delete from deletion_requests where user_id = @userId and declined_at is null", new { userId }) == 0) return new NoDeletionAsked(user.Ref);
        await audit.Write(sql, actor, "user.deletion_taken_back", user.AuditTarget);
        var (texts, instance) = await Paper();
        await TellAdmins(sql, user, DeletionLetters.TakenBack, clock.NewId(), DeletionLetters.NotWanted(texts, instance, user.Email));
        return Done.It;
    });

    /// <summary>An admin says yes: the account is deleted as by any admin, and the person is told until when it can be brought back.</summary>
    public Task<Outcome<User>> Approve(string userId, Actor actor) => database.Write<Outcome<User>>(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { } user) return new NoSuchUser(userId);
        if (await DeletionRequest.Of(sql, userId) is not { IsOpen: true }) return new NoDeletionAsked(user.Ref);
        if (!(await delete.Within(sql, userId, actor)).Passed(out var deleted, out var refusal)) return refusal;
        var (texts, instance) = await Paper();
        await Tell(sql, deleted, DeletionLetters.Approved, clock.NewId(), DeletionLetters.Yes(texts, instance, deleted.PurgeAt ?? clock.Now()));
        return deleted;
    });

    /// <summary>An admin says no, and why.</summary>
    public Task<Outcome<User>> Decline(string userId, string? because, Actor actor) => database.Write<Outcome<User>>(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { } user) return new NoSuchUser(userId);
        because = Printable.Cap(because?.Trim() ?? "", 500);
        if (because.Length == 0) because = "No reason was given.";
        if (await sql.Run("update deletion_requests set declined_at = @now, declined_because = @because where user_id = @userId and declined_at is null", new { now = clock.Now(), because, userId }) == 0)
            return new NoDeletionAsked(user.Ref);
        await audit.Write(sql, actor, "user.deletion_declined", user.AuditTarget, after: because);
        var (texts, instance) = await Paper();
        await Tell(sql, user, DeletionLetters.Declined, clock.NewId(), DeletionLetters.No(texts, instance, because, configuration.Link("/account/delete")));
        return user;
    });

    private async Task<(Texts Texts, string Instance)> Paper() => (Texts.In("en"), (await Sender.Of(settings)).Name);

    private async Task TellAdmins(Sql sql, User about, string kind, string cause, LetterBody body)
    {
        foreach (var admin in (await UserStore.ActiveAdmins(sql)).Where(a => a.Id != about.Id)) await Tell(sql, admin, kind, $"{cause}:{admin.Id}", body, about);
    }

    private async Task Tell(Sql sql, User to, string kind, string cause, LetterBody body, User? about = null)
    {
        var written = await paper.Write(body, Texts.In("en"));
        await outbox.Queue(sql, new Letter
        {
            To = to.Email,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = kind,
            Cause = $"{kind}:{cause}",
            About = new("user", (about ?? to).Id),
            UserId = to.Id,
        });
    }
}
