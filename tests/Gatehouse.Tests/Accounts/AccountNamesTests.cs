using Gatehouse.Accounts;

namespace Gatehouse.Tests.Accounts;

public class AccountNamesTests
{
    public static TheoryData<string> NoAddress =>
    [
        "", " ", "ada", "@example.com", "ada@", "ada@@example.com", "ada@example.com@evil.example", "ada@example.com,eve@evil.example", "ada@example.com;eve@evil.example",
        "ada@example.com eve@evil.example", "ada@example.com\r\nBcc: eve@evil.example", "ada\r\n@example.com", "\"ada\"@example.com", "ada@[192.0.2.1]", "ada@192.0.2.1",
        "Ada <ada@example.com>", "ada(comment)@example.com", ".ada@example.com", "ada.@example.com", "a..da@example.com", "ada@-example.com", "ada@example..com", "ada@example.com.",
        "\u0430da@example.com", "ada@ex\u0430mple.com", "ada@exa\u200bmple.com", "ada@b\u00fccher.example", "ada\0@example.com", "ada@exam_ple.com", "ada\\@example.com",
        new string('a', 65) + "@example.com", "ada@" + string.Join('.', Enumerable.Repeat(new string('a', 60), 5)) + ".com", "ada@" + new string('a', 64) + ".com",
    ];

    [Theory]
    [MemberData(nameof(NoAddress))]
    public void E05_only_one_plain_address_is_an_email(string typed) => Assert.IsType<EmailInvalid>(AccountNames.Email(typed).Refusal);

    [Theory]
    [InlineData("ada@example.com")]
    [InlineData("Ada.Lovelace+gate@mail.example.com")]
    [InlineData("o'hara@xn--bcher-kva.example")]
    [InlineData("root@home")]
    public void A_plain_address_stays_as_it_was_typed(string typed) => Assert.Equal(typed, AccountNames.Email(" " + typed + " ").Value);

    [Theory]
    [InlineData("ada@example.com")]
    [InlineData("a da")]
    [InlineData("")]
    [InlineData("\u0430da")]
    [InlineData("a/b")]
    public void A_user_name_can_never_be_read_as_an_address(string typed) => Assert.IsType<UserNameInvalid>(AccountNames.UserName(typed).Refusal);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("Ada\u202eecalevoL")]
    [InlineData("Ada\u001b[31m")]
    [InlineData("Ada\nLovelace")]
    public void A_name_holds_only_what_people_can_see(string typed) => Assert.IsType<NameInvalid>(AccountNames.Display("display_name", typed).Refusal);

    [Fact]
    public void Names_in_any_script_are_names() => Assert.Equal("Ünal 愛 محمد", AccountNames.Display("display_name", "Ünal 愛 محمد").Value);

    [Fact]
    public void The_suggested_user_name_is_always_a_user_name() => Assert.Equal("adagate", AccountNames.UserName(AccountNames.UserNameFrom("ada+gate@example.com")).Value);
}
