using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Gatehouse.Data;

/// <summary>The database did not take a write or read in time; the client may try again.</summary>
public sealed class DatabaseBusyException(string message, Exception inner) : Exception(message, inner);

/// <summary>The disk under the database is full or fails; nothing of the write is kept.</summary>
/// <param name="full">True when room is all that is missing: it goes on by itself once there is some.</param>
public sealed class StorageFailedException(string message, bool full, Exception? inner) : Exception(message, inner)
{
    public bool Full => full;
}

/// <summary>
/// One door to the database. All writes go through <see cref="Write{T}"/>, which returns only after the commit is on disk.
/// On SQLite one writer commits queued writes together; each write stands in its own savepoint, so one that throws takes no other with it.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    private const int BatchLimit = 64;
    private readonly string? sqliteFile;
    private readonly NpgsqlDataSource? postgres;
    private readonly ConcurrentBag<KeptStatements> readers = [];
    private readonly Channel<IPendingWrite> queue = Channel.CreateBounded<IPendingWrite>(4096);
    private readonly Task? writer;

    private Database(string? sqliteFile, NpgsqlDataSource? postgres)
    {
        this.sqliteFile = sqliteFile;
        this.postgres = postgres;
        if (sqliteFile is not null) writer = Task.Run(WriteLoop);
    }

    /// <summary>A version stamp was raised by this process and is durable.</summary>
    internal event Action<string>? Moved;

    internal void Announce(string name) => Moved?.Invoke(name);

    public bool IsPostgres => postgres is not null;

    /// <summary>
    /// Set once the disk has refused to make a write durable. After that the system may call pages written that never were, so this process
    /// acknowledges nothing on that file any more; the next start reads what is really there.
    /// </summary>
    public string? Broken { get; private set; }

    public static Database OpenSqlite(string file)
    {
        if (SqliteLibrary.Fault is { } fault) throw new InvalidOperationException(fault);
        return new(file, null);
    }

    public static Database OpenPostgres(string url) => new(null, NpgsqlDataSource.Create(PostgresUrl.ToConnectionString(url)));

    /// <summary>Reads outside any transaction.</summary>
    public async Task<T> Read<T>(Func<Sql, Task<T>> work)
    {
        if (postgres is not null)
        {
            try
            {
                await using var connection = await postgres.OpenConnectionAsync();
                return await work(new Sql(connection, null, this));
            }
            catch (NpgsqlException e)
            {
                if (Told(e) is var told && told != e) throw told;
                throw;
            }
        }
        if (!readers.TryTake(out var reader)) reader = OpenSqliteConnection();
        try
        {
            var result = await work(new Sql(reader, null, this));
            readers.Add(reader);
            return result;
        }
        catch (Exception e)
        {
            await reader.DisposeAsync();
            if (Told(e) is var told && told != e) throw told;
            throw;
        }
    }

    /// <summary>Writes in one transaction and returns after the commit. A refusal is a value, so it commits; an exception rolls back.</summary>
    public async Task<T> Write<T>(Func<Sql, Task<T>> work)
    {
        if (postgres is null)
        {
            if (Broken is { } broken) throw new StorageFailedException(broken, full: false, null);
            var pending = new PendingWrite<T>(work, this);
            await queue.Writer.WriteAsync(pending);
            return await pending.Task;
        }
        try
        {
            await using var connection = await postgres.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var sql = new Sql(connection, transaction, this);
            var result = await work(sql);
            await transaction.CommitAsync();
            sql.Committed();
            return result;
        }
        catch (NpgsqlException e)
        {
            if (Told(e) is var told && told != e) throw told;
            throw;
        }
    }

    public Task Write(Func<Sql, Task> work) => Write(async sql =>
    {
        await work(sql);
        return true;
    });

    /// <summary>True when an exception says that a unique value is taken.</summary>
    public static bool IsUniqueViolation(Exception e) =>
        e is SqliteException { SqliteExtendedErrorCode: 2067 or 1555 } or PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    private static bool IsAway(NpgsqlException e) => e is not PostgresException { SqlState: not ("40001" or "40P01" or "57P01" or "57P02" or "57P03" or "53300") };

    private static bool IsBusy(Exception e) => e is SqliteException { SqliteErrorCode: 5 or 6 };

    /// <summary>The one reader of what a database says when it cannot: busy, full, failing; anything else is a bug and stays what it is.</summary>
    private Exception Told(Exception e)
    {
        switch (e)
        {
            case NpgsqlException away when e is not PostgresException { SqlState: "53100" or "58030" } && IsAway(away):
                return new DatabaseBusyException("the database did not answer", e);
            case PostgresException { SqlState: "53100" }:
            case SqliteException { SqliteErrorCode: 13 }:
                return new StorageFailedException("there is no room on the disk of the database", full: true, e);
            case PostgresException { SqlState: "58030" }:
                return new StorageFailedException("the disk of the database fails", full: false, e);
            // Of a file, a truncated file, and a folder that could not be made durable.
            case SqliteException { SqliteExtendedErrorCode: 1034 or 1290 or 1546 }:
                Broken ??= "the disk did not keep what was written; this process writes no more";
                return new StorageFailedException(Broken, full: false, e);
            case SqliteException { SqliteErrorCode: 8 or 10 or 14 }:
                return new StorageFailedException("the disk of the database fails", full: false, e);
            default:
                return IsBusy(e) ? new DatabaseBusyException("the database is busy", e) : e;
        }
    }

    private KeptStatements OpenSqliteConnection()
    {
        var connection = new KeptStatements(new SqliteConnectionStringBuilder { DataSource = sqliteFile, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 5 }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory;";
        command.ExecuteNonQuery();
        return connection;
    }

    private async Task WriteLoop()
    {
        KeptStatements? connection = null;
        var batch = new List<IPendingWrite>(BatchLimit);
        while (await queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            Exception? uncommitted = null;
            try
            {
                if (Broken is { } broken) throw new StorageFailedException(broken, full: false, null);
                connection ??= OpenSqliteConnection();
                await using var transaction = connection.BeginTransaction(deferred: false);
                while (batch.Count < BatchLimit && queue.Reader.TryRead(out var next))
                {
                    batch.Add(next);
                    transaction.Save("one");
                    if (!await next.Run(new Sql(connection, transaction, this))) transaction.Rollback("one");
                    transaction.Release("one");
                }
                try
                {
                    transaction.Commit();
                }
                catch (SqliteException e)
                {
                    uncommitted = e;
                    throw;
                }
                foreach (var done in batch) done.Acknowledge();
            }
            catch (Exception e)
            {
                // Nothing of this batch is durable, so nobody in it may hear "done".
                // A full disk ends the whole transaction, and what comes to light then is only that it cannot be wound back.
                var told = batch.Select(b => b.Thrown).OfType<StorageFailedException>().FirstOrDefault() ?? Told(uncommitted ?? e);
                if (batch.Count == 0 && queue.Reader.TryRead(out var first)) batch.Add(first);
                foreach (var failed in batch) failed.Fail(told);
                Drop(ref connection);
            }
        }
        Drop(ref connection);
    }

    /// <summary>Closing may write once more; a disk that fails then has nothing left to be told about.</summary>
    private static void Drop(ref KeptStatements? connection)
    {
        try
        {
            connection?.Dispose();
        }
        catch (SqliteException)
        {
            // Whoever waited for this connection has been told already.
        }
        connection = null;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        if (writer is not null) await writer;
        while (readers.TryTake(out var reader)) await reader.DisposeAsync();
        if (postgres is not null) await postgres.DisposeAsync();
    }

    private interface IPendingWrite
    {
        Exception? Thrown { get; }
        Task<bool> Run(Sql sql);
        void Acknowledge();
        void Fail(Exception e);
    }

    private sealed class PendingWrite<T>(Func<Sql, Task<T>> work, Database database) : IPendingWrite
    {
        private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Exception? thrown;
        private T? result;
        private Sql? ran;

        public Task<T> Task => completion.Task;
        public Exception? Thrown => thrown;

        public async Task<bool> Run(Sql sql)
        {
            try
            {
                ran = sql;
                result = await work(sql);
                return true;
            }
            catch (Exception e)
            {
                thrown = database.Told(e);
                return false;
            }
        }

        public void Acknowledge()
        {
            if (thrown is not null)
            {
                completion.TrySetException(thrown);
                return;
            }
            try
            {
                ran!.Committed();
                completion.TrySetResult(result!);
            }
            catch (Exception e)
            {
                // Whoever asked for it to happen after the commit hears of it; the others of this batch are done all the same.
                completion.TrySetException(e);
            }
        }

        public void Fail(Exception e) => completion.TrySetException(thrown ?? e);
    }
}

