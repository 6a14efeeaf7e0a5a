using System.Text.Json.Nodes;
using Gatehouse.Jose;

namespace Gatehouse.Tests.Jose;

public class VerifiedTokensTests
{
    private readonly SigningKey key = SigningKey.Generate(JwsAlgorithm.ES256);
    private readonly VerifiedTokens tokens = new(4);

    private string Token(string subject = "anna") => Jwt.Sign(key, "at+jwt", new JsonObject { ["sub"] = subject });

    [Fact]
    public void A_token_that_is_shown_again_is_not_checked_again_and_says_the_same()
    {
        var (verifier, token) = (key.Verifier(), Token());
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("anna", tokens.Verify(token, _ => verifier, "at+jwt", out var fault)!.Value.GetProperty("sub").GetString());
            Assert.Equal(JwtFault.None, fault);
        }
    }

    [Fact]
    public void A_remembered_token_dies_with_its_key()
    {
        var (verifier, token) = (key.Verifier(), Token());
        Assert.NotNull(tokens.Verify(token, _ => verifier, "at+jwt", out _));
        Assert.Null(tokens.Verify(token, _ => null, "at+jwt", out var fault));
        Assert.Equal(JwtFault.UnknownKey, fault);
        var other = SigningKey.Generate(JwsAlgorithm.ES256).Verifier();
        Assert.Null(tokens.Verify(token, _ => other, "at+jwt", out fault));
        Assert.Equal(JwtFault.BadSignature, fault);
    }

    [Fact]
    public void A_remembered_token_is_of_its_own_kind_only()
    {
        var (verifier, token) = (key.Verifier(), Token());
        Assert.NotNull(tokens.Verify(token, _ => verifier, "at+jwt", out _));
        Assert.Null(tokens.Verify(token, _ => verifier, "JWT", out var fault));
        Assert.Equal(JwtFault.WrongType, fault);
    }

    [Fact]
    public void No_mutation_of_a_remembered_token_verifies()
    {
        var (verifier, token) = (key.Verifier(), Token());
        Assert.NotNull(tokens.Verify(token, _ => verifier, "at+jwt", out _));
        for (var i = 0; i < token.Length; i++)
        {
            Assert.Null(tokens.Verify(token.Remove(i, 1), _ => verifier, "at+jwt", out _));
            Assert.Null(tokens.Verify(token.Insert(i, "é"), _ => verifier, "at+jwt", out _));
        }
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_forgetting_costs_a_check_only()
    {
        var verifier = key.Verifier();
        var all = Enumerable.Range(0, 40).Select(i => Token($"user{i}")).ToArray();
        foreach (var token in all.Concat(all))
            Assert.NotNull(tokens.Verify(token, _ => verifier, "at+jwt", out _));
        Assert.InRange(tokens.Remembered, 1, 8);
    }
}
