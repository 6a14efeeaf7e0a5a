using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Preview;

/// <summary>The preview's page: a form that asks by GET and changes nothing.</summary>
internal static class PreviewRoutes
{
    public const string UsualScope = "openid profile email groups";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/admin/preview", Show).For(Access.Admin);

    private static async Task<IResult> Show(HttpContext http, Visit visit, Database database, RunPreview preview)
    {
        var query = visit.Query ?? StrictParameters.Empty;
        var question = new PreviewQuestion(
            Short(query.Text("client"), 200), Short(query.Text("user"), 320), Short(query["scope"] is null ? UsualScope : query.Text("scope"), 1000), Short(query.Text("method") ?? "hwk", 60),
            query.Text("claims") is { Length: <= 8192 } claims ? claims : null, query.Text("resource") is { Length: <= 1000 } resource ? resource : null);
        var asked = question.ClientId.Length > 0 && question.Who.Length > 0;
        return new RazorComponentResult<PreviewPage>(new
        {
            Question = question,
            Clients = await database.Read(ClientStore.All),
            Answer = asked ? await preview.Run(question) : null,
            Unknown = asked,
        });
    }

    private static string Short(string? text, int length) => text is null || text.Length > length ? "" : text;
}
