using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.BreakGlass;
using Gatehouse.Tests.SignIn.Passwords;
using Gatehouse.Tests.SignIn.SecondFactors;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gatehouse.Tests.Hardening;

/// <summary>
/// Secrets go in everywhere that somebody can send one; none comes out where it does not belong: not in the log at debug, in cases, problems,
/// the audit log, help, the console, nor in clear in the database.
/// </summary>
public sealed partial class CanaryTests(PostgresCluster postgres)
{
    private const string Callback = "https://app.example.com/cb";

    /// <summary>Planted value and what it stands for.</summary>
    private readonly Dictionary<string, string> planted = [];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CVE_2025_62513_CVE_2020_15105_no_secret_shows_up_in_logs_cases_console_or_database(bool onPostgres)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-canary-").FullName;
        try
        {
            var environment = ServerProcess.EnvironmentFor(folder);
            environment["LOG_LEVEL"] = "debug";
            environment["ENCRYPTION_KEY"] = Keep("encryption key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            var url = onPostgres ? await postgres.NewDatabase() : null;
            if (url is not null)
            {
                environment["DB_CONNECTION_STRING"] = url;
                Keep("database password", new Uri(url).UserInfo.Split(':')[1]);
            }
            var told = new StringBuilder();
            string said;
            await using (var server = await ServerProcess.Start(environment))
            {
                var walk = new Walk(this, environment);
                using var admin = await walk.Through();
                await walk.Hostile(admin, await RouteList());
                await walk.ReadEverything(admin, told);
                await server.Kill();
                said = await server.Said();
                Assert.True(walk.Cases > 20, $"only {walk.Cases} cases came about");
            }
            Assert.Contains("refused:", said, StringComparison.Ordinal);
            var stored = url is null ? Files(folder) : await Dump(url);
            Assert.Contains("ada@example.com", stored, StringComparison.Ordinal);
            // The start-up box prints the first set-up link; it is replaced before the walk begins.
            string[] found = [.. Found("log", said), .. Found("pages and console", told.ToString()), .. Found("database", stored)];
            Assert.True(found.Length == 0, string.Join('\n', found));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private IEnumerable<string> Found(string where, string text) => planted
        .Where(p => text.Contains(p.Key, StringComparison.Ordinal) || text.Contains(Uri.EscapeDataString(p.Key), StringComparison.Ordinal)
            || text.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes(p.Key)).TrimEnd('='), StringComparison.Ordinal))
        .Select(p => $"{p.Value} in {where}: …{Around(text, p.Key)}…");

    private static string Around(string text, string what)
    {
        var at = Math.Max(0, text.IndexOf(what, StringComparison.Ordinal));
        return Printable().Replace(text[Math.Max(0, at - 160)..Math.Min(text.Length, at + what.Length + 40)], ".");
    }

    private string Keep(string kind, string value)
    {
        planted[value] = kind;
        return value;
    }

    /// <summary>A new secret of this kind, 43 characters as ours are.</summary>
    private string Plant(string kind) => Keep(kind, Secrets.NewToken());

    private static string Files(string folder) =>
        string.Join('\n', Directory.GetFiles(folder).Where(f => Path.GetFileName(f).StartsWith("gatehouse.db", StringComparison.Ordinal)).Select(f => Encoding.Latin1.GetString(File.ReadAllBytes(f))));

    private static async Task<string> Dump(string url)
    {
        var uri = new Uri(url);
        var user = uri.UserInfo.Split(':');
        await using var connection = new NpgsqlConnection($"Host={uri.Host};Port={uri.Port};Username={user[0]};Password={user[1]};Database={uri.AbsolutePath[1..]};Pooling=false");
        await connection.OpenAsync();
        var tables = new List<string>();
        await using (var list = new NpgsqlCommand("select table_name from information_schema.tables where table_schema = current_schema()", connection))
        await using (var rows = await list.ExecuteReaderAsync())
            while (await rows.ReadAsync()) tables.Add(rows.GetString(0));
        var all = new StringBuilder();
        foreach (var table in tables)
        {
            await using var read = new NpgsqlCommand($"select t::text from \"{table}\" t", connection);
            await using var rows = await read.ExecuteReaderAsync();
            while (await rows.ReadAsync()) all.AppendLine(rows.GetString(0));
        }
        return all.ToString();
    }

