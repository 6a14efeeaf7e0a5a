using System.Globalization;
using Gatehouse.Web;
using Gatehouse.Web.Parts;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>Reads the form of a client; shows its faults.</summary>
internal static class ClientForm
{
    /// <summary>The fields of the first step, which the second carries along.</summary>
    public static readonly string[] Fields = ["name", "callbacks", "logout_callbacks", "launch_url", "backchannel_logout_uri", "backchannel_private", "loop_guard", "trusted", "kind", "native", "pkce_required", "auth_method", "id_token_alg", "grant_people", "grant_refresh", "grant_itself", "jwks", "jwks_uri", "jwks_private", "refresh_idle", "refresh_max", "session_idle", "session_idle_unit", "session_max", "session_max_unit"];

    public static ClientDraft Read(StrictParameters form)
    {
        var isPublic = form["kind"] == "public";
        return new()
        {
            Name = form.Text("name") ?? "",
            Callbacks = Lines(form["callbacks"]),
            LogoutCallbacks = Lines(form["logout_callbacks"]),
            LaunchUrl = form.Text("launch_url"),
            Trusted = form.Has("trusted"),
            BackchannelLogoutUri = form.Text("backchannel_logout_uri"),
            BackchannelPrivate = form.Has("backchannel_private"),
            LoopGuard = form.Has("loop_guard"),
            IsPublic = isPublic,
            IsNative = form.Has("native"),
            PkceRequired = isPublic || form.Has("pkce_required"),
            AuthMethod = isPublic ? AuthMethod.None : form["auth_method"] ?? AuthMethod.Basic,
            IdTokenAlgorithm = form["id_token_alg"] ?? "ES256",
            GrantTypes = Grants(form),
            Jwks = form["auth_method"] == AuthMethod.PrivateKey ? form.Text("jwks") : null,
            JwksUri = form["auth_method"] == AuthMethod.PrivateKey ? form.Text("jwks_uri") : null,
            JwksPrivate = form.Has("jwks_private"),
            RefreshIdleSeconds = Days(form, "refresh_idle", 30),
            RefreshMaxSeconds = Days(form, "refresh_max", 90),
            SessionIdleSeconds = Span(form, "session_idle"),
            SessionMaxSeconds = Span(form, "session_max"),
            Restricted = form["access"] != "all",
            GroupIds = form["access"] == "all" ? [] : [.. form.Values("group").Distinct()],
        };
    }

    public static long RowVersion(StrictParameters form) => long.TryParse(form["row_version"], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    public static IReadOnlyList<FieldError> Errors(IEnumerable<FieldFault> faults, Texts texts) =>
        [.. faults.Select(f => new FieldError(f.Field, f.Value is null ? texts[f.Refusal.Facts.Public].Value : $"{Printable.Cap(f.Value, 120)}: {texts[f.Refusal.Facts.Public]} ({f.Refusal.Facts.Code})"))];

    private static string Grants(StrictParameters form) => string.Join(' ', new[]
    {
        (GrantType.Code, form.Has("grant_people")), (GrantType.Refresh, form.Has("grant_people") && form.Has("grant_refresh")), (GrantType.ClientCredentials, form.Has("grant_itself")),
    }.Where(g => g.Item2).Select(g => g.Item1));

    private static long Days(StrictParameters form, string name, int usual) =>
        form.Text(name) is not { } text ? usual * 86_400L : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? days * 86_400L : 0;

    /// <summary>0 when it is left empty, -1 when it cannot be read.</summary>
    private static long Span(StrictParameters form, string name) => form.Text(name) is null or "0" ? 0 : Spans.Read(form, name) * 60 ?? -1;

    /// <summary>One address per line, each once.</summary>
    private static IReadOnlyList<string> Lines(string? text) =>
        [.. (text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
}
