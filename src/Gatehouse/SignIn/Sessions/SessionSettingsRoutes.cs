using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Settings > Administration > Session policy.</summary>
internal static class SessionSettingsRoutes
{
    private const string Path = "/admin/settings/sessions";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, async Task<IResult> (Visit visit, Settings settings) => new RazorComponentResult<SessionSettingsPage>(new
        {
            Value = await SessionPolicy.Of(settings),
            Saved = visit.Query?["done"] == "saved",
            Ended = long.TryParse(visit.Query?["ended"], NumberStyles.None, CultureInfo.InvariantCulture, out var ended) ? ended : 0,
        })).For(Access.Admin);
        routes.MapPost(Path, Save).For(Access.Admin, recent: true);
    }

    /// <summary>Rehearses first: while sessions would end at once, it is saved only by the button that says how many.</summary>
    private static async Task<IResult> Save(HttpContext http, Visit visit, Settings settings, Database database, AuditLog audit, Texts texts, TimeProvider clock)
    {
        var form = visit.Form;
        var errors = new List<FieldError>();
        var before = await SessionPolicy.Of(settings);
        var value = new SessionPolicy
        {
            Idle = Minutes("idle", before.Idle),
            Absolute = Minutes("absolute", before.Absolute),
            Remember = form["remember"] is SessionPolicy.Never or SessionPolicy.Ticked ? form["remember"]! : SessionPolicy.Offered,
            RememberedIdle = Minutes("long_idle", before.RememberedIdle),
            RememberedAbsolute = Minutes("long_absolute", before.RememberedAbsolute),
        };
        if (errors.Count == 0)
        {
            if (value.Idle > value.Absolute) errors.Add(new("idle", texts["Without activity a session cannot last longer than at all."]));
            if (value.RememberedIdle > value.RememberedAbsolute) errors.Add(new("long_idle", texts["Without activity a session cannot last longer than at all."]));
            if (value.MayRemember && (value.RememberedIdle < value.Idle || value.RememberedAbsolute < value.Absolute)) errors.Add(new("long_idle", texts["Whoever stays signed in cannot have shorter limits than the others."]));
        }
        if (errors.Count > 0) return new RazorComponentResult<SessionSettingsPage>(new { Value = value, Errors = (IReadOnlyList<FieldError>)errors, Typed = form }) { StatusCode = 400 };
        var (live, ending) = await database.Read(sql => SessionStore.Compare(sql, before, value, clock.Now()));
        // Pressed with an older number: more sessions than were shown would end, and it is asked again.
        if (ending > (long.TryParse(form["sure"], NumberStyles.None, CultureInfo.InvariantCulture, out var sure) ? sure : 0))
            return new RazorComponentResult<SessionSettingsPage>(new { Value = value, Live = live, Ending = (long?)ending, Own = http.Granted().Session is { Kind: not SessionKind.BreakGlass } own && value.EndOf(own) <= clock.Now() }) { StatusCode = 409 };
        await database.Write(async sql =>
        {
            await value.Save(sql, settings);
            await audit.Write(sql, http.Actor(), "setting.sessions_changed", new("setting", "sessions", "Session policy"), before.Describe(), value.Describe() + (ending > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {ending} sessions ended") : ""));
        });
        return SeeOther.To(string.Create(CultureInfo.InvariantCulture, $"{Path}?done=saved&ended={ending}"));

        long Minutes(string name, long otherwise)
        {
            if (Spans.Read(form, name) is { } minutes && minutes is >= SessionPolicy.Least and <= SessionPolicy.Most) return minutes;
            errors.Add(new(name, texts["Type a time from 5 minutes to 399 days."]));
            return otherwise;
        }
    }
}
