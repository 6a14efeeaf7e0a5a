using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Gatehouse.Refusals;

/// <summary>The name of one stored refusal: <c>GH-XXXX-XXXX</c>, 40 random bits in Crockford base32. Useless without an admin session.</summary>
public readonly record struct Reference
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private Reference(string text) => Text = text;

    /// <summary>The canonical spelling, upper case with dashes.</summary>
    public string Text { get; }

    public override string ToString() => Text;

    /// <summary>A fresh reference.</summary>
    public static Reference Draw()
    {
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        Span<char> text = stackalloc char[12];
        "GH-....-....".CopyTo(text);
        for (var i = 0; i < 8; i++) text[i < 4 ? i + 3 : i + 4] = Alphabet[random[i] & 31];
        return new(new string(text));
    }

    /// <summary>Reads what a person typed: any case, with or without prefix and dashes, O for 0, I and L for 1.</summary>
    public static bool TryParse(string? typed, [MaybeNullWhen(false)] out Reference reference)
    {
        reference = default;
        if (typed is null || typed.Length > 40) return false;
        var clean = typed.Trim().ToUpperInvariant().Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        if (clean.Length == 10 && clean.StartsWith("GH", StringComparison.Ordinal)) clean = clean[2..];
        if (clean.Length != 8) return false;
        clean = clean.Replace('O', '0').Replace('I', '1').Replace('L', '1');
        if (clean.Any(c => !Alphabet.Contains(c, StringComparison.Ordinal))) return false;
        reference = new($"GH-{clean[..4]}-{clean[4..]}");
        return true;
    }
}
