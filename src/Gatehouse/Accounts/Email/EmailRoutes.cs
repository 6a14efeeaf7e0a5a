using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Accounts.Email;

/// <summary>One's own address: proving it, changing it, stopping a change.</summary>
internal static class EmailRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/account/email", IResult (Visit visit) => new RazorComponentResult<ChangeEmailPage>(new { Present = visit.SignedIn!.Email })).For(Access.User);
        routes.MapPost("/account/email", Ask).For(Access.User, recent: true);
        routes.MapPost("/account/email/verify", AskOwnProof).For(Access.User);
        routes.MapPost("/admin/users/{id}/verify-email", AskProofOf).For(Access.Admin, recent: true);
        foreach (var (path, type) in new[] { ("/email/verify", TokenType.VerifyEmail), ("/email/change", TokenType.ChangeEmail), ("/email/stop", TokenType.StopEmailChange) })
        {
            routes.MapGet(path, (HttpContext http, Visit visit, OwnAddress own, Refuse refuse) => Show(http, visit, own, refuse, path, type)).For(Access.Anyone);
            routes.MapPost(path, (HttpContext http, Visit visit, OwnAddress own, Refuse refuse) => Press(http, visit, own, refuse, type)).For(Access.Anyone);
        }
    }

    private static async Task<IResult> Ask(HttpContext http, Visit visit, OwnAddress own, Refuse refuse)
    {
        var typed = visit.Form["email"];
        if (visit.Form.Values("email").Count > 1) typed = "";
        if (!(await own.AskChange(visit.SignedIn!.UserId, typed, visit.Actor())).Passed(out _, out var refusal))
        {
            // The owner of an address that is taken is told by mail; whoever typed it is not.
            if (refusal is EmailWantedByOther) refuse.Note(http, refusal);
            else
            {
                var fault = FormFault.Of(http, refusal);
                return new RazorComponentResult<ChangeEmailPage>(new { Present = visit.SignedIn.Email, Typed = typed, Fault = fault }) { StatusCode = fault.Status };
            }
        }
        return SeeOther.To("/account?done=email-asked");
    }

    private static async Task<IResult> AskOwnProof(HttpContext http, Visit visit, OwnAddress own, Refuse refuse) =>
        (await own.AskProof(visit.SignedIn!.UserId)).Passed(out _, out var refusal) ? SeeOther.To("/account?done=proof-asked") : refuse.Page(http, refusal, "/account", "Back to the profile");

    private static async Task<IResult> AskProofOf(HttpContext http, string id, OwnAddress own, Refuse refuse) =>
        (await own.AskProof(id)).Passed(out _, out var refusal) ? SeeOther.To($"/admin/users/{Uri.EscapeDataString(id)}?done=proof-sent")
        : refusal is NoSuchUser ? refuse.NotFound(http) : refuse.Page(http, refusal, $"/admin/users/{id}", "Back to the user");

    private static async Task<IResult> Show(HttpContext http, Visit visit, OwnAddress own, Refuse refuse, string path, string type)
    {
        var token = visit.Query?["t"] ?? "";
        return (await own.Look(type, token)).Passed(out var address, out var refusal)
            ? new RazorComponentResult<EmailLinkPage>(new { Path = path, Token = token, Address = address })
            : refuse.Page(http, refusal, "/account", "Go to the profile");
    }

    private static async Task<IResult> Press(HttpContext http, Visit visit, OwnAddress own, Refuse refuse, string type)
    {
        var (token, from) = (visit.Form["t"] ?? "", visit.Address.ToString());
        var done = type switch
        {
            TokenType.VerifyEmail => await own.Verify(token, from),
            TokenType.ChangeEmail => await own.Change(token, from),
            _ => await own.Stop(token, from),
        };
        return done.Passed(out var address, out var refusal)
            ? new RazorComponentResult<EmailDonePage>(new { Address = address, Stopped = type == TokenType.StopEmailChange })
            : refuse.Page(http, refusal, "/account", "Go to the profile");
    }
}
