using Gatehouse.Data;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Steps;

/// <summary>The page between the first proof and the session.</summary>
internal static class StepEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(AfterSignIn.SecondPath, Show).For(Access.Anyone);
        routes.MapPost("/sign-in/start-over", StartOver).For(Access.Anyone);
    }

    private static async Task<IResult> Show(Visit visit, PendingSignIns pendings, IEnumerable<ISecondFactor> factors)
    {
        var onward = visit.Query is null ? "" : Onward.Keep(visit.Query);
        if (await pendings.Of(visit) is not { } pending) return SeeOther.To(onward.Length > 0 ? $"/sign-in?{onward}" : "/sign-in");
        return new RazorComponentResult<SecondStepPage>(new
        {
            Pending = pending,
            Factors = OffersOf(pending, factors),
        });
    }

    /// <summary>The factors of the user that would do, in the order of the page.</summary>
    internal static IReadOnlyList<ISecondFactor> OffersOf(PendingSignIn pending, IEnumerable<ISecondFactor> factors) =>
        [.. factors.Where(f => pending.Offers.Contains(f.Id)).OrderBy(f => f.Order)];

    private static async Task<IResult> StartOver(Visit visit, Database database, PendingSignIns pendings)
    {
        await database.Write(sql => pendings.Forget(sql, visit));
        var onward = visit.Query is null ? "" : Onward.Keep(visit.Query);
        return SeeOther.To(onward.Length > 0 ? $"/sign-in?{onward}" : "/sign-in");
    }
}
