using System.Net;
using System.Runtime.InteropServices;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passwords;

/// <summary>
/// The only place where passwords are hashed. A few threads of low priority do it; in front of them a short queue: at most two waiting per /24 or /64 and one per name,
/// with seats of their own for browsers that have signed in before. Whoever finds no seat hears so at once.
/// </summary>
public sealed partial class HashingGate : IDisposable
{
    /// <summary>Waiting or being served, beyond which strangers are sent away: well under a second of work.</summary>
    public static readonly int Seats = Threads * 24;
    private const int KnownSeats = 16, PerNeighbourhood = 2, PerName = 1;

    /// <summary>How many hashes are made at once.</summary>
    public static int Threads => Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    private readonly Lock door = new();
    private readonly Dictionary<string, int> waiting = new(StringComparer.Ordinal);
    private readonly object bell = new();
    private readonly Queue<Action> known = new();
    private readonly Queue<Action> others = new();
    private readonly List<Thread> threads = [];
    private int seated, seatedKnown;
    private long turnedAway;
    private bool closed;

    /// <summary>How many were sent away since the start; read by the doctor.</summary>
    public long TurnedAway => Interlocked.Read(ref turnedAway);

    /// <summary>True when no stranger would find a seat: then nothing is looked up for them.</summary>
    public bool IsFull => Volatile.Read(ref seated) >= Seats;

    /// <summary>Counts somebody who was sent away before asking for a seat.</summary>
    public void TurnAway() => Interlocked.Increment(ref turnedAway);

    /// <summary>A seat, or null when there is none: answer 503 with Retry-After.</summary>
    /// <param name="name">The folded name as typed; null when there is none (a signed-in person).</param>
    /// <param name="knows">True when this browser has signed in as this user before.</param>
    public Seat? TryEnter(IPAddress address, string? name, bool knows)
    {
        var block = knows ? null : "block " + Neighbourhood(address);
        name = name is null || knows ? null : "name " + name;
        lock (door)
        {
            var full = knows ? seatedKnown >= KnownSeats : seated >= Seats
                || waiting.GetValueOrDefault(block!) >= PerNeighbourhood || name is not null && waiting.GetValueOrDefault(name) >= PerName;
            if (full)
            {
                Interlocked.Increment(ref turnedAway);
                return null;
            }
            if (knows) seatedKnown++;
            else seated++;
            Count(block, 1);
            Count(name, 1);
        }
        return new Seat(this, block, name, knows);
    }

    /// <summary>The /24 or /64 that counts as one place.</summary>
    public static string Neighbourhood(IPAddress address)
    {
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) return ClientAddress.Block(address);
        var bytes = address.GetAddressBytes();
        return $"{bytes[0]}.{bytes[1]}.{bytes[2]}.0/24";
    }

    /// <summary>A seat in front of the hashing threads; give it back by disposing of it.</summary>
    public sealed class Seat : IDisposable
    {
        private readonly HashingGate gate;
        private readonly string? block, name;
        private readonly bool knows;
        private int left, served;

        internal Seat(HashingGate gate, string? block, string? name, bool knows) => (this.gate, this.block, this.name, this.knows) = (gate, block, name, knows);

        /// <summary>Does the work on a hashing thread, after those who came before.</summary>
        public Task<T> Run<T>(Func<T> work)
        {
            var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            gate.Queue(knows, () =>
            {
                StopWaiting();
                try
                {
                    done.SetResult(work());
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            });
            return done.Task;
        }

        public void Dispose()
        {
            StopWaiting();
            if (Interlocked.Exchange(ref left, 1) == 1) return;
            lock (gate.door)
            {
                if (knows) gate.seatedKnown--;
                else gate.seated--;
            }
        }

        private void StopWaiting()
        {
            if (Interlocked.Exchange(ref served, 1) == 1) return;
            lock (gate.door)
            {
                gate.Count(block, -1);
                gate.Count(name, -1);
            }
        }
    }

    public void Dispose()
    {
        lock (bell)
        {
            closed = true;
            Monitor.PulseAll(bell);
        }
    }

    private void Count(string? key, int by)
    {
        if (key is null) return;
        var now = waiting.GetValueOrDefault(key) + by;
        if (now <= 0) waiting.Remove(key);
        else waiting[key] = now;
    }

    private void Queue(bool knows, Action work)
    {
        lock (bell)
        {
            while (threads.Count < Threads)
            {
                var thread = new Thread(Serve) { IsBackground = true, Name = "password hashing" };
                threads.Add(thread);
                thread.Start();
            }
            (knows ? known : others).Enqueue(work);
            Monitor.Pulse(bell);
        }
    }

    private void Serve()
    {
        // On Linux a thread has a nice value of its own: whoever holds a token or a passkey comes before a guess.
        if (OperatingSystem.IsLinux()) _ = SetPriority(0, 0, 10);
        while (true)
        {
            Action? work;
            lock (bell)
            {
                while (!known.TryDequeue(out work) && !others.TryDequeue(out work))
                {
                    if (closed) return;
                    Monitor.Wait(bell);
                }
            }
            work();
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
