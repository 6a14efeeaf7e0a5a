using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passkeys;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignIn.SecondFactors;

namespace Gatehouse.Tests.SignIn.HardwareKeys;

/// <summary>Somebody with a password and a hardware key that is touched and asks for nothing.</summary>
internal sealed class KeyHolder : IDisposable
{
    private KeyHolder(TestInstance instance, User user) => (Instance, User, Browser, Key) = (instance, user, instance.Browser(), NewKey(instance));

    public TestInstance Instance { get; }
    public User User { get; }
    public TestBrowser Browser { get; private set; }
    public SoftAuthenticator Key { get; set; }
    public IReadOnlyList<string> Codes { get; private set; } = [];

    /// <summary>A key as they are sold: one counter, no PIN set, nothing synced.</summary>
    public static SoftAuthenticator NewKey(TestInstance instance) =>
        new(-7) { RpId = "localhost", Origin = instance.Origin, Flags = SoftAuthenticator.Present, Aaguid = Guid.Empty };

    public static async Task<KeyHolder> New(TestInstance instance, string email = "ada@example.com", string name = "Ada", bool withKey = true)
    {
        var holder = new KeyHolder(instance, await PasswordSite.NewUser(instance, email, name));
        if (!withKey) return holder;
        Assert.True(PasswordSite.IsIn(await holder.Password()));
        await holder.ConfirmByPassword();
        var page = await holder.Register("Blue key");
        holder.Codes = Holder.CodesIn(page.Body);
        // A later session: a key of this one confirms nothing yet.
        await holder.Leave();
        return holder;
    }

    public Task<Page> Password(string query = "") => PasswordSite.Enter(Browser, User.Email, PasswordSite.Good, query);

    public Task<Page> ConfirmByPassword() => Browser.Post("/account/confirm", ("then", "/account/factors/keys/new"), ("confirm_password", PasswordSite.Good));

    public async Task Leave()
    {
        Browser.Dispose();
        Browser = Instance.Browser();
        await Browser.Get("/sign-in");
        Instance.Clock.Advance(TimeSpan.FromSeconds(60));
    }

    public Task<Page> RegisterOptions() => Browser.PostJson("/account/factors/keys/options", "{}");

    /// <summary>Registers a key, or the present one, in the session there is.</summary>
    public async Task<Page> Register(string? name = null, SoftAuthenticator? key = null)
    {
        var options = await RegisterOptions();
        return options.Status == HttpStatusCode.OK ? await CompleteRegistration(options, name, key) : options;
    }

    public Task<Page> CompleteRegistration(Page options, string? name = null, SoftAuthenticator? key = null)
    {
        key ??= Key;
        var challenge = ChallengeIn(options);
        var made = key.Register(Bytes(challenge));
        return Browser.Post("/account/factors/keys", ("challenge", challenge), ("name", name ?? ""),
            ("credential", JsonSerializer.Serialize(new { type = "public-key", id = made.Id, rawId = made.Id, response = new { clientDataJSON = made.ClientDataJson, attestationObject = made.AttestationObject, transports = new[] { "usb" } } })));
    }

    /// <summary>To the page of the second step; the pending sign-in's id.</summary>
    public async Task<string> ToSecondStep(string query = "")
    {
        var page = await Password(query);
        Assert.True(page.Status == HttpStatusCode.SeeOther, page.Body);
        Assert.StartsWith("/sign-in/second", page.Location!, StringComparison.Ordinal);
        return Holder.Field((await Browser.Get(page.Location!)).Body, "pending");
    }

    public Task<Page> Options(string pending) => Browser.PostJson("/sign-in/second/key/options", JsonSerializer.Serialize(new { pending }));

    /// <summary>Asks for options and touches the key.</summary>
    public async Task<Page> Touch(string pending, SoftAuthenticator? key = null, string query = "", params (string, string)[] more)
    {
        var options = await Options(pending);
        return options.Status == HttpStatusCode.OK ? await Answer(pending, ChallengeIn(options), key ?? Key, query, more) : options;
    }

    public Task<Page> Answer(string pending, string challenge, SoftAuthenticator key, string query = "", params (string, string)[] more) =>
        Browser.Post("/sign-in/second/key" + query, [("pending", pending), ("challenge", challenge), ("credential", Signed(key, challenge)), .. more]);

    /// <summary>Confirms an act in the live session.</summary>
    public async Task<Page> StepUp(SoftAuthenticator? key = null)
    {
        var options = await Browser.PostJson("/account/confirm/key/options", "{}");
        return options.Status == HttpStatusCode.OK ? await Confirm(ChallengeIn(options), key ?? Key) : options;
    }

    public Task<Page> Confirm(string challenge, SoftAuthenticator key) => PostJson("/account/confirm/key", challenge, Signed(key, challenge));

    public Task<Page> PostJson(string path, string challenge, string credential)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(credential, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        request.Headers.Add("Gatehouse-Form", Browser.Token);
        request.Headers.Add("Gatehouse-Challenge", challenge);
        return Browser.Send(request);
    }

    public static string Signed(SoftAuthenticator key, string challenge)
    {
        key.Counter++;
        var made = key.Assert(Bytes(challenge));
        // A key that keeps nothing gives no handle.
        return JsonSerializer.Serialize(new { type = "public-key", id = made.Id, rawId = made.Id, response = new { clientDataJSON = made.ClientDataJson, authenticatorData = made.AuthenticatorData, signature = made.Signature, userHandle = (string?)null } });
    }

    public static string ChallengeIn(Page options) => (string)JsonNode.Parse(options.Body)!["challenge"]!;

    public static string[] AllowedBy(Page options) => [.. JsonNode.Parse(options.Body)!["allowCredentials"]!.AsArray().Select(c => (string)c!["id"]!)];

    public Task<IReadOnlyList<Session>> Sessions() => Instance.Database.Read(sql => SessionStore.Of(sql, User.Id, Instance.Clock.Now()));

    /// <summary>The id of a key by its name.</summary>
    public async Task<string> IdOf(string name) => await Instance.Database.Read(sql => sql.One<string>("select id from hardware_keys where name = @name and user_id = @Id", new { name, User.Id })) ?? throw new InvalidOperationException(name);

    public void Dispose() => Browser.Dispose();

    private static byte[] Bytes(string challenge) => StrictBase64Url.TryDecode(challenge, 64, out var bytes) ? bytes : throw new InvalidOperationException(challenge);
}
