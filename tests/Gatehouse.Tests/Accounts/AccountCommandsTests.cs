using System.Text.Json;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Accounts;

public class AccountCommandsTests
{
    [Fact]
    public async Task Users_and_groups_are_managed_from_the_console_beside_a_running_server()
    {
        await using var test = await TestInstance.Start();
        var added = await test.Console("user", "add", "--email", "grace@example.com", "--name", "Grace Hopper", "--json");
        Assert.Equal(0, added.Code);
        Assert.Equal("grace", JsonDocument.Parse(added.Output).RootElement.GetProperty("user_name").GetString());
        var again = await test.Console("user", "add", "--email", "GRACE@example.com", "--name", "Grace");
        Assert.Equal(1, again.Code);
        Assert.Contains("account.email_taken", again.Error);
        Assert.Equal(0, (await test.Console("group", "add", "ops", "--description", "keeps it running")).Code);
        Assert.Contains("now in ops", (await test.Console("group", "member", "add", "OPS", "grace")).Output);
        Assert.Contains("already in ops", (await test.Console("group", "member", "add", "ops", "grace@example.com")).Output);
        Assert.Equal(1, JsonDocument.Parse((await test.Console("group", "list", "--json")).Output).RootElement[0].GetProperty("members").GetInt32());
        Assert.Equal(0, (await test.Console("user", "promote", "grace@example.com")).Code);
        var last = await test.Console("user", "disable", "grace@example.com", "--reason", "left");
        Assert.Equal(1, last.Code);
        Assert.Contains("account.last_admin", last.Error);
        Assert.Contains("account.last_admin", (await test.Console("user", "promote", "grace@example.com", "--role", "user")).Error);
        await test.Console("user", "add", "--email", "ada@example.com");
        Assert.Equal(0, (await test.Console("user", "promote", "ada")).Code);
        Assert.Equal(0, (await test.Console("user", "disable", "grace@example.com", "--reason", "left")).Code);
        var list = JsonDocument.Parse((await test.Console("user", "list", "--state", "disabled", "--json")).Output).RootElement;
        Assert.Equal("grace@example.com", Assert.Single(list.EnumerateArray()).GetProperty("email").GetString());
        Assert.Equal(0, (await test.Console("user", "enable", "grace@example.com")).Code);
        Assert.Contains("account.no_such_user", (await test.Console("user", "enable", "nobody@example.com")).Error);
        Assert.Contains("2 users", (await test.Console("user", "list")).Output);
    }
}
