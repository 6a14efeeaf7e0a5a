using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>
/// A refresh token is its grant, its number in the family, and a MAC over both with the family's salt: the successor can be repeated without being stored.
/// </summary>
internal sealed class RefreshTokens(Secrets secrets)
{
    private readonly byte[] key = secrets.Derive("refresh-token");

    /// <summary>How long after a rotation the client may ask once more for the answer it never read.</summary>
    public static readonly TimeSpan RetryWindow = TimeSpan.FromSeconds(10);

    /// <summary>When the live refresh token of a grant ends, by the client's lifetimes of today; Unix milliseconds.</summary>
    public static long EndsAt(Grant grant, Client client) =>
        Math.Min((grant.RefreshRotatedAt ?? grant.CreatedAt) + client.RefreshIdleSeconds * 1000, grant.CreatedAt + client.RefreshMaxSeconds * 1000);

    public string Make(string grantId, long generation, string salt) =>
        string.Create(CultureInfo.InvariantCulture, $"{grantId}.{generation}.{StrictBase64Url.Encode(Mac(grantId, generation, salt))}");

    /// <summary>Grant and number as they stand in the token; nothing is proven yet.</summary>
    public static bool TryRead(string token, out string grantId, out long generation)
    {
        (grantId, generation) = ("", 0);
        var parts = token.Split('.');
        if (token.Length > 128 || parts.Length != 3 || parts[0].Length != 32 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out generation)) return false;
        grantId = parts[0];
        return true;
    }

    public bool IsOurs(string token, string grantId, long generation, string salt) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(Make(grantId, generation, salt)));

    private byte[] Mac(string grantId, long generation, string salt) =>
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{grantId}\0{generation}\0{salt}")));
}
