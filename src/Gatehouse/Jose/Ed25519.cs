using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Gatehouse.Jose;

/// <summary>Ed25519 (RFC 8032) by the OpenSSL the runtime uses too. Where that library is missing the algorithm is not offered.</summary>
public static partial class Ed25519
{
    public const int KeySize = 32;
    public const int SignatureSize = 64;

    private const string Library = "libcrypto.so.3";
    private const int Nid = 1087; // EVP_PKEY_ED25519

    private static readonly Lazy<bool> Probe = new(Works);

    /// <summary>True when signing and verifying work here.</summary>
    public static bool IsAvailable => Probe.Value;

    /// <summary>The public key of a private seed.</summary>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        using var key = PrivateHandle(seed);
        return PublicKey(key);
    }

    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> data)
    {
        using var key = PrivateHandle(seed);
        return Sign(key, data);
    }

    /// <summary>True when the signature is good; false for anything else, wrong lengths and low-order keys included.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (!TryPublicHandle(publicKey, out var key)) return false;
        using (key) return Verify(key, data, signature);
    }

    /// <summary>A point of order 1, 2, 4 or 8 verifies signatures nobody made (RFC 8032 section 5.1.7 leaves it open).</summary>
    public static bool IsLowOrder(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != KeySize) return false;
        Span<byte> y = stackalloc byte[KeySize];
        publicKey.CopyTo(y);
        y[31] &= 0x7F;
        foreach (var low in LowOrder)
            if (y.SequenceEqual(low)) return true;
        return false;
    }

    private static readonly byte[][] LowOrder =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ];

    internal static Handle PrivateHandle(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != KeySize) throw new CryptographicException("an Ed25519 private key has 32 bytes");
        var handle = NewPrivate(Nid, 0, seed, KeySize);
        return handle.IsInvalid ? throw Fault() : handle;
    }

    internal static bool TryPublicHandle(ReadOnlySpan<byte> publicKey, out Handle handle)
    {
        handle = null!;
        if (publicKey.Length != KeySize || IsLowOrder(publicKey)) return false;
        handle = NewPublic(Nid, 0, publicKey, KeySize);
        if (!handle.IsInvalid) return true;
        handle.Dispose();
        ClearErrors();
        return false;
    }

    internal static byte[] PublicKey(Handle key)
    {
        var bytes = new byte[KeySize];
        nuint length = KeySize;
        return RawPublic(key, bytes, ref length) == 1 && length == KeySize ? bytes : throw Fault();
    }

    internal static byte[] Sign(Handle key, ReadOnlySpan<byte> data)
    {
        // One context per call: a key may be shared between threads, a context may not.
        var context = NewContext();
        if (context == 0) throw Fault();
        try
        {
            var signature = new byte[SignatureSize];
            nuint length = SignatureSize;
            return SignInit(context, 0, 0, 0, key) == 1
                && SignOnce(context, signature, ref length, NotEmpty(data), (nuint)data.Length) == 1
                && length == SignatureSize
                ? signature
                : throw Fault();
        }
        finally
        {
            FreeContext(context);
        }
    }

    internal static bool Verify(Handle key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureSize) return false;
        var context = NewContext();
        if (context == 0) throw Fault();
        try
        {
            if (VerifyInit(context, 0, 0, 0, key) == 1
                && VerifyOnce(context, signature, SignatureSize, NotEmpty(data), (nuint)data.Length) == 1)
                return true;
            ClearErrors();
            return false;
        }
        finally
        {
            FreeContext(context);
        }
    }

    // An empty span marshals as a null pointer; the length stays zero.
    private static ReadOnlySpan<byte> NotEmpty(ReadOnlySpan<byte> data) => data.IsEmpty ? [0] : data;

    private static CryptographicException Fault()
    {
        ClearErrors();
        return new("OpenSSL refused an Ed25519 operation");
    }

    private static bool Works()
    {
        try
        {
            var seed = new byte[KeySize];
            seed[0] = 1;
            return Verify(PublicKey(seed), seed, Sign(seed, seed));
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException or CryptographicException)
        {
            return false;
        }
    }

    internal sealed class Handle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
    {
        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static partial Handle NewPrivate(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial Handle NewPublic(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int RawPublic(Handle key, Span<byte> bytes, ref nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    private static partial nint NewContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSignInit")]
    private static partial int SignInit(nint context, nint keyContext, nint digest, nint engine, Handle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSign")]
    private static partial int SignOnce(nint context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> data, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int VerifyInit(nint context, nint keyContext, nint digest, nint engine, Handle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    private static partial int VerifyOnce(nint context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> data, nuint length);

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    private static partial void ClearErrors();
}
