using Gatehouse.Configuration;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>The answer to the application, by its callback: query, fragment or form_post, always with the issuer (RFC 9207).</summary>
internal sealed class WriteAuthorizeResponse(ServerConfiguration configuration)
{
    public IResult Code(HttpContext http, AuthorizeRequest request, string code) => Send(http, request, [new("code", code)]);

    public IResult Error(HttpContext http, AuthorizeRequest request, Refusal refusal, Reference reference) => Send(http, request, ErrorParameters(refusal, reference));

    /// <summary>The callback with an error, as a link: for a page that explains first.</summary>
    public string ErrorLink(AuthorizeRequest request, Refusal refusal, Reference reference) =>
        Url(request, All(request, ErrorParameters(refusal, reference)), request.ResponseMode == ResponseMode.Fragment ? '#' : '?');

    private List<KeyValuePair<string, string>> ErrorParameters(Refusal refusal, Reference reference) =>
    [
        new("error", refusal.Facts.Wire ?? "invalid_request"),
        new("error_description", $"{refusal.Facts.Public} (ref {reference.Text})"),
        new("error_uri", configuration.Link($"/help/{refusal.Facts.CodeForStrangers}")),
    ];

    private IResult Send(HttpContext http, AuthorizeRequest request, List<KeyValuePair<string, string>> parameters)
    {
        var all = All(request, parameters);
        if (request.ResponseMode != ResponseMode.FormPost)
            return new SeeOtherAt(Url(request, all, request.ResponseMode == ResponseMode.Fragment ? '#' : '?'));
        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.AllowingFormTo(FormTarget(request.Callback!));
        return new RazorComponentResult<FormPostPage>(new { Callback = request.Callback, Parameters = all, App = request.Client.Name });
    }

    private List<KeyValuePair<string, string>> All(AuthorizeRequest request, List<KeyValuePair<string, string>> parameters)
    {
        if (request.State is not null) parameters.Add(new("state", request.State));
        parameters.Add(new("iss", configuration.Origin));
        return parameters;
    }

    private static string Url(AuthorizeRequest request, List<KeyValuePair<string, string>> parameters, char separator)
    {
        var callback = request.Callback!;
        if (separator == '?' && callback.Contains('?', StringComparison.Ordinal)) separator = '&';
        return $"{callback}{separator}{string.Join('&', parameters.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"))}";
    }

    /// <summary>The callback as a CSP source: rebuilt from its parts, never copied.</summary>
    private static string FormTarget(string callback)
    {
        var parts = UrlParts.Split(callback);
        // CSP knows no IPv6 source (CSP Level 3 section 2.3.1); the scheme is as near as it gets.
        return parts.Scheme is "https" or "http" && !parts.Host.StartsWith('[')
            ? $"{parts.Scheme}://{parts.Host}{(parts.Port is null ? "" : ":" + parts.Port)}"
            : parts.Scheme + ":";
    }
}
