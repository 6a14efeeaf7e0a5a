using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Web;

/// <summary>
/// Every request with a route passes here, in this order: address, host, cookies, session, cross-site and antiforgery check, access level.
/// A route that names no access level is not served.
/// </summary>
internal sealed class Gate(RequestDelegate next, ServerConfiguration configuration, Cookies cookies, Secrets secrets, ISessionDoor door, Refuse refuse, ForwardedHeaders forwarded)
{
    public const string TokenField = "_token";
    private const int MaxBody = 64 * 1024;

    public async Task Invoke(HttpContext http)
    {
        var visit = http.RequestServices.GetRequiredService<Visit>();
        visit.Address = ClientAddress.Find(http.Connection.RemoteIpAddress, http.Request.Headers["X-Forwarded-For"], configuration.TrustedProxies);
        forwarded.Note(http);
        visit.UserAgent = Printable.Cap(http.Request.Headers.UserAgent.ToString(), 300);
        visit.TraceId = System.Diagnostics.Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier;
        visit.PathAndQuery = http.Request.Path.ToUriComponent() + http.Request.QueryString.ToUriComponent();
        visit.Query = StrictParameters.TryParse((http.Request.QueryString.Value ?? "").AsSpan().TrimStart('?'), out var query) ? query : null;

        var endpoint = http.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<RequiresAccess>() is not { } requires)
        {
            await refuse.NotFound(http).ExecuteAsync(http);
            return;
        }
        var posts = !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method) && !HttpMethods.IsOptions(http.Request.Method);
        if (!IsOurHost(http) && endpoint.Metadata.GetMetadata<AnswersAnyHost>() is null)
        {
            await refuse.WrongHost(http, page: !posts && endpoint.Metadata.GetMetadata<CookieFree>() is null).ExecuteAsync(http);
            return;
        }
        if (posts && await ReadForm(http, visit) is { } fault)
        {
            var malformed = new FormMalformed(http.Request.Path, fault);
            var told = endpoint.Metadata.GetMetadata<CookieFree>() is null ? refuse.Page(http, malformed) : refuse.Protocol(http, malformed);
            await told.ExecuteAsync(http);
            return;
        }
        if (endpoint.Metadata.GetMetadata<CookieFree>() is not null)
        {
            await next(http);
            return;
        }

        ReadBrowser(http, visit, fromElsewhere: posts && endpoint.Metadata.GetMetadata<AllowsCrossSitePost>() is not null);
        visit.Theme = cookies.Read(http, "gatehouse-theme") switch { "light" => "light", "dark" => "dark", _ => "" };
        visit.Language = cookies.Read(http, "gatehouse-language") is { } language && Texts.IsKnown(language) ? language : "en";
        await door.Recognise(http, visit);

        if (posts && endpoint.Metadata.GetMetadata<AllowsCrossSitePost>() is null && Forged(http, visit) is { } forged)
        {
            await refuse.Page(http, forged).ExecuteAsync(http);
            return;
        }
        if (await door.Judge(http, visit, requires) is { } answer)
        {
            await answer.ExecuteAsync(http);
            return;
        }
        await next(http);
    }

    private bool IsOurHost(HttpContext http)
    {
        var host = http.Request.Headers.Host.ToString();
        var ours = configuration.AppUrl.IsDefaultPort ? configuration.AppUrl.Host : configuration.AppUrl.Authority;
        return string.Equals(host, ours, StringComparison.OrdinalIgnoreCase) || string.Equals(host, configuration.AppUrl.Authority, StringComparison.OrdinalIgnoreCase);
    }

    /// <param name="fromElsewhere">A POST of another site brings no Lax cookie along: a new one would replace what this browser holds.</param>
    private void ReadBrowser(HttpContext http, Visit visit, bool fromElsewhere)
    {
        var id = cookies.Read(http, Cookies.Browser);
        visit.CookieReturned = id is { Length: 43 };
        if (id is not { Length: 43 })
        {
            id = Secrets.NewToken();
            if (!fromElsewhere) cookies.Introduce(http, id, TimeSpan.FromDays(400));
        }
        else cookies.Settle(http);
        // The cookie's own value is stored nowhere: what is bound to this browser is bound to its hash.
        visit.BrowserId = secrets.Hash("browser", id);
        visit.FormToken = secrets.Hash("form", id);
    }

    /// <summary>The check that every route able to carry our cookies passes: same origin by Sec-Fetch-Site (or Origin), and the antiforgery token.</summary>
    private Refusal? Forged(HttpContext http, Visit visit)
    {
        var site = http.Request.Headers["Sec-Fetch-Site"].ToString();
        var origin = http.Request.Headers.Origin.ToString();
        if (site.Length > 0 ? site != "same-origin" : origin != configuration.Origin)
            return new CrossSiteRequest(http.Request.Path, Printable.Cap(site.Length > 0 ? site : $"absent, Origin {(origin.Length == 0 ? "absent" : "differs")}", 40));
        var token = visit.Form[TokenField] ?? http.Request.Headers["Gatehouse-Form"].ToString();
        var matches = visit.CookieReturned && token is { Length: 43 }
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(visit.FormToken));
        if (!visit.CookieReturned && token.Length > 0) return CookieMissing.Of(http);
        return matches ? null : new FormExpired(http.Request.Path, visit.CookieReturned, token.Length > 0);
    }

    /// <summary>Null when the body is a well-formed form (or JSON for a script's request); else the fault.</summary>
    private static async Task<string?> ReadForm(HttpContext http, Visit visit)
    {
        var contentType = http.Request.ContentType?.Split(';')[0].Trim();
        if (http.Request.ContentLength is 0 || http.Request.ContentLength is null && !http.Request.Headers.ContainsKey("Transfer-Encoding")) return null;
        if (string.Equals(contentType, "application/json", StringComparison.OrdinalIgnoreCase)) return http.Request.ContentLength > MaxBody ? "the body is too large" : null;
        if (http.GetEndpoint()?.Metadata.GetMetadata<TakesFile>() is { } takes && string.Equals(contentType, "multipart/form-data", StringComparison.OrdinalIgnoreCase))
            return await UploadedForm.Read(http.Request, visit, takes.MaxBytes) ? null : "the form is not well formed";
        if (!string.Equals(contentType, "application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)) return "the content type is no form";
        if (http.Request.ContentLength > MaxBody) return "the body is too large";
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            var length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= MaxBody) return "the body is too large";
                    var larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 2, MaxBody + 1));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
                    buffer = larger;
                }
                var read = await http.Request.Body.ReadAsync(buffer.AsMemory(length));
                if (read == 0) break;
                length += read;
            }
            if (length > MaxBody) return "the body is too large";
            var chars = new char[length];
            for (var i = 0; i < length; i++) chars[i] = buffer[i] < 0x80 ? (char)buffer[i] : '\0';
            if (!StrictParameters.TryParse(chars, out var form)) return "the form is not well formed";
            visit.Form = form;
            return null;
        }
        catch (Exception e) when (e is IOException or BadHttpRequestException)
        {
            return "the body ended early";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
