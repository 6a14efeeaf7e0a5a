using Gatehouse.Configuration;
using Gatehouse.Data;

namespace Gatehouse.SignUp.Setup;

/// <summary>The link that lets the first admin in: 256 bits, 60 minutes, replaced at each start and by the console.</summary>
public sealed class SetupLink(OneTimeTokens tokens, ServerConfiguration configuration)
{
    public const string Subject = "instance";
    public const string Bucket = "setup";
    public const int MaxWrong = 10;
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(60);

    /// <summary>A new link; the old one dies and the count of wrong ones starts again. Null when set-up is closed.</summary>
    public async Task<string?> Issue(Sql sql)
    {
        if (await InstanceSetup.Closed(sql) is not null) return null;
        await tokens.End(sql, TokenType.SetupLink, Subject, "a newer link was made");
        await sql.Run("delete from throttles where bucket = @bucket", new { bucket = Bucket });
        return configuration.Link("/setup?t=" + await tokens.Issue(sql, TokenType.SetupLink, Subject, new object(), Validity));
    }

    /// <summary>Counts a wrong one; true while there are tries left.</summary>
    public static async Task<bool> CountWrong(Sql sql, long now)
    {
        await sql.Run("insert into throttles (bucket, window_start, used) values (@bucket, @now, 1) on conflict (bucket) do update set used = throttles.used + 1", new { bucket = Bucket, now });
        return await Wrong(sql) < MaxWrong;
    }

    public static async Task<long> Wrong(Sql sql) => await sql.One<long?>("select used from throttles where bucket = @bucket", new { bucket = Bucket }) ?? 0;
}
