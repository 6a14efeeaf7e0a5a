using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Jose;
using Gatehouse.Tests.SignIn.Passkeys;

namespace Gatehouse.Tests.Parts;

/// <summary>Somebody with a browser and a software authenticator, who does what passkey.js does.</summary>
public sealed class TestPerson : IDisposable
{
    public TestPerson(TestInstance instance) : this(instance.Origin) { }

    public TestPerson(string origin)
    {
        Browser = new(origin);
        Authenticator = new SoftAuthenticator(-7) { RpId = "localhost", Origin = origin };
    }

    public TestBrowser Browser { get; init; }
    public SoftAuthenticator Authenticator { get; set; }

    /// <summary>The first administrator of a fresh instance.</summary>
    public static async Task<TestPerson> FirstAdmin(TestInstance instance, string email = "admin@example.com", string name = "Grace")
    {
        var person = new TestPerson(instance);
        var done = await person.Setup(await SetupToken(instance), email, name);
        Assert.Equal(200, (int)done.Status);
        return person;
    }

    /// <summary>A user made by the console, who came in by a login link and registered a passkey.</summary>
    public static async Task<TestPerson> User(TestInstance instance, string email, string name)
    {
        var made = await instance.Console("user", "add", "--email", email, "--name", name);
        Assert.Equal(0, made.Code);
        var person = new TestPerson(instance);
        Assert.Equal(303, (int)(await person.FollowLoginLink(await LoginLink(instance, email))).Status);
        Assert.Equal(200, (int)(await person.Register()).Status);
        return person;
    }

    public static async Task<string> LoginLink(TestInstance instance, string email)
    {
        var (code, output, error) = await instance.Console("user", "link", email, "--json");
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement.GetProperty("url").GetString()!;
    }

    public static async Task<string> SetupToken(TestInstance instance)
    {
        var (code, output, error) = await instance.Console("setup-link");
        Assert.True(code == 0, error);
        return output.Trim().Split("?t=")[1];
    }

    public async Task<Page> FollowLoginLink(string url)
    {
        var page = await Browser.Get(new Uri(url).PathAndQuery);
        if (page.Status != System.Net.HttpStatusCode.OK) return page;
        return await Browser.Post("/link", ("t", url.Split("?t=")[1]));
    }

    public async Task<Page> Setup(string token, string email, string name)
    {
        await Browser.Get("/setup?t=" + token);
        var options = await Browser.PostJson("/setup/options", JsonSerializer.Serialize(new { t = token, display_name = name, email }));
        return options.Status != System.Net.HttpStatusCode.OK ? options : await CompleteRegistration("/setup/complete", options);
    }

    /// <summary>Registers the authenticator with the account that is signed in.</summary>
    public async Task<Page> Register()
    {
        var options = await Browser.PostJson("/account/passkeys/options", "{}");
        return options.Status != System.Net.HttpStatusCode.OK ? options : await CompleteRegistration("/account/passkeys", options);
    }

    /// <param name="stay">Chooses to stay signed in on this device.</param>
    public async Task<Page> SignIn(string query = "", string? name = null, bool stay = false)
    {
        var options = await Browser.PostJson("/passkeys/assertion/options", name is null ? "{}" : JsonSerializer.Serialize(new { name }));
        return options.Status != System.Net.HttpStatusCode.OK ? options : await CompleteAssertion("/passkeys/assertion" + query, options, stay);
    }

    public async Task<Page> StepUp()
    {
        var options = await Browser.PostJson("/passkeys/step-up/options", "{}");
        return options.Status != System.Net.HttpStatusCode.OK ? options : await CompleteAssertion("/passkeys/step-up", options);
    }

    public async Task<Page> CompleteRegistration(string path, Page options)
    {
        var body = JsonNode.Parse(options.Body)!;
        var challenge = (string)body["challenge"]!;
        StrictBase64Url.TryDecode((string)body["user"]!["id"]!, 64, out var handle);
        Authenticator.UserHandle = handle;
        StrictBase64Url.TryDecode(challenge, 64, out var bytes);
        var made = Authenticator.Register(bytes);
        return await Post(path, challenge, new { type = "public-key", id = made.Id, rawId = made.Id, response = new { clientDataJSON = made.ClientDataJson, attestationObject = made.AttestationObject, transports = new[] { "internal" } } });
    }

    public async Task<Page> CompleteAssertion(string path, Page options, bool stay = false)
    {
        var challenge = (string)JsonNode.Parse(options.Body)!["challenge"]!;
        StrictBase64Url.TryDecode(challenge, 64, out var bytes);
        Authenticator.Counter++;
        var made = Authenticator.Assert(bytes);
        return await Post(path, challenge, new
        {
            type = "public-key",
            id = made.Id,
            rawId = made.Id,
            response = new { clientDataJSON = made.ClientDataJson, authenticatorData = made.AuthenticatorData, signature = made.Signature, userHandle = made.UserHandle },
        }, stay);
    }

    public void Dispose() => Browser.Dispose();

    private Task<Page> Post(string path, string challenge, object credential, bool stay = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(JsonSerializer.Serialize(credential), System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        request.Headers.Add("Gatehouse-Form", Browser.Token);
        request.Headers.Add("Gatehouse-Challenge", challenge);
        if (stay) request.Headers.Add("Gatehouse-Stay", "on");
        return Browser.Send(request);
    }
}
