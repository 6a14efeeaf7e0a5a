using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect.Conformance;

/// <summary>A server, two clients and a person, as the certification plans want them: confidential, PKCE not required.</summary>
public abstract partial class ConformanceSite(PostgresCluster? postgres) : IAsyncLifetime
{
    public const string Bye = "https://app.example.com/bye";

    public OidcSite Site { get; private set; } = null!;
    public string Other { get; private set; } = "";
    public string OtherSecret { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Site = await OidcSite.Start(postgres is null ? null : await postgres.NewDatabase(), "--no-pkce", "--post-logout-redirect-uri", Bye);
        (Other, OtherSecret) = await Site.AddClient("Second", "--no-pkce", "--auth-method", "client_secret_post");
        await Site.Server.Database.Write(sql => sql.Run("update users set given_name = 'Ada', family_name = 'Lovelace', email_verified = true"));
    }

    public async ValueTask DisposeAsync()
    {
        await Site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Header and payload of a token whose signature our published keys verify.</summary>
    public async Task<(JsonElement Header, JsonElement Claims)> Verified(string token)
    {
        using var set = JsonDocument.Parse(await Site.Http.GetStringAsync(Site.Server.Origin + "/jwks"));
        var keys = set.RootElement.GetProperty("keys").EnumerateArray().ToDictionary(k => k.GetProperty("kid").GetString()!, k => VerificationKey.TryFromJwk(k.GetRawText(), out var key) ? key : null);
        Assert.True(StrictBase64Url.TryDecode(token.Split('.')[0], 2000, out var head));
        var header = JsonDocument.Parse(head).RootElement;
        var claims = Jwt.Verify(token, keys.GetValueOrDefault, header.GetProperty("typ").GetString()!);
        Assert.NotNull(claims);
        return (header, claims.Value);
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    public static partial Regex HiddenField();
}

/// <summary>On SQLite.</summary>
public sealed class SqliteSite() : ConformanceSite(null);

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresSite(PostgresCluster postgres) : ConformanceSite(postgres);
