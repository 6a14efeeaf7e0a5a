using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Jose;

namespace Gatehouse.SignIn.Passwords;

/// <summary>
/// A stored password hash, in PHC string form: <c>$argon2id$v=19$m=19456,t=2,p=1$salt$hash</c>, or <c>$pbkdf2-sha256$i=600000$salt$hash</c> where libargon2 is missing.
/// What it demands is capped before it is used: a row that somebody wrote into the database must not eat the machine.
/// </summary>
public sealed record PasswordHash
{
    /// <summary>OWASP's second choice for Argon2id, about 22 ms here.</summary>
    public const int Memory = 19456, Passes = 2, Lanes = 1, Rounds = 600_000;
    private const int Size = 32, SaltSize = 16, MostMemory = 256 * 1024, MostPasses = 10, MostLanes = 4, MostRounds = 5_000_000;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: false);

    private PasswordHash(int memory, int passes, int lanes, int rounds, byte[] salt, byte[] digest) =>
        (memoryCost, passCount, laneCount, roundCount, this.salt, this.digest) = (memory, passes, lanes, rounds, salt, digest);

    private readonly int memoryCost, passCount, laneCount, roundCount;
    private readonly byte[] salt, digest;

    /// <summary>True when it was made with what a new one is made with.</summary>
    public bool IsCurrent => Argon2.IsAvailable ? (memoryCost, passCount, laneCount) == (Memory, Passes, Lanes) : roundCount == Rounds;

    /// <summary>A new hash with a salt of its own. Takes its time: call it through <see cref="HashingGate"/>.</summary>
    public static PasswordHash Make(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltSize);
        return Argon2.IsAvailable
            ? new(Memory, Passes, Lanes, 0, salt, Argon2.Hash(Bytes(password), salt, Passes, Memory, Lanes, Size))
            : new(0, 0, 0, Rounds, salt, Rfc2898DeriveBytes.Pbkdf2(Bytes(password), salt, Rounds, HashAlgorithmName.SHA256, Size));
    }

    /// <summary>Takes as long as judging a guess and judges nothing: for names without a password.</summary>
    public static void Pretend(string password) => Make(password).Matches(password, pretend: true);

    /// <summary>Takes its time: call it through <see cref="HashingGate"/>. False too where the library it needs is missing.</summary>
    public bool Matches(string password) => Matches(password, pretend: false);

    private bool Matches(string password, bool pretend)
    {
        if (pretend) return false;
        if (roundCount == 0 && !Argon2.IsAvailable) return false;
        var guess = roundCount > 0
            ? Rfc2898DeriveBytes.Pbkdf2(Bytes(password), salt, roundCount, HashAlgorithmName.SHA256, digest.Length)
            : Argon2.Hash(Bytes(password), salt, passCount, memoryCost, laneCount, digest.Length);
        // A hash that was cheaper when it was made takes as long as one of today: the rest is worked off, so that its age does not show.
        var rest = roundCount > 0 || !Argon2.IsAvailable ? 0 : Memory * Passes - memoryCost * passCount;
        if (rest / Passes >= 64) Argon2.Hash(Bytes(password), salt, Passes, rest / Passes, 1, Size);
        return CryptographicOperations.FixedTimeEquals(guess, digest);
    }

    public override string ToString() => roundCount > 0
        ? string.Create(CultureInfo.InvariantCulture, $"$pbkdf2-sha256$i={roundCount}${Encode(salt)}${Encode(digest)}")
        : string.Create(CultureInfo.InvariantCulture, $"$argon2id$v=19$m={memoryCost},t={passCount},p={laneCount}${Encode(salt)}${Encode(digest)}");

    /// <summary>Reads a stored one. False with the fault (never the text) when it is empty, cut, of an unknown kind or demands more than it may.</summary>
    public static bool TryRead(string? stored, [NotNullWhen(true)] out PasswordHash? hash, out string fault)
    {
        (hash, fault) = (null, "");
        if (string.IsNullOrEmpty(stored)) return Fail("it is empty", out fault);
        if (stored.Length > 300) return Fail("it is longer than any that we make", out fault);
        var cells = stored.Split('$');
        if (cells is ["", "argon2id", "v=19", var cost, var saltText, var digestText])
        {
            var numbers = cost.Split(',');
            if (numbers is not [var m, var t, var p] || !Number(m, "m=", out var memory) || !Number(t, "t=", out var passes) || !Number(p, "p=", out var lanes)) return Fail("its cost cannot be read", out fault);
            if (memory > MostMemory || passes > MostPasses || lanes is < 1 or > MostLanes || passes < 1 || memory < 8 * lanes) return Fail($"its cost ({cost}) is outside what we accept", out fault);
            if (!TryDecode(saltText, out var salt) || !TryDecode(digestText, out var digest)) return Fail("salt or digest is cut or damaged", out fault);
            hash = new(memory, passes, lanes, 0, salt, digest);
            return true;
        }
        if (cells is ["", "pbkdf2-sha256", var count, var saltText2, var digestText2])
        {
            if (!Number(count, "i=", out var rounds) || rounds is < 1 or > MostRounds) return Fail("its number of rounds is outside what we accept", out fault);
            if (!TryDecode(saltText2, out var salt) || !TryDecode(digestText2, out var digest)) return Fail("salt or digest is cut or damaged", out fault);
            hash = new(0, 0, 0, rounds, salt, digest);
            return true;
        }
        return Fail("it is of no kind that we know", out fault);
    }

    private static bool Fail(string why, out string fault)
    {
        fault = why;
        return false;
    }

    private static bool Number(string text, string prefix, out int number)
    {
        number = 0;
        return text.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(text.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    // The PHC alphabet is base64 without padding; base64url differs in two letters.
    private static string Encode(byte[] bytes) => StrictBase64Url.Encode(bytes).Replace('-', '+').Replace('_', '/');

    private static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = [];
        return !text.AsSpan().ContainsAny('-', '_') && StrictBase64Url.TryDecode(text.Replace('+', '-').Replace('/', '_'), 64, out bytes!) && bytes.Length is >= 8 and <= 64;
    }

    private static byte[] Bytes(string password) => StrictUtf8.GetBytes(NormalFormC.Of(password));
}
