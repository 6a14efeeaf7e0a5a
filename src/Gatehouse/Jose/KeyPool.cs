using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Gatehouse.Jose;

/// <summary>Copies of one asymmetric key, each used by one thread at a time: the framework does not promise that an instance can be shared.</summary>
internal sealed class KeyPool<T>(Func<T> create) where T : AsymmetricAlgorithm
{
    private readonly ConcurrentQueue<T> idle = new();

    public TResult Use<TArg, TResult>(TArg arg, Func<T, TArg, TResult> action) where TArg : allows ref struct
    {
        if (!idle.TryDequeue(out var key)) key = create();
        var result = action(key, arg);
        // Not returned after an exception; bounded, so that a burst does not stay in memory.
        if (idle.Count < 2 * Environment.ProcessorCount) idle.Enqueue(key);
        else key.Dispose();
        return result;
    }
}
