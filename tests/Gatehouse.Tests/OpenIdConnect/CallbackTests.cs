using Gatehouse.OpenIdConnect.Clients;

namespace Gatehouse.Tests.OpenIdConnect;

public class CallbackTests
{
    private const string Registered = "https://app.example.com/cb";

    [Theory]
    [InlineData("https://app.example.com/cb/", UrlDifference.TrailingSlash)]
    [InlineData("https://app.example.com/CB", UrlDifference.LetterCase)]
    [InlineData("http://app.example.com/cb", UrlDifference.Scheme)]
    [InlineData("https://app.example.com:443/cb", UrlDifference.Port)]
    [InlineData("https://app.example.com:8443/cb", UrlDifference.Port)]
    [InlineData("https://app.example.com/%63b", UrlDifference.PercentEncoding)]
    [InlineData("https://app.example.com%2Fcb", UrlDifference.Host, UrlDifference.Path)]
    [InlineData("https://app.example.org/cb", UrlDifference.Host)]
    [InlineData("https://App.example.com/cb", UrlDifference.HostLetterCase)]
    [InlineData("HTTPS://app.example.com/cb", UrlDifference.HostLetterCase)]
    [InlineData("https://app.example.com/callback", UrlDifference.Path)]
    [InlineData("https://app.example.com/../cb", UrlDifference.Path)]
    [InlineData("https://app.example.com/cb?a=b", UrlDifference.Query)]
    [InlineData("https://app.example.com/cb?", UrlDifference.Query)]
    [InlineData("https://app.example.com/cb#x", UrlDifference.Fragment)]
    [InlineData("https://evil@app.example.com/cb", UrlDifference.UserInfo)]
    [InlineData("https://app.example.com@evil.test/cb", UrlDifference.UserInfo, UrlDifference.Host)]
    [InlineData("https://app.example.com/cb ", UrlDifference.WhiteSpace)]
    [InlineData("https://app.example.com/cb\u200b", UrlDifference.WhiteSpace)]
    [InlineData("https://app.example.com\t/cb", UrlDifference.WhiteSpace)]
    [InlineData("https://\u0430pp.example.com/cb", UrlDifference.LookAlike)]
    [InlineData("https://app.exarnple.com/cb", UrlDifference.LookAlike)]
    [InlineData("https://app.examp1e.com/cb", UrlDifference.LookAlike)]
    [InlineData("https://app.example.com\uff0fcb", UrlDifference.LookAlike)]
    [InlineData("https://app.example.com/CB/", UrlDifference.TrailingSlash, UrlDifference.LetterCase)]
    [InlineData("http://app.example.com/cb/", UrlDifference.Scheme, UrlDifference.TrailingSlash)]
    public void CVE_2020_15234_C102_C103_C104_O01_the_difference_is_named(string sent, params UrlDifference[] expected) =>
        Assert.Equal(expected, CompareCallbacks.Differences(sent, Registered));

    [Fact]
    public void An_encoded_slash_is_percent_encoding() =>
        Assert.Equal([UrlDifference.PercentEncoding], CompareCallbacks.Differences("https://a.test/x%2Fcb", "https://a.test/x/cb"));

    [Theory]
    [InlineData("")]
    [InlineData("/cb")]
    [InlineData("//app.example.com/cb")]
    [InlineData("\\\\app.example.com\\cb")]
    [InlineData("https:\\\\app.example.com\\cb")]
    [InlineData("https://app.example.com/..;/cb")]
    [InlineData("https://app.example.com/%2e%2e/cb")]
    [InlineData("https://a@b@app.example.com/cb")]
    [InlineData("https://app.example.com:/cb")]
    [InlineData("https://[app.example.com/cb")]
    [InlineData("https://app.example.com/cb\n")]
    [InlineData("https://app.example.com/cb%")]
    [InlineData(":")]
    [InlineData("\ud800")]
    public void CVE_2026_28512_CVE_2026_7504_CVE_2026_3872_O02_nothing_hostile_matches_and_each_is_named(string sent)
    {
        var client = new Client { Callbacks = [Registered], IsNative = true };
        Assert.False(CompareCallbacks.Matches(client, sent));
        Assert.NotEmpty(CompareCallbacks.Differences(sent, Registered));
        Assert.False(CompareCallbacks.IsHarmless(sent, Registered));
    }

    [Fact]
    public void O02_three_thousand_characters_are_compared_quickly()
    {
        var sent = "https://app.example.com/" + new string('a', 3000);
        Assert.Equal([UrlDifference.Path], CompareCallbacks.Nearest(sent, Enumerable.Repeat(Registered, 50))!.Differences);
    }

    [Fact]
    public void The_nearest_registered_address_is_the_one_with_the_smallest_difference()
    {
        string[] registered = ["https://other.example.com/cb", "https://app.example.com/callback", "http://localhost/cb", Registered];
        Assert.Equal(Registered, CompareCallbacks.Nearest("https://app.example.com/cb/", registered)!.Registered);
        Assert.Equal("a trailing slash", CompareCallbacks.Nearest("https://app.example.com/cb/", registered)!.Words);
        Assert.Null(CompareCallbacks.Nearest("https://app.example.com/cb/", []));
    }

