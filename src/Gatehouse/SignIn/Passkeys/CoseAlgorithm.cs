using Gatehouse.Jose;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>COSE numbers of the algorithms a passkey may have (RFC 9053, RFC 8812).</summary>
public static class CoseAlgorithm
{
    /// <summary>What is offered to authenticators, most wanted first.</summary>
    public static IReadOnlyList<int> Offered { get; } = [.. JwsAlgorithms.Available.Select(Number)];

    public static int Number(JwsAlgorithm algorithm) => algorithm switch
    {
        JwsAlgorithm.ES256 => -7,
        JwsAlgorithm.EdDSA => -8,
        JwsAlgorithm.ES384 => -35,
        JwsAlgorithm.PS256 => -37,
        JwsAlgorithm.RS256 => -257,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };

    /// <summary>True with the algorithm when it is offered here.</summary>
    public static bool TryRead(long number, out JwsAlgorithm algorithm)
    {
        foreach (var offered in JwsAlgorithms.Available)
        {
            algorithm = offered;
            if (Number(offered) == number) return true;
        }
        algorithm = default;
        return false;
    }
}
