using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Tests.Parts;

/// <summary>Ports of this machine that nobody listens on at the moment.</summary>
static class LoopbackPort
{
    /// <summary>A free one; it can be lost to another process before it is used, so servers that can should ask for port 0 instead.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
