using Gatehouse.Mail;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Mail;

public sealed class OutboxTests(PostgresCluster postgres)
{
    internal static Letter Letter(string cause, string to = "ada@example.com", long? expires = null) => new()
    {
        To = to,
        Subject = "Your link",
        Text = "Open this link: https://id.example.com/link?t=" + cause,
        Html = $"<!doctype html><html lang=\"en\"><title>Your link</title><p>{cause}</p></html>",
        Kind = "login_link",
        Cause = cause,
        About = new("login_link", "l-" + cause),
        UserId = "u1",
        ExpiresAt = expires,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_letter_is_written_with_what_causes_it_and_once_for_one_cause(bool onPostgres)
    {
        await using var instance = await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);
        var outbox = instance.Services.GetRequiredService<Outbox>();
        await Assert.ThrowsAsync<InvalidOperationException>(() => instance.Database.Write(async sql =>
        {
            await outbox.Queue(sql, Letter("rolled back"));
            throw new InvalidOperationException();
        }));
        Assert.Empty(await instance.Mails());

        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => instance.Database.Write(sql => outbox.Queue(sql, Letter("once")))));
        Assert.Single(ids.Distinct());
        Assert.Equal("Your link", Assert.Single(await instance.Mails("ada@example.com")).Subject);

        var entry = Assert.Single(await instance.Database.Read(sql => Outbox.Of(sql, "login_link", "l-once")));
        Assert.Equal(MailStates.Queued, entry.State);
        Assert.Equal(entry.Id, Assert.Single(await instance.Database.Read(sql => Outbox.Of(sql, "user", "u1"))).Id);
        Assert.DoesNotContain("link?t=", await instance.Database.Read(sql => sql.One<string>("select content from mails")), StringComparison.Ordinal);

        Assert.Equal(1, await instance.Database.Write(sql => outbox.Cancel(sql, new("login_link", "l-once"))));
        Assert.Empty(await instance.Mails());
    }

    [Theory]
    [InlineData("ada@example.com,bob@example.com")]
    [InlineData("ada@example.com\r\nBcc: bob@example.com")]
    [InlineData("Ada <ada@example.com>")]
    [InlineData("ada@@example.com")]
    [InlineData("\"a b\"@example.com")]
    [InlineData("ada@example.com;bob@example.com")]
    [InlineData("")]
    public async Task E05_what_is_not_exactly_one_address_is_kept_as_failed_and_never_sent(string to)
    {
        await using var instance = await TestInstance.Start();
        var outbox = instance.Services.GetRequiredService<Outbox>();
        var id = await instance.Database.Write(sql => outbox.Queue(sql, Letter("odd", to)));
        var entry = (await instance.Database.Read(sql => Outbox.Find(sql, id)))!;
        Assert.Equal((MailStates.Failed, "mail.address_malformed", false), (entry.State, entry.Code, entry.HasContent));
        Assert.False(await instance.Database.Write(sql => outbox.Retry(sql, id)));
    }
}
