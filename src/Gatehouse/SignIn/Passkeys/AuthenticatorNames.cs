using System.Collections.Frozen;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>Names people know for authenticator models. A hint for a label, never a decision: without attestation anybody can claim any model.</summary>
public static class AuthenticatorNames
{
    private static readonly FrozenDictionary<Guid, string> Names = new Dictionary<Guid, string>
    {
        [new("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")] = "Google Password Manager",
        [new("adce0002-35bc-c60a-648b-0b25f1f05503")] = "Chrome on Mac",
        [new("b5397666-4885-aa6b-cebf-e52262a439a2")] = "Chromium browser",
        [new("771b48fd-d3d4-4f74-9232-fc157ab0507a")] = "Edge on Mac",
        [new("fbfc3007-154e-4ecc-8c0b-6e020557d7bd")] = "Apple Passwords",
        [new("dd4ec289-e01d-41c9-bb89-70fa845d4bf2")] = "iCloud Keychain (managed)",
        [new("08987058-cadc-4b81-b6e1-30de50dcbe96")] = "Windows Hello",
        [new("9ddd1817-af5a-4672-a2b9-3e3dd95000a9")] = "Windows Hello",
        [new("6028b017-b1d4-4c02-b4b3-afcdafc96bb2")] = "Windows Hello",
        [new("53414d53-554e-4700-0000-000000000000")] = "Samsung Pass",
        [new("bada5566-a7aa-401f-bd96-45619a55120d")] = "1Password",
        [new("d548826e-79b4-db40-a3d8-11116f7e8349")] = "Bitwarden",
        [new("531126d6-e717-415c-9320-3d9aa6981239")] = "Dashlane",
        [new("0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6")] = "Keeper",
        [new("f3809540-7f14-49c1-a8b3-8f813b225541")] = "Enpass",
        [new("b84e4048-15dc-4dd0-8640-f4f60813c8af")] = "NordPass",
        [new("50726f74-6f6e-5061-7373-50726f746f6e")] = "Proton Pass",
        [new("fdb141b2-5d84-443e-8a35-4698c205a502")] = "KeePassXC",
        [new("eaecdef2-1c31-5634-8639-f1cbd9c00a08")] = "KeePassDX",
        [new("cb69481e-8ff7-4039-93ec-0a2729a154a8")] = "YubiKey 5",
        [new("ee882879-721c-4913-9775-3dfcce97072a")] = "YubiKey 5",
        [new("fa2b99dc-9e39-4257-8f92-4a30d23c4118")] = "YubiKey 5 NFC",
        [new("2fc0579f-8113-47ea-b116-bb5a8db9202a")] = "YubiKey 5 NFC",
        [new("c5ef55ff-ad9a-4b9f-b580-adebafe026d0")] = "YubiKey 5Ci",
        [new("f8a011f3-8c0a-4d15-8006-17111f9edc7d")] = "Security Key by Yubico",
    }.ToFrozenDictionary();

    /// <summary>The name, or null for an unknown or withheld model.</summary>
    public static string? Find(Guid aaguid) => Names.GetValueOrDefault(aaguid);
}