    [Theory]
    [InlineData("https://app.example.com/cb/", true)]
    [InlineData("https://app.example.com/CB", true)]
    [InlineData("https://app.example.com/%63b", true)]
    [InlineData("http://app.example.com/cb", false)]
    [InlineData("https://app.example.com/CB/", false)]
    [InlineData("https://app.example.com:8443/cb", false)]
    [InlineData("https://app.example.com/cb?a", false)]
    [InlineData("https://evil.example.com/cb", false)]
    [InlineData("https://app.example.com/other", false)]
    public void Only_small_differences_of_the_path_are_one_click(string sent, bool harmless) =>
        Assert.Equal(harmless, CompareCallbacks.IsHarmless(sent, Registered));

    [Fact]
    public void Https_in_place_of_http_is_one_click_on_the_same_host()
    {
        Assert.True(CompareCallbacks.IsHarmless("https://localhost/cb", "http://localhost/cb"));
        Assert.False(CompareCallbacks.IsHarmless("https://localhost:1/cb", "http://localhost/cb"));
        Assert.False(CompareCallbacks.IsHarmless("https://a.test/x%2Fcb", "https://a.test/x/cb"));
    }

    [Fact]
    public void CVE_2024_8883_CVE_2020_15233_native_clients_may_use_any_loopback_port_and_others_none()
    {
        var native = new Client { Callbacks = ["http://127.0.0.1/cb", "https://app.example.com/cb"], IsNative = true };
        Assert.True(CompareCallbacks.Matches(native, "http://127.0.0.1:51004/cb"));
        Assert.False(CompareCallbacks.Matches(native, "http://localhost:51004/cb"));
        Assert.False(CompareCallbacks.Matches(native, "http://127.0.0.1:51004/cb2"));
        Assert.False(CompareCallbacks.Matches(native, "http://127.0.0.1:99999/cb"));
        Assert.False(CompareCallbacks.Matches(native, "https://app.example.com:444/cb"));
        Assert.False(CompareCallbacks.Matches(native with { IsNative = false }, "http://127.0.0.1:51004/cb"));
    }

    [Theory]
    [InlineData("https://app.example.com/cb", null)]
    [InlineData("https://app.example.com", null)]
    [InlineData("https://wp.example.com/wp-admin/admin-ajax.php?action=openid-connect-authorize", null)]
    [InlineData("http://localhost:3000/cb", null)]
    [InlineData("http://127.0.0.1/cb", null)]
    [InlineData("http://[::1]:8080/cb", null)]
    [InlineData("app.immich:///oauth-callback", null)]
    [InlineData("audiobookshelf://oauth", null)]
    [InlineData("com.example.app:/cb", null)]
    [InlineData("", "oidc.callback_malformed")]
    [InlineData("app.example.com/cb", "oidc.callback_malformed")]
    [InlineData("/cb", "oidc.callback_malformed")]
    [InlineData("https:app.example.com", "oidc.callback_malformed")]
    [InlineData("https://app.example.com:99999/cb", "oidc.callback_malformed")]
    [InlineData("https://app.example.com/a/../cb", "oidc.callback_malformed")]
    [InlineData("https://app.example.com/a/%2e%2E/cb", "oidc.callback_malformed")]
    [InlineData("https://App.example.com/cb", "oidc.callback_malformed")]
    [InlineData("https:///cb", "oidc.callback_malformed")]
    [InlineData("http://app.example.com/cb", "oidc.callback_insecure")]
    [InlineData("http://localhost.evil.test/cb", "oidc.callback_insecure")]
    [InlineData("https://*.example.com/cb", "oidc.callback_wildcard")]
    [InlineData("https://app.example.com/*", "oidc.callback_wildcard")]
    [InlineData("javascript:alert(1)", "oidc.callback_scheme")]
    [InlineData("data:text/html,x", "oidc.callback_scheme")]
    [InlineData("vbscript:x", "oidc.callback_scheme")]
    [InlineData("file:///etc/passwd", "oidc.callback_scheme")]
    [InlineData("blob:https://app.example.com/x", "oidc.callback_scheme")]
    [InlineData("about:blank", "oidc.callback_scheme")]
    [InlineData("HTTPS://app.example.com/cb", "oidc.callback_scheme")]
    [InlineData("JavaScript:alert(1)", "oidc.callback_scheme")]
    [InlineData("https://app.example.com/cb#x", "oidc.callback_fragment")]
    [InlineData("https://u:p@app.example.com/cb", "oidc.callback_user_info")]
    [InlineData("https://app.example.com/c b", "oidc.callback_characters")]
    [InlineData(" https://app.example.com/cb", "oidc.callback_characters")]
    [InlineData("https://app.example.com\\cb", "oidc.callback_characters")]
    [InlineData("https://\u0430pp.example.com/cb", "oidc.callback_characters")]
    public void kc_48430_CVE_2026_9086_O04_only_sound_callback_urls_can_be_registered(string url, string? code) =>
        Assert.Equal(code, CallbackUrl.Fault(url)?.Facts.Code);

    [Fact]
    public void Draft_faults_name_their_field()
    {
        var faults = SaveClient.Faults(new() { Name = "", IsPublic = true, PkceRequired = false, AuthMethod = "x", Restricted = true, IdTokenAlgorithm = "none", LaunchUrl = "app:x" });
        Assert.Equal(["name", "callbacks", "launch_url", "pkce_required", "auth_method", "id_token_alg", "groups"], faults.Select(f => f.Field));
        Assert.Empty(SaveClient.Faults(new() { Name = "App", Callbacks = [Registered] }));
    }
}
