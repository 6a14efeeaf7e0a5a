using Gatehouse.Data;

namespace Gatehouse.Mail;

/// <summary>Finds letters in the ledger.</summary>
internal static class MailLog
{
    public const int Size = 50;

    /// <param name="search">Part of an address or subject, or a whole Message-ID, queue id or reference.</param>
    /// <param name="state">One of <see cref="MailStates"/>, or "" for all.</param>
    public static async Task<(IReadOnlyList<LedgerEntry> Entries, long Total)> Read(Sql sql, string search, string state, int page, int size = Size)
    {
        const string where = """
            (@state = '' or m.state = @state)
            and (@search = '' or m.recipient like @like escape '!' or m.subject like @like escape '!' or m.message_id = @search or m.queue_id = @search or m.reference = @search)
            """;
        var like = "%" + search.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal) + "%";
        var args = new { search, state, like, size, skip = (long)(page - 1) * size };
        var total = await sql.One<long>($"select count(*) from mails m where {where}", args);
        return (await sql.List<LedgerEntry>($"select {LedgerEntry.Columns} from mails m where {where} order by m.created_at desc, m.id desc limit @size offset @skip", args), total);
    }
}
