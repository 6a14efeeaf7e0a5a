using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Gatehouse.SignIn.Passwords;

/// <summary>Argon2id (RFC 9106) by the operating system's libargon2.</summary>
internal static partial class Argon2
{
    private const string Library = "libargon2.so.1";
    private static readonly Lazy<bool> Probe = new(Works);

    /// <summary>True when the library is there and gives the right answer.</summary>
    public static bool IsAvailable => Probe.Value;

    /// <param name="memory">KiB.</param>
    public static byte[] Hash(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int passes, int memory, int lanes, int length)
    {
        var output = new byte[length];
        var code = HashRaw((uint)passes, (uint)memory, (uint)lanes, password, (nuint)password.Length, salt, (nuint)salt.Length, output, (nuint)length);
        return code == 0 ? output : throw new CryptographicException($"libargon2 answered {code}");
    }

    private static bool Works()
    {
        try
        {
            // From the reference implementation's test file: t=2, m=256 KiB, p=1.
            var digest = Hash("password"u8, "somesalt"u8, 2, 256, 1, 32);
            return Convert.ToHexStringLower(digest) == "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe";
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or CryptographicException)
        {
            return false;
        }
    }

    [LibraryImport(Library, EntryPoint = "argon2id_hash_raw")]
    private static partial int HashRaw(uint passes, uint memory, uint lanes, ReadOnlySpan<byte> password, nuint passwordLength, ReadOnlySpan<byte> salt, nuint saltLength, Span<byte> hash, nuint hashLength);
}
