using Microsoft.Playwright;

namespace Gatehouse.Tests.Parts;

/// <summary>A passkey provider inside one page, driven over the DevTools protocol (WebAuthn domain).</summary>
public sealed class VirtualAuthenticator
{
    private readonly ICDPSession session;

    private VirtualAuthenticator(ICDPSession session, string id) => (this.session, Id) = (session, id);

    /// <summary>Its id in the DevTools protocol.</summary>
    public string Id { get; }

    /// <summary>Gives the page an internal CTAP2 authenticator that keeps passkeys and, unless told otherwise, verifies its user at once.</summary>
    public static async Task<VirtualAuthenticator> AddTo(IPage page, bool userVerified = true, bool hasUserVerification = true, bool residentKeys = true, string transport = "internal")
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("WebAuthn.enable", new() { ["enableUI"] = false });
        var added = await session.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = transport,
                ["hasResidentKey"] = residentKeys,
                ["hasUserVerification"] = hasUserVerification,
                ["isUserVerified"] = userVerified,
                ["automaticPresenceSimulation"] = true,
            },
        });
        return new(session, added!.Value.GetProperty("authenticatorId").GetString()!);
    }

    /// <summary>A key for USB that is touched and asks for nothing, and keeps no passkeys.</summary>
    public static Task<VirtualAuthenticator> HardwareKey(IPage page) => AddTo(page, userVerified: false, hasUserVerification: false, residentKeys: false, transport: "usb");

    /// <summary>The person passes or fails user verification from now on.</summary>
    public Task UserVerifies(bool passes) =>
        session.SendAsync("WebAuthn.setUserVerified", new() { ["authenticatorId"] = Id, ["isUserVerified"] = passes });

    /// <summary>The person touches the authenticator at once, or never (a ceremony then waits until it is cancelled or times out).</summary>
    public Task UserIsPresent(bool present) =>
        session.SendAsync("WebAuthn.setAutomaticPresenceSimulation", new() { ["authenticatorId"] = Id, ["enabled"] = present });

    /// <summary>How many passkeys it holds.</summary>
    public async Task<int> Passkeys()
    {
        var found = await session.SendAsync("WebAuthn.getCredentials", new() { ["authenticatorId"] = Id });
        return found!.Value.GetProperty("credentials").GetArrayLength();
    }

    /// <summary>Takes the authenticator away from the page.</summary>
    public Task Remove() => session.SendAsync("WebAuthn.removeVirtualAuthenticator", new() { ["authenticatorId"] = Id });

    /// <summary>Forgets every passkey.</summary>
    public Task Clear() => session.SendAsync("WebAuthn.clearCredentials", new() { ["authenticatorId"] = Id });
}
