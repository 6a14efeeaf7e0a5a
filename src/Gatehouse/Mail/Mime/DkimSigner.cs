using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Jose;

namespace Gatehouse.Mail.Mime;

/// <summary>A key to sign outgoing mail with; its public half stands in DNS at {Selector}._domainkey.{Domain}.</summary>
/// <param name="Private">PKCS#8 for rsa-sha256, the 32-byte seed for ed25519-sha256.</param>
internal sealed record DkimKey(string Domain, string Selector, string Algorithm, byte[] Private)
{
    public const string Rsa = "rsa-sha256";
    public const string Ed25519 = "ed25519-sha256";

    public static DkimKey Generate(string domain, string selector, string algorithm)
    {
        if (algorithm == Ed25519) return new(domain, selector, algorithm, RandomNumberGenerator.GetBytes(32));
        using var rsa = RSA.Create(2048);
        return new(domain, selector, Rsa, rsa.ExportPkcs8PrivateKey());
    }

    /// <summary>The TXT record to publish (RFC 6376 section 3.6.1, RFC 8463 section 4).</summary>
    public string Record
    {
        get
        {
            if (Algorithm == Ed25519) return $"v=DKIM1; k=ed25519; p={Convert.ToBase64String(Jose.Ed25519.PublicKey(Private))}";
            using var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(Private, out _);
            return $"v=DKIM1; k=rsa; p={Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo())}";
        }
    }

    public byte[] Sign(byte[] digestInput)
    {
        // ed25519-sha256 signs the SHA-256 of the header hash input (RFC 8463 section 3).
        if (Algorithm == Ed25519) return Jose.Ed25519.Sign(Private, SHA256.HashData(digestInput));
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Private, out _);
        return rsa.SignData(digestInput, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}

/// <summary>Signs a message (RFC 6376), relaxed/relaxed. From is signed once more than it occurs, so that none can be added.</summary>
internal static partial class DkimSigner
{
    private static readonly string[] Signed = ["from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted"];

    /// <summary>The message with a DKIM-Signature header in front.</summary>
    public static byte[] Sign(byte[] message, DkimKey key, DateTimeOffset at)
    {
        var text = Encoding.ASCII.GetString(message);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var headers = Headers(text[..(end + 2)]);
        var bodyHash = Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(RelaxedBody(text[(end + 4)..]))));
        var names = Signed.Where(headers.ContainsKey).ToArray();
        var value = string.Create(CultureInfo.InvariantCulture,
            $"v=1; a={key.Algorithm}; c=relaxed/relaxed; d={key.Domain}; s={key.Selector};\r\n\tt={at.ToUnixTimeSeconds()}; h={string.Join(':', names.Append("from"))};\r\n\tbh={bodyHash};\r\n\tb=");
        var input = new StringBuilder();
        foreach (var name in names) input.Append(Relaxed(name, headers[name])).Append("\r\n");
        input.Append(Relaxed("dkim-signature", value));
        var signature = Convert.ToBase64String(key.Sign(Encoding.ASCII.GetBytes(input.ToString())));
        var folded = string.Join("\r\n\t ", signature.Chunk(70).Select(c => new string(c)));
        return [.. Encoding.ASCII.GetBytes($"DKIM-Signature: {value}{folded}\r\n"), .. message];
    }

    private static Dictionary<string, string> Headers(string block)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in Unfolded().Replace(block, " ").Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = field.IndexOf(':', StringComparison.Ordinal);
            headers[field[..colon].ToLowerInvariant()] = field[(colon + 1)..];
        }
        return headers;
    }

    /// <summary>RFC 6376 section 3.4.2.</summary>
    private static string Relaxed(string name, string value) => $"{name}:{White().Replace(value, " ").Trim(' ')}";

    /// <summary>RFC 6376 section 3.4.4.</summary>
    internal static string RelaxedBody(string body)
    {
        var lines = body.Split("\r\n").Select(l => Blank().Replace(l, " ").TrimEnd(' ')).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        return lines.Count == 0 ? "" : string.Join("\r\n", lines) + "\r\n";
    }

    [GeneratedRegex(@"\r\n(?=[ \t])")]
    private static partial Regex Unfolded();

    [GeneratedRegex(@"[ \t\r\n]+")]
    private static partial Regex White();

    [GeneratedRegex(@"[ \t]+")]
    private static partial Regex Blank();
}
