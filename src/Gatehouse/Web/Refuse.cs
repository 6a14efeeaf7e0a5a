using Gatehouse.Configuration;
using Gatehouse.Refusals;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Web;

/// <summary>Turns a refusal into an answer: hands it to the log, gets the reference, and shows the fixed sentence.</summary>
public sealed class Refuse(IRefusalLog log, ServerConfiguration configuration)
{
    public const string ReferenceHeader = "Gatehouse-Reference";

    /// <summary>Records it and sets the reference header.</summary>
    public Reference Record(HttpContext http, Refusal refusal)
    {
        var visit = http.RequestServices.GetRequiredService<Visit>();
        var reference = log.Record(refusal, visit.Context);
        http.Response.Headers[ReferenceHeader] = reference.Text;
        return reference;
    }

    /// <summary>Records it without a word in the answer: whoever asked must not learn of it.</summary>
    public void Note(HttpContext http, Refusal refusal) => log.Record(refusal, http.RequestServices.GetRequiredService<Visit>().Context);

    /// <summary>The refusal page: what happened, whose turn it is, the reference.</summary>
    public IResult Page(HttpContext http, Refusal refusal, string? continueTo = null, string? continueLabel = null)
    {
        var reference = Record(http, refusal);
        return new RazorComponentResult<RefusalPage>(new { refusal.Facts, Reference = reference.Text, ContinueTo = continueTo, ContinueLabel = continueLabel })
        {
            StatusCode = refusal.Facts.Status,
        };
    }

    /// <summary>Code, sentence and reference as JSON, for scripts of ours.</summary>
    public IResult Json(HttpContext http, Refusal refusal)
    {
        var reference = Record(http, refusal);
        return Results.Json(new
        {
            code = refusal.Facts.CodeForStrangers,
            sentence = refusal.Facts.Public,
            reference = reference.Text,
        }, statusCode: refusal.Facts.Status);
    }

    /// <summary>As OAuth says it (RFC 6749 section 5.2): error, the public sentence with the reference, and where to read more.</summary>
    public IResult Protocol(HttpContext http, Refusal refusal)
    {
        var reference = Record(http, refusal);
        return Results.Json(new Dictionary<string, string>
        {
            ["error"] = refusal.Facts.Wire ?? "invalid_request",
            ["error_description"] = $"{refusal.Facts.Public} (ref {reference.Text})",
            ["error_uri"] = configuration.Link($"/help/{refusal.Facts.CodeForStrangers}"),
        }, contentType: "application/json", statusCode: refusal.Facts.Status);
    }

    /// <summary>The same bytes for every path that is not there, whoever asks.</summary>
    public IResult NotFound(HttpContext http) => new RazorComponentResult<NotFoundPage> { StatusCode = 404 };

    /// <summary>A foreign Host header: pages say where to go, protocol endpoints answer 421 (RFC 9110 section 15.5.20). The header is never echoed.</summary>
    public IResult WrongHost(HttpContext http, bool page) => page
        ? new RazorComponentResult<WrongHostPage>(new { configuration.Origin }) { StatusCode = 421 }
        : Results.Text("421 Misdirected Request\n", "text/plain", statusCode: 421);
}
