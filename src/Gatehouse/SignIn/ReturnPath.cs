using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.Web;

namespace Gatehouse.SignIn;

/// <summary>Where to go after signing in: a path of ours that we wrote ourselves, sealed so that nobody else can.</summary>
public sealed class ReturnPath(Secrets secrets)
{
    /// <summary>The query that carries it.</summary>
    public string Query(string pathAndQuery) => $"return={Uri.EscapeDataString(pathAndQuery)}&seal={secrets.Hash("return", pathAndQuery)}";

    /// <summary>The path when its seal is ours, else "/".</summary>
    public string Read(StrictParameters? query) =>
        query?["return"] is { Length: > 0 and <= 4000 } path && LocalPath.IsOne(path) && query["seal"] is { Length: 43 } seal
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(seal), Encoding.UTF8.GetBytes(secrets.Hash("return", path)))
            ? path : "/";
}
