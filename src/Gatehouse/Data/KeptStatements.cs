using Microsoft.Data.Sqlite;

namespace Gatehouse.Data;

/// <summary>
/// A SQLite connection that keeps its compiled statements: the same text is parsed and planned once per connection.
/// Compiling a join takes SQLite several times longer than running it.
/// </summary>
internal sealed class KeptStatements(string connectionString) : SqliteConnection(connectionString)
{
    // Far more than the texts of the program; a page that builds a text for each search must not fill the memory.
    private const int Limit = 200;
    private readonly Dictionary<string, KeptCommand> kept = new(StringComparer.Ordinal);
    private string? announced;

    /// <summary>Names the text of the command that is asked for next.</summary>
    public void Announce(string text) => announced = text;

    public override SqliteCommand CreateCommand()
    {
        var text = announced;
        announced = null;
        if (text is null) return base.CreateCommand();
        if (kept.TryGetValue(text, out var known))
        {
            // Somebody asks while its rows are still being read: a second one, forgotten after use.
            return known.Lend() ? known : base.CreateCommand();
        }
        if (kept.Count == Limit) Forget();
        var command = new KeptCommand(text, this) { CommandTimeout = DefaultTimeout };
        command.Lend();
        kept.Add(text, command);
        return command;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Forget();
        base.Dispose(disposing);
    }

    private void Forget()
    {
        foreach (var command in kept.Values) command.Discard();
        kept.Clear();
    }

    private sealed class KeptCommand(string text, SqliteConnection connection) : SqliteCommand(text, connection)
    {
        private bool lent;
        private bool discarded;

        public bool Lend() => !lent && (lent = true);

        /// <summary>Lets go of the statement, at once or when its borrower is done.</summary>
        public void Discard()
        {
            discarded = true;
            if (!lent) base.Dispose(true);
        }

        // The caller's "dispose" gives it back.
        protected override void Dispose(bool disposing)
        {
            if (!disposing || discarded)
            {
                base.Dispose(disposing);
                return;
            }
            Parameters.Clear();
            Transaction = null;
            lent = false;
        }
    }
}
