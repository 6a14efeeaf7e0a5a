using System.Globalization;
using System.Security.Cryptography;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Passwords;

/// <summary>Signing in by password, resetting, changing one's own, and what admins do about passwords.</summary>
internal static class PasswordEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sign-in/name", TakeName).For(Access.Anyone);
        routes.MapPost("/sign-in/password", SignIn).For(Access.Anyone);
        routes.MapGet("/sign-in/reset", ShowAsk).For(Access.Anyone);
        routes.MapPost("/sign-in/reset", Ask).For(Access.Anyone);
        routes.MapGet("/reset", ShowReset).For(Access.Anyone);
        routes.MapPost("/reset", Reset).For(Access.Anyone);
        routes.MapGet("/account/password", ShowOwn).For(Access.Enrolment);
        routes.MapPost("/account/password", ChangeOwn).For(Access.Enrolment);
        routes.MapPost("/account/password/remove", RemoveOwn).For(Access.User, recent: true);
        routes.MapPost("/account/confirm", Confirm).For(Access.User);
        routes.MapPost("/admin/users/{id}/password", MakeTemporary).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/password/remove", RemoveOf).For(Access.Admin, recent: true);
        routes.MapGet("/admin/settings/passwords", ShowSettings).For(Access.Admin);
        routes.MapPost("/admin/settings/passwords", SaveSettings).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> TakeName(HttpContext http, Visit visit, Onward onward, Settings settings)
    {
        var keep = visit.Query is null ? "" : Onward.Keep(visit.Query);
        var policy = await PasswordSettings.Of(settings);
        if (!policy.Enabled || visit.Form.Text("name") is not { Length: <= 320 } name) return SeeOther.To(keep.Length > 0 ? $"/sign-in?{keep}" : "/sign-in");
        return await ShowPassword(http, name, null, null);
    }

    private static async Task<IResult> SignIn(HttpContext http, Visit visit, Onward onward, SignInWithPassword signIn, AfterSignIn after, Refuse refuse)
    {
        var keep = visit.Query is null ? "" : Onward.Keep(visit.Query);
        var name = visit.Form.Text("name") ?? "";
        var to = await onward.Find(visit.Query);
        visit.ClientId = to.Continuation?.Client.Id;
        visit.RetryPath = keep.Length > 0 ? $"/sign-in?{keep}" : "/sign-in";
        // Two values of one name could be read in two ways: neither is read.
        var password = visit.Form.Values("password") is [var only] ? only : "";
        var outcome = await signIn.Run(name, password, keep, to.Continuation?.Client, http.GrantedOrNull(), visit);
        if (outcome.Passed(out var step, out var refusal)) return after.Answer(http, step, step.Kind == SessionKind.Enrolment ? "/account/password" : to.Path, keep);
        if (refusal is PasswordsBusy)
        {
            http.Response.Headers.RetryAfter = "3";
            return WithStatus(refuse.Page(http, refusal, visit.RetryPath), StatusCodes.Status503ServiceUnavailable);
        }
        if (refusal is AddressThrottled address)
        {
            var seconds = Math.Clamp((address.FreeAt - http.RequestServices.GetRequiredService<TimeProvider>().Now()) / 1000, 1, 900);
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        return refusal.Facts.PublicCode == PasswordRefused.PublicCode && name.Length is > 0 and <= 320
            ? await ShowPassword(http, name, refusal, refuse.Record(http, refusal).Text)
            : refuse.Page(http, refusal, visit.RetryPath);
    }

    private static async Task<IResult> ShowPassword(HttpContext http, string name, Refusal? refusal, string? reference)
    {
        var services = http.RequestServices;
        var visit = services.GetRequiredService<Visit>();
        var to = await services.GetRequiredService<Onward>().Find(visit.Query);
        var policy = await PasswordSettings.Of(services.GetRequiredService<Settings>());
        return new RazorComponentResult<PasswordPage>(new
        {
            App = to.Continuation?.AppName,
            to.Continuation?.CancelPath,
            Name = name,
            Onward = visit.Query is null ? "" : Onward.Keep(visit.Query),
            AllowsPassword = policy.DomainAllows(name),
            policy.Reset,
            Reference = reference,
            Sentence = refusal?.Facts.Public ?? "",
        })
        { StatusCode = refusal?.Facts.Status ?? 200 };
    }

    private static async Task<IResult> ShowAsk(HttpContext http, Visit visit, Settings settings, Refuse refuse) =>
        await PasswordSettings.Of(settings) is { Enabled: true, Reset: true }
            ? new RazorComponentResult<AskResetPage>(new { Onward = visit.Query is null ? "" : Onward.Keep(visit.Query) })
            : refuse.Page(http, new PasswordsOff(), "/sign-in", "Go to sign-in");

    private static async Task<IResult> Ask(HttpContext http, Visit visit, ResetPassword reset, Refuse refuse)
    {
        // A list of addresses is no address (CVE-2023-7028).
        var name = visit.Form.Values("name") is [var only] ? only.Trim() : "";
        if (await reset.Ask(name, visit) is { } refusal) return refuse.Page(http, refusal, "/sign-in", "Go to sign-in");
        return new RazorComponentResult<AskResetPage>(new { Asked = true, Onward = visit.Query is null ? "" : Onward.Keep(visit.Query) });
    }

    private static async Task<IResult> ShowReset(HttpContext http, Visit visit, ResetPassword reset, SetPassword setPassword, Refuse refuse)
    {
        var token = visit.Query?["t"] ?? "";
        if (!(await reset.Look(token)).Passed(out var user, out var refusal)) return refuse.Page(http, refusal, "/sign-in", "Go to sign-in");
        return new RazorComponentResult<ResetPage>(new { User = user, Token = token, Least = await setPassword.Least(user) });
    }

    private static async Task<IResult> Reset(HttpContext http, Visit visit, ResetPassword reset, SetPassword setPassword, Texts texts, BeginSession sessions, Refuse refuse)
    {
        var token = visit.Form["t"] ?? "";
        var password = visit.Form.Values("password") is [var only] ? only : "";
        if ((await reset.Use(token, password, visit)).Passed(out _, out var refusal))
        {
            sessions.Forget(http);
            return new RazorComponentResult<ResetDonePage>();
        }
        if (IsAboutThePassword(refusal) && (await reset.Look(token)).Passed(out var user, out _))
            return new RazorComponentResult<ResetPage>(new { User = user, Token = token, Least = await setPassword.Least(user), Error = texts[refusal.Facts.Public].Value }) { StatusCode = refusal.Facts.Status };
        return Answer(http, refuse, refusal, "/sign-in", "Go to sign-in");
    }

    private static Task<IResult> ShowOwn(HttpContext http, Visit visit, SetPassword setPassword, Refuse refuse) => ShowOwnWith(http, visit, setPassword, refuse, null, null, null, 200);

    private static async Task<IResult> ShowOwnWith(HttpContext http, Visit visit, SetPassword setPassword, Refuse refuse, string? error, string? currentError, string? reference, int status)
    {
        var granted = http.Granted();
        if (await setPassword.MayHave(granted.User) is { } no) return refuse.Page(http, no, "/account/security", "Back to Security");
        var (stored, stronger, recent) = await Standing(http);
        if (!recent && (stronger || stored is null)) return SessionDoor.AskToConfirm(visit, http);
        return new RazorComponentResult<OwnPasswordPage>(new
        {
            Has = stored is not null,
            AsksCurrent = !recent,
            Forced = granted.Session!.Kind == SessionKind.Enrolment,
            Least = await setPassword.Least(granted.User),
            Error = error,
            CurrentError = currentError,
            Reference = reference,
        })
        { StatusCode = status };
    }

    private static async Task<IResult> ChangeOwn(HttpContext http, Visit visit, Database database, SetPassword setPassword, SignInWithPassword signIn, BeginSession sessions, SignInSteps steps, Texts texts, TimeProvider clock, Refuse refuse)
    {
        var granted = http.Granted();
        var session = granted.Session!;
        if (await setPassword.MayHave(granted.User) is { } no) return refuse.Page(http, no, "/account/security", "Back to Security");
        var (stored, stronger, recent) = await Standing(http);
        // A new password is never carried through the confirmation page: the person confirms first and types it then.
        if (!recent && (stronger || stored is null)) return SeeOther.To("/account/password");
        if (!recent)
        {
            var current = visit.Form.Values("current") is [var one] ? one : "";
            if (!(await signIn.Confirm(granted, current, visit)).Passed(out _, out var wrong))
                return wrong is PasswordsBusy ? Answer(http, refuse, wrong, "/account/password", null)
                    : await ShowOwnWith(http, visit, setPassword, refuse, null, texts[wrong.Facts.Public].Value, refuse.Record(http, wrong).Text, wrong.Facts.Status);
        }
        var password = visit.Form.Values("password") is [var only] ? only : "";
        if (!(await setPassword.Prepare(granted.User, password, visit.Address)).Passed(out var made, out var refusal))
            return IsAboutThePassword(refusal)
                ? await ShowOwnWith(http, visit, setPassword, refuse, texts[refusal.Facts.Public].Value, null, null, refusal.Facts.Status)
                : Answer(http, refuse, refusal, "/account/password", null);
        var cookie = await database.Write(async sql =>
        {
            await setPassword.Write(sql, made, temporary: false, "self", http.Actor());
            // This browser goes on, under a new id; it is the only one.
            var factor = new Factor("pwd", clock.Now(), null, null);
            var over = session.Kind == SessionKind.Full || await steps.IsEnough(sql, granted.User, [.. session.Factors, factor], visit);
            return await sessions.GoOnAs(sql, session, factor, over ? SessionKind.Full : SessionKind.Enrolment, granted.User.Epoch + 1);
        });
        if (cookie is not null) sessions.Keep(http, cookie);
        return SeeOther.To("/account/security");
    }

    private static async Task<IResult> RemoveOwn(HttpContext http, Database database, SetPassword setPassword, BeginSession sessions)
    {
        var granted = http.Granted();
        var cookie = await database.Write(async sql =>
        {
            // Never the last way in.
            if ((await PasskeyStore.Of(sql, granted.User.Id)).All(p => p.RemovedAt is not null)) return null;
            return await setPassword.Remove(sql, granted.User, http.Actor())
                ? await sessions.Strengthen(sql, granted.Session!, granted.Session!.Factors[^1], reauthenticated: false, granted.User.Epoch + 1) : null;
        });
        if (cookie is not null) sessions.Keep(http, cookie);
        return SeeOther.To("/account/security");
    }

    /// <summary>Step-up for somebody who has nothing but a password.</summary>
    private static async Task<IResult> Confirm(HttpContext http, Visit visit, Database database, SignInWithPassword signIn, BeginSession sessions, TimeProvider clock, Refuse refuse)
    {
        var granted = http.Granted();
        var (_, stronger, _) = await Standing(http);
        var back = LocalPath.Or(visit.Form["then"], "/account/security");
        if (stronger) return refuse.Page(http, new PasswordNotConfirmed(granted.User.Ref, Throttled: false), back, "Back");
        var password = visit.Form.Values("confirm_password") is [var only] ? only : "";
        if (!(await signIn.Confirm(granted, password, visit)).Passed(out _, out var refusal)) return Answer(http, refuse, refusal, back, "Back");
        var cookie = await database.Write(sql => sessions.Strengthen(sql, granted.Session!, new Factor("pwd", clock.Now(), null, null, Alone: true), reauthenticated: true, granted.User.Epoch));
        if (cookie is null) return SeeOther.To("/sign-in");
        sessions.Keep(http, cookie);
        if (visit.Form["then_post"] != "yes") return SeeOther.To(back);
        return new RazorComponentResult<StepUp.ConfirmedPage>(new { Action = back, Fields = (IReadOnlyList<KeyValuePair<string, string>>)[.. visit.Form.All.Where(f => f.Key.StartsWith("f.", StringComparison.Ordinal)).Select(f => KeyValuePair.Create(f.Key[2..], f.Value))] });
    }

    private static async Task<IResult> MakeTemporary(HttpContext http, string id, Database database, Visit visit, SetPassword setPassword, Refuse refuse)
    {
        if (await database.Read(sql => UserStore.Find(sql, id)) is not { } user) return refuse.NotFound(http);
        var password = NewTemporary();
        var back = $"/admin/users/{user.Id}";
        if (!(await setPassword.Prepare(user, password, visit.Address)).Passed(out var made, out var refusal)) return Answer(http, refuse, refusal, back, "Back to the user");
        await database.Write(sql => setPassword.Write(sql, made, temporary: true, "admin", http.Actor()));
        return new RazorComponentResult<TemporaryPasswordPage>(new { User = user, Password = password });
    }

    private static async Task<IResult> RemoveOf(HttpContext http, string id, Database database, SetPassword setPassword, Refuse refuse)
    {
        if (await database.Read(sql => UserStore.Find(sql, id)) is not { } user) return refuse.NotFound(http);
        await database.Write(sql => setPassword.Remove(sql, user, http.Actor()));
        return SeeOther.To($"/admin/users/{user.Id}");
    }

    private static async Task<IResult> ShowSettings(Visit visit, Settings settings, Database database) => new RazorComponentResult<PasswordSettingsPage>(new
    {
        Value = await PasswordSettings.Of(settings),
        Groups = await AllGroups(database),
        Saved = visit.Query?["done"] == "saved",
    });

    private static async Task<IResult> SaveSettings(HttpContext http, Visit visit, Settings settings, Database database, AuditLog audit, Texts texts)
    {
        var form = visit.Form;
        var groups = await AllGroups(database);
        var errors = new List<FieldError>();
        var domains = (form["domains"] ?? "").Split([' ', ',', ';', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(d => d.TrimStart('@').ToLowerInvariant()).Distinct(StringComparer.Ordinal).ToArray();
        foreach (var domain in domains.Where(d => !Address.TryParse("x@" + d, out var parsed) || parsed.Domain != d))
            errors.Add(new("domains", texts["{0} is no domain.", Printable.Cap(domain, 60)]));
        if (!int.TryParse(form.Text("history") ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var history) || history > 24) errors.Add(new("history", texts["Type a number from 0 to 24."]));
        if (!int.TryParse(form.Text("max_age") ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var age) || age > 3650) errors.Add(new("max_age", texts["Type a number from 0 to 3650."]));
        var before = await PasswordSettings.Of(settings);
        var value = new PasswordSettings
        {
            Enabled = form["enabled"] == "on",
            Sources = [.. form.Values("source").Where(s => s is PasswordSettings.Local or PasswordSettings.Directory).Distinct(StringComparer.Ordinal)],
            Groups = [.. form.Values("group").Where(id => groups.Any(g => g.Id == id)).Distinct(StringComparer.Ordinal)],
            Domains = domains,
            Reset = form["reset"] == "on",
            History = errors.Count > 0 ? before.History : history,
            MaxAgeDays = errors.Count > 0 ? before.MaxAgeDays : age,
        };
        if (errors.Count > 0)
            return new RazorComponentResult<PasswordSettingsPage>(new { Value = value, Groups = groups, Errors = (IReadOnlyList<FieldError>)errors, TypedHistory = form["history"], TypedAge = form["max_age"] }) { StatusCode = 400 };
        await database.Write(async sql =>
        {
            await value.Save(sql, settings);
            await audit.Write(sql, http.Actor(), "setting.passwords_changed", new("setting", "passwords", "Passwords"), before.Describe(), value.Describe());
        });
        return SeeOther.To("/admin/settings/passwords?done=saved");
    }

    /// <summary>The present password, whether there is anything stronger, and whether the person has confirmed by it just now (or is here to enrol).</summary>
    private static async Task<(StoredPassword? Stored, bool Stronger, bool Recent)> Standing(HttpContext http)
    {
        var services = http.RequestServices;
        var granted = http.Granted();
        var session = granted.Session!;
        var steps = services.GetRequiredService<SignInSteps>();
        var (stored, stronger) = await services.GetRequiredService<Database>().Read(async sql => (
            await PasswordStore.Of(sql, granted.User.Id),
            (await PasskeyStore.Of(sql, granted.User.Id)).Any(p => p.RemovedAt is null) || (await steps.Enrolled(sql, granted.User.Id)).Count > 0));
        var recent = session.Kind == SessionKind.Enrolment || SessionDoor.IsRecent(session, services.GetRequiredService<TimeProvider>().Now(), administration: stored is not null);
        return (stored, stronger, recent);
    }

    private static async Task<IReadOnlyList<GroupRef>> AllGroups(Database database) => [.. (await database.Read(GroupStore.All)).Select(g => g.Ref)];

    private static bool IsAboutThePassword(Refusal refusal) => refusal is PasswordTooShort or PasswordTooLong or PasswordGuessable or PasswordNamesOwner or PasswordUsedBefore;

    private static IResult Answer(HttpContext http, Refuse refuse, Refusal refusal, string back, string? label)
    {
        if (refusal is not PasswordsBusy) return refuse.Page(http, refusal, back, label);
        http.Response.Headers.RetryAfter = "3";
        return WithStatus(refuse.Page(http, refusal, back, label), StatusCodes.Status503ServiceUnavailable);
    }

    private static IResult WithStatus(IResult page, int status)
    {
        if (page is RazorComponentResult component) component.StatusCode = status;
        return page;
    }

    /// <summary>100 random bits in groups that can be read out.</summary>
    internal static string NewTemporary()
    {
        const string alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
        return string.Join('-', Enumerable.Range(0, 5).Select(_ => RandomNumberGenerator.GetString(alphabet, 4)));
    }
}