/// <summary>Reads a <c>postgres://user:password@host:port/database?option=value</c> URL.</summary>
internal static class PostgresUrl
{
    public static string ToConnectionString(string url)
    {
        var uri = new Uri(url);
        var userInfo = uri.UserInfo.Split(':', 2);
        var local = uri.Host.Length == 0 || uri.IsLoopback;
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host.Length == 0 ? "localhost" : uri.Host,
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]),
            Username = Uri.UnescapeDataString(userInfo[0]),
            Password = userInfo.Length > 1 ? Uri.UnescapeDataString(userInfo[1]) : null,
            // Off this host the server must prove who it is, unless the URL says otherwise in so many words.
            SslMode = local ? SslMode.Prefer : SslMode.VerifyFull,
            MaxPoolSize = 30,
            // Each connection keeps its statements compiled; behind a pooler that forbids it: ?Max%20Auto%20Prepare=0.
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 2,
            Timeout = 5,
            CommandTimeout = 10,
            ApplicationName = "gatehouse",
        };
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var key = parts[0] == "sslmode" ? "SSL Mode" : Uri.UnescapeDataString(parts[0]);
            builder[key] = Uri.UnescapeDataString(parts.ElementAtOrDefault(1) ?? "").Replace("-", "", StringComparison.Ordinal);
        }
        return builder.ToString();
    }
}