    private static async Task<(string Method, string Path)[]> RouteList()
    {
        await using var instance = await TestInstance.Start();
        return [.. instance.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (m, RouteParameter().Replace("/" + e.RoutePattern.RawText!.TrimStart('/'), "0"))))
            // Ending one's own sessions and leaving would end the walk.
            .Where(r => r.Item2 is not ("/sign-out" or "/sign-in/clean" or "/logout/confirm" or "/account/sessions/end-all"))];
    }

    /// <summary>What a person, an application and a stranger do.</summary>
    private sealed class Walk(CanaryTests test, IReadOnlyDictionary<string, string> environment)
    {
        private readonly string origin = environment["APP_URL"];
        private readonly HashSet<string> references = [];
        private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        private string clientId = "", clientSecret = "", ada = "";

        public int Cases => references.Count;

        private async Task<string> Console(params string[] command)
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            await Commands.Run(command, environment, output, error);
            return output.ToString() + error;
        }

        private void Note(Page page)
        {
            if (page.Reference is { } reference) references.Add(reference);
            foreach (Match match in ReferenceText().Matches(page.Location ?? "")) references.Add(match.Value);
        }

        private void Cookies(TestBrowser browser, string whose)
        {
            foreach (var (name, value) in browser.Cookies) test.Keep($"{whose}'s cookie {name}", value);
            if (browser.Token.Length > 0) test.Keep($"{whose}'s form token", browser.Token);
        }

        /// <summary>The good ways and the common wrong ones; the admin's browser goes on.</summary>
        public async Task<TestPerson> Through()
        {
            var admin = new TestPerson(origin);
            var setup = test.Keep("set-up link", (await Console("setup-link")).Trim().Split("?t=")[1]);
            Note(await admin.Browser.Get("/setup?t=" + test.Plant("wrong set-up link")));
            var done = await admin.Setup(setup, "grace@example.com", "Grace");
            Assert.Equal(200, (int)done.Status);
            Cookies(admin.Browser, "admin");
            using (var abandoned = new TestPerson(origin)) await abandoned.Browser.Get("/sign-in");

            using (var made = JsonDocument.Parse(await Console("client", "add", "--name", "Grafana", "--trusted", "--redirect-uri", Callback, "--post-logout-redirect-uri", Callback, "--json")))
            {
                clientId = made.RootElement.GetProperty("client_id").GetString()!;
                clientSecret = test.Keep("client secret", made.RootElement.GetProperty("client_secret").GetString()!);
            }
            var rotated = await admin.Browser.Post($"/admin/clients/{clientId}/secrets", ("days", ""));
            foreach (Match match in ShownOnce().Matches(rotated.Body)) test.Keep("client secret made in the UI", match.Groups[1].Value);

            await Console("user", "add", "--email", "ada@example.com", "--name", "Ada");
            using var user = new TestPerson(origin);
            var link = new Uri(JsonDocument.Parse(await Console("user", "link", "ada@example.com", "--json")).RootElement.GetProperty("url").GetString()!);
            test.Keep("login link", link.Query.Split('=')[1]);
            Assert.Equal(303, (int)(await user.FollowLoginLink(link.ToString())).Status);
            Cookies(user.Browser, "enrolling user");
            Note(await user.Browser.Get(link.PathAndQuery));
            Note(await user.Browser.Get("/link?t=" + test.Plant("wrong login link")));
            Note(await user.Browser.Post("/link", ("t", test.Plant("wrong login link posted"))));
            Assert.Equal(200, (int)(await user.Register()).Status);
            Cookies(user.Browser, "user");
            Assert.Equal(200, (int)(await user.StepUp()).Status);
            Cookies(user.Browser, "user after step-up");
            using (var second = new TestPerson(origin) { Authenticator = user.Authenticator })
            {
                var options = await second.Browser.PostJson("/passkeys/assertion/options", JsonSerializer.Serialize(new { name = "ada@example.com" }));
                test.Keep("passkey challenge", (string)JsonNode.Parse(options.Body)!["challenge"]!);
                Assert.Equal(200, (int)(await second.CompleteAssertion("/passkeys/assertion", options)).Status);
                Cookies(second.Browser, "user's second browser");
                Note(await second.CompleteAssertion("/passkeys/assertion", options));
            }
            using (var unknown = new TestPerson(origin))
            {
                // A password typed into the field for the name.
                Note(await unknown.Browser.PostJson("/passkeys/assertion/options", JsonSerializer.Serialize(new { name = test.Plant("typed name nobody has") })));
                unknown.Authenticator.UserHandle = RandomNumberGenerator.GetBytes(32);
                Note(await unknown.SignIn());
            }

            var users = await admin.Browser.Get("/admin/users?q=ada");
            ada = UserId().Match(users.Body).Groups[1].Value;
            var adminLink = await admin.Browser.Post($"/admin/users/{ada}/login-link");
            foreach (Match match in LinkToken().Matches(adminLink.Body)) test.Keep("login link made by an admin", match.Groups[1].Value);
            await Application(user);
            await PasswordsAndCodes(admin);
            await BreakGlass(admin);
            return admin;
        }

        /// <summary>Passwords, seeds, codes and passes that are real, used and mistyped (CVE-2020-15105: a password was kept in the session store).</summary>
        private async Task PasswordsAndCodes(TestPerson admin)
        {
            Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post("/admin/settings/passwords", ("enabled", "on"), ("source", "local"), ("reset", "on"), ("history", "3"), ("max_age", "0"))).Status);
            await Console("user", "add", "--email", "bea@example.com", "--name", "Bea");
            var password = test.Plant("password");
            var file = Path.GetTempFileName();
            await File.WriteAllTextAsync(file, password + "\n");
            var set = await Console("user", "password", "bea@example.com", "--file", file, "--permanent");
            File.Delete(file);
            Assert.Contains("is set", set, StringComparison.Ordinal);
            using var bea = new TestBrowser(origin);
            Note(await bea.Post("/sign-in/password", ("name", "bea@example.com"), ("password", test.Plant("wrong password"))));
            Note(await bea.Post("/sign-in/password", ("name", test.Plant("password typed as name")), ("password", test.Plant("password of nobody"))));
            Assert.True(PasswordSite.IsIn(await bea.Post("/sign-in/password", ("name", "bea@example.com"), ("password", password))));
            Cookies(bea, "somebody with a password");
            Note(await bea.Post("/account/confirm", ("then", "/account/factors/app"), ("confirm_password", test.Plant("wrong password to confirm"))));
            Assert.Equal("/account/factors/app", (await bea.Post("/account/confirm", ("then", "/account/factors/app"), ("confirm_password", password))).Location);
            var page = await bea.Get("/account/factors/app");
            var seed = test.Keep("seed of an authenticator", Holder.SecretOf(page.Body));
            var box = Holder.Field(page.Body, "seed");
            Note(await bea.Post("/account/factors/app", ("seed", box), ("replaces", ""), ("code", test.Plant("wrong code of an app"))));
            var code = (await Tool.Run("oathtool", ["--totp", "-b", seed])).Trim();
            var codes = Holder.CodesIn((await bea.Post("/account/factors/app", ("seed", box), ("replaces", ""), ("code", code))).Body);
            Assert.Equal(10, codes.Count);
            foreach (var backup in codes)
            {
                test.Keep("backup code", backup);
                test.Keep("backup code without dashes", backup.Replace("-", "", StringComparison.Ordinal));
            }
            Cookies(bea, "somebody with an app");
            using (var again = new TestBrowser(origin))
            {
                var second = await again.Follow(await again.Post("/sign-in/password", ("name", "bea@example.com"), ("password", password)));
                Note(await again.Post("/sign-in/second/code", ("pending", Holder.Field(second.Body, "pending")), ("backup", codes[9][..^1] + "!")));
                Assert.True(PasswordSite.IsIn(await again.Post("/sign-in/second/code", ("pending", Holder.Field(second.Body, "pending")), ("backup", codes[0]))));
                Cookies(again, "somebody with a backup code");
            }
            var id = UserId().Match((await admin.Browser.Get("/admin/users?q=bea")).Body).Groups[1].Value;
            test.Keep("access pass", Holder.CodesIn((await admin.Browser.Post($"/admin/users/{id}/access-pass", ("method", "in_person"), ("note", "saw her passport"))).Body).Single());
            Note(await bea.Post("/sign-in/reset", ("name", test.Plant("password typed to reset"))));
            Note(await bea.Post("/reset", ("t", test.Plant("wrong reset link")), ("password", test.Plant("password of a wrong reset"))));
        }

        private async Task BreakGlass(TestPerson admin)
        {
            void Secret(string kind, string shown)
            {
                test.Keep(kind, shown);
                test.Keep(kind + " without dashes", shown.Replace("-", "", StringComparison.Ordinal));
                test.Keep(kind + " as it is read", shown.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant());
            }
            var paper = await GlassSite.Seal(admin.Browser);
            Secret("break-glass credential", paper);
            using var night = new TestBrowser(origin);
            var foreign = GlassSite.Foreign();
            Secret("foreign break-glass credential", foreign);
            Note(await GlassSite.Open(night, foreign));
            Note(await GlassSite.Open(night, test.Plant("mistyped credential")));
            Assert.Equal(HttpStatusCode.OK, (await night.Post("/break-glass/drill", ("credential", paper))).Status);
            Assert.True(GlassSite.IsIn(await GlassSite.Open(night, paper)));
            Cookies(night, "break-glass session");
            Note(await GlassSite.Open(night, paper));
            var code = JsonDocument.Parse(await Console("break-glass", "open", "--json")).RootElement.GetProperty("code").GetString()!;
            Secret("break-glass code", code);
            Note(await night.Post("/break-glass/confirm", ("then", "/admin"), ("confirm_credential", test.Plant("wrong confirmation"))));
            await night.Post("/break-glass/confirm", ("then", "/admin"), ("confirm_credential", code));
            Cookies(night, "confirmed break-glass session");
            await night.Post("/break-glass/end");
            Secret("break-glass credential of today", await GlassSite.Seal(admin.Browser));
        }

        private async Task Application(TestPerson user)
        {
            var (code, verifier) = await Code(user);
            var ((_, wrong), wrongReference) = await Token(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Callback), ("code_verifier", test.Plant("wrong verifier")));
            Assert.False(wrong.TryGetProperty("access_token", out _), wrongReference);
            (code, verifier) = await Code(user);
            var ((status, tokens), _) = await Token(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Callback), ("code_verifier", verifier));
            Assert.True(status == 200, tokens.ToString());
            var access = Jwt("access token", tokens.GetProperty("access_token").GetString()!);
            var id = Jwt("ID token", tokens.GetProperty("id_token").GetString()!);
            var refresh = test.Keep("refresh token", tokens.GetProperty("refresh_token").GetString()!);
            await Send(HttpMethod.Get, "/userinfo", null, "Bearer " + access);
            var ((_, next), _) = await Token(("grant_type", "refresh_token"), ("refresh_token", refresh));
            var second = test.Keep("second refresh token", next.GetProperty("refresh_token").GetString()!);
            await Token(("grant_type", "refresh_token"), ("refresh_token", second[..^3] + "AAA"));
            test.Keep("changed refresh token", second[..^3] + "AAA");
            for (var i = 0; i < 3; i++) await Token(("grant_type", "refresh_token"), ("refresh_token", refresh));
            await Token(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Callback), ("code_verifier", verifier));
            await Send(HttpMethod.Get, "/userinfo", null, "Bearer " + access);
            await Send(HttpMethod.Get, "/userinfo", null, "Bearer " + Jwt("forged access token", access[..^4] + "AAAA"));
            await Send(HttpMethod.Get, "/userinfo?access_token=" + test.Plant("access token in the query"), null, null);
            Note(await user.Browser.Get($"/logout?id_token_hint={id[..^4]}AAAA&state={test.Plant("state of a logout")}"));
            // Left waiting at the sign-in page: everything that came is kept for twenty minutes.
            using var stranger = new TestBrowser(origin);
            Note(await stranger.Get(Authorize(test.Plant("waiting state"), test.Plant("waiting challenge")) + $"&login_hint={test.Plant("login hint")}&id_token_hint={id}"));
            Note(await stranger.Get(Authorize(test.Plant("state of a refused request"), "short")));
            foreach (var callback in new[] { $"{Callback}?token={test.Plant("query of a callback")}", $"https://u:{test.Plant("password in a callback")}@app.example.com/cb", $"{Callback}#access_token={test.Plant("fragment of a callback")}", $"{Callback}/?a=b&code={test.Plant("code in a callback")}" })
                Note(await stranger.Get($"/authorize?response_type=code&client_id={clientId}&scope=openid&redirect_uri={Uri.EscapeDataString(callback)}&state={test.Plant("state beside a wrong callback")}"));
            await stranger.Send(new HttpRequestMessage(HttpMethod.Post, "/authorize")
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["response_type"] = "code", ["client_id"] = clientId, ["redirect_uri"] = Callback, ["scope"] = "openid", ["state"] = test.Plant("posted state"), ["code_challenge"] = test.Plant("posted challenge"), ["code_challenge_method"] = "S256" }),
            });
            Note(await user.Browser.Get($"/logout?id_token_hint={id}&post_logout_redirect_uri={Uri.EscapeDataString(Callback)}&state={test.Plant("state of a good logout")}"));
        }

        private string Authorize(string state, string challenge) =>
            $"/authorize?response_type=code&client_id={clientId}&redirect_uri={Uri.EscapeDataString(Callback)}&scope=openid%20profile%20email%20offline_access&state={state}&code_challenge={challenge}&code_challenge_method=S256";

        private async Task<(string Code, string Verifier)> Code(TestPerson user)
        {
            var verifier = test.Plant("verifier");
            var page = await user.Browser.Get(Authorize(test.Plant("state"), StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))));
            return (test.Keep("authorization code", Regex.Match(page.Location!, "[?&]code=([^&]+)").Groups[1].Value), verifier);
        }

        private string Jwt(string kind, string jwt)
        {
            test.Keep($"signature of {kind}", jwt.Split('.')[2]);
            return test.Keep(kind, jwt);
        }

        private Task<((int Status, JsonElement Json) Answer, string? Reference)> Token(params (string Name, string Value)[] form) =>
            Send(HttpMethod.Post, "/token", form, "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{clientId}:{clientSecret}")));

        private async Task<((int Status, JsonElement Json) Answer, string? Reference)> Send(HttpMethod method, string path, (string Name, string Value)[]? form, string? authorization)
        {
            using var request = new HttpRequestMessage(method, origin + path);
            if (form is not null) request.Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
            if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var answer = await http.SendAsync(request);
            var reference = answer.Headers.TryGetValues("Gatehouse-Reference", out var values) ? values.First() : null;
            if (reference is not null) references.Add(reference);
            var body = await answer.Content.ReadAsStringAsync();
            return (((int)answer.StatusCode, body.StartsWith('{') ? JsonDocument.Parse(body).RootElement : default), reference);
        }

        /// <summary>Every route, with secrets in its query, body, cookies and Authorization header, as a stranger and as an admin.</summary>
        public async Task Hostile(TestPerson admin, (string Method, string Path)[] routes)
        {
            string[] names = ["t", "code", "state", "token", "password", "new_password", "otp", "client_secret", "client_id", "code_verifier", "refresh_token", "access_token", "id_token_hint", "login_hint", "continue", "pending", "seal", "secret", "_token", "assertion", "backup", "pass", "confirm_code", "confirm_password", "challenge", "credential"];
            string Pairs(string where) => string.Join('&', names.Select(n => $"{n}={test.Plant($"{n} in {where}")}"));
            using var stranger = new TestBrowser(origin);
            await stranger.Get("/sign-in");
            Cookies(stranger, "stranger");
            foreach (var (method, path) in routes)
                foreach (var browser in new[] { stranger, admin.Browser })
                {
                    var who = browser == stranger ? "stranger" : "admin";
                    async Task Try(string where, string query, Action<HttpRequestMessage>? more = null)
                    {
                        using var request = new HttpRequestMessage(new(method), path + query);
                        if (method == "POST") request.Headers.Add("Sec-Fetch-Site", "same-origin");
                        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {test.Plant("Bearer " + where)}");
                        request.Headers.TryAddWithoutValidation("Gatehouse-Challenge", test.Plant("challenge " + where));
                        if (browser == stranger) request.Headers.TryAddWithoutValidation("Cookie", $"__Host-gatehouse={test.Plant("session cookie " + where)}; __Host-gatehouse-browser={test.Plant("browser cookie " + where)}");
                        more?.Invoke(request);
                        var page = await browser.Send(request);
                        Assert.True((int)page.Status < 500, $"{where}: {page.Status}");
                        Note(page);
                    }
                    var at = $"{method} {path} as {who}";
                    await Try(at, "?" + Pairs("the query of " + at));
                    await Try(at, "?" + Pairs("a broken query of " + at) + "&x=%zz");
                    if (method != "POST") continue;
                    await Try(at, "", r => r.Content = new StringContent(Pairs("the form of " + at) + $"&_token={browser.Token}", new MediaTypeHeaderValue("application/x-www-form-urlencoded")));
                    await Try(at, "", r => r.Content = new StringContent(Pairs("a broken form of " + at) + "&x=%00", new MediaTypeHeaderValue("application/x-www-form-urlencoded")));
                    await Try(at, "", r =>
                    {
                        r.Headers.TryAddWithoutValidation("Gatehouse-Form", browser.Token);
                        r.Content = new StringContent(JsonSerializer.Serialize(new
                        {
                            type = "public-key",
                            id = test.Plant("credential id of " + at),
                            rawId = "AA",
                            name = test.Plant("name in JSON of " + at),
                            t = test.Plant("t in JSON of " + at),
                            error = test.Plant("error in JSON of " + at),
                            response = new { clientDataJSON = test.Plant("client data of " + at), attestationObject = test.Plant("attestation of " + at), authenticatorData = test.Plant("authenticator data of " + at), signature = test.Plant("signature of " + at), userHandle = test.Plant("user handle of " + at) },
                        }), new MediaTypeHeaderValue("application/json"));
                    });
                    await Try(at, "", r => r.Content = new StringContent("{\"password\":\"" + test.Plant("broken JSON of " + at), new MediaTypeHeaderValue("application/json")));
                }
            foreach (var authorization in new[] { $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes(clientId + ":" + test.Plant("wrong client secret")))}", $"Basic {test.Plant("broken Basic")}", $"{test.Plant("scheme of Authorization")} x" })
                await Send(HttpMethod.Post, "/token", [("grant_type", "authorization_code"), ("code", test.Plant("wrong code")), ("redirect_uri", Callback), ("code_verifier", test.Plant("verifier of a wrong code"))], authorization);
            await Send(HttpMethod.Post, "/token", [("grant_type", test.Plant("grant type")), ("client_id", clientId), ("client_secret", test.Plant("client secret in the body"))], null);
            Note(await stranger.Get("/nowhere/" + test.Plant("unknown path")));
        }

        /// <summary>What admins, viewers of the console and readers of help come to see.</summary>
        public async Task ReadEverything(TestPerson admin, StringBuilder told)
        {
            async Task<string> Read(string path)
            {
                var page = await admin.Browser.Get(path);
                // A page's own form token belongs there.
                told.AppendLine(page.Body.Replace(admin.Browser.Token, "", StringComparison.Ordinal));
                return page.Status == System.Net.HttpStatusCode.OK ? page.Body : "";
            }
            foreach (var path in new[] { "/admin", "/admin/sign-ins", "/admin/sign-ins?page=2", "/admin/sign-ins?page=3", "/admin/audit", "/admin/audit?page=2", "/admin/users", $"/admin/users/{ada}", "/admin/groups", "/admin/clients", $"/admin/clients/{clientId}", "/admin/doctor", "/account/security", "/account/sessions", "/account/activity" })
                Assert.NotEqual("", await Read(path));
            for (var page = 1; page < 20; page++)
            {
                var list = await Read($"/admin/problems?state=all&page={page}");
                var ids = ProblemPath().Matches(list).Select(m => m.Value).Distinct().ToArray();
                if (ids.Length == 0) break;
                foreach (var id in ids) await Read(id);
            }
            foreach (var reference in references.Take(150))
                await Read("/admin/cases/" + reference);
            foreach (var reference in references.Take(40)) told.AppendLine(await Console("why", reference));
            foreach (var code in Gatehouse.Refusals.RefusalCatalogue.All.Select(i => i.Entry.Code)) await Read("/help/" + code);
            told.AppendLine(await Console("doctor")).AppendLine(await Console("doctor", "--json")).AppendLine(await Console("user", "list")).AppendLine(await Console("client", "show", clientId)).AppendLine(await Console("client", "list"));
            http.Dispose();
        }
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex RouteParameter();

    [GeneratedRegex("GH-[0-9A-Z]{4}-[0-9A-Z]{4}")]
    private static partial Regex ReferenceText();

    [GeneratedRegex("<(?:code|input|output)[^>]*>([A-Za-z0-9_-]{43})<|value=\"([A-Za-z0-9_-]{43})\" readonly")]
    private static partial Regex ShownOnce();

    [GeneratedRegex("/admin/users/([0-9a-f]{32})")]
    private static partial Regex UserId();

    [GeneratedRegex(@"link\?t=([A-Za-z0-9_-]{43})")]
    private static partial Regex LinkToken();

    [GeneratedRegex("/admin/problems/[0-9a-f]{32}")]
    private static partial Regex ProblemPath();

    [GeneratedRegex("[^ -~]")]
    private static partial Regex Printable();
}
