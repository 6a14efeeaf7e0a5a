using System.Reflection;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.House;

/// <summary>docs/conformance.md against the published lists and against the tests that it names.</summary>
public partial class ConformanceTests
{
    private static readonly string[] Basic =
    [
        "oidcc-server", "oidcc-response-type-missing", "oidcc-idtoken-signature", "oidcc-idtoken-unsigned", "oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body",
        "oidcc-ensure-request-without-nonce-succeeds-for-code-flow", "oidcc-scope-profile", "oidcc-scope-email", "oidcc-scope-address", "oidcc-scope-phone", "oidcc-scope-all",
        "oidcc-alternate-happy-flow", "oidcc-display-page", "oidcc-display-popup", "oidcc-prompt-login", "oidcc-prompt-none-not-logged-in", "oidcc-prompt-none-logged-in", "oidcc-max-age-1",
        "oidcc-max-age-10000", "oidcc-ensure-request-with-unknown-parameter-succeeds", "oidcc-id-token-hint", "oidcc-login-hint", "oidcc-ui-locales", "oidcc-claims-locales",
        "oidcc-ensure-request-with-acr-values-succeeds", "oidcc-codereuse", "oidcc-codereuse-30seconds", "oidcc-ensure-registered-redirect-uri", "oidcc-ensure-post-request-succeeds",
        "oidcc-server-client-secret-post", "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "oidcc-claims-essential", "oidcc-ensure-request-object-with-redirect-uri", "oidcc-refresh-token",
        "oidcc-ensure-request-with-valid-pkce-succeeds",
    ];

    private static readonly (string Plan, string[] Modules)[] Plans =
    [
        ("Basic OP", Basic),
        ("Form Post OP", Basic),
        ("Config OP", ["oidcc-discovery-endpoint-verification"]),
        ("RP-Initiated Logout OP",
        [
            "oidcc-rp-initiated-logout-discovery-endpoint-verification", "oidcc-rp-initiated-logout",
            .. new[]
            {
                "bad-post-logout-redirect-uri", "modified-id-token-hint", "no-id-token-hint", "no-params", "no-post-logout-redirect-uri", "no-state", "only-state",
                "query-added-to-post-logout-redirect-uri", "bad-id-token-hint",
            }.Select(s => "oidcc-rp-initiated-logout-" + s),
        ]),
        ("Back-channel Logout OP", ["oidcc-backchannel-logout-discovery-endpoint-verification", "oidcc-backchannel-rp-initiated-logout"]),
    ];

    [Fact]
    public void The_lists_have_the_published_lengths() => Assert.Equal([38, 38, 1, 11, 2], Plans.Select(p => p.Modules.Length));

    [Fact]
    public void Every_module_has_a_row_and_every_row_a_test_that_runs()
    {
        var sections = File.ReadAllText(Repository.At("docs", "conformance.md")).Split("\n## ");
        foreach (var (plan, modules) in Plans)
        {
            var section = sections.Single(s => s.StartsWith(plan + "\n", StringComparison.Ordinal));
            var rows = Row().Matches(section).ToDictionary(m => m.Groups[1].Value, m => (Test: m.Groups[2].Value, Result: m.Groups[3].Value));
            Assert.Equal(modules.Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
            foreach (var (module, (test, result)) in rows)
            {
                Assert.True(result.StartsWith("pass", StringComparison.Ordinal) || result.StartsWith("not applicable: ", StringComparison.Ordinal), $"{module}: {result}");
                Assert.True(Runs(test), $"{module}: there is no test {test}");
            }
        }
    }

    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        var named = Named().Matches(File.ReadAllText(Repository.At("docs", "conformance.md"))).Select(m => m.Groups[1].Value).Distinct().ToArray();
        Assert.NotEmpty(named);
        Assert.All(named, n => Assert.True(Runs(n), n));
    }

    private static bool Runs(string test)
    {
        var (name, method) = (test.Split('.')[0], test.Split('.')[1]);
        var type = typeof(ConformanceTests).Assembly.GetTypes().SingleOrDefault(t => t is { IsAbstract: false } && t.Name == name && t.Namespace?.StartsWith("Gatehouse.Tests.", StringComparison.Ordinal) == true);
        return type?.GetMethod(method, BindingFlags.Public | BindingFlags.Instance)?.GetCustomAttributes<FactAttribute>(inherit: true).Any(f => f.Skip is null) == true;
    }

    [GeneratedRegex(@"^\| (oidcc-\S+) \| `([\w.]+)` \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex Named();
}
