using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Web;

/// <summary>A form with one file (RFC 7578), read strictly and only as far as the route allows.</summary>
internal static class UploadedForm
{
    private const int MaxParts = 6, MaxField = 1024;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Fills form and file of the visit; false when the body is no such form.</summary>
    public static async Task<bool> Read(HttpRequest request, Visit visit, int maxFile)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 70 } boundary) return false;
        var reader = new MultipartReader(boundary, request.Body) { HeadersCountLimit = 4, HeadersLengthLimit = 2048, BodyLengthLimit = maxFile };
        var fields = new List<KeyValuePair<string, string>>();
        byte[]? file = null;
        try
        {
            while (await reader.ReadNextSectionAsync(request.HttpContext.RequestAborted) is { } part)
            {
                if (fields.Count == MaxParts || !ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition) || disposition.DispositionType != "form-data"
                    || HeaderUtilities.RemoveQuotes(disposition.Name).Value is not { Length: > 0 and <= 64 } name || fields.Any(f => f.Key == name)) return false;
                using var content = new MemoryStream();
                await part.Body.CopyToAsync(content, request.HttpContext.RequestAborted);
                if (disposition.FileName.HasValue || disposition.FileNameStar.HasValue)
                {
                    if (file is not null) return false;
                    file = content.ToArray();
                    continue;
                }
                if (content.Length > MaxField) return false;
                fields.Add(new(name, Strict.GetString(content.GetBuffer(), 0, (int)content.Length)));
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or BadHttpRequestException or DecoderFallbackException or OperationCanceledException)
        {
            return false;
        }
        if (fields.Any(f => f.Value.Contains('\0', StringComparison.Ordinal))) return false;
        visit.Form = StrictParameters.Empty.With(fields);
        visit.File = file is { Length: > 0 } ? file : null;
        return true;
    }
}
