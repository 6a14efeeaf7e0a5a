using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gatehouse.Tests.Parts;

/// <summary>What the app of <see cref="RelyingParty"/> is told at start.</summary>
public sealed record RelyingPartyOptions
{
    [JsonPropertyName("issuer")] public required string Issuer { get; init; }
    [JsonPropertyName("client_id")] public required string ClientId { get; init; }

    /// <summary>Null for a public client.</summary>
    [JsonPropertyName("client_secret")] public string? ClientSecret { get; init; }

    /// <summary>client_secret_basic (the default with a secret), client_secret_post, private_key_jwt or none.</summary>
    [JsonPropertyName("auth_method")] public string? AuthMethod { get; init; }

    /// <summary>The private key as a JWK with kid and alg, for private_key_jwt.</summary>
    [JsonPropertyName("private_jwk")] public JsonElement? PrivateJwk { get; init; }

    /// <summary>0 takes a free port.</summary>
    [JsonPropertyName("port")] public int Port { get; init; }

    [JsonPropertyName("callback")] public string Callback { get; init; } = "/cb";
    [JsonPropertyName("scope")] public string Scope { get; init; } = "openid profile email groups";
    [JsonPropertyName("response_mode")] public string? ResponseMode { get; init; }

    /// <summary>What the client expects ID tokens to be signed with.</summary>
    [JsonPropertyName("id_token_alg")] public string IdTokenAlgorithm { get; init; } = "ES256";

    /// <summary>More parameters of the authorize request.</summary>
    [JsonPropertyName("extra")] public Dictionary<string, string> Extra { get; init; } = [];
}

/// <summary>
/// A small web app that signs people in with the npm package openid-client, a strict third-party client, and checks every ID token once more with jose.
/// Front page: GET / ; sign-in starts at GET /login ; claims are in <c>pre#claims</c>, errors in <c>pre#error</c>; POST /refresh refreshes, POST /give-back revokes;
/// POST /machine gets a token as a service account, asks about it and revokes it.
/// </summary>
public sealed class RelyingParty : IAsyncDisposable
{
    private readonly Process process;
    private readonly HttpClient http;

    private RelyingParty(Process process, string url)
    {
        this.process = process;
        Url = url;
        http = new() { BaseAddress = new(url) };
    }

    /// <summary>Where it listens, without a slash at the end.</summary>
    public string Url { get; }

    /// <summary>The callback URL of an app that will listen on this port.</summary>
    public static string CallbackUrl(int port, string callback = "/cb") => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}{callback}");

    /// <summary>Starts the app; it discovers the issuer only when somebody signs in.</summary>
    public static async Task<RelyingParty> Start(RelyingPartyOptions options)
    {
        var folder = Repository.At("tests", "Gatehouse.Tests", "RelyingParty");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "openid-client")))
            throw new InvalidOperationException($"openid-client is not installed: run ./check once, or npm ci in {folder}.");
        var own = Path.Combine(folder, "node_modules", ".bin", "node");
        var process = Process.Start(Tool.Start(File.Exists(own) ? own : "node", [Path.Combine(folder, "app.mjs")], folder))!;
        var complaints = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(options));
        await process.StandardInput.FlushAsync();
        // Standard input stays open: the app ends when it closes, so it cannot outlive the test run.
        if (await process.StandardOutput.ReadLineAsync() is { } line) return new(process, line);
        throw new InvalidOperationException($"The relying party did not start: {await complaints}");
    }

    /// <summary>Changes the path of the callback from the next sign-in on, e.g. "/cb/".</summary>
    public Task SetCallback(string path) => Control(new { callback = path });

    /// <summary>Changes options while the app runs, by the names they have in <see cref="RelyingPartyOptions"/>'s JSON.</summary>
    public async Task Control(object change)
    {
        using var answer = await http.PostAsJsonAsync("/control", change);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
